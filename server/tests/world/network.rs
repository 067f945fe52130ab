//! The lines between the nodes: frames take their time, vanish, come twice or in another order; streams are cut, or silent without an end.
//!
//! A line that has a *rate* is a real one, TCP under TLS: its frames stand in a queue before it and go one after the other, and what is lost on the
//! way is sent again beneath them, so that it shows as a delay of everything behind it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prost::Message as _;
use titian_proto::envelope::Receipt;
use titian_proto::model::id::NodeId;
use titian_proto::wire::{self, frame};
use titian_server::federation::connection::{Connection, Outgoing};
use titian_server::federation::identity::PeerIdentity;
use titian_server::federation::pins::PinTable;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::random::Random;
use crate::watch::Watch;

/// What a line does to what goes over it.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Bits that go in a second, each way; 0: as many as come.
    pub rate: u64,
    /// Milliseconds that every frame travels.
    pub latency: u64,
    /// Longest time that a frame takes beyond that, in milliseconds.
    pub delay_max: u64,
    /// Packets in a thousand that are lost and come later, with everything behind them.
    pub loss: u64,
    /// Frames in a thousand that vanish.
    pub drop: u64,
    /// Acknowledgements in a thousand that vanish: what is stored, receipts, credit.
    pub drop_acknowledgements: u64,
    /// Frames in a thousand that come twice.
    pub duplicate: u64,
    /// Frames in a thousand that may be overtaken.
    pub reorder: u64,
    /// Receipts in a thousand that somebody rewrites.
    pub forge: u64,
    /// Everything vanishes, both ways, and no stream ends.
    pub half_open: bool,
    /// Nobody can dial.
    pub down: bool,
}

impl Weather {
    /// Nothing is lost.
    pub const FAIR: Self = Self {
        rate: 0,
        latency: 0,
        delay_max: 20,
        loss: 0,
        drop: 0,
        drop_acknowledgements: 0,
        duplicate: 0,
        reorder: 0,
        forge: 0,
        half_open: false,
        down: false,
    };

    /// A satellite line in rain: 64 kbit/s, 600 ms there and back, every twentieth packet lost.
    pub const SATELLITE: Self = Self { rate: 64_000, latency: 300, loss: 50, ..Self::FAIR };

    /// Half of all acknowledgements vanish, and frames come twice and in another order.
    pub const LOST_ACKNOWLEDGEMENTS: Self = Self { delay_max: 400, drop_acknowledgements: 500, duplicate: 200, reorder: 200, ..Self::FAIR };

    /// The six weeks without a line.
    pub const DARK: Self = Self { down: true, ..Self::FAIR };

    /// How long bytes take to be put on the line.
    fn time_on_line(&self, bytes: usize) -> Duration {
        let bits = u64::try_from(bytes + FRAMING).unwrap_or(u64::MAX).saturating_mul(8);
        Duration::from_micros(bits.saturating_mul(1_000_000).checked_div(self.rate).unwrap_or(0))
    }
}

/// Bytes of a packet.
const PACKET: usize = 1400;

/// Bytes that HTTP/2, TLS and TCP put around a frame. That frames travel compressed is left out: an uncompressed line is the harder one.
const FRAMING: usize = 80;

/// Milliseconds until a lost packet has come: one to two times around.
const SENT_AGAIN: (u64, u64) = (600, 1200);

/// Two nodes, the smaller name first.
type Pair = (NodeId, NodeId);

/// A node as others can dial it.
#[derive(Clone)]
pub struct Door {
    /// Who it is, and its key.
    pub identity: PeerIdentity,
    /// Whom it admits.
    pub pins: PinTable,
    /// Where its connections go.
    pub connections: mpsc::Sender<Connection>,
    /// Ends with the node's life.
    pub life: CancellationToken,
}

/// All lines of the world.
#[derive(Clone)]
pub struct Network(Arc<Mutex<Lines>>);

struct Lines {
    random: Random,
    weather: BTreeMap<Pair, Weather>,
    cuts: BTreeMap<Pair, CancellationToken>,
    doors: BTreeMap<NodeId, Door>,
    dialled: BTreeMap<Pair, usize>,
    one_stream: bool,
    watch: Watch,
}

