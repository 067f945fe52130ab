//! Counts one referral, by union.

use titian_proto::model::date::Instant;
use titian_proto::model::referral::{CaseKind, ReferralState};

use super::count::{Period, client, said_on_a_form};
use super::tally::Tally;
use crate::acts::context::House;
use crate::acts::question::{own_subject, read_offer};
use crate::acts::shares::other_side;
use crate::store::consents::Subject;
use crate::store::referrals::ReferralFile;
use crate::store::{Read, StoreError};

/// Counts a referral by the day on which it was written, if its client may be counted or it is a group's.
pub(super) fn count(house: &House, read: &impl Read, period: Period, file: &ReferralFile, tally: &mut Tally) -> Result<(), StoreError> {
    use ReferralState as S;
    let written = written_at(file);
    if !period.has_moment(written) || matches!(file.state, S::Draft | S::EnteredInError) || !may_be_counted(house, read, file)? {
        return Ok(());
    }
    let sent = &file.sender == house.node_id();
    let row = tally.referrals.entry(other_side(house, file).to_string()).or_default();
    if sent {
        row.sent += 1
    } else {
        row.received += 1
    }
    if matches!(file.state, S::Accepted | S::InProgress | S::OnHold | S::Completed | S::Failed) {
        row.accepted += 1;
    }
    if file.state == S::Completed {
        row.completed += 1;
        if sent {
            let days = file.changed_at.day_number() - written.day_number();
            row.days.push(u32::try_from(days).unwrap_or(0));
        }
    }
    Ok(())
}

/// When it was written, by the clock of who wrote it: its id says so (UUIDv7). A clock of a peer that is wrong moves its own referrals to another period,
/// and nothing else.
fn written_at(file: &ReferralFile) -> Instant {
    let mut millis = [0; 8];
    millis[2..].copy_from_slice(&file.referral_id.0[..6]);
    Instant::from_millis(i64::try_from(u64::from_be_bytes(millis)).unwrap_or(0))
}

fn may_be_counted(house: &House, read: &impl Read, file: &ReferralFile) -> Result<bool, StoreError> {
    let Some(offer) = read_offer(file) else { return Ok(false) };
    if offer.case_kind == CaseKind::Group {
        return Ok(true);
    }
    match own_subject(other_side(house, file), offer.subject_ref, Some(file)) {
        Subject::Worker(worker_id) => Ok(client(read, worker_id)?.is_some()),
        subject => said_on_a_form(read, &subject),
    }
}
