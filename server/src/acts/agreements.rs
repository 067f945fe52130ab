//! Agreements: drafted, stated about, exchanged. Their state is computed; nobody sets it.

use bytes::Bytes;
use prost::Message;
use titian_proto::envelope::KeyRing;
use titian_proto::gate::{Content, SubjectFacts};
use titian_proto::log::leaf::{Event, LeafDraft};
use titian_proto::model::agreement::Agreement;
use titian_proto::model::agreement::{AgreementState, Role};
use titian_proto::model::armor::{armor, dearmor, label};
use titian_proto::model::date::{Date, Instant};
use titian_proto::model::id::{Digest, NodeId};
use titian_proto::model::malformed::{At, Malformed};
use titian_proto::model::reference::AgreementRef;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::statement::{GovernmentApproval, SignedStatement, Statement, StatementKind, StatementReason};
use titian_proto::wire;

use super::context::{Acts, House};
use super::error::ActError;
use super::outgoing::{self, Address};
use super::policy::{self, Ask, Direction, KnownAgreement};
use super::projection;
use crate::store::agreements::AgreementTable;
use crate::store::{Read, StoreError, Topic, Unit};

/// Largest agreement file; the text is a few pages.
const FILE_BYTES: usize = 256 * 1024;

/// What an officer says about an agreement.
#[derive(Clone, Debug)]
pub struct Saying {
    /// Which.
    pub id: String,
    /// Version; 0: the newest, and to suspend, resume or end one, the newest that came into force.
    pub version: u32,
    /// What.
    pub kind: StatementKind,
    /// TERMINATE: last day in force.
    pub effective_on: Option<Date>,
    /// Why.
    pub reason: Option<StatementReason>,
    /// APPROVE: the evidence.
    pub approval: Option<GovernmentApproval>,
}

/// Makes the canonical text of an agreement and keeps it as a draft.
///
/// # Errors
/// When the text breaks a rule, another text stands under the same version, or the store fails.
pub async fn draft(acts: &Acts, toml: &str) -> Result<wire::Agreement, ActError> {
    let agreement = Agreement::from_toml(toml).map_err(ActError::Malformed)?;
    let text = Bytes::from(agreement.to_canonical_toml());
    let house = acts.house.clone();
    acts.store
        .write(move |unit| {
            put_text(&house, unit, &text)?;
            show_in(&house, unit, agreement.id.as_str(), agreement.version)
        })
        .await
}

/// Signs a statement, keeps it and sends it to the other parties.
///
/// # Errors
/// When the agreement is not there, this node is no party, the statement does not fit the state, or the store fails.
pub async fn say(acts: &Acts, saying: Saying) -> Result<wire::Agreement, ActError> {
    let house = acts.house.clone();
    crate::crash::point("statement.before-write");
    let stated = acts
        .store
        .write(move |unit| {
            let known = meant(&house, unit, &saying)?;
            let joins = saying.kind == StatementKind::Accede && known.agreement.sponsor(house.node_id()).is_some();
            if !joins && known.agreement.party(house.node_id()).is_none() {
                return Err(ActError::Refused(Refusal::new(RefusalCode::NotAParty)));
            }
            check_fits(&known, house.node_id(), &saying)?;
            let statement = statement(&house, &known, &saying, unit.now());
            statement.check().map_err(ActError::Malformed)?;
            let signed = sign(&house, &statement).to_wire().encode_to_vec();
            unit.put_statement(known.digest, house.node_id(), statement.sequence, &signed)?;
            let stated = find(&house, unit, &saying.id, known.agreement.version)?;
            log_statement(unit, &stated, saying.kind)?;
            after_statement(&house, unit, &known)?;
            send_to_parties(&house, unit, &known.agreement.id.to_string(), known.agreement.version)?;
            unit.publish(Topic::Agreements);
            show_in(&house, unit, &saying.id, known.agreement.version)
        })
        .await?;
    crate::crash::point("statement.after-write");
    Ok(stated)
}

/// Takes in the file of an agreement from another union.
///
/// # Errors
/// When the file cannot be read, a signature is wrong, the text is another one than is known, or the store fails.
pub async fn import(acts: &Acts, file: &str) -> Result<wire::Agreement, ActError> {
    let bytes = dearmor(label::AGREEMENT, file, FILE_BYTES)
        .map_err(|problem| ActError::Malformed(Malformed::new(problem.to_string()).at("file")))?;
    let file =
        wire::AgreementFile::decode(Bytes::from(bytes)).map_err(|_| ActError::Malformed(Malformed::new("is not an agreement file")))?;
    let agreement = Agreement::parse_canonical(&file.text).map_err(|problem| ActError::Malformed(problem.at("agreement")))?;
    let house = acts.house.clone();
    acts.store
        .write(move |unit| {
            take_in(&house, unit, None, &file)?.map_err(ActError::Refused)?;
            show_in(&house, unit, agreement.id.as_str(), agreement.version)
        })
        .await
}

