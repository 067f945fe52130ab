//! A key's pin, and the peer that a proven key belongs to.

use std::fmt;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use sha2::{Digest as _, Sha256};
use titian_proto::model::date::Instant;
use titian_proto::model::id::NodeId;
use x509_parser::prelude::{FromDer, X509Certificate};

/// SHA-256 of a certificate's subject public key info: what descriptors pin, so that a certificate can be renewed without a new descriptor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pin([u8; 32]);

impl Pin {
    /// From the 32 bytes of a descriptor.
    #[must_use]
    pub const fn new(sha256: [u8; 32]) -> Self {
        Self(sha256)
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Pin {
    /// The first eight hexadecimal digits: enough to compare with a descriptor, too little to be a name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}

/// A peer that proved, by a handshake, that it holds a key pinned in its descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeerIdentity {
    /// The peer.
    pub node_id: NodeId,
    /// The key it proved.
    pub pin: Pin,
}

/// What the border reads of a certificate. Its names are not among it: they say nothing that a pin does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Pin of its public key.
    pub pin: Pin,
    /// Valid from.
    pub not_before: Instant,
    /// Valid until.
    pub not_after: Instant,
}

/// Bytes that are no X.509 certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are no X.509 certificate")]
pub struct NoCertificate;

impl CertificateFacts {
    /// Reads them from text; none when it holds no certificate.
    #[must_use]
    pub fn of_pem(pem: &str) -> Option<Self> {
        CertificateDer::from_pem_slice(pem.as_bytes()).ok().and_then(|certificate| Self::read(&certificate).ok())
    }

    /// Reads them.
    ///
    /// # Errors
    /// When the bytes are no certificate.
    pub fn read(certificate: &CertificateDer<'_>) -> Result<Self, NoCertificate> {
        let (rest, parsed) = X509Certificate::from_der(certificate.as_ref()).map_err(|_| NoCertificate)?;
        if !rest.is_empty() {
            return Err(NoCertificate);
        }
        let validity = parsed.validity();
        let instant = |seconds: i64| Instant::from_millis(seconds.saturating_mul(1000));
        Ok(Self {
            pin: Pin(Sha256::digest(parsed.public_key().raw).into()),
            not_before: instant(validity.not_before.timestamp()),
            not_after: instant(validity.not_after.timestamp()),
        })
    }
}

/// The node's time as the TLS library tells it back to us.
pub(super) fn instant_of(time: UnixTime) -> Instant {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Instant::from_millis(seconds.saturating_mul(1000))
}
