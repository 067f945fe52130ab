//! From statements and a date to the state of an agreement.

use std::collections::BTreeMap;

use crate::model::agreement::{Agreement, AgreementRef, AgreementState, Party, Role};
use crate::model::date::{Date, Instant};
use crate::model::id::NodeId;
use crate::model::statement::{Statement, StatementKind};

/// The state of an agreement. Statements about another text, or by somebody without a say, count for nothing. `superseded` says that a newer
/// version is in force.
#[must_use]
pub fn state(agreement: &Agreement, statements: &[Statement], now: Instant, superseded: bool) -> AgreementState {
    state_of_text(agreement, &agreement.reference(), statements, now, superseded)
}

/// As [`state`], for a caller who read the agreement from its text and has its digest from there. Every decision asks for the state; writing the
/// text anew each time cost a fifth of a node's work.
#[must_use]
pub fn state_of_text(
    agreement: &Agreement,
    reference: &AgreementRef,
    statements: &[Statement],
    now: Instant,
    superseded: bool,
) -> AgreementState {
    let words = Words::of_all(agreement, reference, statements);
    whole_state(agreement, &words, now, superseded, &|_| true)
}

/// The state between two nodes: who else suspends or leaves an agreement of many leaves the others alone. Everybody must have signed.
#[must_use]
pub fn state_between(
    agreement: &Agreement,
    statements: &[Statement],
    now: Instant,
    superseded: bool,
    pair: (&NodeId, &NodeId),
) -> AgreementState {
    state_between_of_text(agreement, &agreement.reference(), statements, now, superseded, pair)
}

/// As [`state_between`], for a caller who read the agreement from its text and has its digest from there.
#[must_use]
pub fn state_between_of_text(
    agreement: &Agreement,
    reference: &AgreementRef,
    statements: &[Statement],
    now: Instant,
    superseded: bool,
    pair: (&NodeId, &NodeId),
) -> AgreementState {
    let words = Words::of_all(agreement, reference, statements);
    whole_state(agreement, &words, now, superseded, &|node| node == pair.0 || node == pair.1)
}

/// Whether its day came with everybody's signature and every approval, whatever was said since then: no word of one party takes that back. What it
/// replaced does not come back when it is suspended or over.
#[must_use]
pub fn has_been_in_force(agreement: &Agreement, reference: &AgreementRef, statements: &[Statement], now: Instant) -> bool {
    let words = Words::of_all(agreement, reference, statements);
    let mut implementing = agreement.parties.iter().filter(|party| party.role == Role::Implementing);
    let signed = |party: &Party| words.get(&party.node_id).is_some_and(|one| one.signed && (one.approved || !party.approval_required));
    implementing.all(signed) && now >= agreement.effective_from.start()
}

/// The agreement with the affiliates that have acceded among its parties. Its digest is no longer the signed one.
#[must_use]
pub fn joined(agreement: &Agreement, reference: &AgreementRef, statements: &[Statement]) -> Agreement {
    let mut joined = agreement.clone();
    for (node_id, words) in Words::of_all(agreement, reference, statements) {
        if words.acceded {
            joined.parties.push(Party { node_id, role: Role::Implementing, approval_required: false, affiliates: Vec::new() });
        }
    }
    joined
}

fn whole_state(
    agreement: &Agreement,
    words: &BTreeMap<NodeId, Words>,
    now: Instant,
    superseded: bool,
    counts: &dyn Fn(&NodeId) -> bool,
) -> AgreementState {
    let silent = Words::default();
    let of = |party: &Party| words.get(&party.node_id).unwrap_or(&silent);
    let implementing = || agreement.parties.iter().filter(|party| party.role == Role::Implementing);
    let any = |test: &dyn Fn(&Words) -> bool| words.iter().any(|(node, one)| counts(node) && test(one));

    if words.values().any(|one| one.rejected) {
        AgreementState::Rejected
    } else if any(&|one| one.last_day.is_some_and(|day| now >= day.end())) {
        AgreementState::Terminated
    } else if !implementing().any(|party| of(party).proposed || of(party).signed) {
        AgreementState::Draft
    } else if superseded {
        AgreementState::Superseded
    } else if now >= agreement.expires_on.end() {
        AgreementState::Expired
    } else if !implementing().all(|party| of(party).signed) {
        AgreementState::Proposed
    } else if any(&|one| one.suspended) {
        AgreementState::Suspended
    } else if implementing().any(|party| party.approval_required && !of(party).approved) {
        AgreementState::AwaitingApproval
    } else if now < agreement.effective_from.start() {
        AgreementState::Signed
    } else {
        AgreementState::InForce
    }
}