/// An agreement as officers see it, and the file to give to another union.
///
/// # Errors
/// When it is not there or the store cannot be read.
pub fn show(acts: &Acts, id: &str, version: u32) -> Result<(wire::Agreement, String), ActError> {
    let view = acts.store.view();
    let known = policy::agreement(&acts.house, &view, acts.house.ambient.now(), id, version)?;
    let known = known.ok_or(ActError::NotFound { what: "agreement" })?;
    let file = file_of(&view, &known)?;
    Ok((describe(&view, &known)?, armor(label::AGREEMENT, &file.encode_to_vec())))
}

/// Every agreement, without its text.
///
/// # Errors
/// When the store cannot be read.
pub fn list(acts: &Acts) -> Result<Vec<wire::Agreement>, ActError> {
    let view = acts.store.view();
    let mut found = Vec::new();
    for known in policy::agreements(&acts.house, &view, acts.house.ambient.now())?.iter() {
        found.push(wire::Agreement { text: String::new(), ..describe(&view, known)? });
    }
    Ok(found)
}

/// Text and statements from another union, by file or over the link. A statement that is known is the same statement.
///
/// # Errors
/// The refusal, or that the store fails.
pub fn take_in(house: &House, unit: &mut Unit, from: Option<&NodeId>, file: &wire::AgreementFile) -> Result<Result<(), Refusal>, ActError> {
    match house.agreement(&file.text) {
        Ok((_, agreement)) => {
            let is_party = |node: &NodeId| has_a_say(&agreement, node);
            if !is_party(house.node_id()) || from.is_some_and(|peer| !is_party(peer)) {
                return Ok(Err(Refusal::new(RefusalCode::NotAParty)));
            }
        }
        Err(problem) => return unreadable(from, problem.at("agreement")),
    }
    match read_in(house, unit, from, file)? {
        Ok(statements) => {
            let (digest, agreement) = match put_text(house, unit, &file.text) {
                Ok(known) => known,
                Err(ActError::Malformed(problem)) => return unreadable(from, problem),
                Err(error) => return Err(error),
            };
            let before = find(house, unit, agreement.id.as_str(), agreement.version)?;
            for (statement, signed) in &statements {
                unit.put_statement(digest, &statement.node_id, statement.sequence, signed)?;
            }
            let known = find(house, unit, agreement.id.as_str(), agreement.version)?;
            for (statement, _) in statements.iter().filter(|(statement, _)| !before.statements.contains(statement)) {
                log_statement(unit, &known, statement.kind)?;
            }
            after_statement(house, unit, &known)?;
            unit.publish(Topic::Agreements);
            Ok(Ok(()))
        }
        Err(problem) => unreadable(from, problem),
    }
}

/// A peer gets a code and where; the officer who brings a file, what is wrong with it.
fn unreadable(from: Option<&NodeId>, problem: Malformed) -> Result<Result<(), Refusal>, ActError> {
    match from {
        Some(_) => Ok(Err(Refusal::from(problem))),
        None => Err(ActError::Malformed(problem)),
    }
}

type ReadStatements = Vec<(Statement, Bytes)>;

/// Checks every statement: about this very text, signed by a party that is known here, and never two under one sequence.
fn read_in(
    house: &House,
    unit: &Unit,
    from: Option<&NodeId>,
    file: &wire::AgreementFile,
) -> Result<Result<ReadStatements, Malformed>, StoreError> {
    let (digest, agreement) = match house.agreement(&file.text) {
        Ok(known) => known,
        Err(problem) => return Ok(Err(problem.at("agreement"))),
    };
    let mut statements = Vec::new();
    for signed in &file.statements {
        if from.is_some() && is_strangers(house, signed) {
            continue;
        }
        let statement = match verify(house, &agreement, digest, signed, unit.now()) {
            Ok(statement) => statement,
            Err(problem) => return Ok(Err(problem.at("statements"))),
        };
        statements.push((statement, Bytes::from(signed.encode_to_vec())));
    }
    for known in unit.statements(digest)? {
        let Ok(known_statement) = wire::SignedStatement::decode(known.clone()) else { continue };
        let Ok(known_statement) = SignedStatement::from_wire(&known_statement).and_then(|signed| signed.statement()) else { continue };
        let clash = statements.iter().any(|(statement, bytes)| {
            statement.node_id == known_statement.node_id && statement.sequence == known_statement.sequence && *bytes != known
        });
        if clash {
            return Ok(Err(Malformed::new("differs from the statement that is known under this sequence").at("statements.sequence")));
        }
    }
    Ok(Ok(statements))
}

