//! What a bench sends from one union of a [`Pair`] to the other, over the desks of both. A record of a bench is a narrative.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use titian_client::{Desk, DeskError, ErrorKind, Flow};
use titian_proto::wire;
use titian_proto::wire::record_content::Content;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};
use tokio_stream::wrappers::ReceiverStream;

use crate::account::Account::{Caseworker, FocalPoint};
use crate::node::Node;
use crate::pair::{Pair, Route};
use crate::union::Union;

/// Bytes of a record, as in the comparison of peers.
pub const RECORD_BYTES: usize = 2_048;
/// Unacknowledged records, as there.
pub const WINDOW: usize = 256;
/// How long answers may still come after the last request: a sync of a slow disk, many times.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// How long a node that was just started may take until its desk answers.
const DESK_BACK: Duration = Duration::from_secs(20);
/// Between two questions how much is held.
const LOOK: Duration = Duration::from_millis(20);

/// One record of a bench.
#[derive(Clone)]
pub struct Told {
    /// Its text.
    pub text: String,
    /// It goes into the case of which no narrative may go.
    pub barred: bool,
}

/// How many records are put at once.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// At most so many unacknowledged.
    pub window: usize,
    /// No new ones after this time.
    pub limit: Duration,
    /// Each in an envelope of its own.
    pub own_envelope: bool,
}

/// Sessions at both desks, and the two routes.
pub struct Traffic {
    mtuc: Desk,
    ksbsi: Desk,
    open: Ids,
    barred: Ids,
}

struct Ids {
    case: Bytes,
    referral: Bytes,
}

impl Traffic {
    /// Signs in at both.
    ///
    /// # Errors
    /// When a desk cannot be reached or refuses.
    pub async fn between(pair: &Pair) -> Result<Self, DeskError> {
        pair.ksbsi.admit(FocalPoint);
        let mtuc = desk(&pair.mtuc, Caseworker.name(), Caseworker.password()).await?;
        let ksbsi = desk(&pair.ksbsi, FocalPoint.name(), FocalPoint.password()).await?;
        Ok(Self { mtuc, ksbsi, open: ids(&pair.open), barred: ids(&pair.barred) })
    }

    /// Puts records at MTUC over one stream; gives how many were acknowledged as being on stable storage.
    ///
    /// # Errors
    /// When the stream breaks.
    pub async fn put(&self, records: &[Told], pace: Pace) -> Result<u64, DeskError> {
        let end = Instant::now() + pace.limit;
        let (give, take) = mpsc::channel(pace.window.max(1));
        let room = Semaphore::new(pace.window);
        let asking = async {
            for record in records {
                let Ok(Ok(permit)) = timeout_at(end, room.acquire()).await else { break };
                permit.forget();
                let request = wire::ImportRecordsRequest { put: Some(self.request(record)), own_envelope: pace.own_envelope };
                if give.send(request).await.is_err() {
                    break;
                }
            }
            drop(give);
        };
        let listening = async {
            let stored = timeout_at(end + LAST_ANSWERS, self.listen(take, &room)).await;
            room.close();
            stored.unwrap_or_else(|_| Err(DeskError::local("NO_ANSWER", ErrorKind::Unreachable)))
        };
        tokio::join!(asking, listening).1
    }

    /// Puts one record and waits for its acknowledgement.
    ///
    /// # Errors
    /// When it is refused or the call fails.
    pub async fn put_one(&self, record: &Told) -> Result<(), DeskError> {
        self.mtuc.put_record(self.request(record)).await.map(drop)
    }

