//! Who does an act: a member of staff in one role.

use std::fmt;

pub use titian_proto::model::staff::Role;

/// Who does an act. Records and approvals name the pseudonym, never the name.
#[derive(Clone, PartialEq, Eq)]
pub struct Actor {
    /// The name of the account.
    pub name: String,
    /// "S-" and eight hexadecimal digits.
    pub pseudonym: String,
    /// The role.
    pub role: Role,
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Actor({} {})", self.pseudonym, self.role)
    }
}