/// Whether a statement is by a node that is no peer here, so that its signature cannot be looked at. What a peer tells of others waits until they are
/// peers, and tell it themselves: it must not keep out what the peer says for itself, a suspension perhaps.
fn is_strangers(house: &House, signed: &wire::SignedStatement) -> bool {
    let statement = SignedStatement::from_wire(signed).and_then(|signed| signed.statement());
    statement.is_ok_and(|one| &one.node_id != house.node_id() && house.with_peer(&one.node_id, |known| known.is_none()))
}

/// A party, or an affiliate that may join on behalf of one.
fn has_a_say(agreement: &Agreement, node: &NodeId) -> bool {
    agreement.has_party(node) || agreement.sponsor(node).is_some()
}

fn verify(
    house: &House,
    agreement: &Agreement,
    digest: Digest,
    signed: &wire::SignedStatement,
    now: Instant,
) -> Result<Statement, Malformed> {
    let signed = SignedStatement::from_wire(signed)?;
    let statement = signed.statement()?;
    if !has_a_say(agreement, &statement.node_id) {
        return Err(Malformed::new("is by somebody who is no party").at("node_id"));
    }
    if statement.agreement.digest != digest {
        return Err(Malformed::new("is about another text: the digest changed").at("agreement.digest"));
    }
    // It may have waited, or be told again, for longer than its key signs.
    let made = statement.claimed_at.min(now);
    if &statement.node_id == house.node_id() {
        let own = KeyRing::from_descriptor_chain(&house.own().chain);
        return check_signature(&own, &signed, made, now).map(|()| statement);
    }
    house.with_peer(&statement.node_id, |known| {
        let known = known.ok_or_else(|| Malformed::new("is by a node that is not a peer here").at("node_id"))?;
        check_signature(&known.keys, &signed, made, now)
    })?;
    Ok(statement)
}

fn sign(house: &House, statement: &Statement) -> SignedStatement {
    let bytes = Bytes::from(statement.to_wire().encode_to_vec());
    let own = house.own();
    let signature = own.signer.sign(SignedStatement::CONTEXT, &bytes);
    SignedStatement { bytes, key_id: own.signer.key_id().to_owned(), signature }
}

fn check_signature(keys: &KeyRing, signed: &SignedStatement, made: Instant, now: Instant) -> Result<(), Malformed> {
    let signed_at = |at| keys.verify(&signed.key_id, SignedStatement::CONTEXT, &signed.bytes, &signed.signature, at);
    signed_at(now).or_else(|_| signed_at(made)).map_err(|_| Malformed::new("is not signed by its speaker"))
}

/// Keeps a text. Under one id and version there is one text for ever.
fn put_text(house: &House, unit: &mut Unit, text: &Bytes) -> Result<(Digest, std::sync::Arc<Agreement>), ActError> {
    let (digest, agreement) = house.agreement(text).at("agreement").map_err(ActError::Malformed)?;
    match unit.agreement_text(agreement.id.as_str(), agreement.version)? {
        Some(known) if known == *text => {}
        Some(_) => {
            let problem = Malformed::new("has another text here under the same version; give the new text a new version");
            return Err(ActError::Malformed(problem.at("agreement.digest")));
        }
        None => unit.put_agreement_text(agreement.id.as_str(), agreement.version, text)?,
    }
    Ok((digest, agreement))
}

fn find(house: &House, read: &impl Read, id: &str, version: u32) -> Result<KnownAgreement, ActError> {
    let now = house.ambient.now();
    policy::agreement(house, read, now, id, version)?.ok_or(ActError::NotFound { what: "agreement" })
}

/// The version that an officer speaks of.
fn meant(house: &House, unit: &Unit, saying: &Saying) -> Result<KnownAgreement, ActError> {
    let of_what_counts = matches!(saying.kind, StatementKind::Suspend | StatementKind::Resume | StatementKind::Terminate);
    if saying.version == 0 && of_what_counts {
        let known = policy::agreement_that_counts(house, unit, unit.now(), &saying.id)?;
        return known.ok_or(ActError::NotFound { what: "agreement" });
    }
    find(house, unit, &saying.id, saying.version)
}

