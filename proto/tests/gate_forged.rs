//! A forged or mismatched agreement opens no door at either end (`protocol.md` 5, case 7): a higher version with a signature missing, another text under
//! the same version, a wider annex, a message pinned to another pair's agreement, and everything in between. What both ends know is drawn at random;
//! both decide alike, and as the rules of `domain.md` 2.8 say in words of this file.
//!
//! A draw that fails is printed with its number and replays exactly: `TITIAN_MOU_DRAW=7`. As many as `protocol.md` asks for with `TITIAN_LONG=1`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up must fail")]

mod world;

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use titian_proto::envelope::{KeyRing, Signer};
use titian_proto::gate::{AgreementView, Content, LocalPolicy, PeerView, Question, decide};
use titian_proto::model::agreement::{Agreement, AgreementRef, AgreementState};
use titian_proto::model::date::{Date, Instant};
use titian_proto::model::descriptor::VerifyingKey;
use titian_proto::model::id::{Digest, NodeId};
use titian_proto::model::record::RecordType;
use titian_proto::model::statement::{
    GovernmentApproval, SignedStatement, Statement, StatementKind, StatementReason, has_been_in_force, state_between_of_text,
};
use titian_proto::model::vocabulary::Category;
use world::{NOW, World, approval, node, peer};

/// Draws in an ordinary run, and as many as `protocol.md` 5 names.
const DRAWS: u64 = 20_000;
const DRAWS_LONG: u64 = 1_000_000;

/// Days for which what was pinned to a version that was replaced may still arrive.
const HAND_OVER_DAYS: i64 = 14;

const SENDER: &str = "my.mtuc";
const RECIPIENT: &str = "id.ksbsi";
const THIRD: &str = "kh.clc";

/// What an annex of this test names: ever wider.
const WIDTHS: [&[Category]; 3] = [
    &[Category::CaseCore, Category::Identity],
    &[Category::CaseCore, Category::Identity, Category::Employer, Category::Claim],
    &[Category::CaseCore, Category::Identity, Category::Employer, Category::Claim, Category::Health, Category::Narrative],
];

/// What goes or does not.
const TYPES: [RecordType; 5] = [RecordType::Identity, RecordType::Employer, RecordType::Claim, RecordType::Health, RecordType::Narrative];

#[test]
fn forged_or_mismatched_mou() {
    let texts = Texts::all();
    if let Some(number) = std::env::var("TITIAN_MOU_DRAW").ok().and_then(|number| number.parse().ok()) {
        return hold(&texts, number);
    }
    let draws = if std::env::var_os("TITIAN_LONG").is_some() { DRAWS_LONG } else { DRAWS };
    (0..draws).for_each(|number| hold(&texts, number));
    // Or the test would be blind: of both there is enough.
    let permits = (0..DRAWS).filter(|number| Draw::of(&texts, *number).at_sender().is_ok()).count();
    assert!(permits > 1_000, "{permits} of {DRAWS} are permits");
}

#[test]
fn each_of_the_four_attacks_is_refused_at_both_ends_for_its_own_reason() {
    let texts = Texts::all();
    let (narrow, wide, elsewhere) = (texts.find(SENDER, 1, 0), texts.find(SENDER, 2, 2), texts.find(THIRD, 1, 2));
    let refused = |others: &[(usize, Known)], pinned: AgreementRef, of: RecordType| {
        let known = [&[(narrow, texts.signed_by(narrow, &[SENDER, RECIPIENT]))], others].concat();
        let shelf = known.into_iter().map(|(text, known)| (key(&texts, text), known)).collect();
        let draw = Draw { texts: &texts, shelf, pinned, types: vec![of], activated_days_ago: 0 };
        let (sender, receiver) = (draw.at_sender().unwrap_err(), draw.at_receiver().unwrap_err());
        assert_eq!(sender, receiver);
        sender
    };
    // A higher version with one signature; the other is there in somebody else's hand
    let one_signature = [(wide, texts.signed_by(wide, &[SENDER]))];
    assert_eq!(refused(&one_signature, texts.reference(wide), RecordType::Identity), "AGREEMENT_NOT_IN_FORCE");
    // Another text under the same version
    let other = AgreementRef { digest: texts.reference(wide).digest, ..texts.reference(narrow) };
    assert_eq!(refused(&[], other, RecordType::Identity), "AGREEMENT_NOT_IN_FORCE");
    // As if the annex were wider
    assert_eq!(refused(&[], texts.reference(narrow), RecordType::Health), "FIELD_OUT_OF_SCOPE worker.health");
    // An agreement of another pair
    let theirs = [(elsewhere, texts.signed_by(elsewhere, &[THIRD, RECIPIENT]))];
    assert_eq!(refused(&theirs, texts.reference(elsewhere), RecordType::Identity), "NOT_A_PARTY");
}

