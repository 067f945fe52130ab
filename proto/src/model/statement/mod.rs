//! Signed acts about an agreement, and the state they fold into. No message and no person sets a state.

mod fold;
mod signed;

pub use fold::{has_been_in_force, joined, state, state_between, state_between_of_text, state_of_text};
pub use signed::{SignedStatement, StatementError};

pub use crate::model::agreement::AgreementState;
use crate::model::agreement::{Agreement, AgreementRef};
use crate::model::code::coded;
use crate::model::date::{Date, Instant};
use crate::model::id::{Digest, NodeId};
use crate::model::malformed::{At, Malformed};
use crate::wire;

coded! {
    /// What a party says about an agreement.
    pub enum StatementKind from StatementKind {
        /// Puts the text to the other parties.
        Propose = "PROPOSE",
        /// Signs the digest.
        Sign = "SIGN",
        /// Attaches a government's approval.
        Approve = "APPROVE",
        /// Joins as a national affiliate.
        Accede = "ACCEDE",
        /// Stops all case data, at once.
        Suspend = "SUSPEND",
        /// Ends the party's own suspension.
        Resume = "RESUME",
        /// Ends the agreement on a date.
        Terminate = "TERMINATE",
        /// Turns the proposal down.
        Reject = "REJECT",
    }
}

coded! {
    /// Why a party suspends, resumes, ends or rejects. No free text.
    pub enum StatementReason from StatementReason {
        /// People are in danger.
        Safety = "SAFETY",
        /// The peer's keys or staff are in other hands.
        Compromise = "COMPROMISE",
        /// A rule of the agreement was broken.
        Breach = "BREACH",
        /// The law or an authority asks it.
        Law = "LAW",
        /// A decision of the union's own bodies.
        UnionDecision = "UNION_DECISION",
        /// A drill.
        Rehearsal = "REHEARSAL",
    }
}

/// One act about one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Which text.
    pub agreement: AgreementRef,
    /// Who says it.
    pub node_id: NodeId,
    /// What is said.
    pub kind: StatementKind,
    /// Counts this party's statements about this version, from 1: the order of its words, whatever its clock says.
    pub sequence: u64,
    /// When the speaker says it was. Nothing rests on it.
    pub claimed_at: Instant,
    /// TERMINATE: the last day in force.
    pub effective_on: Option<Date>,
    /// SUSPEND, TERMINATE, REJECT; may stand with RESUME.
    pub reason: Option<StatementReason>,
    /// APPROVE: the evidence.
    pub approval: Option<GovernmentApproval>,
    /// ACCEDE: the party on whose behalf.
    pub on_behalf_of: Option<NodeId>,
}

/// Evidence of a government's approval. Offices and numbers, no names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GovernmentApproval {
    /// The authority.
    pub authority: String,
    /// Its reference number.
    pub reference: String,
    /// Its date.
    pub date: Date,
    /// SHA-256 of the scan.
    pub scan_digest: Digest,
    /// Office of the attesting officer.
    pub attesting_office: String,
}

