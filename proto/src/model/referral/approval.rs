//! A second person's approval.

use crate::model::date::Instant;
use crate::model::malformed::{At, Malformed};
use crate::model::value::{Text, redacted};
use crate::wire;

/// A second person's approval. Pseudonyms, never names.
#[derive(Clone, PartialEq)]
pub struct Approval {
    /// Who wrote the referral.
    pub author: Text,
    /// Who approved it.
    pub approver: Text,
    /// When.
    pub approved_at: Instant,
}

redacted!(Approval);

impl Approval {
    /// Days for which an approval counts. Whoever approved looked at what the case held then: what goes after two weeks is looked at again. A normal
    /// referral is answered within these days (`domain.md` 4.2), so its first share still goes under the first approval.
    pub const VALID_DAYS: i64 = 14;

    /// From when it counts no more.
    #[must_use]
    pub fn ends_at(&self) -> Instant {
        self.approved_at.plus_days(Self::VALID_DAYS)
    }

    /// Whether it was somebody else than the author. The gate refuses an approval that was not.
    #[must_use]
    pub fn is_second_person(&self) -> bool {
        self.author != self.approver
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a pseudonym is missing or breaks its form.
    pub fn from_wire(approval: &wire::Approval) -> Result<Self, Malformed> {
        let wire::Approval { author, approver, approved_at_ms } = approval;
        Ok(Self {
            author: Text::parse(author, Text::CODE_BYTES).at("author")?,
            approver: Text::parse(approver, Text::CODE_BYTES).at("approver")?,
            approved_at: Instant::from_millis(*approved_at_ms),
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Approval {
        wire::Approval { author: self.author.to_wire(), approver: self.approver.to_wire(), approved_at_ms: self.approved_at.as_millis() }
    }
}