/// Checks one draw.
///
/// # Panics
/// With its number, when the two ends differ or decide otherwise than the rules say.
fn hold(texts: &Texts, number: u64) {
    let draw = Draw::of(texts, number);
    let (sender, receiver) = (draw.at_sender(), draw.at_receiver());
    assert_eq!(digest(&sender), digest(&receiver), "draw {number}: {sender:?} at the sender, {receiver:?} at the receiver");
    assert_eq!(sender.is_ok(), draw.is_agreed(), "draw {number}: {sender:?}, pinned {:?}", draw.pinned);
}

/// One digest for one decision: the bytes that may go, or the refusal with its paths.
fn digest(decision: &Result<Vec<u8>, String>) -> Digest {
    match decision {
        Ok(bytes) => Digest::of(&[b"permit".as_slice(), bytes].concat()),
        Err(refusal) => Digest::of(refusal.as_bytes()),
    }
}

/// Every text of this test, and everything that anybody ever said about one, true or forged.
struct Texts(Vec<Text>);

struct Text {
    agreement: Agreement,
    digest: Digest,
    width: usize,
    said: Vec<Said>,
}

/// A statement as it travels, and whether its signature is its speaker's.
struct Said {
    statement: Statement,
    genuine: bool,
}

impl Texts {
    fn all() -> Self {
        let mut texts = Vec::new();
        for parties in [&[SENDER, RECIPIENT][..], &[THIRD, RECIPIENT], &[SENDER, RECIPIENT, THIRD]] {
            for version in 1..=3 {
                for width in 0..WIDTHS.len() {
                    texts.push(Text::new(parties, version, width, (version as usize + width) % 3));
                }
            }
        }
        Self(texts)
    }

    /// The text whose first party is this one.
    fn find(&self, first: &str, version: u32, width: usize) -> usize {
        let fits = |text: &Text| {
            let agreement = &text.agreement;
            agreement.parties[0].node_id.as_str() == first && agreement.version == version && text.width == width
        };
        self.0.iter().position(fits).unwrap()
    }

    /// As these have signed it, and approved where they must; of everything there is a forgery, too.
    fn signed_by(&self, text: usize, parties: &[&str]) -> Known {
        let there = |said: &Said| {
            said.statement.kind != StatementKind::Suspend && (!said.genuine || parties.contains(&said.statement.node_id.as_str()))
        };
        Known { text, said: self.0[text].said.iter().map(there).collect() }
    }

    fn reference(&self, at: usize) -> AgreementRef {
        let text = &self.0[at];
        AgreementRef { id: text.agreement.id.clone(), version: text.agreement.version, digest: text.digest }
    }
}

