//! The border between two unions, over real sockets: who gets in, who does not, and what the operator is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that cannot go on has failed

mod impostor;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use titian_proto::model::date::Instant;
use titian_proto::model::id::NodeId;
use titian_proto::wire;
use titian_server::ambient::{Ambient, Clock, Entropy};
use titian_server::federation::barred::{Barred, Doorkeeper};
use titian_server::federation::connection::{Connection, LinkError};
use titian_server::federation::dialler::{Dialler, DiallerParts};
use titian_server::federation::identity::CertificateFacts;
use titian_server::federation::keys::{TlsIdentity, self_signed};
use titian_server::federation::listener::{Listener, SOCKETS_PER_PEER_MAX};
use titian_server::federation::pins::{PeerStatus, PinTable, PinnedKey, PinnedPeer};
use titian_server::federation::tls::Tls;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tokio_util::sync::CancellationToken;

/// 2026-03-02T02:00:00Z.
const START: i64 = 1_772_416_800_000;

/// Longer than any step here takes, shorter than anybody's patience.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
struct HandClock(Arc<AtomicI64>);

impl Clock for HandClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }
}

/// A union's certificate and key.
struct Papers {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Papers {
    fn made_at(name: &str, now: Instant) -> Self {
        let made = self_signed(&node(name), now).unwrap();
        Self {
            certificate: CertificateDer::from_pem_slice(made.certificate_pem.as_bytes()).unwrap(),
            key: PrivateKeyDer::from_pem_slice(made.key_pem.as_bytes()).unwrap(),
        }
    }

    fn new(name: &str) -> Self {
        Self::made_at(name, Instant::from_millis(START))
    }

    fn identity(&self) -> TlsIdentity {
        TlsIdentity::new(vec![self.certificate.clone()], self.key.clone_key())
    }

    /// As the other side knows this union.
    fn known_as(&self, name: &str, status: PeerStatus, endpoint: Option<&str>) -> PinnedPeer {
        let pin = CertificateFacts::read(&self.certificate).unwrap().pin;
        let now = Instant::from_millis(START);
        let key = PinnedKey { pin, not_before: now.plus_days(-400), not_after: now.plus_days(4000) };
        PinnedPeer {
            node_id: node(name),
            status,
            keys: vec![key],
            endpoints: endpoint.map(|text| text.parse().unwrap()).into_iter().collect(),
        }
    }
}

/// One union's border.
struct Union {
    tls: Tls,
    doorkeeper: Doorkeeper,
    clock: HandClock,
    ambient: Ambient,
    address: String,
    connections: mpsc::Receiver<Connection>,
    arriving: mpsc::Sender<Connection>,
    dialler: Dialler,
    shutdown: CancellationToken,
}

impl Union {
    async fn opens(papers: &Papers, peers: Vec<PinnedPeer>) -> Self {
        let clock = HandClock(Arc::new(AtomicI64::new(START)));
        let ambient = Ambient::new(clock.clone(), SystemEntropy);
        let tls = Tls::new(papers.identity(), PinTable::new(peers), ambient.clone());
        let doorkeeper = Doorkeeper::default();
        let (arriving, connections) = mpsc::channel(8);
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap().to_string();
        let shutdown = CancellationToken::new();
        let listener = Listener::new(tls.clone(), doorkeeper.clone(), arriving.clone());
        tokio::spawn(listener.serve(socket, shutdown.clone()));
        Self { tls, doorkeeper, clock, ambient, address, connections, arriving, dialler: Dialler::new(), shutdown }
    }

    fn knows(&self, peers: Vec<PinnedPeer>) {
        self.tls.pins().replace(peers);
    }

    fn starts_dialling(&self) {
        let parts = DiallerParts {
            tls: self.tls.clone(),
            doorkeeper: self.doorkeeper.clone(),
            ambient: self.ambient.clone(),
            live: Arc::new(|_| false),
            connections: self.arriving.clone(),
        };
        tokio::spawn(self.dialler.clone().run(parts, self.shutdown.clone()));
    }

    async fn connection(&mut self) -> Connection {
        timeout(PATIENCE, self.connections.recv()).await.expect("a connection in time").unwrap()
    }

