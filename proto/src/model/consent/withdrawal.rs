//! One withdrawal: taken from the worker's word, at either node, and never taken back; she can only consent anew.

use std::fmt;

use crate::model::consent::{WithdrawalAction, distinct, from_one};
use crate::model::date::Instant;
use crate::model::id::{ConsentId, NodeId};
use crate::model::malformed::{At, Malformed};
use crate::model::vocabulary::{Category, Purpose};
use crate::wire;

/// One withdrawal. What it leaves open it covers.
#[derive(Clone, PartialEq, Eq)]
pub struct Withdrawal {
    /// The consent; none: every consent of the worker that fits the scope.
    pub consent_id: Option<ConsentId>,
    /// Order, as in a grant.
    pub sequence: u64,
    /// For whom; none: every recipient.
    pub recipient: Option<NodeId>,
    /// What for; empty: every purpose.
    pub purposes: Vec<Purpose>,
    /// What; empty: every category.
    pub categories: Vec<Category>,
    /// What must happen with what was delivered.
    pub action: WithdrawalAction,
    /// When she said it. The gate does not wait for it: what is known counts.
    pub effective_at: Instant,
}

impl Withdrawal {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a field is missing or breaks its form.
    pub fn from_wire(withdrawal: &wire::Withdrawal) -> Result<Self, Malformed> {
        let wire::Withdrawal { consent_id, sequence, recipient, purposes, categories, action, effective_at_ms } = withdrawal;
        let recipient = if recipient.is_empty() { None } else { Some(NodeId::parse(recipient).at("recipient")?) };
        if *effective_at_ms <= 0 {
            return Err(Malformed::missing("effective_at"));
        }
        Ok(Self {
            consent_id: ConsentId::from_wire_optional(consent_id).at("consent_id")?,
            sequence: from_one(*sequence, "sequence")?,
            recipient,
            purposes: distinct(Purpose::list_from_wire(purposes).at("purposes")?, "purposes")?,
            categories: distinct(Category::list_from_wire(categories).at("categories")?, "categories")?,
            action: WithdrawalAction::from_wire(*action).at("action")?,
            effective_at: Instant::from_millis(*effective_at_ms),
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Withdrawal {
        wire::Withdrawal {
            consent_id: self.consent_id.map(ConsentId::to_wire).unwrap_or_default(),
            sequence: self.sequence,
            recipient: self.recipient.as_ref().map(NodeId::to_string).unwrap_or_default(),
            purposes: Purpose::list_to_wire(&self.purposes),
            categories: Category::list_to_wire(&self.categories),
            action: self.action.to_wire(),
            effective_at_ms: self.effective_at.as_millis(),
        }
    }

    /// Whether it touches a consent at all.
    #[must_use]
    pub fn concerns(&self, consent_id: ConsentId, recipient: &NodeId) -> bool {
        self.consent_id.is_none_or(|one| one == consent_id) && self.recipient.as_ref().is_none_or(|one| one == recipient)
    }

    /// Whether it takes this purpose and this category back.
    #[must_use]
    pub fn covers(&self, purpose: Purpose, category: Category) -> bool {
        (self.purposes.is_empty() || self.purposes.contains(&purpose))
            && (self.categories.is_empty() || self.categories.contains(&category))
    }
}

impl fmt::Debug for Withdrawal {
    /// Which withdrawal it is; what a worker took back is hers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Withdrawal").field("consent_id", &self.consent_id).field("sequence", &self.sequence).finish_non_exhaustive()
    }
}