impl Text {
    /// `dates`: 0 and 1 in force on the day of the test, 2 with the approval of a government that one party awaits.
    fn new(parties: &[&str], version: u32, width: usize, dates: usize) -> Self {
        let categories: Vec<String> = WIDTHS[width].iter().map(|category| format!("\"{}\"", category.code())).collect();
        let party = |name: &&str| {
            let awaited = dates == 2 && *name == RECIPIENT;
            if awaited { format!("{{ node_id = \"{name}\", approval_required = true }}") } else { format!("\"{name}\"") }
        };
        let named: Vec<String> = parties.iter().map(party).collect();
        let (id, kind) = (parties.join("-").replace('.', "").to_uppercase(), if parties.len() > 2 { "MULTILATERAL" } else { "BILATERAL" });
        let toml = format!(
            "[agreement]\nid = \"{id}\"\nversion = {version}\ntitle = \"Cooperation\"\nkind = \"{kind}\"\nparties = [{}]\n\
             effective_from = \"2026-01-01\"\nexpires_on = \"2026-12-31\"\n{}\n[[annex]]\nid = \"THERE\"\nfrom = \"{}\"\nto = \"{}\"\n\
             purposes = [\"WAGE_RECOVERY\"]\ncategories = [{}]\nmax_tier = \"T4\"\nconsent_methods = [\"RECORDED_AUDIO\"]\n",
            named.join(", "),
            if version > 1 { format!("supersedes = {}\n", version - 1) } else { String::new() },
            parties[0],
            parties[1],
            categories.join(", "),
        );
        let agreement = Agreement::from_toml(&toml).unwrap_or_else(|problem| panic!("{problem}: {toml}"));
        let digest = agreement.digest();
        let said = parties.iter().enumerate().flat_map(|(place, party)| words(&agreement, digest, party, place == 0)).collect();
        Self { agreement, digest, width, said }
    }

    /// The statements that are known, of which each end keeps only what their speakers signed.
    fn kept(&self, known: &[bool]) -> Vec<Statement> {
        let heard = self.said.iter().zip(known).filter(|(said, known)| said.genuine && **known);
        heard.map(|(said, _)| said.statement.clone()).collect()
    }
}

/// What a party may have said, each once in its own hand and once in somebody else's.
fn words(agreement: &Agreement, digest: Digest, party: &str, proposes: bool) -> Vec<Said> {
    use StatementKind as K;
    let kinds: &[K] = if proposes { &[K::Propose, K::Sign, K::Suspend] } else { &[K::Sign, K::Approve, K::Suspend] };
    let ring = ring(party);
    let mut words = Vec::new();
    for (place, kind) in kinds.iter().enumerate() {
        let reference = AgreementRef { id: agreement.id.clone(), version: agreement.version, digest };
        let statement = Statement {
            agreement: reference,
            node_id: node(party),
            kind: *kind,
            sequence: place as u64 + 1,
            claimed_at: NOW,
            effective_on: None,
            reason: (*kind == K::Suspend).then_some(StatementReason::UnionDecision),
            approval: (*kind == K::Approve).then(granted),
            on_behalf_of: None,
        };
        for hand in [party, if party == THIRD { SENDER } else { THIRD }] {
            let forged = Signer::new(ring.keys()[0].key_id.clone(), secret(hand));
            let genuine = SignedStatement::sign(&statement, &forged).verify(&ring, NOW).is_ok();
            assert_eq!(genuine, hand == party, "a signature is its speaker's or nobody's");
            words.push(Said { statement: statement.clone(), genuine });
        }
    }
    words
}

fn granted() -> GovernmentApproval {
    GovernmentApproval {
        authority: "Ministry of Manpower".into(),
        reference: "B-17/2026".into(),
        date: Date::parse("2026-01-05").unwrap(),
        scan_digest: Digest::of(b"scan"),
        attesting_office: "Secretariat".into(),
    }
}

fn secret(party: &str) -> SigningKey {
    SigningKey::from_bytes(&Digest::of(party.as_bytes()).0)
}

fn ring(party: &str) -> KeyRing {
    KeyRing::new(vec![VerifyingKey::new(secret(party).verifying_key().to_bytes(), NOW.plus_days(-1), NOW.plus_days(1))])
}

/// A text that a node keeps, and which of all that may have been said about it has reached it.
#[derive(Clone, Debug)]
struct Known {
    text: usize,
    said: Vec<bool>,
}

