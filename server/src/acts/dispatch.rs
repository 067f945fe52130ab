//! The gate once more, at the moment of sending: what was permitted when it was queued may be refused now.

use bytes::Bytes;
use prost::Message;
use titian_proto::envelope::{Header, Lane};
use titian_proto::gate::{Content, Permit};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{NodeId, ReferralId};
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::{Refusal, RefusalCode};
use titian_proto::wire;

use super::arrivals::Occasion;
use super::context::{Acts, House};
use super::error::ActError;
use super::policy::{self, Direction};
use super::question::{self, About};
use super::undelivered;
use crate::store::{OutboxTable, Position, Read, StoreError, Unit};

/// A delivery that may leave now. Only a permit makes one.
pub struct Parcel {
    delivery: wire::Delivery,
}

impl Parcel {
    fn permitted(delivery: wire::Delivery, permit: Permit) -> Self {
        drop(permit);
        Self { delivery }
    }

    /// One whose body has been purged: a header without personal data, which keeps the chain whole.
    fn purged(delivery: wire::Delivery) -> Option<Self> {
        let empty = delivery.envelope.as_ref().is_some_and(|envelope| envelope.body.is_empty());
        empty.then_some(Self { delivery })
    }

    /// For the wire.
    #[must_use]
    pub fn into_delivery(self) -> wire::Delivery {
        self.delivery
    }
}

/// Asks the gate for each waiting delivery. What it refuses is purged on disk first: its body never leaves. Then all are asked about again, because
/// somebody may have withdrawn while the disk was waited for: what leaves was permitted in one moment, with nothing awaited after it.
///
/// # Errors
/// When the store fails, or nothing of the lane may go now.
pub async fn check(acts: &Acts, peer: &NodeId, lane: Lane, mut waiting: Vec<(Position, Bytes)>) -> Result<Vec<Parcel>, ActError> {
    loop {
        let (parcels, refused) = ask(acts, peer, lane, &waiting)?;
        if refused.is_empty() {
            return Ok(parcels);
        }
        purge(acts, peer, lane, refused).await?;
        let view = acts.store.view();
        for (position, bytes) in &mut waiting {
            *bytes = view.delivery(peer, lane, *position)?.ok_or(StoreError::Missing { table: "outbox/" })?;
        }
    }
}

/// What may leave, and what is refused and why.
type Asked = (Vec<Parcel>, Vec<(Position, RefusalCode)>);

fn ask(acts: &Acts, peer: &NodeId, lane: Lane, waiting: &[(Position, Bytes)]) -> Result<Asked, ActError> {
    let (mut parcels, mut refused) = (Vec::with_capacity(waiting.len()), Vec::new());
    let (view, now) = (acts.store.view(), acts.house.ambient.now());
    let settled = view.outbox_lane(peer, lane)?.settled_through;
    for (position, bytes) in waiting {
        let delivery = read_delivery(bytes)?;
        let occasion = if *position <= settled { Occasion::Again } else { Occasion::First };
        match check_one(&acts.house, &view, now, peer, &delivery, occasion)? {
            Ok(Some(permit)) => parcels.push(Parcel::permitted(delivery, permit)),
            Ok(None) => parcels.extend(Parcel::purged(delivery)),
            // Not the envelope is refused but the peer, for now; and nothing of the safety lane is ever given up. It waits.
            Err(refusal) if lane == Lane::Safety || is_about_peer(refusal.code) => return Err(ActError::Refused(refusal)),
            Err(_) if crate::mutant::is("no-gate-at-dispatch") => parcels.push(Parcel { delivery }),
            Err(refusal) => refused.push((*position, refusal.code)),
        }
    }
    Ok((parcels, refused))
}

fn is_about_peer(code: RefusalCode) -> bool {
    matches!(code, RefusalCode::PeerSuspended | RefusalCode::PeerIdentity)
}

/// A permit, nothing for a body that is already purged, or the refusal.
fn check_one(
    house: &House,
    read: &impl Read,
    now: Instant,
    peer: &NodeId,
    delivery: &wire::Delivery,
    occasion: Occasion,
) -> Result<Result<Option<Permit>, Refusal>, StoreError> {
    let Some(envelope) = &delivery.envelope else { return Err(unreadable(Malformed::missing("envelope"))) };
    if envelope.body.is_empty() {
        return Ok(Ok(None));
    }
    let header = Header::parse(&envelope.header).map_err(unreadable)?;
    let (_, content) = Content::parse(header.kind, &envelope.body).map_err(unreadable)?;
    if let Content::Put(put) = &content
        && let Some(refusal) = closed(house, read, put.referral_id, occasion)?
    {
        return Ok(Err(refusal));
    }
    let about = About { direction: Direction::Out, peer, pinned: header.agreement.as_ref(), content: &content };
    let gathered = question::gather(house, read, now, &about)?;
    let ask = gathered.ask(Direction::Out, peer, header.agreement.as_ref(), content);
    Ok(policy::decide(house, now, ask).map(Some))
}

/// Under a referral that is frozen or over nothing more leaves. What a restored peer held before comes back to it also when the referral is over.
fn closed(house: &House, read: &impl Read, referral_id: ReferralId, occasion: Occasion) -> Result<Option<Refusal>, StoreError> {
    let Some(known) = question::known_referral(house, read, referral_id)? else { return Ok(None) };
    let file = &known.file;
    if file.frozen {
        return Ok(Some(Refusal::new(RefusalCode::ConsentWithdrawn)));
    }
    Ok((!file.state.is_sharing() && occasion == Occasion::First)
        .then(|| Refusal::new(RefusalCode::StaleVersion).with_path("referral.state")))
}

fn read_delivery(bytes: &Bytes) -> Result<wire::Delivery, StoreError> {
    wire::Delivery::decode(bytes.clone()).map_err(|_| unreadable(Malformed::new("is not a delivery")))
}

fn unreadable(problem: Malformed) -> StoreError {
    StoreError::unreadable("outbox/", problem)
}

async fn purge(acts: &Acts, peer: &NodeId, lane: Lane, refused: Vec<(Position, RefusalCode)>) -> Result<(), ActError> {
    let peer = peer.clone();
    crate::crash::point("purge.before-write");
    acts.store
        .write(move |unit| {
            for (position, code) in &refused {
                purge_one(unit, &peer, lane, *position, *code)?;
            }
            Ok::<_, ActError>(())
        })
        .await?;
    crate::crash::point("purge.after-write");
    Ok(())
}

/// Takes the body out of an envelope and says why at its referral. What was settled before goes the same way: it leaves again only to a peer that was
/// restored, which does not hold it any more.
///
/// # Errors
/// When the store fails.
pub fn purge_one(unit: &mut Unit, peer: &NodeId, lane: Lane, position: Position, code: RefusalCode) -> Result<(), StoreError> {
    let sent = unit.sent_or_pending(peer, lane, position)?;
    let Some(header) = unit.purge(peer, lane, position, code)? else { return Ok(()) };
    if let Some(sent) = sent {
        undelivered::take_back(unit, &header, &sent.body)?;
    }
    tracing::info!(event = "envelope.purged", peer = %peer, code = code.code(), place = %position);
    if let Some(referral_id) = header.referral_id {
        unit.block_referral(referral_id, Refusal::new(code))?;
    }
    Ok(())
}
