//! The gate once more, at the moment of sending: what was permitted when it was queued may be refused now.

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
pub async fn check(acts: &Acts, peer: &NodeId, lane: Lane, mut waiting: Vec<(Position, wire::Delivery)>) -> Result<Vec<Parcel>, ActError> {
    loop {
        let (answers, refused) = ask(acts, peer, lane, &waiting)?;
        if refused.is_empty() {
            return Ok(waiting.into_iter().zip(answers).filter_map(|((_, delivery), answer)| answer.parcel(delivery)).collect());
        }
        purge(acts, peer, lane, refused).await?;
        let view = acts.store.view();
        for (position, delivery) in &mut waiting {
            *delivery = view.delivery(peer, lane, *position)?.ok_or(StoreError::Missing { table: "outbox/" })?;
        }
    }
}

/// What the gate says of a delivery that it does not refuse.
#[allow(clippy::large_enum_variant, reason = "nearly every one is a permit, and it lives for one frame; a box would only be opened again")]
enum Answer {
    Permitted(Permit),
    /// It was not asked: the body is purged.
    NoBody,
    /// For the simulated world only.
    NotAsked,
}

impl Answer {
    fn parcel(self, delivery: wire::Delivery) -> Option<Parcel> {
        match self {
            Self::Permitted(permit) => Some(Parcel::permitted(delivery, permit)),
            Self::NoBody => Parcel::purged(delivery),
            Self::NotAsked => Some(Parcel { delivery }),
        }
    }
}

/// What is said of each delivery in its order, and what is refused and why: where anything is, nothing leaves.
type Asked = (Vec<Answer>, Vec<(Position, RefusalCode)>);

fn ask(acts: &Acts, peer: &NodeId, lane: Lane, waiting: &[(Position, wire::Delivery)]) -> Result<Asked, ActError> {
    let (mut answers, mut refused) = (Vec::with_capacity(waiting.len()), Vec::new());
    let (look, now) = (acts.store.view().look(), acts.house.ambient.now());
    let settled = look.outbox_lane(peer, lane)?.settled_through;
    for (position, delivery) in waiting {
        let occasion = if *position <= settled { Occasion::Again } else { Occasion::First };
        match check_one(&acts.house, &look, now, peer, delivery, occasion)? {
            Ok(Some(permit)) => answers.push(Answer::Permitted(permit)),
            Ok(None) => answers.push(Answer::NoBody),
            // Not the envelope is refused but the peer, for now; and nothing of the safety lane is ever given up. It waits.
            Err(refusal) if lane == Lane::Safety || is_about_peer(refusal.code) => return Err(ActError::Refused(refusal)),
            Err(_) if crate::mutant::is("no-gate-at-dispatch") => answers.push(Answer::NotAsked),
            Err(refusal) => refused.push((*position, refusal.code)),
        }
    }
    Ok((answers, refused))
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
    let header = Header::read(&envelope.header).map_err(unreadable)?;
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
