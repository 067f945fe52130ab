//! Somebody with the keys of a confirmed peer, and bad intentions: a client that is not ours, and keeps to no limit ([`Hostile`]); and who knows the
//! protocol well, and lies in it ([`liar::Liar`]).
#![allow(dead_code, reason = "each test uses its own part of it")]

pub(crate) mod liar;
pub(crate) mod proof;

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};

use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use titian_proto::wire::federation_service_client::FederationServiceClient;
use titian_proto::wire::{self, frame};
use titian_tests::union::Union;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::client::TlsStream;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::codec::CompressionEncoding;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

/// The epoch that it claims, always the same.
const EPOCH: [u8; 16] = [9; 16];

/// A stream to a node: what is put in goes out, whatever it is.
pub(crate) struct Stream {
    pub(crate) say: mpsc::Sender<wire::LinkRequest>,
    pub(crate) hear: Streaming<wire::LinkResponse>,
}

/// Somebody with a peer's keys.
#[derive(Clone)]
pub(crate) struct Hostile {
    certificate: CertificateDer<'static>,
    key: Arc<PrivateKeyDer<'static>>,
    victim: SocketAddr,
    /// What it says first.
    pub(crate) hello: wire::Hello,
}

impl Hostile {
    /// Takes the keys out of the folder of a node that is not running, to use them against another.
    pub(crate) fn with_keys_of(node_id: &str, folder: &Path, victim: SocketAddr) -> Self {
        let file = |name: &str| folder.join("keys").join(name);
        let certificate = CertificateDer::from_pem_file(file("tls.crt")).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(file("tls.key")).expect("a key");
        let (node_id, epoch) = (node_id.to_owned(), EPOCH.to_vec().into());
        let hello = wire::Hello { node_id, epoch, protocol_min: 1, protocol_max: 1, ..wire::Hello::default() };
        Self { certificate, key: Arc::new(key), victim, hello }
    }

    /// The same keys, at another door.
    pub(crate) fn at(&self, victim: SocketAddr) -> Self {
        Self { victim, ..self.clone() }
    }

    /// Shakes hands as it should, and says nothing yet. None when it is turned away.
    pub(crate) async fn socket(&self) -> Option<TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
        let config = config.expect("TLS 1.3").dangerous().with_custom_certificate_verifier(Arc::new(Credulous));
        let mut config = config.with_client_auth_cert(vec![self.certificate.clone()], self.key.clone_key()).expect("a pair");
        config.alpn_protocols = vec![b"h2".to_vec()];
        let tcp = TcpStream::connect(self.victim).await.ok()?;
        let name = ServerName::try_from("peer.invalid").expect("a name");
        tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp).await.ok()
    }

    /// Opens a stream and says hello. None when it is turned away.
    pub(crate) async fn stream(&self) -> Option<Stream> {
        let once = Mutex::new(Some(TokioIo::new(self.socket().await?)));
        let connector = service_fn(move |_| {
            let stream = once.lock().expect("no thread panics with it").take();
            std::future::ready(stream.ok_or(std::io::Error::from(std::io::ErrorKind::NotConnected)))
        });
        let channel: Channel = Endpoint::from_static("http://peer.invalid").connect_with_connector(connector).await.ok()?;
        let client = FederationServiceClient::new(channel).max_decoding_message_size(usize::MAX);
        let mut client = client.accept_compressed(CompressionEncoding::Zstd).send_compressed(CompressionEncoding::Zstd);
        let (say, said) = mpsc::channel(4);
        say.send(request(frame::Frame::Hello(self.hello.clone()))).await.ok()?;
        let hear = client.link(ReceiverStream::new(said)).await.ok()?.into_inner();
        Some(Stream { say, hear })
    }
}

impl Stream {
    /// Says something; whether the stream still takes it.
    pub(crate) async fn says(&self, frame: frame::Frame) -> bool {
        self.say.send(request(frame)).await.is_ok()
    }

    /// Reads what comes until the stream ends.
    pub(crate) async fn hears_the_end(mut self) {
        while let Some(Ok(_)) = self.hear.next().await {}
    }
}

/// Where a union's node listens for peers.
pub(crate) fn address(union: &Union) -> SocketAddr {
    let text = std::fs::read_to_string(union.node.folder.join("node.toml")).expect("node.toml");
    let settings: toml::Table = toml::from_str(&text).expect("node.toml is TOML");
    settings["federation"]["listen"].as_str().and_then(|listen| listen.parse().ok()).expect("an address")
}

/// Where the attack runs.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// Opens sockets from another address of this machine and sends nothing, not even a handshake.
pub(crate) async fn silent_sockets(from: IpAddr, victim: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut held = Vec::with_capacity(count);
    for _ in 0..count {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::new(from, 0)).expect("an address of this machine");
        held.extend(socket.connect(victim).await);
    }
    held
}

fn request(frame: frame::Frame) -> wire::LinkRequest {
    wire::LinkRequest { frame: Some(wire::Frame { frame: Some(frame) }) }
}

/// Believes anybody.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ED25519]
    }
}
