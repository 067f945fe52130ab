//! TLS 1.3 with pinned keys on both sides. No certificate authority, no names, no session resumption: a resumed session would skip the pin.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, OtherError, PeerIncompatible, ServerConfig, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use titian_proto::model::id::NodeId;
use tokio_util::sync::CancellationToken;

use super::barred::{Barred, BarredCertificate};
use super::identity::{CertificateFacts, PeerIdentity, instant_of};
use super::keys::{KeyError, TlsIdentity};
use super::pins::PinTable;
use super::succession::{self, Succession};
use crate::acts::context::Acts;
use crate::ambient::Ambient;

/// The one application protocol: gRPC's transport.
const ALPN: &[u8] = b"h2";

/// Makes the TLS configurations of one node, which all share its clock and its table of peers.
#[derive(Clone)]
pub struct Tls {
    provider: Arc<CryptoProvider>,
    shown: Arc<ArcSwap<Shown>>,
    pins: PinTable,
    ambient: Ambient,
    /// None at a border without a house behind it, which follows nobody.
    succession: Option<Succession>,
}

/// The certificate and key that are shown, and the life in which they are.
struct Shown {
    identity: TlsIdentity,
    life: CancellationToken,
}

impl Tls {
    /// With this certificate and key, these peers, this clock.
    #[must_use]
    pub fn new(identity: TlsIdentity, pins: PinTable, ambient: Ambient) -> Self {
        Self {
            provider: Arc::new(aws_lc_rs::default_provider()),
            shown: Arc::new(ArcSwap::from_pointee(Shown::new(identity))),
            pins,
            ambient,
            succession: None,
        }
    }

    /// Follows peers that show newer descriptors than the house of these acts knows.
    #[must_use]
    pub fn following(self, acts: Acts) -> Self {
        Self { succession: Some(Succession::new(acts, self.pins.clone())), ..self }
    }

    /// From now on shows this certificate, and with it newer descriptors. Connections on which the former one was shown end before another byte passes:
    /// their peers are shown the new one when they come again, in a moment.
    ///
    /// # Errors
    /// When the certificate and its key do not belong together. Then nothing changes.
    pub fn show(&self, identity: TlsIdentity) -> Result<(), KeyError> {
        if !identity.belong_together() {
            return Err(KeyError::Pair);
        }
        self.shown.swap(Arc::new(Shown::new(identity))).life.cancel();
        Ok(())
    }

    /// Ends when another certificate is shown. Taken before a handshake begins.
    pub(super) fn life(&self) -> CancellationToken {
        self.shown.load().life.clone()
    }

    /// The table of peers.
    #[must_use]
    pub fn pins(&self) -> &PinTable {
        &self.pins
    }

    /// For peers that dial us: any active peer is let in.
    ///
    /// # Errors
    /// When the node's own certificate and key do not belong together.
    pub fn server_config(&self) -> Result<ServerConfig, rustls::Error> {
        let shown = self.shown.load();
        let verifier = Arc::new(self.verifier(None));
        let mut config = ServerConfig::builder_with_details(self.provider.clone(), self.time())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(shown.identity.chain(), shown.identity.key())?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.max_early_data_size = 0;
        Ok(config)
    }

    /// For dialling this peer: only its keys will do.
    ///
    /// # Errors
    /// When the node's own certificate and key do not belong together.
    pub fn dialling_config(&self, peer: &NodeId) -> Result<ClientConfig, rustls::Error> {
        let shown = self.shown.load();
        let verifier = Arc::new(self.verifier(Some(peer.clone())));
        let mut config = ClientConfig::builder_with_details(self.provider.clone(), self.time())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous() // the pins are the verification; names and authorities are not used
            .with_custom_certificate_verifier(verifier)
            .with_client_auth_cert(shown.identity.chain(), shown.identity.key())?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = Resumption::disabled();
        config.enable_early_data = false;
        config.enable_sni = false; // whom we dial is nobody else's business
        Ok(config)
    }

