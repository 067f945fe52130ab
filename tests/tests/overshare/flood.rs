//! A partner with everything that a partner may do, and no shame: referrals without end, lines that dribble, and a disk that is nearly full. What takes
//! data away and what answers still passes, and the other partners are served.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use titian_proto::wire::{self, frame};
use titian_tests::account::Account::{Caseworker, FocalPoint};
use titian_tests::meter;
use titian_tests::papers::pdf;
use titian_tests::road;
use titian_tests::sample;
use titian_tests::wait::{PATIENCE, wait_until};
use titian_tests::world::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex, split};
use tokio::time::interval;

use crate::hostile::{Stream, runtime, stream_over};
use crate::peer::{Draft, Keys};
use crate::yard::Yard;

/// Further peers, of whom each has a line that dribbles.
const CROWD: usize = 12;
const CROWD_LONG: usize = 40;
/// Referrals of the greedy partner.
const OFFERS: usize = 600;
const OFFERS_LONG: usize = 10_000;
/// Bytes of the document that is on its way meanwhile.
const DOCUMENT: usize = 24 << 20;
/// What is left on the disk when only answers and what takes data away may pass.
const NEARLY_FULL: u64 = 150 << 20;
/// What all of them together may cost of memory: their windows and what is read ahead.
const MEMORY_BYTES_MAX: u64 = 256 << 20;
/// Between two bytes of a line that dribbles.
const DRIBBLE: Duration = Duration::from_millis(50);

pub(crate) fn no_partner_fills_the_node_up() {
    let long = std::env::var_os("TITIAN_LONG").is_some();
    let (crowd, count) = if long { (CROWD_LONG, OFFERS_LONG) } else { (CROWD, OFFERS) };
    let yard = Yard::found(crowd);
    let offers = yard.offers(count);
    let pid = yard.papers.world.mtuc.node.pid().expect("MTUC's node runs");
    let before = meter::peak_memory(pid);
    let (stop, tide) = (AtomicBool::new(false), Tide { may: AtomicUsize::new(count / 2), said: AtomicUsize::new(0) });
    std::thread::scope(|scope| {
        scope.spawn(|| runtime().block_on(dribble(&yard, &stop)));
        scope.spawn(|| runtime().block_on(flood(&yard.clc, &yard.clc_says, &offers, &tide, &stop)));
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| others_are_served(&yard, count, &tide)));
        stop.store(true, Ordering::SeqCst);
        told.unwrap_or_else(|problem| std::panic::resume_unwind(problem));
    });
    assert_eq!(yard.papers.world.mtuc.node.pid(), Some(pid));
    let cost = meter::peak_memory(pid).saturating_sub(before);
    assert!(cost < MEMORY_BYTES_MAX, "it cost {cost} bytes of memory");
}

/// How far the flood may go, and how far it went.
struct Tide {
    may: AtomicUsize,
    said: AtomicUsize,
}

fn others_are_served(yard: &Yard, count: usize, tide: &Tide) {
    let (papers, world) = (&yard.papers, &yard.papers.world);
    // Given a document on its way to KSBSI, and referrals without end from CLC, then KSBSI gets the document and what is referred to it
    let record = papers.record("CONTRACT");
    papers.attach(&record, &papers.file("scan.pdf", &pdf(DOCUMENT))).done();
    let (_, waiting) = road::refer(world);
    road::arrive(&world.ksbsi, &waiting);
    let _ = papers.whole(PATIENCE);
    wait_until("the first half of the flood is in", 5 * PATIENCE, || (of_clc(world) >= count / 2).then_some(()));
    // When MTUC's disk is nearly full, and the flood goes on
    yard.disk.leave_free(NEARLY_FULL);
    let refused = world.mtuc.titian(Caseworker, &["worker", "add", "--from", &sample::returnee()]);
    assert!(refused.exit != 0 && refused.names("STORAGE_LOW"), "staff see why nothing new is begun:\n{}", refused.told());
    tide.may.store(count, Ordering::SeqCst);
    // Then answers pass, and withdrawals both ways
    road::act(&world.ksbsi, &["referral", "accept", &waiting]).done();
    road::state(&world.mtuc, &waiting, "ACCEPTED");
    world.mtuc.json(Caseworker, &["consent", "withdraw", "--worker", &papers.intake.worker, "--action", "ERASE"]).done();
    road::state(&world.ksbsi, &papers.referral, "CONSENT_WITHDRAWN");
    world.ksbsi.json(FocalPoint, &["consent", "withdraw", "--referral", &waiting, "--action", "ERASE"]).done();
    road::state(&world.mtuc, &waiting, "CONSENT_WITHDRAWN");
    // And nothing of the flood is taken in, though all of it was said: that room is not the greedy partner's
    wait_until("all of the flood was said", 5 * PATIENCE, || (tide.said.load(Ordering::SeqCst) >= count).then_some(()));
    road::state(&world.mtuc, &papers.referral, "CONSENT_WITHDRAWN");
    assert_eq!(of_clc(world), count / 2, "what is left is for withdrawals and answers");
    // When there is room again, then all of it comes, once, and KSBSI is served as ever
    yard.disk.empty();
    let (_, referral) = road::refer(world);
    road::arrive(&world.ksbsi, &referral);
    wait_until("the whole flood is in", 20 * PATIENCE, || (of_clc(world) >= count).then_some(()));
    assert_eq!(of_clc(world), count, "each once");
}

