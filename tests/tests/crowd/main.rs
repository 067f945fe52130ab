//! A node with several peers, one of them hostile: whoever holds the keys of a confirmed peer can cost the node some of its time and a known part of its
//! memory, and takes neither from the others.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]
#![allow(clippy::needless_update, reason = "messages grow with the protocol")]

#[path = "../hostile/mod.rs"]
mod hostile;

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hostile::{Hostile, Stream, address, runtime, silent_sockets};
use titian_proto::wire::{self, frame};
use titian_tests::meter;
use titian_tests::road;
use titian_tests::union::Union;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::{World, befriend};
use tokio::time::timeout;

/// What one hostile peer may cost at once: four sockets with their windows, and the frames that are read ahead.
const MEMORY_BYTES_MAX: u64 = 96 << 20;
/// A frame that is far beyond every limit, before or after it is unpacked.
const GIANT_BYTES: usize = 64 << 20;
/// Sockets that say nothing: more than there are handshakes at once.
const SILENT_SOCKETS: usize = 300;
/// Where they come from: another address of this machine.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
/// Frames of a flood.
const FLOOD: u64 = 20_000;

#[test]
fn a_giant_frame_and_a_bomb_are_not_unpacked() {
    let crowd = Crowd::new();
    crowd.endures(|hostile| async move {
        // When a frame of 64 MiB comes, packed into a few KiB, then its stream ends; and the next one gets no further
        for _ in 0..3 {
            let stream = hostile.stream().await.expect("the peer's keys open the door");
            let giant = wire::Hello { node_id: "x".repeat(GIANT_BYTES), ..wire::Hello::default() };
            stream.says(frame::Frame::Hello(giant)).await;
            ends(stream).await;
        }
    });
}

#[test]
fn whoever_asks_and_never_listens_is_not_waited_for_by_others() {
    let crowd = Crowd::new();
    crowd.endures(|hostile| async move {
        // When a peer sends ping upon ping and reads none of the answers
        let stream = hostile.stream().await.expect("the peer's keys open the door");
        let pinging = async {
            for nonce in 0..FLOOD {
                stream.says(frame::Frame::Ping(wire::Ping { nonce, answer: false })).await;
            }
        };
        // Then the node stops reading what it cannot answer: the flood stands still, or it ends
        drop(timeout(std::time::Duration::from_secs(10), pinging).await);
    });
}

#[test]
fn frames_full_of_nonsense_end_the_stream_each_time() {
    let crowd = Crowd::new();
    crowd.endures(|hostile| async move {
        let nonsense = wire::Envelope { header: vec![7; 4000].into(), body: vec![7; 12_000].into(), seal: Some(wire::Seal::default()) };
        let delivery = wire::Delivery { envelope: Some(nonsense), leaf: vec![7; 4000].into(), purged: 0 };
        let frames = [
            frame::Frame::Deliveries(wire::Deliveries { deliveries: vec![delivery; 64] }),
            frame::Frame::Deliveries(wire::Deliveries { deliveries: vec![wire::Delivery::default(); 100_000] }),
            frame::Frame::Receipts(wire::Receipts { receipts: vec![wire::SignedReceipt::default(); 100_000] }),
            frame::Frame::Hello(wire::Hello { received: vec![wire::LaneCursor::default(); 100_000], ..wire::Hello::default() }),
            frame::Frame::Stored(wire::Stored { lane: 77, through: u64::MAX, ..wire::Stored::default() }),
        ];
        for frame in frames.iter().cycle().take(20) {
            if let Some(stream) = hostile.stream().await {
                stream.says(frame.clone()).await;
                ends(stream).await;
            }
        }
    });
}

#[test]
fn silent_sockets_leave_room_at_the_door() {
    let crowd = Crowd::new();
    let (hostile, victim) = (crowd.hostile.clone(), crowd.victim());
    runtime().block_on(async {
        // Given more silent sockets from one address than there are handshakes at once
        let held = silent_sockets(ELSEWHERE, victim, SILENT_SOCKETS).await;
        assert!(held.len() > SILENT_SOCKETS / 2, "the machine lets us open sockets");
        // Then whoever comes from another address shakes hands at once, while they still stand
        assert!(hostile.socket().await.is_some(), "a peer was turned away because of somebody else");
    });
    wait_until("MTUC's telemetry tells of too many", PATIENCE, || crowd.world.mtuc.node.telemetry().contains("\"TOO_MANY\"").then_some(()));
}

/// MTUC with two peers: KSBSI, and CLC, whose node is away and whose keys somebody has.
struct Crowd {
    world: World,
    _clc: Union,
    hostile: Hostile,
}

impl Crowd {
    fn new() -> Self {
        let (world, mut clc) = World::three_unions();
        befriend(&world.mtuc, &clc);
        clc.node.kill9();
        let hostile = Hostile::with_keys_of(clc.id(), &clc.node.folder, address(&world.mtuc));
        Self { world, _clc: clc, hostile }
    }

    fn victim(&self) -> SocketAddr {
        address(&self.world.mtuc)
    }

    /// While this is done to MTUC, and after it, KSBSI gets what is referred to it, and MTUC's memory stays within its bound.
    fn endures<F: Future<Output = ()>>(&self, attack: impl FnOnce(Hostile) -> F + Send) {
        let pid = self.world.mtuc.node.pid().expect("MTUC's node runs");
        let before = meter::peak_memory(pid);
        let hostile = self.hostile.clone();
        std::thread::scope(|scope| {
            let attacking = scope.spawn(move || runtime().block_on(attack(hostile)));
            self.refers();
            attacking.join().expect("the attack went as it was meant");
        });
        self.refers();
        assert_eq!(self.world.mtuc.node.pid(), Some(pid));
        let cost = meter::peak_memory(pid).saturating_sub(before);
        assert!(cost < MEMORY_BYTES_MAX, "it cost {cost} bytes of memory");
    }

    fn refers(&self) {
        let (_, referral) = road::refer(&self.world);
        road::arrive(&self.world.ksbsi, &referral);
    }
}

/// Waits until a stream is ended by the node.
async fn ends(stream: Stream) {
    timeout(PATIENCE, stream.hears_the_end()).await.expect("the node ends the stream");
}
