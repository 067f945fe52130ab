//! The question about the bytes of one document, put to the gate the same way at both ends.

use titian_proto::gate::{BytesPermit, Content};
use titian_proto::log::leaf::{Event, LeafDraft};
use titian_proto::model::date::Instant;
use titian_proto::model::id::Digest;
use titian_proto::model::record::SharedRecord;
use titian_proto::model::referral::SharePut;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::model::vocabulary::Category;

use crate::acts::context::House;
use crate::acts::outgoing;
use crate::acts::policy::{self, Direction, KnownAgreement};
use crate::acts::question::{self, About};
use crate::acts::shares;
use crate::store::quarantine::QuarantineTable as _;
use crate::store::referrals::ReferralFile;
use crate::store::{Read, StoreError};

/// A document in a share: the record that says that there are bytes.
pub(super) struct InShare<'a> {
    pub(super) file: &'a ReferralFile,
    pub(super) record: SharedRecord,
    /// Bytes of the other documents that went the same way under this referral.
    pub(super) others: u64,
}

/// Asks the gate about the bytes of a document, as a put of its record is asked about.
pub(super) fn ask(
    house: &House,
    read: &impl Read,
    now: Instant,
    direction: Direction,
    document: InShare<'_>,
) -> Result<Result<BytesPermit, Refusal>, StoreError> {
    let InShare { file, record, others } = document;
    if file.frozen {
        return Ok(Err(Refusal::new(RefusalCode::ConsentWithdrawn)));
    }
    if !file.state.is_sharing() {
        return Ok(Err(Refusal::new(RefusalCode::StaleVersion).with_path("referral.state")));
    }
    let Some(offer) = question::read_offer(file) else { return Ok(Err(policy::unknown_referral())) };
    let peer = shares::other_side(house, file);
    // Of a peer that told two stories nothing is taken, and it is given nothing.
    if read.quarantine(peer)?.is_some() {
        return Ok(Err(Refusal::new(RefusalCode::PeerSuspended)));
    }
    let (subject, recipient) = match direction {
        Direction::Out => (question::own_subject(peer, offer.subject_ref, Some(file)), peer),
        Direction::In => (crate::store::consents::Subject::ToldBy(peer.clone(), offer.subject_ref), house.node_id()),
    };
    let ledger = policy::ledger(read, &subject)?;
    let content = Content::Put(SharePut {
        referral_id: file.referral_id,
        version: offer.version,
        purpose: offer.purpose,
        subject_ref: offer.subject_ref,
        records: vec![record],
        grant: shares::grant_for(&ledger, recipient, offer.purpose).cloned(),
        approval: offer.approval.clone(),
        whole: false,
    });
    let pinned = agreement(house, read, now, file)?.as_ref().map(KnownAgreement::reference);
    let about = About { direction, peer, pinned: pinned.as_ref(), content: &content };
    let gathered = question::gather(house, read, now, &about)?;
    Ok(policy::decide_bytes(house, now, gathered.ask(direction, peer, pinned.as_ref(), content), others))
}

/// What both logs say of bytes that crossed.
pub(super) fn leaf(
    house: &House,
    read: &impl Read,
    now: Instant,
    event: Event,
    file: &ReferralFile,
    commitment: Digest,
) -> Result<LeafDraft, StoreError> {
    let mut draft = LeafDraft::new(event);
    draft.peer = Some(outgoing::log_name(house, shares::other_side(house, file)));
    draft.commit = Some(commitment);
    draft.fields = Some(vec![Category::Documents.code().to_owned()]);
    draft.purpose = question::read_offer(file).map(|offer| offer.purpose);
    if let Some(known) = agreement(house, read, now, file)? {
        draft.mou = Some(outgoing::mou(&known));
        draft.mou_doc = Some(known.digest);
    }
    Ok(draft)
}

fn agreement(house: &House, read: &impl Read, now: Instant, file: &ReferralFile) -> Result<Option<KnownAgreement>, StoreError> {
    policy::agreement_now(house, read, now, &file.agreement_id, file.agreement_version)
}
