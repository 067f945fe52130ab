//! Bytes of documents over the one stream, in both directions at once. Whoever holds a share and not its bytes asks for some chunks at a time, and
//! for more when those are on stable storage; so the one that cannot be dialled pulls as well as the other, a slow disk holds up its own line
//! only, and a pull goes on after any cut where it stood. Nothing here is kept over the end of a stream.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use titian_proto::document::frames::{DocumentAsk, DocumentChunk, DocumentName, DocumentOpening};
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::model::refusal::Refusal;
use titian_proto::wire::{self, frame};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep};

use super::limits::{DOCUMENT_AGAIN, DOCUMENT_ASKS, DOCUMENT_STALLED};
use super::session::SessionError;
use crate::federation::documents::{Pull, Release, Taken};
use crate::federation::passage::Passage;
use crate::store::Topic;

/// Chunks that may be on their way: so many were asked for at most.
const ON_THE_WAY: u64 = DOCUMENT_ASKS as u64 * DocumentAsk::COUNT_MAX as u64;

/// Frames that wait to be stored at most: the chunks on their way, and an opening and a refusal for each ask.
const CAME_MAX: usize = ON_THE_WAY as usize + 2 * DOCUMENT_ASKS;

/// The documents of one session. One task hears, one speaks, one stores; they share this.
pub(super) struct Documents {
    passage: Passage,
    peer: NodeId,
    /// The peer knows documents: protocol 2.
    spoken: bool,
    state: Mutex<State>,
    /// There may be something to say.
    to_say: Notify,
    /// There is something to store.
    to_store: Notify,
}

#[derive(Default)]
struct State {
    /// What the peer asks for, in its order.
    asks: VecDeque<DocumentAsk>,
    /// The document whose chunks were given last.
    release: Option<(DocumentName, Release)>,
    /// The document whose bytes come now.
    pulling: Option<Pulling>,
    /// Whether to look for the next document.
    look: bool,
    /// Bytes that are left alone for a while. Where a record names others meanwhile, those come at once.
    skipped: Vec<(DocumentName, Instant)>,
    /// What came and is not stored yet.
    came: VecDeque<Came>,
    /// Chunks that were taken off the stream since its start, and how many of them the peer was told of.
    taken: u64,
    taken_said: u64,
    /// Chunks that the peer took off the stream.
    taken_there: u64,
}

struct Pulling {
    pull: Pull,
    /// Every chunk before this one was asked for.
    asked: u64,
    /// When the last chunk came, or the pull began.
    moved_at: Instant,
}

enum Came {
    Opening(DocumentOpening),
    Chunk(DocumentChunk),
    Refusal(DocumentName, Refusal),
}

impl Documents {
    /// Nothing asked for yet, in either direction. With a peer that does not know documents it stays so.
    pub(super) fn new(passage: Passage, peer: NodeId, spoken: bool) -> Self {
        let state = State { look: true, ..State::default() };
        Self { passage, peer, spoken, state: Mutex::new(state), to_say: Notify::new(), to_store: Notify::new() }
    }

    /// Hears a frame about documents. Never waits.
    ///
    /// # Errors
    /// When it breaks its form, or is more than was asked for.
    pub(super) fn hear(&self, frame: frame::Frame) -> Result<(), SessionError> {
        match frame {
            _ if !self.spoken => Err(Malformed::new("is not of this protocol version").at("frame").into()),
            frame::Frame::DocumentAsk(ask) => self.hear_ask(DocumentAsk::from_wire(&ask).at("document_ask")?),
            frame::Frame::DocumentOpening(opening) => {
                let opening = DocumentOpening::from_wire(&opening).at("document_opening")?;
                self.hear_about(opening.name, Came::Opening(opening))
            }
            frame::Frame::DocumentChunk(chunk) => {
                let chunk = DocumentChunk::from_wire(chunk).at("document_chunk")?;
                self.hear_about(chunk.name, Came::Chunk(chunk))
            }
            frame::Frame::DocumentRefusal(wire::DocumentRefusal { document, refusal }) => {
                let name = DocumentName::from_wire(document.as_ref()).at("document_refusal")?;
                let refusal = refusal.ok_or_else(|| Malformed::missing("refusal")).and_then(|refusal| Refusal::from_wire(&refusal));
                self.hear_about(name, Came::Refusal(name, refusal.at("document_refusal")?))
            }
            frame::Frame::DocumentTaken(wire::DocumentTaken { chunks }) => {
                let mut state = self.lock();
                state.taken_there = state.taken_there.max(chunks);
                self.to_say.notify_one();
                Ok(())
            }
            _ => Err(Malformed::new("is not about documents").at("frame").into()),
        }
    }

