//! An import: thousands of records over one call, each acknowledged when it is on stable storage, in the order of the requests.
//!
//! Records of one case that are waiting already are put together, so that they share an envelope and a sync. A group that is not taken as a whole
//! is put again one by one, so that only the bad record is refused. Puts reach the store in the order of the requests; only what is put again
//! comes later than what followed it. So a record that is named by a put under way is changed again only after the answer.

use std::collections::VecDeque;
use std::future::{pending, poll_fn, ready};
use std::pin::Pin;
use std::task::Poll;

use prost::Message as _;
use titian_proto::model::id::RecordId;
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::model::refusal::Refusal;
use titian_proto::wire;
use tokio::task::unconstrained;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Status};

use super::{Sender, record};
use crate::acts::context::Acts;
use crate::acts::error::ActError;
use crate::acts::records::{self, Put};
use crate::acts::shares::{PUT_BYTES, PUT_RECORDS};

/// Records put and not yet answered: they keep the store busy while a sync runs, and bound what an import holds in memory. So many answers,
/// of a few bytes each, may wait: what one sync made durable is answered in one piece.
pub(super) const IMPORT_IN_FLIGHT: usize = 256;

/// One import.
pub(super) struct Import<S> {
    acts: Acts,
    requests: S,
    replies: Sender<wire::ImportRecordsResponse>,
    /// What was read after the last group and does not belong to it.
    ahead: Option<Read>,
    under_way: VecDeque<UnderWay>,
    /// Records under way.
    in_flight: usize,
    /// Requests answered.
    answered: u64,
    /// Set when no request comes any more, with the reason when that is not the caller's wish.
    ended: Option<Result<(), ActError>>,
}

/// One request, read.
struct Wanted {
    put: Put,
    bytes: usize,
    own_envelope: bool,
}

/// A group whose answers are still to come.
struct UnderWay {
    length: usize,
    named: Vec<RecordId>,
    outcome: Work<Outcome>,
}

/// What became of the records of one group, in their order, and why the rest of them has no answer.
struct Outcome {
    answers: Vec<Option<Refusal>>,
    failed: Option<ActError>,
}

/// Work that has begun and is awaited in its turn.
type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What the stream of requests gave.
enum Read {
    Wanted(Box<Wanted>),
    Refused(Refusal),
    /// Nothing more, for this reason if it is not the caller's wish.
    Ended(Result<(), ActError>),
}

impl<S: Stream<Item = Result<wire::ImportRecordsRequest, Status>> + Unpin> Import<S> {
    pub(super) fn new(acts: Acts, requests: S, replies: Sender<wire::ImportRecordsResponse>) -> Self {
        Self { acts, requests, replies, ahead: None, under_way: VecDeque::new(), in_flight: 0, answered: 0, ended: None }
    }

    /// Puts and answers until the caller has no more requests and each is answered.
    ///
    /// # Errors
    /// The first error that is not a refusal. What came before it is stored and answered; what came after it may be stored.
    pub(super) async fn run(mut self) -> Result<(), ActError> {
        loop {
            if self.under_way.is_empty()
                && let Some(ended) = self.ended
            {
                return ended;
            }
            let room = self.ended.is_none() && self.in_flight + PUT_RECORDS <= IMPORT_IN_FLIGHT;
            tokio::select! {
                biased;
                outcome = next_outcome(&mut self.under_way), if !self.under_way.is_empty() => self.answer(outcome).await?,
                request = next_request(&mut self.ahead, &mut self.requests), if room => match request {
                    Read::Wanted(wanted) => self.put_with_waiting(*wanted).await?,
                    Read::Refused(refusal) => self.refuse(refusal),
                    Read::Ended(ended) => self.ended = Some(ended),
                },
            }
        }
    }

    /// Puts a record together with those that are waiting behind it and fit.
    async fn put_with_waiting(&mut self, first: Wanted) -> Result<(), ActError> {
        let mut group = Group::of(first);
        while group.has_room() {
            let waiting = poll_fn(|context| Poll::Ready(Pin::new(&mut self.requests).poll_next(context)));
            let Poll::Ready(request) = waiting.await else { break };
            match read(request) {
                Read::Wanted(wanted) if group.takes(&wanted) => group.add(*wanted),
                other => {
                    self.ahead = Some(other);
                    break;
                }
            }
        }
        let named: Vec<RecordId> = group.puts.iter().filter_map(|put| put.record_id).collect();
        if self.under_way.iter().any(|earlier| earlier.named.iter().any(|record_id| named.contains(record_id))) {
            self.answer_all().await?;
        }
        let length = group.puts.len();
        let outcome = begin(put_group(self.acts.clone(), group.puts)).await;
        self.in_flight += length;
        self.under_way.push_back(UnderWay { length, named, outcome });
        Ok(())
    }

    /// Answers in its turn what cannot even be read.
    fn refuse(&mut self, refusal: Refusal) {
        let outcome = Outcome { answers: vec![Some(refusal)], failed: None };
        self.in_flight += 1;
        self.under_way.push_back(UnderWay { length: 1, named: Vec::new(), outcome: Box::pin(ready(outcome)) });
    }

