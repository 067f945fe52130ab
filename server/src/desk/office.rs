//! What the handlers of the desk stand on.

use crate::acts::node::About;
use crate::acts::staff::Staff;
use crate::ambient::Ambient;
use crate::store::Store;

/// What the handlers of the desk stand on. Clones share it; every handler is given one.
#[derive(Clone)]
pub struct Office {
    /// The store.
    pub store: Store,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Accounts and sessions.
    pub staff: Staff,
    /// What does not change while the node runs.
    pub about: About,
}

impl Office {
    /// Over a store. One for each node.
    #[must_use]
    pub fn new(store: Store, ambient: Ambient, about: About) -> Self {
        let staff = Staff::new(store.clone(), ambient.clone());
        Self { store, ambient, staff, about }
    }
}
