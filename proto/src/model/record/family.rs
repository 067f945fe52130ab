//! A family member or third-party reporter.

use crate::model::code::coded;
use crate::model::malformed::{At, Malformed};
use crate::model::value::{Text, redacted};
use crate::wire;

coded! {
    /// Relation to the worker.
    pub enum Relation from Relation {
        /// Parent.
        Parent = "PARENT",
        /// Spouse or partner.
        Spouse = "SPOUSE",
        /// Child.
        Child = "CHILD",
        /// Sibling.
        Sibling = "SIBLING",
        /// Other relative.
        OtherRelative = "OTHER_RELATIVE",
        /// Friend or colleague.
        Friend = "FRIEND",
        /// Network leader.
        NetworkLeader = "NETWORK_LEADER",
    }
}

/// A family member or third-party reporter.
#[derive(Clone, PartialEq)]
pub struct Family {
    /// Relation.
    pub relation: Relation,
    /// Name. The name of a reporter does not leave the node.
    pub name: Option<Text>,
    /// Whether this person reported the case.
    pub reporter: bool,
}

redacted!(Family);

impl Family {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the relation is not in its list or the name breaks its form.
    pub fn from_wire(family: &wire::Family) -> Result<Self, Malformed> {
        let wire::Family { relation, name, reporter } = family;
        Ok(Self {
            relation: Relation::from_wire(*relation).at("relation")?,
            name: Text::parse_optional(name, Text::NAME_BYTES).at("name")?,
            reporter: *reporter,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Family {
        wire::Family { relation: self.relation.to_wire(), name: Text::optional_to_wire(self.name.as_ref()), reporter: self.reporter }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 3] {
        [("family.relation", true), ("family.name", self.name.is_some()), ("family.reporter", self.reporter)]
    }
}
