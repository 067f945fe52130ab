//! What was read from the store and parsed, kept for as long as the store says that nothing of it has changed: a share of a thousand records
//! asks the gate about one referral and one ledger a thousand times.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Things on one shelf: the referrals that a busy node works on in a day. When there are more, the shelf is cleared and fills again.
const PLACES: usize = 1024;

/// Parsed things by their names, each with the tag under which it was read.
pub struct Shelf<K, T> {
    places: Mutex<HashMap<K, Tagged<T>>>,
}

/// A thing and the tag under which it was read.
type Tagged<T> = (Option<Bytes>, Arc<T>);

impl<K, T> Default for Shelf<K, T> {
    fn default() -> Self {
        Self { places: Mutex::default() }
    }
}

impl<K: Eq + Hash, T> Shelf<K, T> {
    /// What stands at a name under this tag; read when it is not there or stands under another.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn at<E>(&self, name: K, tag: Option<Bytes>, read: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let known = self.places.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if let Some((known_tag, thing)) = known
            && known_tag == tag
        {
            return Ok(thing);
        }
        // Read without the lock: two may read the same, and either is right.
        let thing = Arc::new(read()?);
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= PLACES {
            places.clear();
        }
        places.insert(name, (tag, thing.clone()));
        Ok(thing)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{Bytes, PLACES, Shelf};

    fn tag(text: &'static str) -> Option<Bytes> {
        Some(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn a_thing_is_read_again_only_under_another_tag() {
        let shelf = Shelf::default();
        let at = |tag, value: u32| *shelf.at("referral", tag, || Ok::<_, Infallible>(value)).unwrap();
        assert_eq!(at(None, 1), 1);
        assert_eq!(at(None, 2), 1, "nothing changed");
        assert_eq!(at(tag("a"), 3), 3, "written for the first time");
        assert_eq!(at(tag("b"), 4), 4);
    }

    #[test]
    fn what_cannot_be_read_is_not_kept() {
        let shelf: Shelf<&str, u32> = Shelf::default();
        assert_eq!(shelf.at("referral", None, || Err("unreadable")), Err("unreadable"));
        assert_eq!(*shelf.at("referral", None, || Ok::<_, Infallible>(1)).unwrap(), 1);
    }

    #[test]
    fn a_full_shelf_is_cleared() {
        let shelf = Shelf::default();
        for name in 0..=PLACES {
            shelf.at(name, None, || Ok::<_, Infallible>(name)).unwrap();
        }
        assert!(shelf.places.lock().unwrap().len() < PLACES);
        assert_eq!(*shelf.at(0, None, || Ok::<_, Infallible>(7)).unwrap(), 7, "read again");
    }
}
