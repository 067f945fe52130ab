//! The MOU between unions and its data-sharing annexes: a TOML text that officers can read, whose canonical bytes have one digest that all
//! parties sign (`domain.md` 2.8, `design.md` 6).

mod annex;
mod file;
mod rules;
mod writing;

use serde::{Deserialize, Serialize};

pub use annex::{Annex, Onward, TransferBasis};

use crate::model::code::coded;
use crate::model::date::Date;
use crate::model::id::{Digest, NodeId};
use crate::model::malformed::Malformed;
pub use crate::model::reference::{AgreementId, AgreementRef};

coded! {
    /// State of an agreement, computed from its statements and the date; nobody can set it.
    pub enum AgreementState from AgreementState {
        /// Being written, at this node only.
        Draft = "DRAFT",
        /// Put to the other parties; its digest is fixed.
        Proposed = "PROPOSED",
        /// Signed by every implementing party, not yet effective.
        Signed = "SIGNED",
        /// Signed, but a declared government approval is missing.
        AwaitingApproval = "AWAITING_APPROVAL",
        /// Data may move, inside the annexes.
        InForce = "IN_FORCE",
        /// Stopped by a party.
        Suspended = "SUSPENDED",
        /// Past its last day.
        Expired = "EXPIRED",
        /// Ended by a party.
        Terminated = "TERMINATED",
        /// Replaced by a newer version in force.
        Superseded = "SUPERSEDED",
        /// Turned down by a party.
        Rejected = "REJECTED",
    }
}

/// What kind of agreement it is (`domain.md` 2.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AgreementKind {
    /// Two unions.
    Bilateral,
    /// More than two.
    Multilateral,
    /// A joint plan of action.
    JointActionPlan,
    /// A collaborative agreement.
    CollaborativeAgreement,
    /// A union and a civil-society organisation.
    UnionCso,
}

/// What a party is in the agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Signs, and may exchange records.
    Implementing,
    /// Looks on; never gets a record.
    Observer,
}

/// One party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Its node.
    pub node_id: NodeId,
    /// Its role.
    pub role: Role,
    /// Whether its government must approve before anything is in force.
    pub approval_required: bool,
    /// National affiliates that may accede on its behalf. The party's own signature admits none of them.
    pub affiliates: Vec<NodeId>,
}

/// The agreement, as all parties sign it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Its name between the parties.
    pub id: AgreementId,
    /// From 1; an amendment is a new version.
    pub version: u32,
    /// What officers call it.
    pub title: String,
    /// Its kind.
    pub kind: AgreementKind,
    /// At least two.
    pub parties: Vec<Party>,
    /// First day.
    pub effective_from: Date,
    /// Last day. Always given: nothing is open-ended.
    pub expires_on: Date,
    /// The version it replaces, if it replaces one.
    pub supersedes: Option<u32>,
    /// SHA-256 of the paper text that the unions' officers signed, if it was scanned.
    pub governing_text_digest: Option<Digest>,
    /// What may move, one direction each. None: no personal record moves.
    pub annexes: Vec<Annex>,
}

impl Agreement {
    /// Longest text that is read, in bytes: a generous MOU with many annexes has a tenth of it.
    pub const TEXT_MAX: usize = 256 * 1024;

    /// The annexes of one direction: at no time two of them at once.
    pub fn annexes_from_to(&self, from: &NodeId, to: &NodeId) -> impl Iterator<Item = &Annex> {
        self.annexes.iter().filter(move |annex| annex.is_from_to(from, to))
    }

    /// Reads a draft: a file with the table `[agreement]` and the tables `[[annex]]`, and nothing else.
    ///
    /// # Errors
    /// When a key is unknown or missing, or a rule of `domain.md` 2.8 is broken.
    pub fn from_toml(text: &str) -> Result<Self, Malformed> {
        let agreement = file::read(text)?;
        rules::check(&agreement)?;
        Ok(agreement)
    }

    /// Reads the same tables out of a file that holds other tables too.
    ///
    /// # Errors
    /// As [`Self::from_toml`].
    pub fn from_toml_among_others(text: &str) -> Result<Self, Malformed> {
        Self::from_toml(&file::only_agreement(text)?)
    }

    /// Reads what another union sent: the bytes must be the canonical ones, so that one text has one digest.
    ///
    /// # Errors
    /// When the bytes are no agreement, or are not written canonically.
    pub fn parse_canonical(bytes: &[u8]) -> Result<Self, Malformed> {
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed::new("is not UTF-8").at("agreement"))?;
        let agreement = Self::from_toml(text)?;
        if agreement.to_canonical_toml() == text { Ok(agreement) } else { Err(Malformed::new("is not the canonical text").at("agreement")) }
    }

    /// The one text that is digested and signed: every key in its fixed place, every default written out.
    #[must_use]
    pub fn to_canonical_toml(&self) -> String {
        writing::write(self)
    }

    /// SHA-256 of the canonical text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_canonical_toml().as_bytes())
    }

    /// Which text it is.
    #[must_use]
    pub fn reference(&self) -> AgreementRef {
        AgreementRef { id: self.id.clone(), version: self.version, digest: self.digest() }
    }

    /// The party with this node, if it is one.
    #[must_use]
    pub fn party(&self, node_id: &NodeId) -> Option<&Party> {
        self.parties.iter().find(|party| party.node_id == *node_id)
    }

    /// Whether the node is a party, in any role.
    #[must_use]
    pub fn has_party(&self, node_id: &NodeId) -> bool {
        self.party(node_id).is_some()
    }

    /// Whether the node is a party that may exchange records.
    #[must_use]
    pub fn is_implementing(&self, node_id: &NodeId) -> bool {
        self.party(node_id).is_some_and(|party| party.role == Role::Implementing)
    }

    /// The party on whose behalf the node may accede, if there is one.
    #[must_use]
    pub fn sponsor(&self, affiliate: &NodeId) -> Option<&Party> {
        self.parties.iter().find(|party| party.affiliates.contains(affiliate))
    }
}
