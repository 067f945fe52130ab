//! What the handlers of the desk stand on.

use std::sync::Arc;

use crate::acts::context::Acts;
use crate::acts::node::About;
use crate::acts::staff::Staff;
use crate::ambient::Ambient;
use crate::desk::Bundles;
use crate::store::Store;

/// What the handlers of the desk stand on. Clones share it; every handler is given one.
#[derive(Clone)]
pub struct Office {
    /// What the acts stand on.
    pub acts: Acts,
    /// The store.
    pub store: Store,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Accounts and sessions.
    pub staff: Staff,
    /// The link in a file.
    pub bundles: Arc<dyn Bundles>,
    /// What does not change while the node runs.
    pub about: About,
}

impl Office {
    /// Over the acts. One for each node.
    #[must_use]
    pub fn new(acts: Acts, bundles: Arc<dyn Bundles>, about: About) -> Self {
        let (store, ambient) = (acts.store.clone(), acts.house.ambient.clone());
        let staff = Staff::new(store.clone(), ambient.clone());
        Self { acts, store, ambient, staff, bundles, about }
    }
}
