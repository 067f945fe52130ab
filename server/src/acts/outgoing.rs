//! From a permit to the outbox: the only way by which anything is queued for a peer.

use titian_proto::envelope::EnvelopeKind;
use titian_proto::gate::Permit;
use titian_proto::log::commitment::commitment;
use titian_proto::log::leaf::{Event, LeafDraft};
use titian_proto::model::id::{CaseRef, Digest, NodeId, ReferralId, TransferId};
use titian_proto::model::reference::ConsentRef;
use titian_proto::model::vocabulary::Purpose;

use super::context::House;
use super::policy::KnownAgreement;
use crate::store::{EnvelopeDraft, Queued, StoreError, Unit};

/// Where an envelope goes and what it belongs to.
pub struct Address<'a> {
    /// To whom.
    pub peer: &'a NodeId,
    /// The case as the peer knows it.
    pub case_ref: Option<CaseRef>,
    /// The referral.
    pub referral_id: Option<ReferralId>,
    /// The agreement it rests on.
    pub agreement: Option<&'a KnownAgreement>,
    /// What for.
    pub purpose: Option<Purpose>,
    /// The consent it rests on.
    pub consent: Option<ConsentRef>,
    /// Index of the consent's leaf in this log.
    pub consent_leaf: Option<u64>,
    /// The transfer that it repeats, because that one was parked.
    pub retry_of: Option<TransferId>,
}

impl<'a> Address<'a> {
    /// For something about an agreement, not about a case.
    #[must_use]
    pub fn about_agreement(peer: &'a NodeId, agreement: &'a KnownAgreement) -> Self {
        let (case_ref, referral_id, purpose, consent, consent_leaf, retry_of) = (None, None, None, None, None, None);
        Self { peer, case_ref, referral_id, agreement: Some(agreement), purpose, consent, consent_leaf, retry_of }
    }

    /// For something that belongs to no case and no agreement.
    #[must_use]
    pub fn about_nothing_else(peer: &'a NodeId) -> Self {
        let (case_ref, referral_id, agreement, purpose, consent, consent_leaf, retry_of) = (None, None, None, None, None, None, None);
        Self { peer, case_ref, referral_id, agreement, purpose, consent, consent_leaf, retry_of }
    }
}

/// What was queued.
pub struct Sent {
    /// Its place.
    pub queued: Queued,
    /// Its commitment, the same at both ends.
    pub commitment: Digest,
    /// The transfer, by which its receipt names it.
    pub transfer: TransferId,
}

/// Queues what a permit allows: the envelope, and the log leaf that commits to it, in this unit of work.
///
/// # Errors
/// When the store cannot take it.
pub fn queue(house: &House, unit: &mut Unit, permit: Permit, address: &Address<'_>) -> Result<Sent, StoreError> {
    let transfer = TransferId(unit.random());
    let salt: [u8; 32] = unit.random();
    let body = permit.body(salt);
    let commitment = commitment(&salt, transfer, body.commitment_inputs());
    let leaf = LeafDraft {
        peer: Some(log_name(house, address.peer)),
        xfer: Some(transfer),
        purpose: address.purpose,
        fields: Some(body.fields().to_vec()),
        consent: address.consent_leaf,
        commit: Some(commitment),
        ..leaf_about(house, unit, event_of(body.kind()), address)?
    };
    let queued = unit.enqueue(EnvelopeDraft {
        recipient: address.peer.clone(),
        body,
        case: address.case_ref,
        referral_id: address.referral_id,
        transfer_id: transfer,
        agreement: address.agreement.map(KnownAgreement::reference),
        consent: address.consent,
        expires_at: None,
        retry_of: address.retry_of,
        leaf,
    })?;
    Ok(Sent { queued, commitment, transfer })
}

fn leaf_about(house: &House, unit: &mut Unit, event: Event, address: &Address<'_>) -> Result<LeafDraft, StoreError> {
    let mut draft = LeafDraft::new(event);
    if let Some(known) = address.agreement {
        draft.mou = Some(mou(known));
        draft.mou_doc = Some(known.digest);
        draft.chan = Some(unit.next_channel(&known.agreement.id, house.node_id(), address.peer)?);
    }
    Ok(draft)
}

/// How a log names a peer: by the origin of the peer's own log, so that two logs can be joined.
#[must_use]
pub fn log_name(house: &House, peer: &NodeId) -> String {
    house.with_peer(peer, |known| known.map_or_else(|| peer.to_string(), |known| known.descriptor.log_origin.clone()))
}

/// How a log names an agreement: its id and its version.
#[must_use]
pub fn mou(known: &KnownAgreement) -> String {
    format!("{}#{}", known.agreement.id, known.agreement.version)
}

/// What the log calls the sending of each kind.
fn event_of(kind: EnvelopeKind) -> Event {
    match kind {
        EnvelopeKind::Agreement => Event::MouStated,
        EnvelopeKind::Withdrawal => Event::ConsentWithdrawn,
        EnvelopeKind::ErasureReceipt => Event::EraseAcked,
        EnvelopeKind::Compromise => Event::KeyCompromised,
        EnvelopeKind::Breach => Event::BreachTold,
        EnvelopeKind::Offer
        | EnvelopeKind::State
        | EnvelopeKind::SharePut
        | EnvelopeKind::ShareRetract
        | EnvelopeKind::Descriptor
        | EnvelopeKind::LogHead
        | EnvelopeKind::AttestationRequest
        | EnvelopeKind::Attestation
        | EnvelopeKind::HandOver
        | EnvelopeKind::Material
        | EnvelopeKind::Aggregate => Event::ReferralSent,
    }
}