/// A statement must say something new: nobody signs twice or resumes what was not suspended.
fn check_fits(known: &KnownAgreement, own: &NodeId, saying: &Saying) -> Result<(), ActError> {
    let said = |kind: StatementKind| known.statements.iter().any(|one| &one.node_id == own && one.kind == kind);
    let suspended = known.statements.iter().filter(|one| &one.node_id == own).rev().find_map(|one| match one.kind {
        StatementKind::Suspend => Some(true),
        StatementKind::Resume => Some(false),
        _ => None,
    });
    let closed =
        matches!(known.state, AgreementState::Draft | AgreementState::Terminated | AgreementState::Rejected | AgreementState::Superseded);
    let fits = match saying.kind {
        StatementKind::Propose => known.state == AgreementState::Draft,
        StatementKind::Sign => !said(StatementKind::Sign) && !closed,
        StatementKind::Approve => !said(StatementKind::Approve) && !closed,
        StatementKind::Accede => !said(StatementKind::Accede) && !closed,
        StatementKind::Suspend => suspended != Some(true) && !closed,
        StatementKind::Resume => suspended == Some(true) && !closed,
        StatementKind::Terminate => !closed,
        StatementKind::Reject => matches!(known.state, AgreementState::Proposed),
    };
    if fits { Ok(()) } else { Err(ActError::WrongState { state: known.state.code(), wanted: "a state in which this can be said, once" }) }
}

fn statement(house: &House, known: &KnownAgreement, saying: &Saying, now: Instant) -> Statement {
    let own = known.statements.iter().filter(|one| &one.node_id == house.node_id());
    Statement {
        agreement: known.reference(),
        node_id: house.node_id().clone(),
        kind: saying.kind,
        sequence: own.map(|one| one.sequence).max().unwrap_or(0) + 1,
        claimed_at: now,
        effective_on: saying.effective_on,
        reason: saying.reason,
        approval: saying.approval.clone(),
        on_behalf_of: (saying.kind == StatementKind::Accede).then(|| sponsor_of(known, house.node_id())).flatten(),
    }
}

fn sponsor_of(known: &KnownAgreement, affiliate: &NodeId) -> Option<NodeId> {
    known.agreement.sponsor(affiliate).map(|party| party.node_id.clone())
}

/// Sends text and statements to every other party that is a peer. The gate lets statements pass in every state.
fn send_to_parties(house: &House, unit: &mut Unit, id: &str, version: u32) -> Result<(), ActError> {
    let known = find(house, unit, id, version)?;
    let file = file_of(unit, &known)?;
    let pinned: AgreementRef = known.reference();
    for party in known.agreement.parties.iter().map(|party| party.node_id.clone()).filter(|party| party != house.node_id()) {
        let ask = Ask {
            direction: Direction::Out,
            peer: &party,
            agreement: Some(&known),
            pinned: Some(&pinned),
            ledger: &titian_proto::model::consent::Ledger::default(),
            approval: None,
            prohibited_recipients: &[],
            subject: SubjectFacts::default(),
            successor: None,
            content: Content::Agreement(file.clone()),
        };
        match policy::decide(house, unit.now(), ask) {
            Ok(permit) => {
                let address = Address::about_agreement(&party, &known);
                outgoing::queue(house, unit, permit, &address)?;
            }
            Err(refusal) => tracing::info!(event = "agreement.not-sent", peer = %party, code = refusal.code.code()),
        }
    }
    Ok(())
}

/// Tells a peer again what was said while it was not active here: statements pass whatever else is stopped.
///
/// # Errors
/// When the store fails.
pub fn tell_again(house: &House, unit: &mut Unit, peer: &NodeId) -> Result<(), ActError> {
    for known in policy::agreements(house, unit, unit.now())?.iter() {
        if known.agreement.party(peer).is_some() && known.state != AgreementState::Draft {
            send_to_parties(house, unit, known.agreement.id.as_str(), known.agreement.version)?;
        }
    }
    Ok(())
}

/// The log says when a text comes into force, is suspended or ends.
fn after_statement(house: &House, unit: &mut Unit, before: &KnownAgreement) -> Result<(), ActError> {
    let known = find(house, unit, before.agreement.id.as_str(), before.agreement.version)?;
    if known.state == AgreementState::InForce && !unit.activation_logged(known.digest)? {
        unit.append_leaf(scope_of(&known, Event::MouActivated))?;
        unit.note_activation_logged(known.digest)?;
    }
    // What rests on it is decided anew, in this same write.
    projection::of_agreement(house, unit, known.agreement.id.as_str())
}