/// What both ends know, and a message. Under one name and version a node keeps one text for ever.
struct Draw<'a> {
    texts: &'a Texts,
    shelf: BTreeMap<(String, u32), Known>,
    pinned: AgreementRef,
    types: Vec<RecordType>,
    activated_days_ago: i64,
}

fn key(texts: &Texts, text: usize) -> (String, u32) {
    let agreement = &texts.0[text].agreement;
    (agreement.id.to_string(), agreement.version)
}

impl<'a> Draw<'a> {
    fn of(texts: &'a Texts, number: u64) -> Self {
        let mut chance = Chance(number);
        let mut shelf = BTreeMap::new();
        for _ in 0..chance.below(6) + 1 {
            let text = chance.below(texts.0.len());
            // Half of them everybody signed and nobody suspended; of the others anything may be missing or forged.
            let whole = chance.below(2) == 0;
            let said =
                |said: &Said| if whole { said.genuine && said.statement.kind != StatementKind::Suspend } else { chance.below(8) > 1 };
            let said = texts.0[text].said.iter().map(said).collect();
            shelf.entry(key(texts, text)).or_insert(Known { text, said });
        }
        let names: Vec<&Known> = shelf.values().collect();
        let mut pinned = texts.reference(names[chance.below(names.len())].text);
        let other = texts.reference(chance.below(texts.0.len()));
        match chance.below(10) {
            0 => pinned.digest = other.digest,
            1 => pinned.version = other.version,
            2 => pinned.id = other.id,
            3 => pinned = other,
            _ => {}
        }
        let mut types: Vec<RecordType> = TYPES.iter().copied().filter(|_| chance.below(5) < 2).collect();
        if types.is_empty() {
            types.push(RecordType::Identity);
        }
        let activated_days_ago = [0, 3, HAND_OVER_DAYS - 1, HAND_OVER_DAYS, 90][chance.below(5)];
        Self { texts, shelf, pinned, types, activated_days_ago }
    }

    fn at_sender(&self) -> Result<Vec<u8>, String> {
        self.decided(&peer(RECIPIENT), self.content())
    }

    /// The message as it arrives: as bytes, where the sender would have let it go.
    fn at_receiver(&self) -> Result<Vec<u8>, String> {
        let arrived = self.decided(&peer(SENDER), self.content())?;
        let (_, content) = Content::parse(titian_proto::envelope::EnvelopeKind::SharePut, &arrived.into()).unwrap();
        self.decided(&peer(SENDER), content)
    }

    fn content(&self) -> Content {
        let world = World::put(&self.types).grant(|grant| grant.categories = Category::ALL.to_vec());
        let Content::Put(put) = world.put_with(|put| put.approval = Some(approval("staff-1", "staff-2"))).content else {
            panic!("is a put")
        };
        Content::Put(put)
    }

    /// Asks the gate as a node does: with the text that it keeps under the name and version of the message, and the version that replaced it.
    fn decided(&self, peer: &PeerView, content: Content) -> Result<Vec<u8>, String> {
        let (sender, recipient) = (node(SENDER), node(RECIPIENT));
        let world = World::put(&[]).grant(|grant| grant.categories = Category::ALL.to_vec());
        let state = |known: &Known| self.state(known, (&sender, &recipient));
        let known = self.shelf.get(&(self.pinned.id.to_string(), self.pinned.version));
        let newer = known.and_then(|known| self.newer(known)).filter(|_| self.is_fresh());
        let view = |known: &Known, state| {
            let text = &self.texts.0[known.text];
            AgreementView { agreement: &text.agreement, digest: text.digest, state }
        };
        let question = Question {
            now: NOW,
            sender: &sender,
            recipient: &recipient,
            peer: Some(peer),
            agreement: known.map(|known| view(known, if self.newer(known).is_some() { AgreementState::Superseded } else { state(known) })),
            successor: newer.map(|known| view(known, state(known))),
            pinned: Some(&self.pinned),
            ledger: &world.ledger,
            approval: None,
            prohibited_recipients: &[],
            subject: titian_proto::gate::SubjectFacts { safety_already_held: true, ..Default::default() },
            local: LocalPolicy::default(),
            content,
        };
        let permit = decide(question).map_err(|refusal| [&[refusal.code.code().to_owned()][..], &refusal.paths].concat().join(" "))?;
        Ok(permit.body([5; 32]).bytes().to_vec())
    }

