//! What the peer has not answered, lane after lane, and the receipts it may not have.

use bytes::Bytes;
use titian_proto::bundle::Sealer;
use titian_proto::envelope::Lane;
use titian_proto::model::id::NodeId;
use titian_proto::wire::{self, frame};
use tokio::sync::mpsc;

use super::BundleFailure;
use crate::federation::passage::Passage;
use crate::link::giving::Giving;
use crate::link::hello;
use crate::link::lanes::PerLane;
use crate::link::limits::{FRAME_BYTES, FRAME_ENVELOPES, FRAME_RECEIPTS};
use crate::store::peer_settled::PeerSettledTable as _;
use crate::store::{Most, OutboxTable as _, Position, StoreError};

/// Makes a bundle for a peer and gives it piece by piece. Holds one frame in memory; waits while the reader is slow.
///
/// # Errors
/// When a bundle cannot be made for this peer, the store fails, or nobody reads.
pub async fn export(passage: &Passage, peer: &NodeId, pieces: mpsc::Sender<wire::ExportBundleResponse>) -> Result<(), BundleFailure> {
    let (sealer, head) = passage.begin_bundle(peer)?;
    let contents = wire::BundleContents { recipient: peer.to_string(), ..wire::BundleContents::default() };
    let mut export = Export { passage, peer, sealer, pieces, contents };
    export.hand_out(head).await?;
    export.run().await
}

/// One bundle in the making.
struct Export<'a> {
    passage: &'a Passage,
    peer: &'a NodeId,
    sealer: Sealer,
    pieces: mpsc::Sender<wire::ExportBundleResponse>,
    contents: wire::BundleContents,
}

