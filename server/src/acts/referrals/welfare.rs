//! A welfare check rests on two persons' word in place of a consent (`domain.md` 2.7): who wrote the referral, and who approves it.

use titian_proto::model::consent::{ConsentBasis, ConsentGiver, ConsentMethod, Grant};
use titian_proto::model::id::{ConsentId, uuid_v7};
use titian_proto::model::referral::{Offer, ReferralState};
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::vocabulary::Purpose;

use crate::acts::consents;
use crate::acts::context::House;
use crate::acts::error::ActError;
use crate::acts::{policy, question};
use crate::store::Unit;
use crate::store::referrals::ReferralFile;

/// What stands where a consent names the notice that was explained to her: none was.
const NO_NOTICE: &str = "NONE";

/// Its language, as the standard for languages writes "undetermined".
const NO_LANGUAGE: &str = "und";

/// Writes down the basis of a welfare check, when its second person approves it. It lasts fourteen days from now and names what the referral selects.
///
/// # Errors
/// When the referral has left or is about a group, selects what a welfare check does not reach, or the store fails.
pub(super) fn write_basis(house: &House, unit: &mut Unit, file: &ReferralFile, offer: &Offer, approver: &str) -> Result<(), ActError> {
    if file.state != ReferralState::Draft {
        return Err(ActError::WrongState {
            state: file.state.code(),
            wanted: "a draft: a welfare check is approved once, before it leaves",
        });
    }
    if file.worker_id.is_none() {
        return Err(ActError::Refused(Refusal::new(RefusalCode::GroupMemberConsent)));
    }
    let subject = question::own_subject(&file.recipient, offer.subject_ref, Some(file));
    let (ledger, now) = (policy::ledger(unit, &subject)?, unit.now());
    let basis = Grant {
        consent_id: ConsentId(uuid_v7(now, unit.random())),
        version: 1,
        sequence: ledger.next_sequence(),
        given_by: ConsentGiver::Nobody,
        recipient: file.recipient.clone(),
        purposes: vec![Purpose::WelfareCheck],
        categories: offer.categories.clone(),
        record_types: Vec::new(),
        withheld: Vec::new(),
        onward_to: Vec::new(),
        destination_country: file.recipient.as_str().chars().take(2).collect::<String>().to_uppercase(),
        informed_inadequate_protection: false,
        recipient_state_linked_told: false,
        notice_id: NO_NOTICE.to_owned(),
        notice_version: 1,
        notice_language: NO_LANGUAGE.to_owned(),
        interpreter_organisation: None,
        method: ConsentMethod::NotAsked,
        witnesses: vec![file.author.clone(), approver.to_owned()],
        evidence_digest: None,
        given_at: now,
        valid_from: now,
        valid_until: now.plus_days(Grant::DAYS_MAX_WELFARE_CHECK),
        basis: ConsentBasis::WelfareCheck,
        withdrawal_channel: None,
        receipt_given: None,
        consent_reporting: false,
    };
    basis.check()?;
    Ok(consents::write_down(house, unit, &subject, &basis)?)
}
