//! The first frame of each side: who speaks, in which life of its database, and how far each lane has come. From the two hellos both sides know
//! where to go on.

use titian_proto::envelope::Lane;
use titian_proto::model::id::{Digest, Epoch, NodeId};
use titian_proto::model::malformed::{At, Malformed};
use titian_proto::wire;

use super::lanes::PerLane;
use super::session::SessionError;
use crate::federation::passage::Passage;
use crate::store::peer_settled::PeerSettledTable as _;
use crate::store::{self, EpochTable, InboxLane, OutboxTable, Position, StoreError, Unit, View, life_of};

/// Oldest protocol version this node speaks.
pub(super) const PROTOCOL_MIN: u32 = 1;

/// Newest protocol version this node speaks. Version 2: credit, resending, several lives of a database. Version 3: a restored node says what it has
/// taken back.
pub(super) const PROTOCOL_MAX: u32 = 3;

/// Lives of a peer's database: more restores than a union makes.
const EPOCHS_MAX: usize = 256;

/// What the two hellos make of a session.
#[derive(Debug)]
pub(super) struct Terms {
    /// The newest protocol version that both speak.
    pub(super) protocol: u32,
    /// The peer knows the present life of this node's database.
    pub(super) knows_this_life: bool,
    /// The lives of this node's database, the present one last.
    pub(super) own_epochs: Vec<Epoch>,
    /// The lives of the peer's database.
    pub(super) peer_epochs: Vec<Epoch>,
    /// What the peer has received of each lane.
    pub(super) received: PerLane<Position>,
    /// What the peer holds the receipts for; none where it did not say.
    pub(super) settled: PerLane<Option<Position>>,
}

impl Terms {
    /// Whether the peer knows credit, resending and lives.
    pub(super) fn is_current(&self) -> bool {
        self.protocol >= 2
    }

    /// Whether the peer says what it has taken back of what is given back to it.
    pub(super) fn says_what_it_took_back(&self) -> bool {
        self.protocol >= 3
    }

    /// The epoch in whose chain a place of the peer's lanes lies; none under protocol 1, which knows one epoch only.
    pub(super) fn peer_epoch_of(&self, position: Position) -> bytes::Bytes {
        if self.is_current() { epoch_of(&self.peer_epochs, position) } else { bytes::Bytes::new() }
    }

    /// The place in this node's lanes that the peer names.
    ///
    /// # Errors
    /// When it names a life that this node never had.
    pub(super) fn own_place(&self, epoch: &[u8], sequence: u64) -> Result<Position, Malformed> {
        place(&self.own_epochs, epoch, sequence)
    }

    /// Whether a place lies in an earlier life of this node.
    fn is_former(&self, position: Position) -> bool {
        usize::try_from(position.life()).is_ok_and(|life| life + 1 < self.own_epochs.len())
    }

    /// The place in the peer's lanes that it names.
    ///
    /// # Errors
    /// When it names a life of its own that was never heard of.
    pub(super) fn peer_place(&self, epoch: &[u8], sequence: u64) -> Result<Position, Malformed> {
        place(&self.peer_epochs, epoch, sequence)
    }
}

fn place(epochs: &[Epoch], epoch: &[u8], sequence: u64) -> Result<Position, Malformed> {
    let epoch = Epoch::from_wire_optional(epoch).at("epoch")?.or_else(|| epochs.last().copied());
    let life = epoch.and_then(|epoch| life_of(epochs, epoch));
    let life = life.ok_or_else(|| Malformed::new("is not a life that was heard of").at("epoch"))?;
    Ok(Position::new(life, sequence))
}

/// What this node says first.
///
/// # Errors
/// When the store cannot be read.
pub(super) async fn say(passage: &Passage, peer: &NodeId) -> Result<wire::Hello, StoreError> {
    let has_all_back = has_all_back(passage, peer).await?;
    let view = passage.store().view();
    let (own_epochs, peer_epochs) = (view.own_epochs()?, view.peer_epochs(peer)?);
    let (mut received, mut settled) = (Vec::new(), Vec::new());
    for lane in Lane::ALL {
        received.push(received_cursor(*lane, &view.received(peer, *lane)?, &peer_epochs));
        settled.push(settled_cursor(&view, peer, *lane, &own_epochs)?);
    }
    Ok(wire::Hello {
        node_id: passage.node_id().to_string(),
        epoch: own_epochs.last().copied().map(Epoch::to_wire).unwrap_or_default(),
        protocol_min: PROTOCOL_MIN,
        protocol_max: PROTOCOL_MAX,
        received,
        peer_epoch: peer_epochs.last().copied().map(Epoch::to_wire).unwrap_or_default(),
        descriptor_digest: passage.descriptor_digest().to_wire(),
        settled,
        former_epochs: own_epochs.iter().rev().skip(1).rev().copied().map(Epoch::to_wire).collect(),
        has_all_back,
    })
}