impl Statement {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a field is missing, has another form, or does not belong to the kind.
    pub fn from_wire(statement: &wire::Statement) -> Result<Self, Malformed> {
        let wire::Statement { agreement, node_id, kind, sequence, claimed_at_ms, effective_on, reason, approval, on_behalf_of } = statement;
        let agreement = agreement.as_ref().ok_or_else(|| Malformed::missing("agreement"))?;
        if *sequence == 0 {
            return Err(Malformed::new("must be 1 or more").at("sequence"));
        }
        let read = Self {
            agreement: AgreementRef::from_wire(agreement).at("agreement")?,
            node_id: NodeId::parse(node_id).at("node_id")?,
            kind: StatementKind::from_wire(*kind).at("kind")?,
            sequence: *sequence,
            claimed_at: Instant::from_millis(*claimed_at_ms),
            effective_on: Date::parse_optional(effective_on).at("effective_on")?,
            reason: StatementReason::from_wire_optional(*reason).at("reason")?,
            approval: approval.as_ref().map(GovernmentApproval::from_wire).transpose().at("approval")?,
            on_behalf_of: if on_behalf_of.is_empty() { None } else { Some(NodeId::parse(on_behalf_of).at("on_behalf_of")?) },
        };
        read.check()?;
        Ok(read)
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Statement {
        wire::Statement {
            agreement: Some(self.agreement.to_wire()),
            node_id: self.node_id.to_string(),
            kind: self.kind.to_wire(),
            sequence: self.sequence,
            claimed_at_ms: self.claimed_at.as_millis(),
            effective_on: self.effective_on.as_ref().map(Date::to_string).unwrap_or_default(),
            reason: self.reason.map_or(0, StatementReason::to_wire),
            approval: self.approval.as_ref().map(GovernmentApproval::to_wire),
            on_behalf_of: self.on_behalf_of.as_ref().map(NodeId::to_string).unwrap_or_default(),
        }
    }

    /// Whether each field that its kind needs is there, and no other.
    ///
    /// # Errors
    /// When one is missing or does not belong.
    pub fn check(&self) -> Result<(), Malformed> {
        use StatementKind as K;
        let needs = |given: bool, kinds: &[K], path: &str| match (kinds.contains(&self.kind), given) {
            (true, false) => Err(Malformed::missing(path)),
            (false, true) => Err(Malformed::new("does not belong to this kind of statement").at(path)),
            (true, true) | (false, false) => Ok(()),
        };
        needs(self.effective_on.is_some(), &[K::Terminate], "effective_on")?;
        needs(self.approval.is_some(), &[K::Approve], "approval")?;
        needs(self.on_behalf_of.is_some(), &[K::Accede], "on_behalf_of")?;
        if self.kind == K::Resume { Ok(()) } else { needs(self.reason.is_some(), &[K::Suspend, K::Terminate, K::Reject], "reason") }
    }

    /// Whether it is about this text, by somebody who may say this about it.
    ///
    /// # Errors
    /// When it is about another id, version or digest, or the speaker has no say.
    pub fn check_about(&self, agreement: &Agreement) -> Result<(), StatementError> {
        self.check_about_text(agreement, &agreement.reference())
    }

    /// As [`Self::check_about`], where the agreement's reference is at hand: making it writes the whole text anew.
    pub(super) fn check_about_text(&self, agreement: &Agreement, reference: &AgreementRef) -> Result<(), StatementError> {
        if &self.agreement != reference {
            return Err(StatementError::AnotherText);
        }
        if self.may_be_said(agreement) { Ok(()) } else { Err(StatementError::NoSay) }
    }

    /// Implementing parties speak; an affiliate may accede, and then stop and resume for itself.
    fn may_be_said(&self, agreement: &Agreement) -> bool {
        let sponsor = agreement.sponsor(&self.node_id).map(|party| &party.node_id);
        match self.kind {
            StatementKind::Accede => sponsor.is_some() && sponsor == self.on_behalf_of.as_ref(),
            StatementKind::Suspend | StatementKind::Resume | StatementKind::Terminate => {
                sponsor.is_some() || agreement.is_implementing(&self.node_id)
            }
            StatementKind::Propose | StatementKind::Sign | StatementKind::Approve | StatementKind::Reject => {
                agreement.is_implementing(&self.node_id)
            }
        }
    }
}

impl GovernmentApproval {
    /// Longest text of a field, in characters.
    pub const TEXT_MAX: usize = 200;

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a field is missing or has another form.
    pub fn from_wire(approval: &wire::GovernmentApproval) -> Result<Self, Malformed> {
        let wire::GovernmentApproval { authority, reference, date, scan_digest, attesting_office } = approval;
        Ok(Self {
            authority: line(authority, "authority")?,
            reference: line(reference, "reference")?,
            date: Date::parse(date).at("date")?,
            scan_digest: Digest::from_wire(scan_digest).at("scan_digest")?,
            attesting_office: line(attesting_office, "attesting_office")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::GovernmentApproval {
        wire::GovernmentApproval {
            authority: self.authority.clone(),
            reference: self.reference.clone(),
            date: self.date.to_string(),
            scan_digest: self.scan_digest.to_wire(),
            attesting_office: self.attesting_office.clone(),
        }
    }
}

fn line(text: &str, path: &str) -> Result<String, Malformed> {
    let good = !text.trim().is_empty() && text.chars().count() <= GovernmentApproval::TEXT_MAX && !text.chars().any(char::is_control);
    if good { Ok(text.to_owned()) } else { Err(Malformed::new("must be one line of 1 to 200 characters").at(path)) }
}