    async fn answer_all(&mut self) -> Result<(), ActError> {
        while !self.under_way.is_empty() {
            let outcome = next_outcome(&mut self.under_way).await;
            self.answer(outcome).await?;
        }
        Ok(())
    }

    /// Answers the group that is first under way.
    async fn answer(&mut self, outcome: Outcome) -> Result<(), ActError> {
        let Outcome { answers, failed } = outcome;
        if let Some(UnderWay { length, named: _, outcome: _ }) = self.under_way.pop_front() {
            self.in_flight = self.in_flight.saturating_sub(length);
        }
        for refusal in answers {
            self.answered += 1;
            let refusal = refusal.map(|refusal| refusal.to_wire());
            self.replies.send(wire::ImportRecordsResponse { number: self.answered, refusal }).await?;
        }
        failed.map_or(Ok(()), Err)
    }
}

/// Requests that travel together.
struct Group {
    puts: Vec<Put>,
    bytes: usize,
    alone: bool,
}

impl Group {
    fn of(first: Wanted) -> Self {
        let Wanted { put, bytes, own_envelope } = first;
        Self { puts: vec![put], bytes, alone: own_envelope }
    }

    fn has_room(&self) -> bool {
        !self.alone && self.puts.len() < PUT_RECORDS && self.bytes < PUT_BYTES
    }

    /// Whether the request is about the same case and share, fits, and names no record that is here already.
    fn takes(&self, wanted: &Wanted) -> bool {
        let Wanted { put, bytes, own_envelope } = wanted;
        let same = |other: &Put| other.case_id == put.case_id && other.share_under == put.share_under;
        let again = |other: &Put| put.record_id.is_some() && other.record_id == put.record_id;
        !own_envelope && self.bytes + bytes <= PUT_BYTES && self.puts.iter().all(|other| same(other) && !again(other))
    }

    fn add(&mut self, wanted: Wanted) {
        self.bytes += wanted.bytes;
        self.puts.push(wanted.put);
    }
}

/// The outcome of the group that is first under way; it stays there until it is answered.
async fn next_outcome(under_way: &mut VecDeque<UnderWay>) -> Outcome {
    match under_way.front_mut() {
        Some(first) => first.outcome.as_mut().await,
        None => pending().await,
    }
}

/// The request that was read ahead, or the next one.
async fn next_request<S: Stream<Item = Result<wire::ImportRecordsRequest, Status>> + Unpin>(
    ahead: &mut Option<Read>,
    requests: &mut S,
) -> Read {
    match ahead.take() {
        Some(request) => request,
        None => read(requests.next().await),
    }
}

fn read(request: Option<Result<wire::ImportRecordsRequest, Status>>) -> Read {
    match request {
        Some(Ok(request)) => match wanted(&request) {
            Ok(wanted) => Read::Wanted(Box::new(wanted)),
            Err(malformed) => Read::Refused(Refusal::from(malformed)),
        },
        Some(Err(status)) if status.code() == Code::Cancelled => Read::Ended(Err(ActError::HungUp)),
        Some(Err(_)) => Read::Ended(Err(Malformed::new("cannot be read, or is larger than a message may be").at("put").into())),
        None => Read::Ended(Ok(())),
    }
}

fn wanted(request: &wire::ImportRecordsRequest) -> Result<Wanted, Malformed> {
    let wire::ImportRecordsRequest { put, own_envelope } = request;
    let put = put.as_ref().ok_or_else(|| Malformed::missing("put"))?;
    let bytes = put.content.as_ref().map_or(0, wire::RecordContent::encoded_len);
    Ok(Wanted { put: record::put(put).at("put")?, bytes, own_envelope: *own_envelope })
}

/// Begins some work now, so that it has its place in the store's queue, and leaves the rest for later.
async fn begin<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Work<T> {
    // Unconstrained: a task that used up its turn would otherwise come away without a place.
    let mut work: Work<T> = Box::pin(unconstrained(work));
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(done) => Box::pin(ready(done)),
        Poll::Pending => work,
    }
}

/// Puts a group as one act; if that fails for whatever reason, each record alone.
async fn put_group(acts: Acts, puts: Vec<Put>) -> Outcome {
    let together = match puts.as_slice() {
        [_, _, ..] => records::put_together(&acts, puts.clone()).await.is_ok(),
        [_] | [] => false,
    };
    if together {
        return Outcome { answers: puts.iter().map(|_| None).collect(), failed: None };
    }
    let mut each = Vec::with_capacity(puts.len());
    for put in puts {
        let acts = acts.clone();
        each.push(begin(async move { records::put(&acts, vec![put]).await.map(drop) }).await);
    }
    let mut outcome = Outcome { answers: Vec::with_capacity(each.len()), failed: None };
    for put in each {
        match put.await {
            Ok(()) => outcome.answers.push(None),
            Err(ActError::Refused(refusal)) => outcome.answers.push(Some(refusal)),
            Err(error) => {
                outcome.failed = Some(error);
                break;
            }
        }
    }
    outcome
}