impl Network {
    /// Lines in fair weather.
    pub fn new(random: Random, watch: Watch) -> Self {
        let (weather, cuts, doors, dialled) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self(Arc::new(Mutex::new(Lines { random, weather, cuts, doors, dialled, one_stream: false, watch })))
    }

    /// A node can be dialled from now on, until its life ends.
    pub fn open(&self, door: Door) {
        self.lock().doors.insert(door.identity.node_id.clone(), door);
    }

    /// Sets the weather between two nodes. Where silence ends, its streams end with it, as a socket's do when the other side answers again.
    pub fn set_weather(&self, one: &NodeId, other: &NodeId, weather: Weather) {
        let before = self.lock().weather.insert(pair(one, other), weather).unwrap_or(Weather::FAIR);
        if (before.half_open && !weather.half_open) || weather.down {
            self.cut(one, other);
        }
    }

    /// The weather between two nodes.
    pub fn weather(&self, one: &NodeId, other: &NodeId) -> Weather {
        self.lock().weather.get(&pair(one, other)).copied().unwrap_or(Weather::FAIR)
    }

    /// How many streams there were between two nodes.
    pub fn streams(&self, one: &NodeId, other: &NodeId) -> usize {
        self.lock().dialled.get(&pair(one, other)).copied().unwrap_or(0)
    }

    /// From now on nobody dials where a stream is live: a second one says that the first has ended.
    pub fn keep_one_stream(&self) {
        self.lock().one_stream = true;
    }

    /// Whether somebody may dial although a stream is live.
    pub fn allows_second_streams(&self) -> bool {
        !self.lock().one_stream
    }

    /// Cuts every stream between two nodes; what was under way on them is lost.
    pub fn cut(&self, one: &NodeId, other: &NodeId) {
        if let Some(cut) = self.lock().cuts.remove(&pair(one, other)) {
            cut.cancel();
        }
    }