/// What one party has said, folded in the order of its sequence.
#[derive(Default)]
struct Words {
    proposed: bool,
    signed: bool,
    approved: bool,
    acceded: bool,
    suspended: bool,
    rejected: bool,
    last_day: Option<Date>,
}

impl Words {
    fn of_all(agreement: &Agreement, reference: &AgreementRef, statements: &[Statement]) -> BTreeMap<NodeId, Self> {
        let mut spoken: BTreeMap<NodeId, Vec<&Statement>> = BTreeMap::new();
        for statement in statements.iter().filter(|statement| statement.check_about_text(agreement, reference).is_ok()) {
            let of_party = spoken.entry(statement.node_id.clone()).or_default();
            if !of_party.contains(&statement) {
                of_party.push(statement);
            }
        }
        spoken.into_iter().map(|(node, statements)| (node, Self::of(statements))).collect()
    }

    /// Where a word is missing, or two different ones claim the same place, only what narrows counts from there on: the missing word may have
    /// been a suspension.
    fn of(mut statements: Vec<&Statement>) -> Self {
        statements.sort_by_key(|statement| statement.sequence);
        let mut words = Self::default();
        let mut whole = true;
        for (index, statement) in statements.iter().enumerate() {
            let alone = statements.iter().filter(|other| other.sequence == statement.sequence).count() == 1;
            whole &= alone && statement.sequence == index as u64 + 1;
            words.hear(statement, whole);
        }
        words
    }