/// Whether the peer has given back everything, and that is on stable storage. It is written once more to know it: what stands in the view may be gone
/// after a power cut, and the peer does not give it back a second time. A store that takes no writes says nothing.
async fn has_all_back(passage: &Passage, peer: &NodeId) -> Result<bool, StoreError> {
    if !passage.has_all_back(peer)? {
        return Ok(false);
    }
    let peer = peer.clone();
    Ok(passage.store().write(move |unit| unit.put_heard_epoch(&peer)).await.is_ok())
}

fn received_cursor(lane: Lane, state: &InboxLane, epochs: &[Epoch]) -> wire::LaneCursor {
    let through = state.applied_through;
    wire::LaneCursor {
        lane: lane.to_wire(),
        applied_through: through.sequence(),
        stored_through: through.sequence(),
        last_hash: state.last_hash.to_wire(),
        epoch: epoch_of(epochs, through),
    }
}

fn settled_cursor(view: &View, peer: &NodeId, lane: Lane, epochs: &[Epoch]) -> Result<wire::LaneCursor, StoreError> {
    let through = view.outbox_lane(peer, lane)?.settled_through;
    Ok(wire::LaneCursor {
        lane: lane.to_wire(),
        applied_through: through.sequence(),
        stored_through: through.sequence(),
        last_hash: Digest::ZERO.to_wire(),
        epoch: epoch_of(epochs, through),
    })
}

/// The epoch in whose chain a place lies, for the wire.
pub(super) fn epoch_of(epochs: &[Epoch], position: Position) -> bytes::Bytes {
    store::epoch_of(epochs, position).map(Epoch::to_wire).unwrap_or_default()
}

/// Hears what the peer says first, and makes the terms of the session.
///
/// # Errors
/// When it is not the peer's, no version is common, or the peer cannot be what it was.
pub(super) async fn hear(passage: &Passage, peer: &NodeId, hello: wire::Hello) -> Result<Terms, SessionError> {
    if hello.node_id != peer.as_str() {
        return Err(Malformed::new("names another node than its certificate").at("hello.node_id").into());
    }
    let protocol = agree(hello.protocol_min, hello.protocol_max)?;
    let peer_epochs = learn_epochs(passage, peer, &hello).await?;
    let own_epochs = passage.store().view().own_epochs()?;
    let knows_this_life = own_epochs.last().is_some_and(|own| own.0[..] == hello.peer_epoch[..]);
    let mut terms = Terms { protocol, knows_this_life, own_epochs, peer_epochs, received: PerLane::default(), settled: PerLane::default() };
    for cursor in &hello.received {
        let lane = Lane::from_wire(cursor.lane)?;
        *terms.received.get_mut(lane) = check_received(passage, peer, &terms, lane, cursor, &hello.peer_epoch)?;
    }
    for cursor in &hello.settled {
        let lane = Lane::from_wire(cursor.lane)?;
        *terms.settled.get_mut(lane) = Some(settled(&terms, cursor));
    }
    if hello.has_all_back {
        note_told(passage, peer, &terms).await?;
    }
    note_held(passage, peer, &terms).await?;
    Ok(terms)
}

/// Remembers that a restored peer has everything back, in whatever way it came: on an earlier stream, or in a bundle that left out nothing.
async fn note_told(passage: &Passage, peer: &NodeId, terms: &Terms) -> Result<(), SessionError> {
    if !passage.is_being_restored(peer)? {
        return Ok(());
    }
    let view = passage.store().view();
    for lane in Lane::ALL.iter().copied() {
        if *terms.received.get(lane) < view.outbox_lane(peer, lane)?.settled_through {
            return Ok(());
        }
    }
    Ok(passage.note_told(peer).await?)
}

/// Remembers what the peer holds: a bundle for it begins there.
async fn note_held(passage: &Passage, peer: &NodeId, terms: &Terms) -> Result<(), StoreError> {
    let view = passage.store().view();
    let (is_restored, mut settled, mut left) = (passage.is_being_restored(peer)?, Vec::new(), Vec::new());
    for lane in Lane::ALL.iter().copied() {
        if let Some(through) = *terms.settled.get(lane)
            && through != view.peer_settled(peer, lane)?
        {
            settled.push((lane, through));
        }
        let received = *terms.received.get(lane);
        let lost = is_restored && received < view.outbox_lane(peer, lane)?.settled_through;
        let lost = lost.then_some(received);
        if lost != view.peer_left(peer, lane)? {
            left.push((lane, lost));
        }
    }
    if settled.is_empty() && left.is_empty() {
        return Ok(());
    }
    let peer = peer.clone();
    let note = move |unit: &mut Unit| {
        settled.iter().try_for_each(|(lane, through)| unit.put_peer_settled(&peer, *lane, *through))?;
        left.iter().try_for_each(|(lane, through)| unit.put_peer_left(&peer, *lane, *through))
    };
    passage.store().write(note).await
}