/// What a text lets move, between whom, and until when, as the log says it.
fn scope_of(known: &KnownAgreement, event: Event) -> LeafDraft {
    let mut draft = about(known, event);
    let mut parties: Vec<String> = known.agreement.parties.iter().map(|party| party.node_id.to_string()).collect();
    parties.sort_unstable();
    draft.parties = Some(parties);
    let mut directions: Vec<String> = known.agreement.annexes.iter().map(|annex| format!("{}>{}", annex.from, annex.to)).collect();
    directions.sort_unstable();
    directions.dedup();
    draft.directions = Some(directions);
    draft.purposes = Some(codes(known.agreement.annexes.iter().flat_map(|annex| annex.purposes.iter().map(|purpose| purpose.code()))));
    draft.fields = Some(codes(known.agreement.annexes.iter().flat_map(|annex| annex.categories.iter().map(|one| one.code()))));
    draft.valid_from = Some(known.agreement.effective_from.to_string());
    draft.valid_until = Some(known.agreement.expires_on.to_string());
    draft
}

fn codes<'a>(codes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut codes: Vec<String> = codes.map(str::to_owned).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn log_statement(unit: &mut Unit, known: &KnownAgreement, kind: StatementKind) -> Result<(), StoreError> {
    let event = match kind {
        // Who may exchange records under it has become more.
        StatementKind::Accede => return unit.append_leaf(scope_of(known, Event::MouAmended)).map(drop),
        StatementKind::Suspend => Event::MouSuspended,
        StatementKind::Terminate | StatementKind::Reject => Event::MouEnded,
        StatementKind::Propose | StatementKind::Sign | StatementKind::Approve | StatementKind::Resume => return Ok(()),
    };
    unit.append_leaf(about(known, event))?;
    Ok(())
}

fn about(known: &KnownAgreement, event: Event) -> LeafDraft {
    let mut draft = LeafDraft::new(event);
    draft.mou = Some(outgoing::mou(known));
    draft.mou_doc = Some(known.digest);
    draft
}

fn file_of(read: &impl Read, known: &KnownAgreement) -> Result<wire::AgreementFile, ActError> {
    let text = read.agreement_text(known.agreement.id.as_str(), known.agreement.version)?;
    let text = text.ok_or(ActError::NotFound { what: "agreement" })?;
    let mut statements = Vec::new();
    for signed in read.statements(known.digest)? {
        statements.push(
            wire::SignedStatement::decode(signed)
                .map_err(|_| StoreError::unreadable("statement/", Malformed::new("is not a signed statement")))?,
        );
    }
    Ok(wire::AgreementFile { text, statements })
}

fn show_in(house: &House, read: &impl Read, id: &str, version: u32) -> Result<wire::Agreement, ActError> {
    describe(read, &find(house, read, id, version)?)
}

fn describe(read: &impl Read, known: &KnownAgreement) -> Result<wire::Agreement, ActError> {
    let text = read.agreement_text(known.agreement.id.as_str(), known.agreement.version)?.unwrap_or_default();
    let said = |node: &NodeId, kind: StatementKind| known.statements.iter().any(|one| &one.node_id == node && one.kind == kind);
    let last =
        |node: &NodeId| known.statements.iter().filter(|one| &one.node_id == node).max_by_key(|one| one.sequence).map(|one| one.kind);
    let parties = known.agreement.parties.iter().map(|party| wire::AgreementParty {
        node_id: party.node_id.to_string(),
        observer: party.role == Role::Observer,
        signed: said(&party.node_id, StatementKind::Sign),
        approval_required: party.approval_required,
        approved: said(&party.node_id, StatementKind::Approve),
        suspended: last(&party.node_id) == Some(StatementKind::Suspend),
        on_behalf_of: sponsor_of(known, &party.node_id).map(|sponsor| sponsor.to_string()).unwrap_or_default(),
    });
    let annexes = known.agreement.annexes.iter().map(|annex| wire::AgreementAnnex {
        annex_id: annex.id.to_string(),
        from: annex.from.to_string(),
        to: annex.to.to_string(),
        purposes: annex.purposes.iter().map(|purpose| purpose.to_wire()).collect(),
        categories: annex.categories.iter().map(|category| category.to_wire()).collect(),
        max_tier: annex.max_tier.to_wire(),
    });
    Ok(wire::Agreement {
        r#ref: Some(known.reference().to_wire()),
        title: known.agreement.title.clone(),
        state: known.state.to_wire(),
        parties: parties.collect(),
        effective_from: known.agreement.effective_from.to_string(),
        expires_on: known.agreement.expires_on.to_string(),
        annexes: annexes.collect(),
        text: String::from_utf8_lossy(&text).into_owned(),
    })
}