    fn hear(&mut self, statement: &Statement, whole: bool) {
        match statement.kind {
            StatementKind::Propose => self.proposed |= whole,
            StatementKind::Sign => self.signed |= whole && !self.rejected,
            StatementKind::Approve => self.approved |= whole,
            StatementKind::Accede => self.acceded |= whole,
            StatementKind::Suspend => self.suspended = true,
            StatementKind::Resume => self.suspended &= !whole,
            StatementKind::Terminate => self.last_day = self.last_day.min(statement.effective_on).or(statement.effective_on),
            // Who has signed can suspend or end the agreement, but no longer turn the proposal down.
            StatementKind::Reject => self.rejected |= !self.signed,
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::envelope::{KeyRing, Signer};
    use crate::model::descriptor::VerifyingKey;
    use crate::model::id::Digest;
    use crate::model::statement::{GovernmentApproval, SignedStatement, StatementError, StatementReason};

    const TEXT: &str = r#"
        [agreement]
        id = "AG-MY-ID"
        title = "Cooperation"
        kind = "MULTILATERAL"
        parties = [
            { node_id = "my.mtuc", affiliates = ["my.nupw"] },
            { node_id = "id.ksbsi", approval_required = true },
            { node_id = "jo.mrc-amman", role = "OBSERVER" },
        ]
        effective_from = "2026-01-01"
        expires_on = "2026-08-31"
    "#;

    fn agreement() -> Agreement {
        Agreement::from_toml(TEXT).unwrap()
    }

    fn node(text: &str) -> NodeId {
        NodeId::parse(text).unwrap()
    }

    fn says(who: &str, sequence: u64, kind: StatementKind) -> Statement {
        let approval = GovernmentApproval {
            authority: "Ministry of Manpower".into(),
            reference: "B-17/2026".into(),
            date: Date::parse("2026-01-05").unwrap(),
            scan_digest: Digest::of(b"scan"),
            attesting_office: "Secretariat".into(),
        };
        let reason = matches!(kind, StatementKind::Suspend | StatementKind::Terminate | StatementKind::Reject);
        let statement = Statement {
            agreement: agreement().reference(),
            node_id: node(who),
            kind,
            sequence,
            claimed_at: Instant::from_millis(1),
            effective_on: (kind == StatementKind::Terminate).then(|| Date::parse("2026-03-10").unwrap()),
            reason: reason.then_some(StatementReason::UnionDecision),
            approval: (kind == StatementKind::Approve).then_some(approval),
            on_behalf_of: (kind == StatementKind::Accede).then(|| node("my.mtuc")),
        };
        assert_eq!(Statement::from_wire(&statement.to_wire()).unwrap(), statement);
        statement
    }

    fn at(statements: &[Statement], day: &str) -> AgreementState {
        state(&agreement(), statements, Date::parse(day).unwrap().start(), false)
    }

    /// Signed by both, approved, in force.
    fn in_force() -> Vec<Statement> {
        use StatementKind as K;
        vec![says("my.mtuc", 1, K::Propose), says("my.mtuc", 2, K::Sign), says("id.ksbsi", 1, K::Sign), says("id.ksbsi", 2, K::Approve)]
    }

    #[test]
    fn an_agreement_walks_through_all_its_states() {
        use StatementKind as K;
        let all = in_force();
        assert_eq!(at(&[], "2026-03-02"), AgreementState::Draft);
        assert_eq!(at(&all[..1], "2026-03-02"), AgreementState::Proposed);
        assert_eq!(at(&all[..2], "2026-03-02"), AgreementState::Proposed);
        assert_eq!(at(&all[..3], "2026-03-02"), AgreementState::AwaitingApproval);
        assert_eq!(at(&all, "2025-12-31"), AgreementState::Signed);
        assert_eq!(at(&all, "2026-01-01"), AgreementState::InForce);
        assert_eq!(at(&all, "2026-08-31"), AgreementState::InForce);
        assert_eq!(at(&all, "2026-09-01"), AgreementState::Expired);
        assert_eq!(state(&agreement(), &all, Date::parse("2026-03-02").unwrap().start(), true), AgreementState::Superseded);
        let rejected = [all[0].clone(), says("id.ksbsi", 1, K::Reject), says("id.ksbsi", 2, K::Sign)];
        assert_eq!(at(&rejected, "2026-03-02"), AgreementState::Rejected);
        let ended = [all.as_slice(), &[says("id.ksbsi", 3, K::Terminate)]].concat();
        assert_eq!(at(&ended, "2026-03-10"), AgreementState::InForce);
        assert_eq!(at(&ended, "2026-03-11"), AgreementState::Terminated);
    }

    #[test]
    fn what_was_once_in_force_has_been_whatever_is_said_later() {
        use StatementKind as K;
        let been = |said: &[Statement], day: &str| {
            has_been_in_force(&agreement(), &agreement().reference(), said, Date::parse(day).unwrap().start())
        };
        let all = in_force();
        assert!(been(&all, "2026-01-01") && been(&all, "2026-09-01"));
        assert!(!been(&all, "2025-12-31"), "its day has not come");
        assert!(!been(&all[..3], "2026-03-02"), "an approval is awaited");
        assert!(!been(&all[..2], "2026-03-02"), "a signature is missing");
        let suspended = [all.clone(), vec![says("my.mtuc", 3, K::Suspend)]].concat();
        let ended = [all.clone(), vec![says("id.ksbsi", 3, K::Terminate)]].concat();
        assert!(been(&suspended, "2026-03-02") && been(&ended, "2026-03-11"));
        let mut backdated = says("id.ksbsi", 3, K::Terminate);
        backdated.effective_on = Some(Date::parse("2025-12-31").unwrap());
        assert!(been(&[all, vec![backdated]].concat(), "2026-03-02"), "nobody takes it back alone");
    }

    #[test]
    fn a_party_resumes_only_what_it_suspended_itself() {
        use StatementKind as K;
        let mut said = [in_force(), vec![says("my.mtuc", 3, K::Suspend)]].concat();
        assert_eq!(at(&said, "2026-03-02"), AgreementState::Suspended);
        said.push(says("id.ksbsi", 3, K::Resume));
        assert_eq!(at(&said, "2026-03-02"), AgreementState::Suspended);
        said.push(says("my.mtuc", 4, K::Resume));
        assert_eq!(at(&said, "2026-03-02"), AgreementState::InForce);
        said.reverse();
        assert_eq!(at(&said, "2026-03-02"), AgreementState::InForce);
    }

    #[test]
    fn after_a_missing_word_only_what_narrows_counts() {
        use StatementKind as K;
        let gap = [in_force(), vec![says("my.mtuc", 3, K::Suspend), says("my.mtuc", 5, K::Resume)]].concat();
        assert_eq!(at(&gap, "2026-03-02"), AgreementState::Suspended);
        let double = [in_force(), vec![says("my.mtuc", 2, K::Propose)]].concat();
        assert_eq!(at(&double, "2026-03-02"), AgreementState::Proposed);
    }

    #[test]
    fn words_about_another_digest_or_without_a_say_count_for_nothing() {
        use StatementKind as K;
        let other_text = AgreementRef { digest: Digest::of(b"another text"), ..agreement().reference() };
        let moved = Statement { agreement: other_text, ..says("id.ksbsi", 1, K::Sign) };
        assert!(matches!(moved.check_about(&agreement()), Err(StatementError::AnotherText)));
        assert!(matches!(says("jo.mrc-amman", 1, K::Suspend).check_about(&agreement()), Err(StatementError::NoSay)));
        let said = [in_force()[..2].to_vec(), vec![moved, says("kh.clc", 1, K::Sign)]].concat();
        assert_eq!(at(&said, "2026-03-02"), AgreementState::Proposed);
    }

    #[test]
    fn an_affiliate_joins_by_its_own_word_and_leaves_the_others_alone() {
        use StatementKind as K;
        assert!(!joined(&agreement(), &agreement().reference(), &in_force()).is_implementing(&node("my.nupw")));
        let said = [in_force(), vec![says("my.nupw", 1, K::Accede), says("my.nupw", 2, K::Suspend)]].concat();
        assert!(joined(&agreement(), &agreement().reference(), &said).is_implementing(&node("my.nupw")));
        let day = Date::parse("2026-03-02").unwrap().start();
        let between = |a: &str, b: &str| state_between(&agreement(), &said, day, false, (&node(a), &node(b)));
        assert_eq!(between("my.nupw", "id.ksbsi"), AgreementState::Suspended);
        assert_eq!(between("my.mtuc", "id.ksbsi"), AgreementState::InForce);
    }

    #[test]
    fn a_signature_fits_one_key_and_one_text() {
        let now = Instant::from_millis(1_772_416_800_000);
        let key = |seed: u8| SigningKey::from_bytes(&[seed; 32]);
        let ring = |seed: u8| KeyRing::new(vec![VerifyingKey::new(key(seed).verifying_key().to_bytes(), now, now.plus_days(1))]);
        let key_id = ring(7).keys()[0].key_id.clone();
        let statement = says("my.mtuc", 1, StatementKind::Sign);
        let signed = SignedStatement::sign(&statement, &Signer::new(key_id, key(7)));
        let signed = SignedStatement::from_wire(&signed.to_wire()).unwrap();
        assert_eq!(signed.verify(&ring(7), now).unwrap(), statement);
        assert!(matches!(signed.verify(&ring(8), now), Err(StatementError::Signature(_))));
        assert!(matches!(signed.verify(&ring(7), now.plus_days(1)), Err(StatementError::Signature(_))));
        let mut changed = signed.bytes.to_vec();
        changed[4] ^= 1;
        let changed = SignedStatement { bytes: changed.into(), ..signed };
        assert!(matches!(changed.verify(&ring(7), now), Err(StatementError::Signature(_))));
    }

    #[test]
    fn a_statement_carries_what_its_kind_needs_and_nothing_else() {
        use StatementKind as K;
        let broken = |statement: Statement| statement.check().unwrap_err().path;
        assert_eq!(broken(Statement { effective_on: None, ..says("my.mtuc", 1, K::Terminate) }), "effective_on");
        assert_eq!(broken(Statement { reason: None, ..says("my.mtuc", 1, K::Suspend) }), "reason");
        assert_eq!(broken(Statement { approval: None, ..says("my.mtuc", 1, K::Approve) }), "approval");
        assert_eq!(broken(Statement { on_behalf_of: None, ..says("my.nupw", 1, K::Accede) }), "on_behalf_of");
        assert_eq!(broken(Statement { on_behalf_of: Some(node("my.mtuc")), ..says("my.mtuc", 1, K::Sign) }), "on_behalf_of");
    }
}
