//! What comes again after this node was restored from a backup. The peer returned the receipt that this node once gave: the very same is given
//! again, and what was applied then is applied again, without anything that it set off.

use titian_proto::envelope::{Receipt, ReceiptOutcome};
use titian_proto::log::leaf::Event;
use titian_proto::model::id::NodeId;
use titian_proto::wire;

use super::{Arrival, Coming, Fault, Occasion, Taken, Verdict, decide_and_apply, received_leaf};
use crate::acts::context::House;
use crate::acts::error::ActError;
use crate::store::{Position, Received, Unit};

/// Applies an arrival again, if it was applied, and answers it as before.
pub(super) fn answer_again(
    house: &House,
    unit: &mut Unit,
    peer: &NodeId,
    arrival: &Arrival,
    position: Position,
    receipt: wire::SignedReceipt,
) -> Result<Taken, ActError> {
    let given = Receipt::parse(&receipt.receipt)?;
    let was_applied = given.outcome == ReceiptOutcome::Applied && arrival.purged.is_none() && arrival.fault.is_none();
    let mut event = Event::ReferralRefused;
    // What was applied then may come back without its body, because the peer has purged it since.
    let fault = arrival.fault.as_ref().map(|fault| match fault {
        Fault::Refuse(refusal) | Fault::Park(refusal) => refusal.code,
    });
    let mut code = given.refusal.as_ref().map(|refusal| refusal.code).or(arrival.purged).or(fault);
    if let Some(header) = arrival.header.as_ref().filter(|_| was_applied) {
        match decide_and_apply(house, unit, &Coming { peer, header, arrival, occasion: Occasion::Again })? {
            Verdict::Applied(_) => event = Event::ReferralReceived,
            // Allowed then and not now: nothing of it comes back, and the promise that it had arrived stands.
            Verdict::Refused(refusal) | Verdict::Parked(refusal) => code = Some(refusal.code),
            Verdict::Purged(purged) => code = Some(purged),
        }
    }
    let mut draft = received_leaf(house, peer, arrival, event);
    draft.commit = given.commitment.filter(|_| event == Event::ReferralReceived);
    draft.code = code.map(|code| code.code().to_owned());
    unit.append_leaf(draft)?;
    let received = Received { header: arrival.header_bytes.clone(), seal: arrival.seal.clone(), sender_leaf: arrival.leaf_bytes.clone() };
    unit.answer_again(peer, arrival.outline.lane, position, received, receipt)?;
    unit.remove_returned(peer, arrival.outline.lane, arrival.hash)?;
    Ok(Taken::Answered)
}
