//! One look at the store: what was read in it is neither read nor opened again for as long as nothing has changed. A frame of envelopes asks for the same
//! referral, ledger and agreement as often as there are envelopes in it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use bytes::Bytes;

use super::engine::Pair;
use super::error::StoreError;
use super::read::{Read, View};

/// Reads as its view does: whatever was acknowledged before a read is seen by it. For the length of one decision about many things.
pub struct Look {
    view: View,
    /// Changes of the store when what was seen was read.
    changes: Cell<u64>,
    seen: RefCell<HashMap<Bytes, Option<Bytes>>>,
}

impl View {
    /// A look through this view.
    #[must_use]
    pub fn look(&self) -> Look {
        Look { view: self.clone(), changes: Cell::new(0), seen: RefCell::default() }
    }
}

impl Read for Look {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        // Asked before the value is read: a change that comes between the two is one that was not seen.
        let changes = self.view.vault.changes();
        if self.changes.replace(changes) != changes {
            self.seen.borrow_mut().clear();
        }
        if let Some(found) = self.seen.borrow().get(key) {
            return Ok(found.clone());
        }
        let found = self.view.get(key)?;
        self.seen.borrow_mut().insert(Bytes::copy_from_slice(key), found.clone());
        Ok(found)
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.view.scan(prefix, after, limit)
    }

    fn open_part(&self, place: &[u8], stored: &Bytes) -> Result<Option<Bytes>, StoreError> {
        self.view.open_part(place, stored)
    }

    fn blind(&self, table: &str, name: &[u8]) -> [u8; 16] {
        self.view.blind(table, name)
    }
}

#[cfg(test)]
mod tests {
    use titian_proto::model::id::{RecordId, WorkerId};
    use titian_proto::wire;

    use super::super::records::{Holder, RecordTable as _};
    use super::super::tests::on_double;
    use super::super::{StoreError, Unit};

    const HOLDER: Holder = Holder::Worker(WorkerId([1; 16]));
    const RECORD: RecordId = RecordId([2; 16]);

    fn put(revision: u64) -> impl FnMut(&mut Unit) -> Result<(), StoreError> + Send + 'static {
        move |unit| unit.put_record(HOLDER, RECORD, &wire::Record { revision, ..wire::Record::default() })
    }

    #[tokio::test]
    async fn a_look_sees_what_was_acknowledged_and_nothing_of_which_the_key_is_gone() {
        let (store, _) = on_double();
        let look = store.view().look();
        let revision = || look.record(HOLDER, RECORD).unwrap().map(|record| record.revision);
        assert_eq!(revision(), None);
        for expected in [1, 2] {
            store.write(put(expected)).await.unwrap();
            assert_eq!((revision(), revision()), (Some(expected), Some(expected)));
        }
        store.write(|unit: &mut Unit| unit.remove_record(HOLDER, RECORD)).await.unwrap();
        assert_eq!(revision(), None);
    }
}