impl Export<'_> {
    async fn run(mut self) -> Result<(), BundleFailure> {
        let hello = hello::say(self.passage, self.peer).await?;
        self.say(frame::Frame::Hello(hello)).await?;
        let mut giving = Giving::to_restored(self.passage, self.peer)?;
        let sent = match &mut giving {
            Some(giving) => self.give_back(giving).await?,
            None => self.settled()?,
        };
        for lane in Lane::ALL.iter().copied() {
            self.lane(lane, *sent.get(lane)).await?;
        }
        // What was left out may be what is told of: then that waits for another bundle, or the line.
        if let Some(mut giving) = giving.filter(|_| self.contents.withheld.is_empty()) {
            self.tell_standings(&mut giving).await?;
        }
        for lane in Lane::ALL {
            self.receipts(*lane).await?;
        }
        crate::crash::point("bundle.before-end");
        self.end().await
    }

    /// Where each lane goes on: after what the peer has answered.
    fn settled(&self) -> Result<PerLane<Position>, StoreError> {
        let (view, mut settled) = (self.passage.store().view(), PerLane::default());
        for lane in Lane::ALL.iter().copied() {
            *settled.get_mut(lane) = view.outbox_lane(self.peer, lane)?.settled_through;
        }
        Ok(settled)
    }

    /// What a restored peer lost: its own receipts, then the envelopes that they answer, the safety lane first and the others in their old order.
    /// Gives the places after which each lane goes on.
    async fn give_back(&mut self, giving: &mut Giving) -> Result<PerLane<Position>, BundleFailure> {
        let mut sent = giving.left();
        while let Some(frame) = giving.next_receipts(self.passage, self.peer)? {
            if let frame::Frame::Returned(returned) = &frame {
                self.contents.given_back += returned.receipts.len() as u64;
            }
            self.say(frame).await?;
        }
        *sent.get_mut(Lane::Safety) = self.lane(Lane::Safety, *sent.get(Lane::Safety)).await?;
        while let Some(lane) = giving.next_lane(self.passage, self.peer, |lane| *sent.get(lane))? {
            let through = self.passage.store().durable_through(self.peer, lane);
            *sent.get_mut(lane) = self.parcel(lane, *sent.get(lane), through, 1).await?.unwrap_or(through);
        }
        Ok(sent)
    }

    async fn tell_standings(&mut self, giving: &mut Giving) -> Result<(), BundleFailure> {
        while let Some(frame) = giving.next_standing(self.passage, self.peer)? {
            self.say(frame).await?;
        }
        Ok(())
    }

    /// Everything of a lane after a place that the gate lets pass now, up to what is durable now. Gives the place where the lane ends.
    async fn lane(&mut self, lane: Lane, mut after: Position) -> Result<Position, BundleFailure> {
        let through = self.passage.store().durable_through(self.peer, lane);
        while after < through {
            after = self.parcel(lane, after, through, FRAME_ENVELOPES).await?.unwrap_or(through);
        }
        Ok(through)
    }

    /// One frame of a lane, and the place of its last envelope; none where nothing of the lane passes now.
    async fn parcel(&mut self, lane: Lane, after: Position, through: Position, count: usize) -> Result<Option<Position>, BundleFailure> {
        let view = self.passage.store().view();
        let mut waiting = view.deliveries(self.peer, lane, after, Most { count, bytes: FRAME_BYTES })?;
        waiting.retain(|(position, _)| *position <= through);
        let Some(last) = waiting.last().map(|(last, _)| *last) else { return Ok(None) };
        let deliveries = match self.passage.depart(self.peer, lane, waiting).await {
            Ok(deliveries) => deliveries,
            // What waits keeps its place and its body: it goes when the peer may have it again.
            Err(problem) => {
                let Some(code) = problem.refusal().map(|refusal| refusal.code) else { return Err(problem.into()) };
                let envelopes = view.outbox_lane(self.peer, lane)?.turns.count(after, through);
                self.contents.withheld.push(wire::WithheldLane { lane: lane.to_wire(), code: code.to_wire(), envelopes });
                return Ok(None);
            }
        };
        self.contents.envelopes += deliveries.len() as u64;
        self.contents.purged += deliveries.iter().filter(|delivery| delivery.purged != 0).count() as u64;
        self.say(frame::Frame::Deliveries(wire::Deliveries { deliveries })).await?;
        Ok(Some(last))
    }

    /// The receipts of a lane that the peer may not have.
    async fn receipts(&mut self, lane: Lane) -> Result<(), BundleFailure> {
        let view = self.passage.store().view();
        let mut after = view.peer_settled(self.peer, lane)?;
        loop {
            let found = view.receipts_after(self.peer, lane, after, Most { count: FRAME_RECEIPTS, bytes: FRAME_BYTES })?;
            let Some((last, _)) = found.last() else { return Ok(()) };
            after = *last;
            let receipts: Vec<_> = found.into_iter().map(|(_, receipt)| receipt).collect();
            self.contents.receipts += receipts.len() as u64;
            self.say(frame::Frame::Receipts(wire::Receipts { receipts })).await?;
        }
    }

    async fn say(&mut self, frame: frame::Frame) -> Result<(), BundleFailure> {
        let chunk = self.sealer.seal(&wire::Frame { frame: Some(frame) })?;
        self.hand_out(chunk).await
    }

    async fn hand_out(&mut self, piece: Bytes) -> Result<(), BundleFailure> {
        self.contents.bytes += piece.len() as u64;
        hand_out(&self.pieces, piece, &self.contents).await
    }

    async fn end(self) -> Result<(), BundleFailure> {
        let Self { passage: _, peer, sealer, pieces, mut contents } = self;
        let piece = sealer.finish(&wire::Frame { frame: Some(frame::Frame::Bye(wire::Bye::default())) })?;
        contents.bytes += piece.len() as u64;
        hand_out(&pieces, piece, &contents).await?;
        let wire::BundleContents { envelopes, purged, receipts, bytes, .. } = contents;
        tracing::info!(event = "bundle.exported", peer = %peer, envelopes, purged, receipts, bytes, withheld = contents.withheld.len());
        let last = wire::ExportBundleResponse { piece: Bytes::new(), contents: Some(contents), complete: true };
        pieces.send(last).await.map_err(|_| BundleFailure::HungUp)
    }
}

async fn hand_out(
    pieces: &mpsc::Sender<wire::ExportBundleResponse>,
    piece: Bytes,
    contents: &wire::BundleContents,
) -> Result<(), BundleFailure> {
    let reply = wire::ExportBundleResponse { piece, contents: Some(contents.clone()), complete: false };
    pieces.send(reply).await.map_err(|_| BundleFailure::HungUp)
}