fn agree(min: u32, max: u32) -> Result<u32, SessionError> {
    let protocol = max.min(PROTOCOL_MAX);
    if protocol < min.max(PROTOCOL_MIN) { Err(SessionError::Version(min, max)) } else { Ok(protocol) }
}

/// The epochs of the first hello are remembered. A new one later means that the peer was restored or made anew; an older one that its old
/// database still speaks.
async fn learn_epochs(passage: &Passage, peer: &NodeId, hello: &wire::Hello) -> Result<Vec<Epoch>, SessionError> {
    let epoch = Epoch::from_wire(&hello.epoch).at("hello.epoch")?;
    let mut known = passage.store().view().peer_epochs(peer)?;
    if known.last() == Some(&epoch) {
        return Ok(known);
    }
    if known.contains(&epoch) {
        return Err(SessionError::EpochRetired);
    }
    let is_first_contact = known.is_empty();
    // Lives that passed while the two did not speak are learned too: what is left of them is still to come.
    for former in hello.former_epochs.iter().take(EPOCHS_MAX) {
        let former = Epoch::from_wire(former).at("hello.former_epochs")?;
        if !known.contains(&former) {
            known.push(former);
        }
    }
    if known.len() >= EPOCHS_MAX {
        return Err(Malformed::new("must be at most 256 lives").at("hello.former_epochs").into());
    }
    if !is_first_contact {
        tracing::warn!(event = "link.peer-restored", peer = %peer, lives = known.len() + 1, "the peer was restored from a backup or made anew");
    }
    known.push(epoch);
    let (peer, epochs) = (peer.clone(), known.clone());
    crate::crash::point("hello.before-epochs");
    passage.store().write(move |unit| epochs.iter().try_for_each(|epoch| unit.add_peer_epoch(&peer, *epoch))).await?;
    crate::crash::point("hello.after-epochs");
    Ok(known)
}

/// The peer must hold what was sent: the hash at its cursor is the hash of the envelope sent there. It may hold less only where it was restored.
fn check_received(
    passage: &Passage,
    peer: &NodeId,
    terms: &Terms,
    lane: Lane,
    cursor: &wire::LaneCursor,
    epoch: &bytes::Bytes,
) -> Result<Position, SessionError> {
    let epoch = if cursor.epoch.is_empty() { epoch } else { &cursor.epoch };
    if epoch.is_empty() && cursor.stored_through == 0 {
        return Ok(Position::START);
    }
    let Ok(position) = terms.own_place(epoch, cursor.stored_through) else {
        // It received from a life of this node that this node no longer knows: of the present one it has nothing.
        return Ok(Position::new(u32::try_from(terms.own_epochs.len().saturating_sub(1)).unwrap_or(u32::MAX), 0));
    };
    let view = passage.store().view();
    let state = view.outbox_lane(peer, lane)?;
    if position.sequence() > 0 {
        match view.sent(peer, lane, position)? {
            Some(sent) if sent.hash == Digest::from_wire(&cursor.last_hash).at("hello.received.last_hash")? => {}
            // It holds more of an earlier life than the backup knew from which the present one began, or another end of it.
            Some(_) | None if terms.is_former(position) => {}
            Some(_) => return Err(SessionError::OtherChain),
            None => return Err(SessionError::OlderCopy),
        }
    }
    Ok(position.min(state.last))
}

/// On a stream a peer holds everything that it ever answered, unless it was restored and says so. In a bundle it says what it held then.
///
/// # Errors
/// When it holds less.
pub(super) fn refuse_rollback(passage: &Passage, peer: &NodeId, terms: &Terms) -> Result<(), SessionError> {
    let view = passage.store().view();
    for lane in Lane::ALL {
        if *terms.received.get(*lane) < view.outbox_lane(peer, *lane)?.settled_through && !passage.is_being_restored(peer)? {
            return Err(SessionError::RolledBack);
        }
    }
    Ok(())
}

fn settled(terms: &Terms, cursor: &wire::LaneCursor) -> Position {
    terms.peer_place(&cursor.epoch, cursor.stored_through).unwrap_or_default()
}
