//! Gathers what the gate asks for, from the store, and asks it. The same way at the sender, at dispatch and at the receiver.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use titian_proto::gate::{self, AgreementView, BytesPermit, Content, Permit, Question, SubjectFacts};
use titian_proto::model::agreement::{Agreement, AgreementState, Party};
use titian_proto::model::consent::{Grant, Ledger, Withdrawal};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{Digest, NodeId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::reference::AgreementRef;
use titian_proto::model::referral::Approval;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::statement::{
    SignedStatement, Statement, StatementKind, has_been_in_force, joined, state_between_of_text, state_of_text,
};
use titian_proto::wire;

use super::context::House;
use crate::store::agreements::AgreementTable;
use crate::store::consents::{ConsentTable, LedgerLine, Subject};
use crate::store::{Read, StoreError};

/// Which way something goes, seen from this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From here to the peer.
    Out,
    /// From the peer to here.
    In,
}

/// What is to be decided.
pub struct Ask<'a> {
    /// Which way.
    pub direction: Direction,
    /// The other side.
    pub peer: &'a NodeId,
    /// The agreement it rests on, if any.
    pub agreement: Option<&'a KnownAgreement>,
    /// The version that replaced it, while both count.
    pub successor: Option<&'a KnownAgreement>,
    /// The agreement that the envelope names, on arrival and at dispatch.
    pub pinned: Option<&'a AgreementRef>,
    /// The worker's ledger.
    pub ledger: &'a Ledger,
    /// A second person's approval.
    pub approval: Option<&'a Approval>,
    /// Whom the worker prohibited.
    pub prohibited_recipients: &'a [String],
    /// Facts about the worker or group.
    pub subject: SubjectFacts,
    /// What is to go.
    pub content: Content,
}

/// An agreement of this node, with what it is now.
#[derive(Clone)]
pub struct KnownAgreement {
    /// The text, parsed.
    pub agreement: Arc<Agreement>,
    /// SHA-256 of the text.
    pub digest: Digest,
    /// Its state now.
    pub state: AgreementState,
    /// Statements about it.
    pub statements: Arc<[Statement]>,
    /// Its state between this node and each other party: who else suspends or leaves an agreement of many leaves the two alone.
    between: Arc<[(NodeId, AgreementState)]>,
    /// It has been in force, whatever was said since.
    has_been_in_force: bool,
    /// The version in force that replaced it, while what was sent under it may still be on its way.
    successor: Option<u32>,
    /// When it came into force, as far as this node knows.
    activated_at: Instant,
}

/// Days for which what was sent under a version that was replaced may still arrive: an office that was dark for so long asks again.
const HAND_OVER_DAYS: i64 = 14;

impl KnownAgreement {
    /// How envelopes name it.
    #[must_use]
    pub fn reference(&self) -> AgreementRef {
        AgreementRef { id: self.agreement.id.clone(), version: self.agreement.version, digest: self.digest }
    }

    /// Its state between this node and a peer.
    #[must_use]
    pub fn state_with(&self, peer: &NodeId) -> AgreementState {
        self.between.iter().find(|(party, _)| party == peer).map_or(self.state, |(_, state)| *state)
    }
}

/// Asks the gate.
///
/// # Errors
/// The refusal.
pub fn decide(house: &House, now: Instant, ask: Ask<'_>) -> Result<Permit, Refusal> {
    with_question(house, now, ask, gate::decide)
}

/// Asks the gate about the bytes of a document, of which the question holds the record.
///
/// # Errors
/// The refusal.
pub fn decide_bytes(house: &House, now: Instant, ask: Ask<'_>, others: u64) -> Result<BytesPermit, Refusal> {
    with_question(house, now, ask, |question| gate::decide_bytes(&question, others))
}

