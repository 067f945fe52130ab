//! One worker's grants and withdrawals together, and what they amount to.

use crate::model::consent::{ConsentBasis, ConsentRef, ConsentState, Grant, Withdrawal};
use crate::model::date::Instant;
use crate::model::id::{ConsentId, NodeId};
use crate::model::vocabulary::{Category, Purpose};

/// All grants and withdrawals of one worker that a node knows, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Grants, old versions too.
    pub grants: Vec<Grant>,
    /// Withdrawals.
    pub withdrawals: Vec<Withdrawal>,
}

/// What a ledger says about one recipient, purpose and category at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// She allows it, by this grant.
    Granted(&'a Grant),
    /// She withheld it. Beats every grant.
    Withheld,
    /// She took it back; also where a grant and a withdrawal claim the same place in the order.
    Withdrawn,
    /// The latest grant is past its date.
    Expired,
    /// The latest grant is not yet valid.
    NotYetValid,
    /// Two different grants claim the same place in the order: neither counts.
    Tied,
    /// No grant in force names it.
    NotGranted,
}

impl Ledger {
    /// From what a node holds, in any order.
    #[must_use]
    pub fn new(grants: Vec<Grant>, withdrawals: Vec<Withdrawal>) -> Self {
        Self { grants, withdrawals }
    }