/// Referrals of CLC that MTUC has.
fn of_clc(world: &World) -> usize {
    world.mtuc.json(FocalPoint, &["referral", "list"]).done().stdout.matches("\"sender\":\"kh.clc\"").count()
}

/// Sends what may be sent, again and again, and keeps to no limit: it speaks no credit.
async fn flood(keys: &Keys, says: &wire::Hello, offers: &[Draft], tide: &Tide, stop: &AtomicBool) {
    let (mut looks, mut base) = (interval(DRIBBLE), None);
    let mut sealed: Vec<wire::Delivery> = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        looks.tick().await;
        let Some(mut line) = keys.speak_if_heard(says, (1, 1)).await else { continue };
        let place = line.place(wire::Lane::Referrals);
        let base = *base.get_or_insert_with(|| {
            let mut last = place.clone();
            for offer in offers {
                let one = keys.seal(&says.epoch, offer, &last);
                last = (last.0 + 1, one.hash.to_wire());
                sealed.push(one.delivery);
            }
            place.0
        });
        let done = usize::try_from(place.0 - base).unwrap_or(usize::MAX).min(sealed.len());
        let (may, mut said) = (tide.may.load(Ordering::SeqCst).max(done), done);
        for batch in sealed[done..may].chunks(64) {
            let goes_on = line.says(frame::Frame::Deliveries(wire::Deliveries { deliveries: batch.to_vec() })).await;
            if !goes_on || !line.listen(Duration::from_millis(5)).await {
                break;
            }
            said += batch.len();
        }
        line.listen(Duration::from_millis(300)).await;
        tide.said.fetch_max(said, Ordering::SeqCst);
    }
}

/// Lines that dribble: some before a word was said, one of each further peer in the middle of a frame.
async fn dribble(yard: &Yard, stop: &AtomicBool) {
    let mut held = Vec::new();
    for keys in &yard.crowd {
        held.extend(dribbling(keys).await);
    }
    let mut silent = Vec::new();
    for keys in yard.crowd.iter().take(4) {
        silent.extend(keys.door().socket().await);
    }
    let (mut looks, preface) = (interval(DRIBBLE), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let mut said = 0;
    while !stop.load(Ordering::SeqCst) {
        looks.tick().await;
        for socket in &mut silent {
            // One that was turned away stays so.
            socket.write_all(&preface[said % preface.len()..][..1]).await.ok();
            socket.flush().await.ok();
        }
        said += 1;
    }
    assert!(!held.is_empty(), "the further peers had their lines");
}

/// A stream of a peer that said hello as it should, and now says a large frame byte by byte.
async fn dribbling(keys: &Keys) -> Option<Stream> {
    let socket = keys.door().socket().await?;
    let (near, far) = duplex(64 << 10);
    let slow = Arc::new(AtomicBool::new(false));
    let ((from_near, to_near), (from_socket, to_socket)) = (split(near), split(socket));
    tokio::spawn(pump(from_near, to_socket, slow.clone()));
    tokio::spawn(pump(from_socket, to_near, Arc::new(AtomicBool::new(false))));
    let hello = keys.first_hello();
    let stream = stream_over::<DuplexStream>(far, frame::Frame::Hello(hello)).await?;
    slow.store(true, Ordering::SeqCst);
    let delivery = wire::Delivery { leaf: vec![7; 100_000].into(), ..wire::Delivery::default() };
    stream.says(frame::Frame::Deliveries(wire::Deliveries { deliveries: vec![delivery] })).await;
    Some(stream)
}

async fn pump<R: tokio::io::AsyncRead + Unpin, W: tokio::io::AsyncWrite + Unpin>(mut from: R, mut to: W, slow: Arc<AtomicBool>) {
    let (mut buffer, mut looks) = ([0; 4096], interval(DRIBBLE));
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let step = if slow.load(Ordering::SeqCst) { 1 } else { count };
        for piece in buffer[..count].chunks(step) {
            if step == 1 {
                looks.tick().await;
            }
            if to.write_all(piece).await.is_err() || to.flush().await.is_err() {
                return;
            }
        }
    }
}