    async fn turned_away(&self, reason: Barred) {
        let counted = async {
            while self.doorkeeper.count(reason) == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let told = |other: &Barred| self.doorkeeper.count(*other) > 0;
        assert!(timeout(PATIENCE, counted).await.is_ok(), "told {:?}", Barred::ALL.iter().filter(|r| told(r)).collect::<Vec<_>>());
        assert!(Barred::ALL.iter().all(|other| *other == reason || !told(other)), "one reason and no other");
    }
}

impl Drop for Union {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

fn node(name: &str) -> NodeId {
    NodeId::parse(name).unwrap()
}

fn ping(nonce: u64) -> wire::Frame {
    wire::Frame { frame: Some(wire::frame::Frame::Ping(wire::Ping { nonce, answer: false })) }
}

fn nonce(frame: &wire::Frame) -> u64 {
    match &frame.frame {
        Some(wire::frame::Frame::Ping(ping)) => ping.nonce,
        _ => panic!("not a ping"),
    }
}

async fn next(connection: &mut Connection) -> Option<Result<wire::Frame, LinkError>> {
    timeout(PATIENCE, connection.incoming.next()).await.expect("a frame or the end in time")
}

/// MTUC dials KSBSI; each knows the other as given.
async fn mtuc_dials_ksbsi(mtuc_papers: &Papers, at_ksbsi: Vec<PinnedPeer>) -> (Union, Union) {
    let ksbsi_papers = Papers::new("id.ksbsi");
    let ksbsi = Union::opens(&ksbsi_papers, at_ksbsi).await;
    let mtuc = Union::opens(mtuc_papers, vec![ksbsi_papers.known_as("id.ksbsi", PeerStatus::Active, Some(&ksbsi.address))]).await;
    mtuc.starts_dialling();
    (mtuc, ksbsi)
}

#[tokio::test]
async fn two_unions_that_confirmed_each_other_talk_both_ways() {
    let papers = Papers::new("my.mtuc");
    let (mut mtuc, mut ksbsi) = mtuc_dials_ksbsi(&papers, vec![papers.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    let (mut here, mut there) = (mtuc.connection().await, ksbsi.connection().await);
    assert_eq!((here.peer.as_str(), here.dialled_by_us), ("id.ksbsi", true));
    assert_eq!((there.peer.as_str(), there.dialled_by_us), ("my.mtuc", false));

    for number in 0..100 {
        here.outgoing.send(ping(number)).await.unwrap();
        assert_eq!(nonce(&next(&mut there).await.unwrap().unwrap()), number);
        there.outgoing.send(ping(number + 1000)).await.unwrap();
        assert_eq!(nonce(&next(&mut here).await.unwrap().unwrap()), number + 1000);
    }
    // When one side ends the stream, what it said last still arrives, and both sides see the end.
    there.outgoing.send(ping(7)).await.unwrap();
    there.close.cancel();
    assert_eq!(nonce(&next(&mut here).await.unwrap().unwrap()), 7);
    assert!(next(&mut here).await.is_none_or(|end| end.is_err()));
    timeout(PATIENCE, here.close.cancelled()).await.unwrap();
}

#[tokio::test]
async fn a_lost_stream_is_dialled_again_without_anybody_asking() {
    let papers = Papers::new("my.mtuc");
    let (mut mtuc, mut ksbsi) = mtuc_dials_ksbsi(&papers, vec![papers.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    drop((mtuc.connection().await, ksbsi.connection().await));
    mtuc.dialler.poke(&node("id.ksbsi"));
    let (here, mut there) = (mtuc.connection().await, ksbsi.connection().await);
    here.outgoing.send(ping(1)).await.unwrap();
    assert_eq!(nonce(&next(&mut there).await.unwrap().unwrap()), 1);
}

#[tokio::test]
async fn a_stranger_is_turned_away() {
    let (mut mtuc, mut ksbsi) = mtuc_dials_ksbsi(&Papers::new("my.mtuc"), vec![]).await;
    ksbsi.turned_away(Barred::Stranger).await;
    assert!(ksbsi.connections.try_recv().is_err() && mtuc.connections.try_recv().is_err());
}

#[tokio::test]
async fn the_operator_is_told_a_reason_and_half_a_pin_and_no_name() {
    // Given a stranger whose certificate bears a name.
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(lines.clone()).finish();
    let _told = tracing::subscriber::set_default(subscriber);
    let papers = Papers::new("xx.siti-aminah");
    let pin = CertificateFacts::read(&papers.certificate).unwrap().pin.to_string();
    let (_mtuc, ksbsi) = mtuc_dials_ksbsi(&papers, vec![]).await;
    ksbsi.turned_away(Barred::Stranger).await;
    // Then one line says why, with eight digits of the pin, and none says who.
    let told = lines.text();
    let refused: Vec<&str> = told.lines().filter(|line| line.contains("federation.refused")).collect();
    assert_eq!(refused.len(), usize::try_from(ksbsi.doorkeeper.count(Barred::Stranger)).unwrap(), "{told}");
    assert!(refused[0].contains(r#""reason":"STRANGER""#) && refused[0].contains(&format!(r#""pin":"{pin}""#)), "{told}");
    assert_eq!(pin.len(), 8);
    assert!(!told.contains("siti") && !told.contains("xx."), "{told}");
}

/// Telemetry, kept.
#[derive(Clone, Default)]
struct Lines(Arc<std::sync::Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_peer_that_nobody_confirmed_is_turned_away() {
    let papers = Papers::new("my.mtuc");
    let (_mtuc, ksbsi) = mtuc_dials_ksbsi(&papers, vec![papers.known_as("my.mtuc", PeerStatus::NotConfirmed, None)]).await;
    ksbsi.turned_away(Barred::NotConfirmed).await;
}

#[tokio::test]
async fn a_suspended_peer_is_turned_away() {
    let papers = Papers::new("my.mtuc");
    let (_mtuc, ksbsi) = mtuc_dials_ksbsi(&papers, vec![papers.known_as("my.mtuc", PeerStatus::Suspended, None)]).await;
    ksbsi.turned_away(Barred::Suspended).await;
}

#[tokio::test]
async fn whoever_answers_in_place_of_the_dialled_peer_is_hung_up_on() {
    // Given CLC answers where KSBSI was: MTUC knows and trusts both.
    let (mtuc_papers, ksbsi_papers, clc_papers) = (Papers::new("my.mtuc"), Papers::new("id.ksbsi"), Papers::new("kh.clc"));
    let mut clc = Union::opens(&clc_papers, vec![mtuc_papers.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    let ksbsi_moved = ksbsi_papers.known_as("id.ksbsi", PeerStatus::Active, Some(&clc.address));
    let mtuc = Union::opens(&mtuc_papers, vec![ksbsi_moved, clc_papers.known_as("kh.clc", PeerStatus::Active, None)]).await;
    // When MTUC dials KSBSI, then it hangs up, and CLC gets no stream.
    mtuc.starts_dialling();
    mtuc.turned_away(Barred::WrongPin).await;
    assert!(clc.connections.try_recv().is_err());
}

#[tokio::test]
async fn a_new_certificate_for_another_key_is_no_longer_the_peer() {
    // Given KSBSI pinned the key MTUC had; when MTUC comes with another one under the same name, then it is a stranger.
    let before = Papers::new("my.mtuc");
    let (_mtuc, ksbsi) = mtuc_dials_ksbsi(&Papers::new("my.mtuc"), vec![before.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    ksbsi.turned_away(Barred::Stranger).await;
}

#[tokio::test]
async fn certificates_count_by_the_nodes_own_clock() {
    let papers = Papers::new("my.mtuc");
    let (mut mtuc, mut ksbsi) = mtuc_dials_ksbsi(&papers, vec![papers.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    drop((mtuc.connection().await, ksbsi.connection().await));
    // Three years on at KSBSI alone, MTUC's certificate has expired there.
    ksbsi.clock.0.store(START + 3 * 365 * 86_400_000, Ordering::SeqCst);
    mtuc.dialler.poke(&node("id.ksbsi"));
    ksbsi.turned_away(Barred::Expired).await;
}

#[tokio::test]
async fn a_certificate_of_the_future_is_not_valid_yet() {
    let papers = Papers::made_at("my.mtuc", Instant::from_millis(START).plus_days(30));
    let (_mtuc, ksbsi) = mtuc_dials_ksbsi(&papers, vec![papers.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    ksbsi.turned_away(Barred::NotYetValid).await;
}

#[tokio::test]
async fn a_copied_certificate_is_worth_nothing_without_its_key() {
    let (mtuc, thief) = (Papers::new("my.mtuc"), Papers::new("my.mtuc"));
    let ksbsi = Union::opens(&Papers::new("id.ksbsi"), vec![mtuc.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    impostor::shows_without_holding(&ksbsi.address, mtuc.certificate.clone(), &thief.key).await;
    ksbsi.turned_away(Barred::KeyNotHeld).await;
}

#[tokio::test]
async fn whoever_shows_no_certificate_is_turned_away() {
    let ksbsi = Union::opens(&Papers::new("id.ksbsi"), vec![]).await;
    let config = impostor::trusting_anybody().with_no_client_auth();
    impostor::shakes_hands(&ksbsi.address, config).await;
    ksbsi.turned_away(Barred::NoCertificate).await;
}

#[tokio::test]
async fn tls_1_2_is_turned_away_with_an_alert_and_nothing_else() {
    let ksbsi = Union::opens(&Papers::new("id.ksbsi"), vec![]).await;
    let mut socket = TcpStream::connect(&ksbsi.address).await.unwrap();
    socket.write_all(&impostor::hello_of_tls_1_2()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut answer)).await.unwrap().unwrap();
    ksbsi.turned_away(Barred::OldProtocol).await;
    assert_eq!(answer, [21, 3, 3, 0, 2, 2, 70], "one fatal alert: protocol version");
}

#[tokio::test]
async fn a_silent_socket_is_dropped_and_holds_up_nobody() {
    let papers = Papers::new("my.mtuc");
    let (mut mtuc, mut ksbsi) = mtuc_dials_ksbsi(&papers, vec![papers.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    let mut silent = TcpStream::connect(&ksbsi.address).await.unwrap();
    drop((mtuc.connection().await, ksbsi.connection().await));
    let mut nothing = [0];
    assert!(matches!(timeout(PATIENCE, silent.read(&mut nothing)).await.unwrap(), Ok(0) | Err(_)));
    ksbsi.turned_away(Barred::TooSlow).await;
}

#[tokio::test]
async fn suspending_a_peer_cuts_its_stream_before_its_next_frame() {
    let papers = Papers::new("my.mtuc");
    let (mut mtuc, mut ksbsi) = mtuc_dials_ksbsi(&papers, vec![papers.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    let (mut here, mut there) = (mtuc.connection().await, ksbsi.connection().await);
    here.outgoing.send(ping(1)).await.unwrap();
    assert_eq!(nonce(&next(&mut there).await.unwrap().unwrap()), 1);
    // Given a frame that has arrived but was not read; when KSBSI suspends MTUC, then that frame is refused and both ends see the end.
    here.outgoing.send(ping(2)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    ksbsi.knows(vec![papers.known_as("my.mtuc", PeerStatus::Suspended, None)]);
    assert!(matches!(next(&mut there).await, Some(Err(LinkError::NotActive(Barred::Suspended)))));
    assert!(next(&mut there).await.is_none());
    assert!(there.close.is_cancelled());
    assert!(next(&mut here).await.is_none_or(|end| end.is_err()), "MTUC gets no answer, only the end");
    // And when KSBSI resumes, MTUC comes back by itself.
    ksbsi.knows(vec![papers.known_as("my.mtuc", PeerStatus::Active, None)]);
    drop((here, there));
    mtuc.dialler.poke(&node("id.ksbsi"));
    assert_eq!(ksbsi.connection().await.peer.as_str(), "my.mtuc");
}

#[tokio::test]
async fn one_peer_cannot_take_the_places_of_all_others() {
    let papers = Papers::new("my.mtuc");
    let ksbsi = Union::opens(&Papers::new("id.ksbsi"), vec![papers.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    let mut held = Vec::new();
    for _ in 0..SOCKETS_PER_PEER_MAX {
        held.push(impostor::holds_a_socket(&ksbsi.address, papers.certificate.clone(), &papers.key).await);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(ksbsi.doorkeeper.count(Barred::TooMany), 0);
    held.push(impostor::holds_a_socket(&ksbsi.address, papers.certificate.clone(), &papers.key).await);
    ksbsi.turned_away(Barred::TooMany).await;
}

#[tokio::test]
async fn a_node_that_stops_ends_its_streams_within_the_grace() {
    let papers = Papers::new("my.mtuc");
    let (mut mtuc, mut ksbsi) = mtuc_dials_ksbsi(&papers, vec![papers.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    let (mut here, mut there) = (mtuc.connection().await, ksbsi.connection().await);
    ksbsi.shutdown.cancel();
    // What is said in the grace still arrives; then the stream ends by itself.
    there.outgoing.send(ping(1)).await.unwrap();
    assert_eq!(nonce(&next(&mut here).await.unwrap().unwrap()), 1);
    assert!(next(&mut here).await.is_none_or(|end| end.is_err()));
    assert!(next(&mut there).await.is_none_or(|end| end.is_err()));
}

#[tokio::test]
async fn a_frame_above_the_limit_ends_the_stream() {
    let papers = Papers::new("my.mtuc");
    let (mut mtuc, mut ksbsi) = mtuc_dials_ksbsi(&papers, vec![papers.known_as("my.mtuc", PeerStatus::Active, None)]).await;
    let (here, mut there) = (mtuc.connection().await, ksbsi.connection().await);
    let hello = wire::Hello { node_id: "x".repeat(3 * 1024 * 1024), ..wire::Hello::default() };
    here.outgoing.send(wire::Frame { frame: Some(wire::frame::Frame::Hello(hello)) }).await.unwrap();
    assert!(next(&mut there).await.is_none_or(|end| end.is_err()));
}

#[test]
fn nobody_displaces_a_peer_by_claiming_its_key() {
    // Given an active peer; when a descriptor that nobody confirmed claims the same key, in whatever order, then the key stays with the peer.
    let papers = Papers::new("my.mtuc");
    let facts = CertificateFacts::read(&papers.certificate).unwrap();
    let (real, claim) = (papers.known_as("my.mtuc", PeerStatus::Active, None), papers.known_as("xx.thief", PeerStatus::NotConfirmed, None));
    for peers in [vec![real.clone(), claim.clone()], vec![claim, real]] {
        let admitted = PinTable::new(peers).admit(&facts, Instant::from_millis(START)).unwrap();
        assert_eq!(admitted.node_id.as_str(), "my.mtuc");
    }
}