    fn verifier(&self, only: Option<NodeId>) -> PinVerifier {
        PinVerifier { pins: self.pins.clone(), provider: self.provider.clone(), succession: self.succession.clone(), only }
    }

    /// Who stands on the other end of a finished handshake. Newer descriptors that it showed are on stable storage when this returns.
    ///
    /// # Errors
    /// Why it is barred.
    pub(super) async fn identify(&self, chain: Option<&[CertificateDer<'_>]>) -> Result<PeerIdentity, Barred> {
        let certificates = chain.unwrap_or_default();
        let certificate = certificates.first().ok_or(Barred::NoCertificate)?;
        let facts = CertificateFacts::read(certificate).map_err(|_| Barred::Handshake)?;
        if let Some(succession) = &self.succession {
            succession.take_in(succession::shown(certificates)).await;
        }
        self.pins.admit(&facts, self.ambient.now())
    }

    fn time(&self) -> Arc<dyn TimeProvider> {
        Arc::new(NodeTime(self.ambient.clone()))
    }
}

impl Shown {
    fn new(identity: TlsIdentity) -> Self {
        Self { identity, life: CancellationToken::new() }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("identity", &self.shown.load().identity).finish_non_exhaustive()
    }
}

/// The node's clock, as the TLS library asks for it.
struct NodeTime(Ambient);

impl fmt::Debug for NodeTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeTime")
    }
}

impl TimeProvider for NodeTime {
    fn current_time(&self) -> Option<UnixTime> {
        let millis = u64::try_from(self.0.now().as_millis()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_millis(millis)))
    }
}

/// Checks the pin of a certificate, the peer's status and the dates; the handshake's signature proves that the other side holds the key.
struct PinVerifier {
    pins: PinTable,
    provider: Arc<CryptoProvider>,
    succession: Option<Succession>,
    /// The peer that was dialled; none when somebody dials us.
    only: Option<NodeId>,
}

impl PinVerifier {
    fn check(&self, certificate: &CertificateDer<'_>, others: &[CertificateDer<'_>], now: UnixTime) -> Result<(), rustls::Error> {
        let Ok(facts) = CertificateFacts::read(certificate) else { return Err(barred(Barred::Handshake, None)) };
        let now = instant_of(now);
        let admitted = match &self.only {
            Some(peer) => self.pins.admit_only(peer, &facts, now),
            None => self.pins.admit(&facts, now),
        };
        let Err(reason) = admitted else { return Ok(()) };
        let may_have_new_keys = matches!(reason, Barred::Stranger | Barred::WrongPin | Barred::Expired);
        let is_dated = facts.not_before <= now && now <= facts.not_after;
        let vouched = |succession: &Succession| succession.vouches(others, facts.pin, self.only.as_ref(), now);
        if may_have_new_keys && is_dated && self.succession.as_ref().is_some_and(vouched) {
            return Ok(());
        }
        Err(barred(reason, Some(facts)))
    }

    fn signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key_not_held = |_| match CertificateFacts::read(certificate) {
            Ok(facts) => barred(Barred::KeyNotHeld, Some(facts)),
            Err(_) => barred(Barred::KeyNotHeld, None),
        };
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms).map_err(key_not_held)
    }

    fn schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// One alert for every reason, so that it tells the other side nothing.
fn barred(reason: Barred, facts: Option<CertificateFacts>) -> rustls::Error {
    let why = BarredCertificate { reason, pin: facts.map(|facts| facts.pin) };
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
}

/// TLS 1.2 is not compiled in; should it ever be, it is refused here too.
fn no_tls12() -> Result<HandshakeSignatureValid, rustls::Error> {
    Err(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig.into())
}

impl fmt::Debug for PinVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinVerifier")
    }
}

impl ClientCertVerifier for PinVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.check(end, others, now).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.check(end, others, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}
