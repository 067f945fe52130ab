//! The one decision whether something may go to a peer: a permit or a refusal, with one code.
//!
//! The same function decides when a referral is made, when its envelope is dispatched, and at the receiver before anything is stored. It asks
//! in one fixed order, and the first failure is the answer (`domain.md` 4.5): identity, peer, agreement, annex, consent, approval, content.
//! Everything that is not explicitly allowed is refused, and one bad record refuses the whole message. Nothing about a consent is said to
//! somebody without an agreement.

mod agreement;
mod annex;
mod approval;
mod ask;
mod bytes;
mod consent;
mod content;
mod peer;
mod permit;
mod safeguards;
mod welfare;

pub use bytes::BytesPermit;
pub use content::Content;
pub use permit::{Permit, PermittedBody};

use crate::model::agreement::{Agreement, AgreementRef, AgreementState};
use crate::model::consent::Ledger;
use crate::model::date::Instant;
use crate::model::descriptor::ServicePrecondition;
use crate::model::id::{Digest, NodeId};
use crate::model::referral::Approval;
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::value::Country;
use crate::model::vocabulary::PartnerKind;

use ask::Ask;
use bytes::Wanted;
use content::Demand;

/// The other side, as the deciding node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerView {
    /// Its node.
    pub node_id: NodeId,
    /// What kind of organisation it is.
    pub kind: PartnerKind,
    /// Where it is.
    pub country: Country,
    /// Confirmed, and neither suspended nor compromised.
    pub active: bool,
    /// Whether it is tied to its state: the worker must have been told.
    pub state_linked: bool,
    /// Whom it serves only, if it says so.
    pub service_precondition: Option<ServicePrecondition>,
}

/// An agreement, as the deciding node holds it.
#[derive(Clone, Copy, Debug)]
pub struct AgreementView<'a> {
    /// What it says; with the affiliates that have joined.
    pub agreement: &'a Agreement,
    /// The digest that the parties signed.
    pub digest: Digest,
    /// Its state now.
    pub state: AgreementState,
}

/// What the deciding node knows of the worker beyond the message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubjectFacts {
    /// She is under 18.
    pub minor: bool,
    /// The case is a group's.
    pub group: bool,
    /// The recipient already holds her safe-contact rules under this referral.
    pub safety_already_held: bool,
    /// Whose it is.
    pub passed_on: PassedOn,
}

/// Whether the sender passes on what another union gave it. The deciding node knows that of itself alone: whoever receives it looks at her consent, which
/// must name it anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PassedOn {
    /// It is the sender's own.
    #[default]
    Own,
    /// The annex under which it came allows that with a new consent, and she named the recipient when she allowed the first.
    Allowed,
    /// It may not be passed on.
    Prohibited,
}

/// What the deciding node allows of itself. It narrows what an agreement allows, and never widens it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LocalPolicy {
    /// Welfare checks, from here and to here. Off unless the union turned them on.
    pub welfare_checks: bool,
}

/// Everything that a decision rests on. Nothing else is looked at: no clock, no disk, no network.
pub struct Question<'a> {
    /// The instant of the decision, by the deciding node's clock.
    pub now: Instant,
    /// Who sends.
    pub sender: &'a NodeId,
    /// Who receives.
    pub recipient: &'a NodeId,
    /// The other side; none: not known here.
    pub peer: Option<&'a PeerView>,
    /// The agreement it rests on; none: there is none.
    pub agreement: Option<AgreementView<'a>>,
    /// The version that replaced it, in force for so short a time that what was sent under the old one may still be on its way: then both must allow
    /// it. None: nothing replaced it, or the time for that is over.
    pub successor: Option<AgreementView<'a>>,
    /// The text that the message names; none: not yet written down.
    pub pinned: Option<&'a AgreementRef>,
    /// What the worker allowed and took back, as far as it is known here.
    pub ledger: &'a Ledger,
    /// A second person's approval that the message does not carry itself.
    pub approval: Option<&'a Approval>,
    /// Whom the worker prohibited: node ids, or kinds such as "EMBASSY".
    pub prohibited_recipients: &'a [String],
    /// What is known of the worker.
    pub subject: SubjectFacts,
    /// What the deciding node allows of itself.
    pub local: LocalPolicy,
    /// What would go.
    pub content: Content,
}

/// Decides.
///
/// # Errors
/// The first refusal in the fixed order.
pub fn decide(question: Question<'_>) -> Result<Permit, Refusal> {
    match question.content.demand() {
        Demand::Peer => peer::check(&question, None)?,
        Demand::KnownAgreement => {
            peer::check(&question, None)?;
            agreement::check_known(&question)?;
        }
        Demand::Everything(ask) => check_everything(&question, &ask, None)?,
    }
    Ok(Permit::of(question.content))
}

/// Decides about the bytes of a document: the question holds its record, as a put of this one record. The same rules as for the record, and those
/// of bytes besides, in the same order. `others` are the bytes of the other documents that went the same way under this referral.
///
/// # Errors
/// The first refusal in the fixed order.
pub fn decide_bytes(question: &Question<'_>, others: u64) -> Result<BytesPermit, Refusal> {
    let wanted = Wanted::of(question, others)?;
    let Demand::Everything(ask) = question.content.demand() else { return Err(Refusal::new(RefusalCode::Malformed)) };
    check_everything(question, &ask, Some(&wanted))?;
    Ok(wanted.permit())
}

fn check_everything(question: &Question<'_>, ask: &Ask<'_>, bytes: Option<&Wanted>) -> Result<(), Refusal> {
    peer::check(question, Some(ask))?;
    let agreement = agreement::check_in_force(question)?;
    let mut annex = annex::check(question, ask, agreement)?;
    if let Some(successor) = agreement::successor(question) {
        bytes.map_or(Ok(()), |wanted| wanted.check_annex(annex))?;
        consent::check_method(question, ask, annex)?;
        annex = annex::check(question, ask, successor)?;
    }
    bytes.map_or(Ok(()), |wanted| wanted.check_annex(annex))?;
    consent::check(question, ask, annex)?;
    bytes.map_or(Ok(()), |wanted| wanted.check_consent(ask.grant))?;
    approval::check(question, ask)?;
    bytes.map_or(Ok(()), Wanted::check_content)?;
    safeguards::check(question, ask)
}

/// A refusal with the paths of what it concerns; no refusal where there are none.
fn refuse_paths(code: RefusalCode, paths: impl IntoIterator<Item = String>) -> Result<(), Refusal> {
    let mut paths = paths.into_iter().peekable();
    if paths.peek().is_none() {
        return Ok(());
    }
    Err(paths.fold(Refusal::new(code), Refusal::with_path))
}

/// A refusal without paths, if the condition holds.
fn refuse_if(condition: bool, code: RefusalCode) -> Result<(), Refusal> {
    if condition { Err(Refusal::new(code)) } else { Ok(()) }
}