fn with_question<T>(house: &House, now: Instant, ask: Ask<'_>, decide: impl FnOnce(Question<'_>) -> T) -> T {
    let own = house.node_id();
    let (sender, recipient) = match ask.direction {
        Direction::Out => (own, ask.peer),
        Direction::In => (ask.peer, own),
    };
    // A gate that forgets what was taken back: for the simulated world only.
    let forgets = crate::mutant::is(match ask.direction {
        Direction::Out => "no-gate-on-the-way-out",
        Direction::In => "no-gate-on-arrival",
    });
    let forgetful = forgets.then(|| Ledger::new(ask.ledger.grants.clone(), Vec::new()));
    let state = |known: &KnownAgreement| if forgets { AgreementState::InForce } else { known.state_with(ask.peer) };
    house.with_peer(ask.peer, |known| {
        decide(Question {
            now,
            sender,
            recipient,
            peer: known.map(|known| &known.view),
            agreement: ask.agreement.map(|known| AgreementView { agreement: &known.agreement, digest: known.digest, state: state(known) }),
            successor: ask.successor.map(|known| AgreementView { agreement: &known.agreement, digest: known.digest, state: state(known) }),
            pinned: ask.pinned,
            ledger: forgetful.as_ref().unwrap_or(ask.ledger),
            approval: ask.approval,
            prohibited_recipients: ask.prohibited_recipients,
            subject: ask.subject,
            local: house.own().policy,
            content: ask.content,
        })
    })
}

/// Every agreement of this node, with its state now. A state changes with a text, a statement or the day (agreements begin and end with one), and
/// every decision asks for it: it is computed once for each of them.
///
/// # Errors
/// When the store cannot be read.
pub fn agreements(house: &House, read: &impl Read, now: Instant) -> Result<Arc<[KnownAgreement]>, StoreError> {
    let Some(tag) = read.agreements_tag()? else { return Ok(Arc::default()) };
    house.agreements((tag, now.day_number()), || {
        let mut known = read.agreement_texts()?.iter().map(|text| load_agreement(house, read, now, text)).collect::<Result<Vec<_>, _>>()?;
        supersede(&mut known, now);
        Ok(known)
    })
}

/// One version of an agreement; the newest that is known when no version is named.
///
/// # Errors
/// When the store cannot be read.
pub fn agreement(house: &House, read: &impl Read, now: Instant, id: &str, version: u32) -> Result<Option<KnownAgreement>, StoreError> {
    let fits = |known: &KnownAgreement| known.agreement.id.as_str() == id && (version == 0 || known.agreement.version == version);
    Ok(agreements(house, read, now)?.iter().filter(|known| fits(known)).max_by_key(|known| known.agreement.version).cloned())
}

/// The version in force that replaced another, while what was sent under that one may still be on its way.
///
/// # Errors
/// When the store cannot be read.
pub fn successor(house: &House, read: &impl Read, now: Instant, known: &KnownAgreement) -> Result<Option<KnownAgreement>, StoreError> {
    match known.successor {
        Some(version) => agreement(house, read, now, known.agreement.id.as_str(), version),
        None => Ok(None),
    }
}

/// The version of a referral's agreement that counts now: the one it was written under, or the newest that replaced it.
///
/// # Errors
/// When the store cannot be read.
pub fn agreement_now(house: &House, read: &impl Read, now: Instant, id: &str, version: u32) -> Result<Option<KnownAgreement>, StoreError> {
    let pinned = agreement(house, read, now, id, version)?;
    if pinned.as_ref().is_none_or(|known| known.state != AgreementState::Superseded) {
        return Ok(pinned);
    }
    let newer = |known: &&KnownAgreement| known.agreement.id.as_str() == id && known.agreement.version > version;
    let begun = |known: &&KnownAgreement| known.has_been_in_force;
    Ok(agreements(house, read, now)?.iter().filter(newer).filter(begun).max_by_key(|known| known.agreement.version).cloned().or(pinned))
}

