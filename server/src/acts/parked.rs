//! Cases that a peer parked: what of them must be sent again, and the sending again once the peer can read it.

use titian_proto::envelope::{Header, Lane, Receipt};
use titian_proto::gate::Content;
use titian_proto::model::id::{NodeId, ReferralId, TransferId};
use titian_proto::model::refusal::{Refusal, RefusalCode};

use super::context::{Acts, House};
use super::error::ActError;
use super::outgoing::{self, Address};
use super::policy::{self, Direction};
use super::question::{self, About};
use super::referrals::load;
use super::{shares, undelivered};
use crate::store::parked::{ParkedTable as _, ParkedThere};
use crate::store::referrals::ReferralTable as _;
use crate::store::{OutboxTable as _, Position, SentEnvelope, StoreError, Topic, Unit};

/// Notes an envelope that a peer parked. One that belongs to no case waits for nobody.
///
/// # Errors
/// When the store fails.
pub fn note(unit: &mut Unit, peer: &NodeId, receipt: &Receipt, position: Position, header: &Header) -> Result<(), StoreError> {
    let Some((case, _)) = header.case.filter(|_| header.lane != Lane::Safety) else { return Ok(()) };
    let refusal = receipt.refusal.clone().unwrap_or_else(|| Refusal::new(RefusalCode::CaseParked));
    let known = unit.parked_there(peer, case)?;
    let mut parked = match known {
        // A new reason means that the peer waits for this one now.
        Some(known) if refusal.code == RefusalCode::CaseParked => known,
        Some(known) => ParkedThere { refusal, first: header.transfer_id, ..known },
        None => ParkedThere { refusal, since: unit.now(), case, first: header.transfer_id, envelopes: Vec::new() },
    };
    parked.envelopes.push((header.lane.to_wire(), position));
    tracing::warn!(event = "case.parked-there", peer = %peer, code = parked.refusal.code.code(), envelopes = parked.envelopes.len());
    unit.put_parked_there(peer, &parked)
}

/// Sends again what a peer parked of a referral's case, in its order, each asked about at the gate as if it were new. How many envelopes go.
///
/// # Errors
/// When there is no such referral, nothing of its case is parked there, something of it is still on the way, or the store fails.
pub async fn retry(acts: &Acts, referral_id: ReferralId) -> Result<u32, ActError> {
    let house = acts.house.clone();
    crate::crash::point("retry.before-write");
    let sent = acts.store.write(move |unit| retry_case(&house, unit, referral_id)).await?;
    crate::crash::point("retry.after-write");
    Ok(sent)
}

fn retry_case(house: &House, unit: &mut Unit, referral_id: ReferralId) -> Result<u32, ActError> {
    let file = load(unit, referral_id)?;
    let peer = shares::other_side(house, &file).clone();
    let nothing = ActError::WrongState { state: "not parked at the other union", wanted: "a case that the other union parked" };
    let parked = unit.parked_there(&peer, file.case_ref)?.ok_or(nothing)?;
    if !unit.is_case_settled(&peer, file.case_ref)? {
        return Err(ActError::WrongState {
            state: "still on its way in part",
            wanted: "an answer to everything that was sent of the case",
        });
    }
    let mut again = Again { waits_for: parked.first, sent: 0 };
    for (lane, position) in &parked.envelopes {
        again.send(house, unit, &peer, Lane::from_wire(*lane)?, *position)?;
    }
    if again.sent > 0 {
        unit.remove_parked_there(&peer, file.case_ref)?;
        for refusal in [&parked.refusal, &Refusal::new(RefusalCode::CaseParked)] {
            unit.unblock_referral(referral_id, refusal)?;
        }
    }
    unit.publish(Topic::Referral(referral_id));
    Ok(again.sent)
}

/// What is sent again of one case. The peer waits for one transfer; the first that goes names it.
struct Again {
    waits_for: TransferId,
    sent: u32,
}

impl Again {
    fn send(&mut self, house: &House, unit: &mut Unit, peer: &NodeId, lane: Lane, position: Position) -> Result<(), ActError> {
        let Some(parked) = unit.sent(peer, lane, position)? else { return Ok(()) };
        let retry_of = if self.sent == 0 { self.waits_for } else { parked.header.transfer_id };
        self.sent += u32::from(queue_again(house, unit, peer, &parked, Some(retry_of))?);
        Ok(())
    }
}

/// Queues once more what was sent, asked about at the gate as if it were new. Whether it goes.
///
/// # Errors
/// When the store fails.
pub fn queue_again(
    house: &House,
    unit: &mut Unit,
    peer: &NodeId,
    sent: &SentEnvelope,
    retry_of: Option<TransferId>,
) -> Result<bool, ActError> {
    let Ok((_, content)) = Content::parse(sent.header.kind, &sent.body) else { return Ok(false) }; // destroyed meanwhile
    let (now, pinned) = (unit.now(), sent.header.agreement.as_ref());
    let about = About { direction: Direction::Out, peer, pinned, content: &content };
    let gathered = question::gather(house, unit, now, &about)?;
    let permit = match policy::decide(house, now, gathered.ask(Direction::Out, peer, pinned, content)) {
        Ok(permit) => permit,
        Err(refusal) => {
            forbid(unit, &sent.header, &sent.body, refusal)?;
            return Ok(false);
        }
    };
    let purpose = match sent.header.referral_id {
        Some(referral_id) => unit.referral(referral_id)?.as_ref().and_then(question::read_offer).map(|offer| offer.purpose),
        None => None,
    };
    let address = Address {
        peer,
        case_ref: sent.header.case.map(|(case, _)| case),
        referral_id: sent.header.referral_id,
        agreement: gathered.agreement(),
        purpose,
        consent: sent.header.consent,
        consent_leaf: None,
        retry_of,
    };
    outgoing::queue(house, unit, permit, &address)?;
    Ok(true)
}

/// What the gate no longer permits is not sent again; its referral says why.
fn forbid(unit: &mut Unit, header: &Header, body: &bytes::Bytes, refusal: Refusal) -> Result<(), ActError> {
    undelivered::take_back(unit, header, body)?;
    let Some(referral_id) = header.referral_id else { return Ok(()) };
    Ok(unit.block_referral(referral_id, refusal)?)
}