    /// Dials. Gives the token that ends with the stream, or nothing where nobody answers or one of the two does not admit the other.
    pub fn dial(&self, from: &NodeId, to: &NodeId) -> Option<CancellationToken> {
        let (caller, called, cut, seeds, watch) = {
            let mut lines = self.lock();
            let weather = lines.weather.get(&pair(from, to)).copied().unwrap_or(Weather::FAIR);
            let (caller, called) = (lines.doors.get(from)?.clone(), lines.doors.get(to)?.clone());
            let unreachable = weather.down || weather.half_open || caller.life.is_cancelled() || called.life.is_cancelled();
            let barred = caller.pins.still_admits(&called.identity).is_err() || called.pins.still_admits(&caller.identity).is_err();
            if unreachable || barred {
                return None;
            }
            let cut = lines.cuts.entry(pair(from, to)).or_default().child_token();
            *lines.dialled.entry(pair(from, to)).or_default() += 1;
            (caller, called, cut, [lines.random.fork(), lines.random.fork()], lines.watch.clone())
        };
        let (to_called, called_hears) = mpsc::unbounded_channel();
        let (to_caller, caller_hears) = mpsc::unbounded_channel();
        let (ours, said) = Connection::in_memory(called.identity.clone(), &caller.pins, true, UnboundedReceiverStream::new(caller_hears));
        let (theirs, answered) =
            Connection::in_memory(caller.identity.clone(), &called.pins, false, UnboundedReceiverStream::new(called_hears));
        let close = ours.close.clone();
        if called.connections.try_send(theirs).is_err() || caller.connections.try_send(ours).is_err() {
            return None;
        }
        let lives = [caller.life, called.life];
        let ways = [(from, to, said, to_called), (to, from, answered, to_caller)];
        for ((from, to, frames, deliver), random) in ways.into_iter().zip(seeds) {
            let (network, watch) = (self.clone(), watch.clone());
            let carrier = Carrier {
                from: from.clone(),
                to: to.clone(),
                network,
                watch,
                random,
                under_way: BTreeMap::new(),
                free_at: Instant::now(),
                count: 0,
            };
            tokio::spawn(carrier.run(frames, deliver, cut.clone(), lives.clone()));
        }
        Some(close)
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pair(one: &NodeId, other: &NodeId) -> Pair {
    if one < other { (one.clone(), other.clone()) } else { (other.clone(), one.clone()) }
}

/// Carries the frames of one direction of one stream.
struct Carrier {
    from: NodeId,
    to: NodeId,
    network: Network,
    watch: Watch,
    random: Random,
    /// By the time at which they arrive.
    under_way: BTreeMap<(Instant, u64), Vec<u8>>,
    /// When everything that was said is on the line.
    free_at: Instant,
    count: u64,
}

impl Carrier {
    async fn run(
        mut self,
        mut frames: Outgoing,
        deliver: mpsc::UnboundedSender<wire::Frame>,
        cut: CancellationToken,
        lives: [CancellationToken; 2],
    ) {
        let [one, other] = lives;
        let mut more = true;
        loop {
            let next = self.under_way.first_key_value().map(|((at, _), _)| *at);
            tokio::select! {
                biased;
                () = cut.cancelled() => return,
                () = one.cancelled() => return,
                () = other.cancelled() => return,
                () = tokio::time::sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => self.arrive(&deliver),
                frame = frames.next(), if more => match frame {
                    Some(frame) => self.take(&frame),
                    None => more = false,
                },
            }
            let silent = self.network.weather(&self.from, &self.to).half_open;
            if !more && self.under_way.is_empty() && !silent {
                return;
            }
            if !more && self.under_way.is_empty() {
                // Not even the end is heard.
                tokio::select! {
                    biased;
                    () = cut.cancelled() => return,
                    () = one.cancelled() => return,
                    () = other.cancelled() => return,
                }
            }
        }
    }

    /// A frame leaves.
    fn take(&mut self, frame: &wire::Frame) {
        self.watch.left(&self.from, &self.to, frame);
        let weather = self.network.weather(&self.from, &self.to);
        let lost = weather.drop_acknowledgements > 0 && is_acknowledgement(frame) && self.random.chance(weather.drop_acknowledgements);
        if weather.half_open || self.random.chance(weather.drop) || lost {
            return;
        }
        let bytes = if self.random.chance(weather.forge) { forged(frame.clone()).encode_to_vec() } else { frame.encode_to_vec() };
        let copies = if self.random.chance(weather.duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let mut at = self.arrival(&weather, bytes.len());
            let last = self.under_way.last_key_value().map(|((at, _), _)| *at);
            if let Some(last) = last
                && !self.random.chance(weather.reorder)
            {
                at = at.max(last);
            }
            self.count += 1;
            self.under_way.insert((at, self.count), bytes.clone());
        }
    }

    /// When so many bytes arrive that leave now.
    fn arrival(&mut self, weather: &Weather, bytes: usize) -> Instant {
        self.free_at = self.free_at.max(Instant::now()) + weather.time_on_line(bytes);
        let mut millis = weather.latency + self.random.below(weather.delay_max + 1);
        if weather.loss > 0 && (0..bytes.div_ceil(PACKET)).any(|_| self.random.chance(weather.loss)) {
            millis += self.random.between(SENT_AGAIN.0, SENT_AGAIN.1);
        }
        self.free_at + Duration::from_millis(millis)
    }

    /// What is due arrives.
    fn arrive(&mut self, deliver: &mpsc::UnboundedSender<wire::Frame>) {
        let now = Instant::now();
        while let Some(first) = self.under_way.first_entry()
            && first.key().0 <= now
        {
            let bytes = first.remove();
            if self.network.weather(&self.from, &self.to).half_open {
                continue;
            }
            self.watch.arrived(&self.from, &self.to, &bytes);
            if let Ok(frame) = wire::Frame::decode(bytes.as_slice()) {
                // A session that has ended hears nothing more.
                drop(deliver.send(frame));
            }
        }
    }
}

fn is_acknowledgement(frame: &wire::Frame) -> bool {
    matches!(frame.frame, Some(frame::Frame::Stored(_) | frame::Frame::Receipts(_) | frame::Frame::Credit(_)))
}

/// The same receipts under the same seals, each telling of another leaf at the receiver.
fn forged(mut frame: wire::Frame) -> wire::Frame {
    if let Some(frame::Frame::Receipts(receipts)) = &mut frame.frame {
        for signed in &mut receipts.receipts {
            let Ok(mut receipt) = Receipt::parse(&signed.receipt) else { continue };
            receipt.leaf = bytes::Bytes::from_static(b"another leaf");
            signed.receipt = receipt.encode();
        }
    }
    frame
}
