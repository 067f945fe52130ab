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
use super::narrowed::{self, Wanted};
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
        let Asked { answers, refused } = ask(acts, peer, lane, &waiting)?;
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
struct Asked {
    answers: Vec<Answer>,
    refused: Vec<(Position, Why)>,
}

/// Why a delivery does not leave.
#[derive(Clone, Copy)]
enum Why {
    /// The gate refuses it.
    Gate(RefusalCode),
    /// It names what was taken out of the share behind it.
    Narrowed,
}

fn ask(acts: &Acts, peer: &NodeId, lane: Lane, waiting: &[(Position, wire::Delivery)]) -> Result<Asked, ActError> {
    let (mut answers, mut refused) = (Vec::with_capacity(waiting.len()), Vec::new());
    let (look, now) = (acts.store.view().look(), acts.house.ambient.now());
    let settled = look.outbox_lane(peer, lane)?.settled_through;
    let mut moment = Moment { house: &acts.house, read: &look, now, peer, settled, wanted: Wanted::default() };
    for (position, delivery) in waiting {
        match moment.say(*position, delivery)? {
            Said::Permitted(permit) => answers.push(Answer::Permitted(permit)),
            Said::NoBody => answers.push(Answer::NoBody),
            Said::Narrowed => refused.push((*position, Why::Narrowed)),
            // Not the envelope is refused but the peer, for now; and nothing of the safety lane is ever given up. It waits.
            Said::Refused(refusal) if lane == Lane::Safety || is_about_peer(refusal.code) => return Err(ActError::Refused(refusal)),
            Said::Refused(_) if crate::mutant::is("no-gate-at-dispatch") => answers.push(Answer::NotAsked),
            Said::Refused(refusal) => refused.push((*position, Why::Gate(refusal.code))),
        }
    }
    Ok(Asked { answers, refused })
}

fn is_about_peer(code: RefusalCode) -> bool {
    matches!(code, RefusalCode::PeerSuspended | RefusalCode::PeerIdentity)
}

/// What is said of one delivery.
#[allow(clippy::large_enum_variant, reason = "as of an answer")]
enum Said {
    Permitted(Permit),
    /// Its body is purged already.
    NoBody,
    Refused(Refusal),
    Narrowed,
}

/// The moment in which deliveries of a lane are asked about.
struct Moment<'a, R> {
    house: &'a House,
    read: &'a R,
    now: Instant,
    peer: &'a NodeId,
    /// Up to where the peer has answered: what leaves again from before, leaves for one that was restored.
    settled: Position,
    wanted: Wanted,
}

impl<R: Read> Moment<'_, R> {
    fn say(&mut self, position: Position, delivery: &wire::Delivery) -> Result<Said, StoreError> {
        let Some(envelope) = &delivery.envelope else { return Err(unreadable(Malformed::missing("envelope"))) };
        if envelope.body.is_empty() {
            return Ok(Said::NoBody);
        }
        let header = Header::read(&envelope.header).map_err(unreadable)?;
        let (_, content) = Content::parse(header.kind, &envelope.body).map_err(unreadable)?;
        if let Content::Put(put) = &content {
            let occasion = if position <= self.settled { Occasion::Again } else { Occasion::First };
            if let Some(refusal) = closed(self.house, self.read, put.referral_id, occasion)? {
                return Ok(Said::Refused(refusal));
            }
            if self.wanted.misses_any_of(self.read, position, put)? {
                return Ok(Said::Narrowed);
            }
        }
        let about = About { direction: Direction::Out, peer: self.peer, pinned: header.agreement.as_ref(), content: &content };
        let gathered = question::gather(self.house, self.read, self.now, &about)?;
        let ask = gathered.ask(Direction::Out, self.peer, header.agreement.as_ref(), content);
        Ok(policy::decide(self.house, self.now, ask).map_or_else(Said::Refused, Said::Permitted))
    }
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

async fn purge(acts: &Acts, peer: &NodeId, lane: Lane, refused: Vec<(Position, Why)>) -> Result<(), ActError> {
    let (house, peer) = (acts.house.clone(), peer.clone());
    crate::crash::point("purge.before-write");
    acts.store
        .write(move |unit| {
            for (position, why) in &refused {
                match why {
                    Why::Gate(code) => purge_one(unit, &peer, lane, *position, *code)?,
                    Why::Narrowed => replace_one(&house, unit, &peer, lane, *position)?,
                }
            }
            Ok::<_, ActError>(())
        })
        .await?;
    crate::crash::point("purge.after-write");
    Ok(())
}

/// Takes the body out of a put that names what was taken out of its share, and puts the rest of it again.
fn replace_one(house: &House, unit: &mut Unit, peer: &NodeId, lane: Lane, position: Position) -> Result<(), ActError> {
    let Some(sent) = unit.sent_or_pending(peer, lane, position)? else { return Ok(()) };
    let Some(header) = unit.purge(peer, lane, position, RefusalCode::StaleVersion)? else { return Ok(()) };
    undelivered::take_back(unit, &header, &sent.body)?;
    tracing::info!(event = "envelope.replaced", peer = %peer, place = %position);
    match Content::parse(header.kind, &sent.body) {
        Ok((_, Content::Put(put))) => narrowed::put_rest(house, unit, &put),
        Ok(_) | Err(_) => Ok(()),
    }
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