    /// How many narratives KSBSI holds, on stable storage and readable. Waits for a desk that is just coming up.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn held(&self) -> Result<u64, DeskError> {
        let referral_id = || self.open.referral.clone();
        let count = || async { Ok(self.ksbsi.count_share(wire::CountShareRequest { referral_id: referral_id() }).await?.held) };
        patient(count).await
    }

    /// Looks until KSBSI holds at least so many; gives the moments of the first look that found more than `base`, and of the last.
    ///
    /// # Errors
    /// When it does not within `limit`.
    pub async fn arrived(&self, base: u64, all: u64, limit: Duration) -> Result<(Instant, Instant), DeskError> {
        let (start, mut first) = (Instant::now(), None);
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            let (held, now) = (self.held().await?, Instant::now());
            if held > base {
                first.get_or_insert(now);
            }
            if held >= all {
                return Ok((first.unwrap_or(now), now));
            }
            if start.elapsed() > limit {
                return Err(DeskError::local("NO_ANSWER", ErrorKind::Unreachable));
            }
        }
    }

    /// Follows records as they become readable at KSBSI.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn watch(&self) -> Result<Flow<wire::WatchReferralsResponse>, DeskError> {
        self.ksbsi.watch_referrals(wire::WatchReferralsRequest { with_records: true }).await
    }

    /// Every narrative readable at KSBSI, of both routes.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn texts(&self) -> Result<Vec<String>, DeskError> {
        let mut texts = Vec::new();
        for route in [&self.open, &self.barred] {
            let mut flow = self.ksbsi.list_share(wire::ListShareRequest { referral_id: route.referral.clone() }).await?;
            while let Some(wire::ListShareResponse { records }) = flow.next().await? {
                texts.extend(records.into_iter().filter_map(text));
            }
        }
        Ok(texts)
    }

    async fn listen(&self, requests: mpsc::Receiver<wire::ImportRecordsRequest>, room: &Semaphore) -> Result<u64, DeskError> {
        let mut answers = self.mtuc.import_records(ReceiverStream::new(requests)).await?;
        let mut stored = 0;
        while let Some(wire::ImportRecordsResponse { number: _, refusal }) = answers.next().await? {
            room.add_permits(1);
            stored += u64::from(refusal.is_none());
        }
        Ok(stored)
    }

    fn request(&self, record: &Told) -> wire::PutRecordRequest {
        let route = if record.barred { &self.barred } else { &self.open };
        let narrative = wire::Narrative { text: record.text.clone(), language: "en".to_owned() };
        wire::PutRecordRequest {
            case_id: route.case.clone(),
            record_id: Bytes::new(),
            revision: 0,
            content: Some(wire::RecordContent { content: Some(Content::Narrative(narrative)) }),
            share_under: route.referral.clone(),
        }
    }
}

/// Ends a node in its written order. The runtime goes on meanwhile, so that open connections to its desk are let go.
///
/// # Panics
/// When it does not end.
pub async fn stop(node: &mut Node) {
    node.ask_to_stop();
    let (start, mut looks) = (Instant::now(), interval(LOOK));
    while !node.died() {
        assert!(start.elapsed() < DESK_BACK, "{} does not stop", node.node_id);
        looks.tick().await;
    }
}

/// The text of a record, if it is a narrative.
#[must_use]
pub fn text(record: wire::SharedRecord) -> Option<String> {
    match record.content?.content? {
        Content::Narrative(narrative) => Some(narrative.text),
        _ => None, // the facts of the case, which every referral carries
    }
}

/// The text of a record of a bench: JSON of a fixed length that compresses as badly as what people write in base64.
#[must_use]
pub fn body(number: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("{{\"id\":{number},\"scope\":\"b\",\"fill\":\"");
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    while text.len() < RECORD_BYTES - 2 {
        state ^= state << 13; // xorshift64
        state ^= state >> 7;
        state ^= state << 17;
        text.push(char::from(LETTERS[(state >> 58) as usize]));
    }
    text.push_str("\"}");
    text
}

/// The number of a record of a bench, which its text begins with: `{"id":17,`.
#[must_use]
pub fn number(text: &str) -> Option<u64> {
    text.strip_prefix("{\"id\":")?.split(',').next()?.parse().ok()
}

async fn patient<T, F: Future<Output = Result<T, DeskError>>>(call: impl Fn() -> F) -> Result<T, DeskError> {
    let start = Instant::now();
    let mut looks = interval(LOOK);
    loop {
        looks.tick().await;
        match call().await {
            Err(error) if error.kind == ErrorKind::Unreachable && start.elapsed() < DESK_BACK => {}
            answer => return answer,
        }
    }
}

/// The desk of a union, signed in.
///
/// # Errors
/// When it cannot be reached or refuses.
pub async fn desk(union: &Union, name: &str, password: String) -> Result<Desk, DeskError> {
    let mut desk = Desk::connect(&union.node.desk, None).await?;
    desk.sign_in(wire::SignInRequest { name: name.to_owned(), password, second_factor: String::new() }).await?;
    Ok(desk)
}

fn ids(route: &Route) -> Ids {
    Ids { case: id(&route.case), referral: id(&route.referral) }
}

/// The bytes of an id as commands write it.
#[must_use]
pub fn id(text: &str) -> Bytes {
    let digits: Vec<u8> =
        text.bytes().filter(|byte| *byte != b'-').filter_map(|byte| char::from(byte).to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}