    fn state(&self, known: &Known, pair: (&NodeId, &NodeId)) -> AgreementState {
        let (text, reference) = (&self.texts.0[known.text], self.texts.reference(known.text));
        state_between_of_text(&text.agreement, &reference, &text.kept(&known.said), NOW, false, pair)
    }

    /// The newest version of the same agreement that came into force, as nodes look for it.
    fn newer(&self, known: &Known) -> Option<&Known> {
        let (id, version) = key(self.texts, known.text);
        let begun = |other: &&Known| {
            let (text, reference) = (&self.texts.0[other.text], self.texts.reference(other.text));
            has_been_in_force(&text.agreement, &reference, &text.kept(&other.said), NOW)
        };
        self.shelf.range((id.clone(), version + 1)..=(id, u32::MAX)).rev().map(|(_, other)| other).find(begun)
    }

    fn is_fresh(&self) -> bool {
        let activated: Instant = NOW.plus_days(-self.activated_days_ago);
        NOW < activated.plus_days(HAND_OVER_DAYS)
    }

    /// The rules, once more and by sets alone: a text that both keep, that is the one the message names, that is between the two, that each of its parties
    /// signed in its own hand, approved where it must be, suspended by neither, and whose annex names everything; of two versions both must.
    fn is_agreed(&self) -> bool {
        let Some(known) = self.shelf.get(&(self.pinned.id.to_string(), self.pinned.version)) else { return false };
        let named = self.texts.0[known.text].digest == self.pinned.digest;
        let newest = self.shelf.iter().filter(|(key, _)| key.0 == self.pinned.id.as_str() && key.1 > self.pinned.version);
        // What came into force has replaced what was before it, also where somebody suspended it since.
        let newest = newest.filter(|(_, other)| self.is_signed(other, &[])).map(|(_, other)| other).next_back();
        match newest {
            None => named && self.allows(known) && self.is_signed(known, &[SENDER, RECIPIENT]),
            Some(newer) => {
                let both = self.allows(known) && self.allows(newer) && self.is_signed(newer, &[SENDER, RECIPIENT]);
                named && both && self.activated_days_ago < HAND_OVER_DAYS
            }
        }
    }

    fn parties(&self, known: &Known) -> Vec<&str> {
        self.texts.0[known.text].agreement.parties.iter().map(|party| party.node_id.as_str()).collect()
    }

    /// Whether its parties all signed it and whoever must approve has, and none of these has suspended it.
    fn is_signed(&self, known: &Known, who_may_suspend: &[&str]) -> bool {
        use StatementKind as K;
        let text = &self.texts.0[known.text];
        let said = |party: &str, kind: K| {
            let fits = |said: &Said| said.genuine && said.statement.node_id.as_str() == party && said.statement.kind == kind;
            text.said.iter().zip(&known.said).any(|(said, heard)| *heard && fits(said))
        };
        text.agreement.parties.iter().enumerate().all(|(place, party)| {
            let name = party.node_id.as_str();
            // Nobody signs what was not proposed, or approves what was not signed: a word that is missing before another makes that count for nothing.
            let signed = said(name, K::Sign) && (place > 0 || said(name, K::Propose));
            let approved = !party.approval_required || said(name, K::Approve);
            let suspended = who_may_suspend.contains(&name) && said(name, K::Suspend);
            signed && approved && !suspended
        })
    }

    fn allows(&self, known: &Known) -> bool {
        let text = &self.texts.0[known.text];
        let between = [SENDER, RECIPIENT].iter().all(|name| self.parties(known).contains(name));
        between && self.types.iter().all(|one| WIDTHS[text.width].contains(&one.category()))
    }
}

/// A source of chance: the same number, the same draw.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap_or(0)
    }
}