    /// The next short word to say: what was taken, and what is asked for. Called by one task, as [`Self::next_answer`] is.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn next_word(&self) -> Result<Option<frame::Frame>, SessionError> {
        if !self.spoken {
            return Ok(None);
        }
        if let Some(chunks) = self.lock().next_taken() {
            return Ok(Some(frame::Frame::DocumentTaken(wire::DocumentTaken { chunks })));
        }
        Ok(self.next_ask().await?.map(|ask| frame::Frame::DocumentAsk(ask.to_wire())))
    }

    /// Whether the peer asked for something that was not answered.
    pub(super) fn has_answer(&self) -> bool {
        !self.lock().asks.is_empty()
    }

    /// Chunks that the peer took off the stream since its start.
    pub(super) fn taken_there(&self) -> u64 {
        self.lock().taken_there
    }

    /// Waits until there may be something to say.
    pub(super) async fn changed(&self) {
        self.to_say.notified().await;
    }

    /// Stores what came, and looks for documents that are to come, until the stream ends.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn run(&self) -> Result<(), SessionError> {
        if !self.spoken {
            return std::future::pending().await;
        }
        let mut changes = self.passage.store().watch_node();
        loop {
            tokio::select! {
                biased;
                () = self.to_store.notified() => self.store_what_came().await?,
                change = changes.recv() => match change {
                    Ok(Topic::Documents) | Err(RecvError::Lagged(_)) => self.look_again(false),
                    Ok(Topic::Referral(_) | Topic::Record { .. } | Topic::Peers | Topic::Agreements | Topic::Erasures) => {}
                    Err(RecvError::Closed) => return Err(SessionError::Ended),
                },
                () = sleep(DOCUMENT_AGAIN) => self.look_again(true),
            }
        }
    }

    fn hear_ask(&self, ask: DocumentAsk) -> Result<(), SessionError> {
        let mut state = self.lock();
        if state.asks.len() >= DOCUMENT_ASKS {
            return Err(Malformed::new("is more than may be unanswered").at("document_ask").into());
        }
        state.asks.push_back(ask);
        self.to_say.notify_one();
        Ok(())
    }

    /// Something about a document that is no longer pulled came late, and is let go.
    fn hear_about(&self, name: DocumentName, came: Came) -> Result<(), SessionError> {
        let mut state = self.lock();
        let Some(pulling) = state.pulling.as_mut().filter(|pulling| pulling.pull.name == name) else {
            state.taken += u64::from(came.is_chunk());
            self.to_say.notify_one();
            return Ok(());
        };
        pulling.moved_at = Instant::now();
        if state.came.len() >= CAME_MAX {
            return Err(Malformed::new("is more than was asked for").at("document_chunk").into());
        }
        state.came.push_back(came);
        self.to_store.notify_one();
        Ok(())
    }

    /// Asks for more once half of what was asked for is on stable storage.
    async fn next_ask(&self) -> Result<Option<DocumentAsk>, SessionError> {
        let skip = self.lock().wants_another();
        if let Some(skip) = skip {
            let next = self.passage.next_pull(&self.peer, &skip).await?;
            let mut state = self.lock();
            state.look = next.is_some();
            state.pulling = next.map(|pull| Pulling { pull, asked: pull.held, moved_at: Instant::now() });
        }
        Ok(self.lock().pulling.as_mut().and_then(Pulling::next_ask))
    }

    /// The next chunk that the peer asked for, or why it gets none; none when everything is answered.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn next_answer(&self) -> Result<Option<frame::Frame>, SessionError> {
        loop {
            let Some(ask) = self.lock().asks.front().copied() else { return Ok(None) };
            let known = self.lock().release.take().filter(|(name, _)| *name == ask.name);
            let release = match known {
                Some((_, release)) => Ok(release),
                None => self.passage.begin_release(&self.peer, ask.name).await?,
            };
            let answer = match release {
                Ok(mut release) => {
                    let answer = self.answer(ask, &mut release)?;
                    self.lock().release = Some((ask.name, release));
                    answer
                }
                Err(refusal) => Err(refusal),
            };
            match answer {
                Ok(Some(frame)) => return Ok(Some(frame)),
                // Behind the last chunk: the ask is answered.
                Ok(None) => drop(self.lock().asks.pop_front()),
                Err(refusal) => {
                    self.lock().asks.pop_front();
                    tracing::info!(event = "document.not-released", peer = %self.peer, referral = %ask.name.referral_id, code = refusal.code.code());
                    let refusal = wire::DocumentRefusal { document: Some(ask.name.to_wire()), refusal: Some(refusal.to_wire()) };
                    return Ok(Some(frame::Frame::DocumentRefusal(refusal)));
                }
            }
        }
    }

    /// One frame of the answer to the first ask, and what is left to answer.
    fn answer(&self, ask: DocumentAsk, release: &mut Release) -> Result<Result<Option<frame::Frame>, Refusal>, SessionError> {
        if ask.opening {
            let opening = self.passage.release_opening(&self.peer, release)?;
            self.lock().ask_in_front(|front| front.opening = false);
            return Ok(opening.map(|opening| Some(frame::Frame::DocumentOpening(opening))));
        }
        if ask.count == 0 {
            return Ok(Ok(None));
        }
        let chunk = self.passage.release_chunk(&self.peer, release, ask.from)?;
        self.lock().ask_in_front(|front| {
            front.from += 1;
            front.count -= 1;
        });
        Ok(chunk.map(|chunk| chunk.map(frame::Frame::DocumentChunk)))
    }

    async fn store_what_came(&self) -> Result<(), SessionError> {
        loop {
            let Some(first) = self.lock().came.pop_front() else { return Ok(()) };
            match first {
                Came::Opening(opening) => self.passage.take_opening(&self.peer, &opening).await?,
                Came::Refusal(name, refusal) => {
                    self.passage.note_refused(&self.peer, name, refusal).await?;
                    self.let_go(name, true);
                }
                Came::Chunk(chunk) => {
                    let name = chunk.name;
                    let chunks = self.lock().with_those_behind(chunk);
                    let count = chunks.len() as u64;
                    match self.passage.take_chunks(&self.peer, name, chunks).await? {
                        Taken::Held(held) => self.moved(name, held),
                        Taken::Whole | Taken::Gone => self.let_go(name, false),
                        Taken::Refused(_) => self.let_go(name, true),
                    }
                    self.lock().taken += count;
                    self.to_say.notify_one();
                }
            }
        }
    }

    fn moved(&self, name: DocumentName, held: u64) {
        if let Some(pulling) = self.lock().pulling.as_mut().filter(|pulling| pulling.pull.name == name) {
            pulling.pull.held = held;
            pulling.pull.opened = true;
        }
    }

    /// Pulls a document no more, for a while or for good.
    fn let_go(&self, name: DocumentName, skip: bool) {
        let mut state = self.lock();
        let dropped = state.came.iter().filter(|came| came.name() == name && came.is_chunk()).count();
        state.came.retain(|came| came.name() != name);
        state.taken += dropped as u64;
        if state.pulling.as_ref().is_some_and(|pulling| pulling.pull.name == name) {
            state.pulling = None;
        }
        if skip {
            state.skipped.push((name, Instant::now()));
        }
        state.look = true;
        self.to_say.notify_one();
    }

    /// Something may have become possible: a new document, or one that was left alone long enough.
    fn look_again(&self, time_passed: bool) {
        let mut state = self.lock();
        let now = Instant::now();
        state.skipped.retain(|(_, since)| now.saturating_duration_since(*since) < DOCUMENT_AGAIN);
        let stalled = state.pulling.as_ref().filter(|pulling| now.saturating_duration_since(pulling.moved_at) >= DOCUMENT_STALLED);
        let stalled = stalled.filter(|_| time_passed).map(|pulling| pulling.pull.name);
        state.look = true;
        drop(state);
        match stalled {
            Some(name) => self.let_go(name, true),
            None => self.to_say.notify_one(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is left alone, if another document is to be looked for.
    fn wants_another(&self) -> Option<Vec<DocumentName>> {
        (self.look && self.pulling.is_none()).then(|| self.skipped.iter().map(|(name, _)| *name).collect())
    }

    /// How much was taken, if the peer was not told yet.
    fn next_taken(&mut self) -> Option<u64> {
        let due = self.taken > self.taken_said;
        self.taken_said = self.taken;
        due.then_some(self.taken)
    }

    fn ask_in_front(&mut self, change: impl FnOnce(&mut DocumentAsk)) {
        if let Some(front) = self.asks.front_mut() {
            change(front);
        }
    }

    /// A chunk with those of the same document that wait behind it.
    fn with_those_behind(&mut self, first: DocumentChunk) -> Vec<DocumentChunk> {
        let mut chunks = vec![first];
        while let Some(Came::Chunk(_)) = self.came.front() {
            match self.came.pop_front() {
                Some(Came::Chunk(chunk)) if chunk.name == chunks[0].name => chunks.push(chunk),
                Some(other) => {
                    self.came.push_front(other);
                    break;
                }
                None => break,
            }
        }
        chunks
    }
}

impl Pulling {
    fn next_ask(&mut self) -> Option<DocumentAsk> {
        let Pull { name, held, count, opened } = self.pull;
        let step = u64::from(DocumentAsk::COUNT_MAX);
        if self.asked >= count || self.asked - held.min(self.asked) > ON_THE_WAY - step {
            return None;
        }
        let wanted = step.min(count - self.asked);
        let ask = DocumentAsk { name, from: self.asked, count: u32::try_from(wanted).unwrap_or(1), opening: !opened && self.asked == held };
        self.asked += wanted;
        Some(ask)
    }
}

impl Came {
    fn is_chunk(&self) -> bool {
        matches!(self, Self::Chunk(_))
    }

    fn name(&self) -> DocumentName {
        match self {
            Self::Opening(opening) => opening.name,
            Self::Chunk(chunk) => chunk.name,
            Self::Refusal(name, _) => *name,
        }
    }
}

#[cfg(test)]
mod tests {
    use titian_proto::model::id::{Digest, RecordRef, ReferralId};

    use super::*;

    fn pulling(held: u64, count: u64, opened: bool) -> Pulling {
        let name = DocumentName { referral_id: ReferralId([1; 16]), record_ref: RecordRef([2; 16]), digest: Digest::ZERO };
        Pulling { pull: Pull { name, held, count, opened }, asked: held, moved_at: Instant::now() }
    }

    fn asks(pulling: &mut Pulling) -> Vec<(u64, u32, bool)> {
        std::iter::from_fn(|| pulling.next_ask()).map(|ask| (ask.from, ask.count, ask.opening)).collect()
    }

    #[test]
    fn a_pull_asks_for_a_mebibyte_ahead_and_for_more_when_half_of_it_is_stored() {
        let mut new = pulling(0, 1000, false);
        assert_eq!(asks(&mut new), [(0, 16, true), (16, 16, false)]);
        (new.pull.held, new.pull.opened) = (15, true);
        assert!(asks(&mut new).is_empty(), "not half of it yet");
        new.pull.held = 16;
        assert_eq!(asks(&mut new), [(32, 16, false)]);
        new.pull.held = 48;
        assert_eq!(asks(&mut new), [(48, 16, false), (64, 16, false)]);
    }

    #[test]
    fn a_pull_goes_on_at_any_chunk_and_ends_with_the_last() {
        assert_eq!(asks(&mut pulling(37, 1000, true)), [(37, 16, false), (53, 16, false)]);
        assert_eq!(asks(&mut pulling(999, 1000, true)), [(999, 1, false)]);
        assert_eq!(asks(&mut pulling(980, 1000, true)), [(980, 16, false), (996, 4, false)]);
        assert!(asks(&mut pulling(1000, 1000, true)).is_empty());
    }
}
