//! Staff: accounts, sign-in and sessions.
//!
//! - [`password`]: the rule, the hash, and how many may hash at a time.
//! - [`session`]: sessions between calls.
//! - [`sign_in`]: name and password for a session, and lock-out.
//! - [`account`]: add, close, new password, list.

pub mod account;
pub mod password;
pub mod session;
pub mod sign_in;
mod strangers;

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::acts::error::ActError;
use crate::ambient::Ambient;
use crate::store::Store;

pub use account::create_first_admin;
pub use password::Password;
pub use session::Caller;
pub use sign_in::SignedIn;

/// Accounts and sessions of one node.
#[derive(Clone)]
pub struct Staff {
    store: Store,
    ambient: Ambient,
    hashing: password::HashingRoom,
    sessions: session::Sessions,
    strangers: Arc<Mutex<strangers::Strangers>>,
}

impl Staff {
    /// Over a store. One for each node: it holds the sessions and the turns at hashing.
    #[must_use]
    pub fn new(store: Store, ambient: Ambient) -> Self {
        let sessions = session::Sessions::new(store.clone(), ambient.clone());
        Self { store, ambient, hashing: password::HashingRoom::new(), sessions, strangers: Arc::default() }
    }

    /// Who holds this token. Counts as use of the session.
    ///
    /// # Errors
    /// [`ActError::SessionEnded`] when there is no such session or it has ended; [`ActError::Store`] when the store cannot be read.
    pub fn check(&self, token: &str) -> Result<Caller, ActError> {
        self.sessions.check(token)
    }

    /// Whether the caller's session is still open. Does not count as use: a screen that only follows does not keep a session alive.
    #[must_use]
    pub fn is_open(&self, caller: &Caller) -> bool {
        self.sessions.is_open(caller)
    }
}

impl fmt::Debug for Staff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Staff(..)")
    }
}

#[cfg(test)]
mod tests;
