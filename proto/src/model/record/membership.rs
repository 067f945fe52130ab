//! Union membership.

use crate::model::code::coded;
use crate::model::date::Date;
use crate::model::malformed::{At, Malformed};
use crate::model::value::{Text, redacted};
use crate::wire;

coded! {
    /// Kind of membership.
    pub enum MembershipKind from MembershipKind {
        /// Member.
        Member = "MEMBER",
        /// Member of a support group.
        SupportGroupMember = "SUPPORT_GROUP_MEMBER",
        /// Guest member.
        GuestMember = "GUEST_MEMBER",
        /// Former member.
        Former = "FORMER",
    }
}

/// Union membership.
#[derive(Clone, PartialEq)]
pub struct UnionMembership {
    /// The union, a node id or directory code.
    pub union: Text,
    /// Kind.
    pub kind: MembershipKind,
    /// As of.
    pub as_of: Date,
}

redacted!(UnionMembership);

impl UnionMembership {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the union or the day breaks its form, or the kind is not in its list.
    pub fn from_wire(membership: &wire::UnionMembership) -> Result<Self, Malformed> {
        let wire::UnionMembership { union, kind, as_of } = membership;
        Ok(Self {
            union: Text::parse(union, Text::CODE_BYTES).at("union")?,
            kind: MembershipKind::from_wire(*kind).at("kind")?,
            as_of: Date::parse(as_of).at("as_of")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::UnionMembership {
        wire::UnionMembership { union: self.union.to_wire(), kind: self.kind.to_wire(), as_of: self.as_of.to_string() }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 3] {
        [("union_membership.union", true), ("union_membership.kind", true), ("union_membership.as_of", true)]
    }
}