/// The version that officers mean who name none when they suspend, resume or end an agreement: the newest that came into force, and only where none has,
/// the newest. A proposal that waits for signatures takes nobody's word away from what is in force meanwhile.
///
/// # Errors
/// When the store cannot be read.
pub fn agreement_that_counts(house: &House, read: &impl Read, now: Instant, id: &str) -> Result<Option<KnownAgreement>, StoreError> {
    let of_id = |known: &&KnownAgreement| known.agreement.id.as_str() == id;
    let newest = |known: &&KnownAgreement| (known.has_been_in_force, known.agreement.version);
    Ok(agreements(house, read, now)?.iter().filter(of_id).max_by_key(newest).cloned())
}

/// The agreement that a referral between this node and a peer rests on when staff name none: the one in force, else the one that is suspended, else the
/// newest, so that its state becomes the refusal.
///
/// # Errors
/// When the store cannot be read.
pub fn agreement_with(house: &House, read: &impl Read, now: Instant, peer: &NodeId) -> Result<Option<KnownAgreement>, StoreError> {
    let both = |known: &KnownAgreement| known.agreement.party(house.node_id()).is_some() && known.agreement.party(peer).is_some();
    let known = agreements(house, read, now)?;
    let with_peer = known.iter().filter(|known| both(known));
    let state = |known: &KnownAgreement| match known.state_with(peer) {
        AgreementState::InForce => 2,
        AgreementState::Suspended => 1,
        _ => 0,
    };
    Ok(with_peer.max_by_key(|known| (state(known), known.agreement.version)).cloned())
}

/// A worker's ledger.
///
/// # Errors
/// When the store cannot be read or a line no longer parses.
pub fn ledger(read: &impl Read, subject: &Subject) -> Result<Ledger, StoreError> {
    ledger_of(&read.ledger_lines(subject)?)
}

/// A ledger with what this node's log says of it.
pub struct KnownLedger {
    /// What the worker allowed and took back.
    pub ledger: Ledger,
    /// Index of the log leaf of each grant, by its place in the order.
    leaves: Vec<(u64, Option<u64>)>,
}

impl KnownLedger {
    /// Index of the log leaf that says that a grant was given.
    #[must_use]
    pub fn leaf_of(&self, grant: &Grant) -> Option<u64> {
        self.leaves.iter().find(|(sequence, _)| *sequence == grant.sequence).and_then(|(_, leaf)| *leaf)
    }
}

/// A worker's ledger, read again only when a line was added.
///
/// # Errors
/// When the store cannot be read or a line no longer parses.
pub fn known_ledger(house: &House, read: &impl Read, subject: Subject) -> Result<Arc<KnownLedger>, StoreError> {
    let tag = read.ledger_tag(&subject)?;
    house.ledgers.at(subject.clone(), tag, || {
        let lines = read.ledger_lines(&subject)?;
        let leaves = lines.iter().filter(|line| !line.grant.is_empty()).map(|line| (line.sequence, line.leaf)).collect();
        Ok(KnownLedger { ledger: ledger_of(&lines)?, leaves })
    })
}

/// The ledger that some lines make.
///
/// # Errors
/// When a line does not parse.
pub fn ledger_of(lines: &[LedgerLine]) -> Result<Ledger, StoreError> {
    let (mut grants, mut withdrawals) = (Vec::new(), Vec::new());
    for line in lines {
        if !line.grant.is_empty() {
            grants.push(read_grant(&line.grant).map_err(|problem| StoreError::unreadable(LEDGER, problem))?);
        }
        if !line.withdrawal.is_empty() {
            withdrawals.push(read_withdrawal(&line.withdrawal).map_err(|problem| StoreError::unreadable(LEDGER, problem))?);
        }
    }
    Ok(Ledger { grants, withdrawals })
}

fn read_grant(bytes: &Bytes) -> Result<Grant, Malformed> {
    Grant::from_wire(&wire::Grant::decode(bytes.clone()).map_err(|_| Malformed::new("is not a grant"))?)
}

