//! The outbox: envelopes for each peer, lane by lane, in one chain each. Nothing is ever trimmed; a body may be destroyed before it leaves, and
//! then its header, seal and leaf keep its place.

use bytes::Bytes;
use prost::Message as _;
use titian_proto::envelope::{Behind, EnvelopeKind, Header, Lane, SealContext, envelope_hash};
use titian_proto::gate::PermittedBody;
use titian_proto::log::LeafDraft;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{CaseRef, Digest, NodeId, ReferralId, TransferId};
use titian_proto::model::reference::{AgreementRef, ConsentRef};
use titian_proto::model::refusal::RefusalCode;
use titian_proto::wire;

use super::case_order::CaseTail;
use super::durable::Marks;
use super::engine::VALUE_MAX;
use super::epochs::{EpochTable as _, epoch_of};
use super::error::StoreError;
use super::group::Core;
use super::lane_key::{for_each_lane, lane_key, place};
use super::meta;
use super::outbox_lane::{LANES, OutboxLane};
use super::position::Position;
use super::read::Read;
use super::rows::Written;
use super::sealed_body;
use super::sealing::Slot;
use super::unit::Unit;

pub(crate) const TABLE: &str = "outbox/";
pub(crate) const SETTLED: &str = "settled/";

/// Largest body of an envelope in bytes: with the largest header (4 KiB) and leaf (4 KiB) and a seal it still is one stored value. Whoever has
/// more to send splits it over several envelopes.
pub const BODY_MAX: usize = VALUE_MAX - 10 * 1024;

/// An envelope before it takes its place in a lane.
pub struct EnvelopeDraft {
    /// The peer.
    pub recipient: NodeId,
    /// What the gate permits, at most [`BODY_MAX`] bytes. Nothing else can be put here: only the gate makes one.
    pub body: PermittedBody,
    /// The case as the two nodes name it.
    pub case: Option<CaseRef>,
    /// The referral.
    pub referral_id: Option<ReferralId>,
    /// The transfer; the same in both logs.
    pub transfer_id: TransferId,
    /// The agreement it rests on.
    pub agreement: Option<AgreementRef>,
    /// The consent it rests on.
    pub consent: Option<ConsentRef>,
    /// Not to be applied after.
    pub expires_at: Option<Instant>,
    /// The transfer that it repeats, because that one was parked.
    pub retry_of: Option<TransferId>,
    /// The leaf that tells of it; `env` is filled in here.
    pub leaf: LeafDraft,
}

/// Where an envelope stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its lane.
    pub lane: Lane,
    /// Its place in the lane.
    pub position: Position,
    /// Its hash.
    pub hash: Digest,
    /// Index of its leaf in the log.
    pub leaf_index: u64,
}

/// An envelope without a receipt, as an act sees it.
pub struct Unsettled {
    /// Its place in the lane.
    pub position: Position,
    /// Its header.
    pub header: Header,
    /// Why its body was destroyed, if it was.
    pub purged: Option<RefusalCode>,
}

/// An envelope that was put in, as it stands on disk.
pub struct SentEnvelope {
    /// Its header.
    pub header: Header,
    /// Its hash.
    pub hash: Digest,
    /// The exact bytes of its body; empty when it was purged.
    pub body: Bytes,
    /// Its body was purged in days that a restore took back: nothing but its key tells of it.
    pub is_destroyed: bool,
}

/// What stands in all lanes to a peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Envelopes without a receipt.
    pub queued: u64,
    /// Envelopes with one.
    pub answered: u64,
}

/// Reads the outbox.
pub trait OutboxTable: Read {
    /// An envelope that an earlier group put in; none where there is no such place.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn sent(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<SentEnvelope>, StoreError>;

    /// As [`Self::sent`], without the body, which takes longer to open than all the rest.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn sent_head(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<SentEnvelope>, StoreError>;

    /// How far a lane has come.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn outbox_lane(&self, peer: &NodeId, lane: Lane) -> Result<OutboxLane, StoreError>;

    /// How many envelopes for a peer, over all lanes, wait and how many are answered. Cheap.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn outbox_counts(&self, peer: &NodeId) -> Result<OutboxCounts, StoreError>;

    /// Envelopes for a peer without a receipt, over all lanes.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn queued_count(&self, peer: &NodeId) -> Result<u64, StoreError> {
        Ok(self.outbox_counts(peer)?.queued)
    }

    /// Whether the peer's receipt for an envelope is stored.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn is_settled(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<bool, StoreError>;

    /// The exact bytes of the peer's signed receipt for an envelope.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn settled_receipt(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<Bytes>, StoreError>;
}