    /// What she says about this recipient, purpose and category now: the latest grant or withdrawal wins, a tie denies, and what she withheld
    /// beats every grant. Only the latest version of each consent counts.
    #[must_use]
    pub fn standing(&self, recipient: &NodeId, purpose: Purpose, category: Category, now: Instant) -> Standing<'_> {
        let current = self.current(recipient);
        if current.iter().any(|grant| grant.withheld.iter().any(|one| one.category == category && one.field.is_none())) {
            return Standing::Withheld;
        }
        let named: Vec<&Grant> = current.into_iter().filter(|grant| grant.names(recipient, purpose, category)).collect();
        let Some(latest) = named.iter().max_by_key(|grant| grant.sequence) else {
            return Standing::NotGranted;
        };
        if self.is_withdrawn(latest, purpose, category) {
            return Standing::Withdrawn;
        }
        if self.grants.iter().any(|grant| grant.sequence == latest.sequence && !grant.is_same_for_peer(latest)) {
            return Standing::Tied;
        }
        if now >= latest.valid_until {
            Standing::Expired
        } else if !latest.has_begun(now) {
            Standing::NotYetValid
        } else {
            Standing::Granted(latest)
        }
    }

    /// Whether she took something back from a recipient and has not consented to anything for it since. A welfare check, for which she was not asked, never
    /// stands against that.
    #[must_use]
    pub fn says_no_to(&self, recipient: &NodeId) -> bool {
        let consents = |grant: &&Grant| grant.recipient == *recipient && grant.basis == ConsentBasis::Consent;
        let anew = self.grants.iter().filter(consents).map(|grant| grant.sequence).max().unwrap_or(0);
        let hers = |consent_id: ConsentId| self.grants.iter().any(|grant| grant.consent_id == consent_id && grant.recipient == *recipient);
        self.withdrawals.iter().any(|withdrawal| {
            let concerned = match (&withdrawal.recipient, withdrawal.consent_id) {
                (Some(named), _) => named == recipient,
                (None, Some(consent_id)) => hers(consent_id),
                (None, None) => true,
            };
            concerned && withdrawal.sequence >= anew
        })
    }

    /// Single fields that she withheld from this recipient, as paths.
    #[must_use]
    pub fn withheld_fields(&self, recipient: &NodeId) -> Vec<&str> {
        self.current(recipient).into_iter().flat_map(|grant| grant.withheld.iter().filter_map(|one| one.field.as_deref())).collect()
    }

    /// The state of one version of a consent; none when the ledger does not hold it.
    #[must_use]
    pub fn state(&self, reference: ConsentRef, now: Instant) -> Option<ConsentState> {
        let grant = self.grants.iter().find(|grant| grant.reference() == reference)?;
        let whole =
            grant.purposes.iter().all(|purpose| grant.categories.iter().all(|category| self.is_withdrawn(grant, *purpose, *category)));
        Some(if self.is_superseded(grant) {
            ConsentState::Superseded
        } else if whole {
            ConsentState::Withdrawn
        } else if now >= grant.valid_until {
            ConsentState::Expired
        } else {
            ConsentState::Given
        })
    }

    /// The latest version of a consent.
    #[must_use]
    pub fn latest(&self, consent_id: ConsentId) -> Option<&Grant> {
        self.grants.iter().filter(|grant| grant.consent_id == consent_id).max_by_key(|grant| (grant.sequence, grant.version))
    }

    /// The next place in the order. A node that hears a withdrawal of a consent that another node wrote down gives it this one, so that it
    /// stands after everything known.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        let grants = self.grants.iter().map(|grant| grant.sequence);
        let withdrawals = self.withdrawals.iter().map(|withdrawal| withdrawal.sequence);
        grants.chain(withdrawals).max().unwrap_or(0).saturating_add(1)
    }

    /// The same ledger with a grant that a message brought along; a grant it already holds is not counted twice.
    #[must_use]
    pub fn with(&self, grant: &Grant) -> Self {
        let mut ledger = self.clone();
        if !self.holds(grant) {
            ledger.grants.push(grant.clone());
        }
        ledger
    }

    /// Whether it holds this grant, as a peer may see it.
    #[must_use]
    pub fn holds(&self, grant: &Grant) -> bool {
        self.grants.iter().any(|one| one.is_same_for_peer(grant))
    }

    /// Whether a withdrawal stands at or after the grant's place in the order and covers the purpose and the category.
    #[must_use]
    pub fn is_withdrawn(&self, grant: &Grant, purpose: Purpose, category: Category) -> bool {
        self.withdrawals.iter().any(|withdrawal| {
            withdrawal.sequence >= grant.sequence
                && withdrawal.concerns(grant.consent_id, &grant.recipient)
                && withdrawal.covers(purpose, category)
        })
    }

    /// The grants to a recipient that no later version of the same consent has replaced.
    fn current(&self, recipient: &NodeId) -> Vec<&Grant> {
        self.grants.iter().filter(|grant| grant.recipient == *recipient && !self.is_superseded(grant)).collect()
    }

    /// A later version replaces a grant, whether it is later by its number or by its place. Versions out of order replace each other: that
    /// denies, as a tie does.
    fn is_superseded(&self, grant: &Grant) -> bool {
        self.grants
            .iter()
            .any(|other| other.consent_id == grant.consent_id && (other.sequence > grant.sequence || other.version > grant.version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::consent::{ConsentGiver, ConsentMethod, ReceiptGiven, WithdrawalAction, WithdrawalChannel, Withheld};
    use crate::model::id::Digest;

    const NOW: Instant = Instant::from_millis(1_772_416_800_000);

    fn ksbsi() -> NodeId {
        NodeId::parse("id.ksbsi").unwrap()
    }

    fn grant(consent: u8, version: u32, sequence: u64) -> Grant {
        Grant {
            consent_id: ConsentId([consent; 16]),
            version,
            sequence,
            given_by: ConsentGiver::Client,
            recipient: ksbsi(),
            purposes: vec![Purpose::WageRecovery],
            categories: vec![Category::Claim, Category::Identity],
            record_types: Vec::new(),
            withheld: Vec::new(),
            onward_to: Vec::new(),
            destination_country: "ID".into(),
            informed_inadequate_protection: true,
            recipient_state_linked_told: false,
            notice_id: "PRIVACY-ID".into(),
            notice_version: 1,
            notice_language: "id".into(),
            interpreter_organisation: None,
            method: ConsentMethod::RecordedAudio,
            witnesses: Vec::new(),
            evidence_digest: None,
            given_at: NOW,
            valid_from: NOW,
            valid_until: NOW.plus_days(180),
            basis: ConsentBasis::Consent,
            withdrawal_channel: None,
            receipt_given: None,
            consent_reporting: true,
        }
    }

    fn withdrawal(sequence: u64) -> Withdrawal {
        Withdrawal {
            consent_id: None,
            sequence,
            recipient: None,
            purposes: Vec::new(),
            categories: Vec::new(),
            action: WithdrawalAction::Stop,
            effective_at: NOW,
        }
    }

    fn standing(grants: &[Grant], withdrawals: &[Withdrawal]) -> String {
        let ledger = Ledger { grants: grants.to_vec(), withdrawals: withdrawals.to_vec() };
        match ledger.standing(&ksbsi(), Purpose::WageRecovery, Category::Claim, NOW) {
            Standing::Granted(grant) => format!("granted by {}.{}", grant.consent_id.0[0], grant.version),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn the_latest_word_wins_and_a_tie_denies() {
        assert_eq!(standing(&[], &[]), "NotGranted");
        assert_eq!(standing(&[grant(1, 1, 5)], &[]), "granted by 1.1");
        assert_eq!(standing(&[grant(1, 1, 5)], &[withdrawal(6)]), "Withdrawn");
        assert_eq!(standing(&[grant(1, 1, 5)], &[withdrawal(5)]), "Withdrawn");
        assert_eq!(standing(&[grant(1, 1, 5), grant(2, 1, 7)], &[withdrawal(6)]), "granted by 2.1");
        assert_eq!(standing(&[grant(1, 1, 5), grant(2, 1, 5)], &[]), "Tied");
        assert_eq!(standing(&[grant(1, 1, 5), grant(1, 1, 5)], &[]), "granted by 1.1");
    }

    #[test]
    fn a_newer_version_that_says_less_takes_away() {
        let narrower = Grant { categories: vec![Category::Identity], ..grant(1, 2, 6) };
        assert_eq!(standing(&[grant(1, 1, 5), narrower], &[]), "NotGranted");
        assert_eq!(standing(&[grant(1, 1, 5), grant(1, 2, 4)], &[]), "NotGranted");
    }

    #[test]
    fn what_she_withheld_beats_every_grant_until_she_lifts_it() {
        let withheld = vec![Withheld { category: Category::Claim, field: None, reason: None }];
        let holding_back = Grant { withheld, ..grant(1, 1, 5) };
        assert_eq!(standing(&[holding_back.clone(), grant(2, 1, 9)], &[]), "Withheld");
        assert_eq!(standing(&[holding_back, grant(1, 2, 10)], &[]), "granted by 1.2");
    }

    #[test]
    fn a_withdrawal_reaches_what_it_names_and_no_further() {
        let health_only = Withdrawal { categories: vec![Category::Health], ..withdrawal(9) };
        let other_union = Withdrawal { recipient: Some(NodeId::parse("kh.clc").unwrap()), ..withdrawal(9) };
        let other_consent = Withdrawal { consent_id: Some(ConsentId([2; 16])), ..withdrawal(9) };
        assert_eq!(standing(&[grant(1, 1, 5)], &[health_only, other_union, other_consent]), "granted by 1.1");
    }

    #[test]
    fn the_state_of_a_consent_follows_from_ledger_and_date() {
        let ledger = Ledger { grants: vec![grant(1, 1, 1), grant(1, 2, 2), grant(2, 1, 3)], withdrawals: Vec::new() };
        let state = |ledger: &Ledger, consent: u8, version, now| ledger.state(ConsentRef { id: ConsentId([consent; 16]), version }, now);
        assert_eq!(state(&ledger, 1, 1, NOW), Some(ConsentState::Superseded));
        assert_eq!(state(&ledger, 1, 2, NOW), Some(ConsentState::Given));
        assert_eq!(state(&ledger, 1, 2, NOW.plus_days(180)), Some(ConsentState::Expired));
        assert_eq!(state(&ledger, 3, 1, NOW), None);
        let withdrawn = Ledger { withdrawals: vec![withdrawal(4)], ..ledger };
        assert_eq!(state(&withdrawn, 2, 1, NOW), Some(ConsentState::Withdrawn));
        assert_eq!(withdrawn.next_sequence(), 5);
    }
    #[test]
    fn a_grant_comes_back_from_the_wire_as_it_was() {
        let full = Grant {
            withheld: vec![Withheld { category: Category::Contact, field: Some("contact.address".into()), reason: None }],
            onward_to: vec![NodeId::parse("id.sbmi").unwrap()],
            ..grant(1, 1, 5)
        };
        assert_eq!(Grant::from_wire(&full.to_wire()).unwrap(), full);
        assert!(!full.for_peer().consent_reporting);
    }

    #[test]
    fn grants_are_the_same_for_a_peer_unless_it_may_see_the_difference() {
        let changes: [fn(&mut Grant); 27] = [
            |g| g.consent_reporting = !g.consent_reporting,
            |g| g.consent_id = ConsentId([9; 16]),
            |g| g.version += 1,
            |g| g.sequence += 1,
            |g| g.given_by = ConsentGiver::Guardian,
            |g| g.recipient = NodeId::parse("kh.clc").unwrap(),
            |g| g.purposes.clear(),
            |g| g.categories.clear(),
            |g| g.record_types.push("claim".into()),
            |g| g.withheld.push(Withheld { category: Category::Claim, field: None, reason: None }),
            |g| g.onward_to.push(NodeId::parse("kh.clc").unwrap()),
            |g| g.destination_country.push('X'),
            |g| g.informed_inadequate_protection = !g.informed_inadequate_protection,
            |g| g.recipient_state_linked_told = !g.recipient_state_linked_told,
            |g| g.notice_id.push('X'),
            |g| g.notice_version += 1,
            |g| g.notice_language.push('X'),
            |g| g.interpreter_organisation = Some("kh.clc".into()),
            |g| g.method = ConsentMethod::VerbalWitnessed,
            |g| g.witnesses.push("S-1".into()),
            |g| g.evidence_digest = Some(Digest::ZERO),
            |g| g.given_at = g.given_at.plus_days(1),
            |g| g.valid_from = g.valid_from.plus_days(1),
            |g| g.valid_until = g.valid_until.plus_days(1),
            |g| g.basis = ConsentBasis::WelfareCheck,
            |g| g.withdrawal_channel = None,
            |g| g.receipt_given = None,
        ];
        let grant =
            Grant { withdrawal_channel: Some(WithdrawalChannel::ALL[0]), receipt_given: Some(ReceiptGiven::ALL[0]), ..grant(1, 1, 5) };
        for (index, change) in changes.iter().enumerate() {
            let mut other = grant.clone();
            change(&mut other);
            assert_ne!(other, grant, "change {index} changes nothing");
            assert_eq!(grant.is_same_for_peer(&other), grant.for_peer() == other.for_peer(), "change {index}");
        }
    }

    #[test]
    fn a_grant_that_breaks_a_rule_is_refused_by_its_path() {
        let broken = |change: &dyn Fn(&mut crate::wire::Grant)| {
            let mut wire = grant(1, 1, 5).to_wire();
            change(&mut wire);
            Grant::from_wire(&wire).unwrap_err().path
        };
        assert_eq!(broken(&|g| g.recipient = "id.ksbsi,id.sbmi".into()), "recipient");
        assert_eq!(broken(&|g| g.recipient.clear()), "recipient");
        assert_eq!(broken(&|g| g.valid_until_ms = 0), "valid_until");
        assert_eq!(broken(&|g| g.valid_until_ms = g.valid_from_ms), "valid_until");
        assert_eq!(broken(&|g| g.valid_until_ms += 1), "valid_until");
        assert_eq!(broken(&|g| g.categories.push(Category::Health.to_wire())), "valid_until");
        assert_eq!(broken(&|g| g.given_by = 4), "given_by");
        assert_eq!(broken(&|g| g.method = ConsentMethod::VerbalWitnessed.to_wire()), "witnesses");
        assert_eq!(broken(&|g| g.notice_id.clear()), "notice_id");
        assert_eq!(broken(&|g| g.notice_version = 0), "notice_version");
        assert_eq!(broken(&|g| g.notice_language.clear()), "notice_language");
        assert_eq!(broken(&|g| g.purposes.clear()), "purposes");
        assert_eq!(broken(&|g| g.categories = vec![99]), "categories");
        assert_eq!(broken(&|g| g.categories.push(Category::Claim.to_wire())), "categories");
        assert_eq!(broken(&|g| g.basis = ConsentBasis::WelfareCheck.to_wire()), "valid_until");
    }
}