/// A withdrawal as it is stored.
///
/// # Errors
/// When the bytes are none.
pub fn read_withdrawal(bytes: &Bytes) -> Result<Withdrawal, Malformed> {
    Withdrawal::from_wire(&wire::Withdrawal::decode(bytes.clone()).map_err(|_| Malformed::new("is not a withdrawal"))?)
}

/// Where the lines of a ledger are kept, for errors.
const LEDGER: &str = "ledger/";

/// Where statements are kept, for errors.
const STATEMENTS: &str = "statement/";

fn load_agreement(house: &House, read: &impl Read, now: Instant, text: &Bytes) -> Result<KnownAgreement, StoreError> {
    let (digest, agreement) = house.agreement(text).map_err(|problem| StoreError::unreadable("agreement/", problem))?;
    let mut statements = Vec::new();
    for signed in read.statements(digest)? {
        statements.push(read_statement(&signed).map_err(|problem| StoreError::unreadable(STATEMENTS, problem))?);
    }
    let reference = AgreementRef { id: agreement.id.clone(), version: agreement.version, digest };
    let state = state_of_text(&agreement, &reference, &statements, now, false);
    let has_been_in_force = has_been_in_force(&agreement, &reference, &statements, now);
    let has_joined = statements.iter().any(|statement| statement.kind == StatementKind::Accede);
    // Who joined sign nothing anew: the states are those of the text that was signed.
    let text = agreement;
    let agreement = if has_joined { Arc::new(joined(&text, &reference, &statements)) } else { Arc::clone(&text) };
    let own = house.node_id();
    let between = |party: &Party| {
        let pair = (own, &party.node_id);
        (party.node_id.clone(), state_between_of_text(&text, &reference, &statements, now, false, pair))
    };
    let between = agreement.parties.iter().filter(|party| &party.node_id != own).map(between).collect();
    let activated_at = read.activated_at(digest)?.unwrap_or_default().max(agreement.effective_from.start());
    let statements = statements.into();
    Ok(KnownAgreement { agreement, digest, state, statements, between, has_been_in_force, successor: None, activated_at })
}

fn read_statement(signed: &Bytes) -> Result<Statement, Malformed> {
    let signed = wire::SignedStatement::decode(signed.clone()).map_err(|_| Malformed::new("is not a signed statement"))?;
    SignedStatement::from_wire(&signed)?.statement()
}

/// A version is superseded once a newer one came into force, and for good: what the two unions agreed anew and then suspended or ended brings back
/// nothing that they had agreed before.
fn supersede(known: &mut [KnownAgreement], now: Instant) {
    let begun: Vec<KnownAgreement> = known.iter().filter(|known| known.has_been_in_force).cloned().collect();
    for one in known.iter_mut() {
        let newer = begun.iter().filter(|newer| {
            newer.agreement.id == one.agreement.id && newer.agreement.version > one.agreement.version && keeps_parties(newer, one)
        });
        let newer = newer.max_by_key(|newer| newer.agreement.version);
        if let Some(newer) = newer {
            one.state = AgreementState::Superseded;
            one.between = one.between.iter().map(|(party, _)| (party.clone(), AgreementState::Superseded)).collect();
            let fresh = now < newer.activated_at.plus_days(HAND_OVER_DAYS);
            one.successor = fresh.then_some(newer.agreement.version);
        }
    }
}

/// Others cannot supersede an agreement between themselves: every party of the old text must stand in the new one. An affiliate that had joined has no
/// say in that: it joins the new text or stays out.
fn keeps_parties(newer: &KnownAgreement, older: &KnownAgreement) -> bool {
    let signatories = older.agreement.parties.iter().filter(|party| older.agreement.sponsor(&party.node_id).is_none());
    signatories.into_iter().all(|party| newer.agreement.party(&party.node_id).is_some())
}

/// The refusal that says nothing about a consent or a referral that may or may not be there.
#[must_use]
pub fn unknown_referral() -> Refusal {
    Refusal::new(RefusalCode::StaleVersion).with_path("referral_id")
}