impl<R: Read> OutboxTable for R {
    fn sent(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<SentEnvelope>, StoreError> {
        let rows = lane_key(TABLE, peer, lane);
        let Some(stored) = self.row(&rows, position.number())? else { return Ok(None) };
        let (delivery, is_destroyed) = sealed_body::open(self, &rows, position.number(), stored)?;
        let wire::Envelope { header, body, seal: _ } = delivery.envelope.unwrap_or_default();
        Ok(Some(SentEnvelope { header: parse(&header)?, hash: envelope_hash(&header), body, is_destroyed }))
    }

    fn sent_head(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<SentEnvelope>, StoreError> {
        let Some(stored) = self.row(&lane_key(TABLE, peer, lane), position.number())? else { return Ok(None) };
        let header = sealed_body::read(stored)?.envelope.unwrap_or_default().header;
        Ok(Some(SentEnvelope { header: parse(&header)?, hash: envelope_hash(&header), body: Bytes::new(), is_destroyed: false }))
    }

    fn outbox_lane(&self, peer: &NodeId, lane: Lane) -> Result<OutboxLane, StoreError> {
        Ok(self.load(&lane_key(LANES, peer, lane))?.unwrap_or(OutboxLane::EMPTY))
    }

    fn outbox_counts(&self, peer: &NodeId) -> Result<OutboxCounts, StoreError> {
        Lane::ALL.iter().try_fold(OutboxCounts::default(), |counts, lane| {
            let state = self.outbox_lane(peer, *lane)?;
            let answered = state.turns.count(Position::START, state.settled_through);
            Ok(OutboxCounts { queued: counts.queued + state.queued(), answered: counts.answered + answered })
        })
    }

    fn is_settled(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<bool, StoreError> {
        let state = self.outbox_lane(peer, lane)?;
        if position <= state.settled_through || position > state.settled_last {
            return Ok(position <= state.settled_through);
        }
        Ok(self.settled_receipt(peer, lane, position)?.is_some())
    }

    fn settled_receipt(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<Bytes>, StoreError> {
        self.row(&lane_key(SETTLED, peer, lane), position.number())
    }
}

fn parse(header: &Bytes) -> Result<Header, StoreError> {
    Header::read(header).map_err(|source| StoreError::Unreadable { table: TABLE, source })
}

/// An envelope of the group in progress: its seal comes when the group closes.
pub(crate) struct PendingEnvelope {
    peer: NodeId,
    lane: Lane,
    position: Position,
    kind: EnvelopeKind,
    hash: Digest,
    header: Bytes,
    body: Bytes,
    leaf: Bytes,
}

impl Unit {
    /// Puts an envelope and its leaf into the lane of its kind. Sealed and written when the group of acts closes.
    ///
    /// # Errors
    /// When the body is too large, the leaf has not the fields of its event, or the store cannot be read.
    pub fn enqueue(&mut self, draft: EnvelopeDraft) -> Result<Queued, StoreError> {
        let length = draft.body.bytes().len();
        if length > BODY_MAX {
            return Err(StoreError::TooLarge { length });
        }
        let tail = draft.case.map(|case| self.case_tail(&draft.recipient, case)).transpose()?;
        let lane = self.lane_for(&draft.recipient, Lane::of(draft.body.kind()), tail.as_ref())?;
        let (life, sender_epoch) = self.life()?;
        let mut state = self.outbox_lane(&draft.recipient, lane)?;
        let behind = if state.last.life() < life { self.place_behind(state.last)? } else { None };
        let position = state.turns.advance(state.last, life);
        let first = position.sequence() == 1;
        let case = draft.case.zip(tail.map(|tail| tail.sequence + 1));
        let EnvelopeDraft {
            recipient,
            body,
            case: _,
            referral_id,
            transfer_id,
            agreement,
            consent,
            expires_at,
            retry_of,
            leaf: mut leaf_draft,
        } = draft;
        let header = Header {
            sender: self.core.identity.node_id.clone(),
            recipient: recipient.clone(),
            sender_epoch,
            lane,
            link_sequence: position.sequence(),
            previous_hash: if first { Digest::ZERO } else { state.last_hash },
            kind: body.kind(),
            case,
            referral_id,
            transfer_id,
            body_digest: body.digest(),
            agreement,
            consent,
            claimed_at: self.now(),
            expires_at,
            critical_extensions: Vec::new(),
            retry_of,
            behind,
        };
        let header = header.encode();
        if header.len() > Header::LENGTH_MAX {
            return Err(StoreError::TooLarge { length: header.len() });
        }
        let hash = envelope_hash(&header);
        leaf_draft.env = Some(hash);
        let (leaf_index, leaf) = self.append_leaf(leaf_draft)?;
        (state.last, state.last_hash) = (position, hash);
        self.save(lane_key(LANES, &recipient, lane), &state)?;
        if let Some((case, sequence)) = case {
            self.put_case_tail(&recipient, case, CaseTail { sequence, last: Some((lane, position)) }, lane)?;
        }
        let (kind, body) = (body.kind(), body.bytes().clone());
        self.grow(header.len() + body.len() + leaf.len());
        self.outgoing.push(PendingEnvelope { peer: recipient, lane, position, kind, hash, header, body, leaf });
        Ok(Queued { lane, position, hash, leaf_index })
    }

    /// What a new life's chain stands behind: the end of the lane as the restored database knows it; nothing where it was empty.
    fn place_behind(&self, last: Position) -> Result<Option<Behind>, StoreError> {
        if last.sequence() == 0 {
            return Ok(None);
        }
        let epoch = epoch_of(&self.own_epochs()?, last).ok_or(StoreError::Missing { table: meta::TABLE })?;
        Ok(Some(Behind { epoch, link_sequence: last.sequence() }))
    }

    /// Destroys the body of an envelope and says why. Its header, seal and leaf stay, so that the chain holds. Returns the header, or nothing
    /// when the body was gone before.
    ///
    /// # Errors
    /// When there is no such envelope, or the store cannot be read.
    pub fn purge(&mut self, peer: &NodeId, lane: Lane, position: Position, why: RefusalCode) -> Result<Option<Header>, StoreError> {
        let before = self.unsettled_one(peer, lane, position)?;
        if before.purged.is_some() {
            return Ok(None);
        }
        if let Some(at) = self.pending_at(peer, lane, position) {
            self.purged.push((at, why));
            return Ok(Some(before.header));
        }
        let mut delivery = self.stored_delivery(peer, lane, position)?;
        if let Some(envelope) = &mut delivery.envelope {
            let body = std::mem::take(&mut envelope.body);
            // With the key the body is destroyed wherever it was ever written.
            Slot::of(&body).into_iter().for_each(|slot| self.release(slot));
        }
        delivery.purged = why.to_wire();
        self.replace_row(&lane_key(TABLE, peer, lane), position.number(), delivery.encode_to_vec().into())?;
        Ok(Some(before.header))
    }

    /// As [`OutboxTable::sent`], those of the acts before included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn sent_or_pending(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<SentEnvelope>, StoreError> {
        let pending = self.pending_at(peer, lane, position).and_then(|at| self.outgoing.get(at));
        let Some(PendingEnvelope { hash, header, body, .. }) = pending else { return self.sent(peer, lane, position) };
        let header = Header::parse(header).map_err(|problem| StoreError::unreadable(TABLE, problem))?;
        Ok(Some(SentEnvelope { header, hash: *hash, body: body.clone(), is_destroyed: false }))
    }

    /// Up to `limit` envelopes of a lane without a receipt after a place, those of the acts before included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn unsettled(&self, peer: &NodeId, lane: Lane, after: Position, limit: usize) -> Result<Vec<Unsettled>, StoreError> {
        let state = self.outbox_lane(peer, lane)?;
        let after = after.max(state.settled_through);
        state.turns.places(after, state.last).take(limit).map(|position| self.unsettled_one(peer, lane, position)).collect()
    }

    /// One envelope, as an act sees it; nothing where there is none or its receipt is stored.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn unsettled_at(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Option<Unsettled>, StoreError> {
        let state = self.outbox_lane(peer, lane)?;
        if position > state.last || position <= state.settled_through || self.is_settled(peer, lane, position)? {
            return Ok(None);
        }
        self.unsettled_one(peer, lane, position).map(Some)
    }

    /// Stores the exact bytes of the peer's signed receipt and moves the cursor over every envelope that has one. Whether it is new; a second
    /// receipt for the same envelope changes nothing.
    ///
    /// # Errors
    /// When no such envelope was sent, or the store cannot be read.
    pub fn settle(&mut self, peer: &NodeId, lane: Lane, position: Position, signed_receipt: Bytes) -> Result<bool, StoreError> {
        let mut state = self.outbox_lane(peer, lane)?;
        if position.sequence() == 0 || position > state.last {
            return Err(StoreError::Missing { table: TABLE });
        }
        if self.is_settled(peer, lane, position)? {
            return Ok(false);
        }
        self.put_row(lane_key(SETTLED, peer, lane), position.number(), signed_receipt);
        state.settled_last = state.settled_last.max(position);
        while state.settled_through < state.settled_last {
            let next = state.turns.next(state.settled_through);
            if next != position && self.settled_receipt(peer, lane, next)?.is_none() {
                break;
            }
            state.settled_through = next;
        }
        state.stored_through = state.stored_through.max(state.settled_through);
        self.save(lane_key(LANES, peer, lane), &state)?;
        Ok(true)
    }

    /// Notes that the peer has everything up to here on stable storage. Never moves back, nor beyond what was sent.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn note_stored(&mut self, peer: &NodeId, lane: Lane, through: Position) -> Result<(), StoreError> {
        let state = self.outbox_lane(peer, lane)?;
        let through = through.min(state.last);
        if through <= state.stored_through {
            return Ok(());
        }
        self.save(lane_key(LANES, peer, lane), &OutboxLane { stored_through: through, ..state })
    }

