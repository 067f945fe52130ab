//! Two orders of keys read as one.

use std::iter::Peekable;

use bytes::Bytes;

/// A key and what stands at it, or why it cannot be read.
type Found<V, E> = Result<(Bytes, V), E>;

/// What is newer over what is older, in the order of the keys: where both have a key, the newer counts.
pub(crate) struct Over<N: Iterator, O: Iterator> {
    newer: Peekable<N>,
    older: Peekable<O>,
}

impl<N: Iterator, O: Iterator> Over<N, O> {
    pub(crate) fn new(newer: N, older: O) -> Self {
        Self { newer: newer.peekable(), older: older.peekable() }
    }
}

impl<V, E, N: Iterator<Item = Found<V, E>>, O: Iterator<Item = Found<V, E>>> Iterator for Over<N, O> {
    type Item = Found<V, E>;

    fn next(&mut self) -> Option<Self::Item> {
        match (self.newer.peek(), self.older.peek()) {
            (Some(Ok((new, _))), Some(Ok((old, _)))) if new == old => {
                self.older.next();
                self.newer.next()
            }
            (Some(Ok((new, _))), Some(Ok((old, _)))) if new > old => self.older.next(),
            (None | Some(Ok(_)), Some(Err(_))) | (None, Some(Ok(_))) => self.older.next(),
            (Some(_), _) | (None, None) => self.newer.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::Over;

    #[test]
    fn what_is_newer_counts_and_every_key_comes_once() {
        let order = |pairs: &'static [(&'static str, u8)]| pairs.iter().map(|(key, value)| Ok::<_, ()>((Bytes::from(*key), *value)));
        let read: Result<Vec<_>, ()> = Over::new(order(&[("b", 2), ("c", 2)]), order(&[("a", 1), ("b", 1), ("d", 1)])).collect();
        assert_eq!(read.unwrap(), [("a".into(), 1), ("b".into(), 2), ("c".into(), 2), ("d".into(), 1)]);
    }
}