    fn pending_at(&self, peer: &NodeId, lane: Lane, position: Position) -> Option<usize> {
        self.outgoing.iter().position(|pending| pending.position == position && pending.lane == lane && pending.peer == *peer)
    }

    fn unsettled_one(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<Unsettled, StoreError> {
        let unreadable = |source| StoreError::Unreadable { table: TABLE, source };
        if let Some(at) = self.pending_at(peer, lane, position) {
            let purged = self.purged.iter().rev().find(|(place, _)| *place == at).map(|(_, why)| *why);
            return Ok(Unsettled { position, header: Header::parse(&self.outgoing[at].header).map_err(unreadable)?, purged });
        }
        let wire::Delivery { envelope, leaf: _, purged } = self.stored_delivery(peer, lane, position)?;
        let header = Header::parse(&envelope.unwrap_or_default().header).map_err(unreadable)?;
        Ok(Unsettled { position, header, purged: RefusalCode::from_wire_optional(purged).map_err(unreadable)? })
    }

    /// A delivery as it stands in the store: its body is sealed. One whose body is destroyed by its key is a purged one.
    pub(crate) fn stored_delivery(&self, peer: &NodeId, lane: Lane, position: Position) -> Result<wire::Delivery, StoreError> {
        let stored = self.row(&lane_key(TABLE, peer, lane), position.number())?.ok_or(StoreError::Missing { table: TABLE })?;
        sealed_body::read(stored).map(|delivery| sealed_body::mark_destroyed(&self.core.vault, delivery))
    }
}

/// Signs the envelopes of a group with one signature, seals their bodies, and adds them to its rows. Notes how far each lane has come. Gives the last
/// bucket whose keys were used.
pub(crate) fn seal(
    core: &Core,
    outgoing: Vec<PendingEnvelope>,
    purged: &[(usize, RefusalCode)],
    marks: &mut Marks,
    rows: &mut Written,
) -> Result<u32, StoreError> {
    let mut last_bucket = 0;
    let hashes: Vec<Digest> = outgoing.iter().map(|pending| pending.hash).collect();
    let seals = core.signer.load().seal(SealContext::Envelope, &hashes);
    for (at, (pending, seal)) in outgoing.into_iter().zip(seals).enumerate() {
        let PendingEnvelope { peer, lane, position, kind, hash: _, header, body, leaf } = pending;
        let why = purged.iter().rev().find(|(place, _)| *place == at).map(|(_, why)| *why);
        let lane_rows = lane_key(TABLE, &peer, lane);
        let body = match why {
            Some(_) => Bytes::new(),
            None if !sealed_body::is_personal(kind) => body,
            None => {
                let (sealed, bucket) = sealed_body::seal(&core.vault, &lane_rows, position.number(), &body)?;
                last_bucket = last_bucket.max(bucket);
                sealed
            }
        };
        let envelope = wire::Envelope { header, body, seal: Some(seal) };
        let delivery = wire::Delivery { envelope: Some(envelope), leaf, purged: why.map_or(0, RefusalCode::to_wire) };
        rows.put(lane_rows, position.number(), delivery.encode_to_vec().into());
        marks.sent.insert(place(&peer, lane), position);
    }
    Ok(last_bucket)
}

/// How far every lane has come, at the opening of the store: all of it is durable then.
pub(crate) fn marks(reader: &impl Read, marks: &mut Marks) -> Result<(), StoreError> {
    for_each_lane(reader, LANES, |place, state: OutboxLane| {
        marks.sent.insert(place, state.last);
    })
}
