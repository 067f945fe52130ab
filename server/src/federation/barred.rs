//! Why somebody was turned away at the border. The operator reads it in the telemetry; the other side sees a TLS alert and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

use super::identity::Pin;

/// Why somebody was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    /// A key that no peer's descriptor pins.
    #[error("the key is pinned by no known peer; exchange descriptors first")]
    Stranger,
    /// Not the key of the peer that was dialled, or no longer its key.
    #[error("the key is not one of this peer's; ask the peer for its newest descriptor")]
    WrongPin,
    /// The certificate or the pin has run out, by this node's clock.
    #[error("the certificate has expired; the peer renews it, or this node's clock is wrong")]
    Expired,
    /// The certificate or the pin is not valid yet, by this node's clock.
    #[error("the certificate is not valid yet; compare both clocks")]
    NotYetValid,
    /// The peer is suspended here.
    #[error("the peer is suspended here")]
    Suspended,
    /// The peer's keys are in other hands.
    #[error("the peer's owners said that its keys are in other hands; nobody with these keys is let in")]
    Compromised,
    /// The peer's fingerprint was not confirmed here.
    #[error("the peer's fingerprint has not been confirmed here; compare the words and confirm it")]
    NotConfirmed,
    /// The certificate is one thing and the key behind the handshake another.
    #[error("the other side does not hold the key of the certificate it shows")]
    KeyNotHeld,
    /// It showed no certificate.
    #[error("no certificate was shown")]
    NoCertificate,
    /// It does not speak TLS 1.3.
    #[error("the other side does not speak TLS 1.3")]
    OldProtocol,
    /// The handshake failed in another way.
    #[error("the handshake failed")]
    Handshake,
    /// The handshake took too long.
    #[error("the handshake took too long")]
    TooSlow,
    /// Too many handshakes or connections at once.
    #[error("too many connections at once")]
    TooMany,
}

impl Barred {
    /// Every reason, in the order of the telemetry.
    pub const ALL: [Self; 13] = [
        Self::Stranger,
        Self::WrongPin,
        Self::Expired,
        Self::NotYetValid,
        Self::Suspended,
        Self::Compromised,
        Self::NotConfirmed,
        Self::KeyNotHeld,
        Self::NoCertificate,
        Self::OldProtocol,
        Self::Handshake,
        Self::TooSlow,
        Self::TooMany,
    ];

    /// The stable code in the telemetry.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Stranger => "STRANGER",
            Self::WrongPin => "WRONG_PIN",
            Self::Expired => "EXPIRED",
            Self::NotYetValid => "NOT_YET_VALID",
            Self::Suspended => "SUSPENDED",
            Self::Compromised => "COMPROMISED",
            Self::NotConfirmed => "NOT_CONFIRMED",
            Self::KeyNotHeld => "KEY_NOT_HELD",
            Self::NoCertificate => "NO_CERTIFICATE",
            Self::OldProtocol => "OLD_PROTOCOL",
            Self::Handshake => "HANDSHAKE",
            Self::TooSlow => "TOO_SLOW",
            Self::TooMany => "TOO_MANY",
        }
    }
}

/// A certificate that was turned away, on its way through the TLS library.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{reason}")]
pub(super) struct BarredCertificate {
    pub(super) reason: Barred,
    /// None when it could not be read.
    pub(super) pin: Option<Pin>,
}

/// Counts who was turned away, and tells the operator once for each.
#[derive(Clone, Default)]
pub struct Doorkeeper {
    counts: Arc<[AtomicU64; Barred::ALL.len()]>,
}

/// Of each reason so many are written out, then only every hundredth: strangers must not be able to fill the disk with telemetry.
const WRITTEN_OUT_MAX: u64 = 1000;

/// One in so many is still written out after [`WRITTEN_OUT_MAX`].
const THINNED_TO: u64 = 100;

impl Doorkeeper {
    /// Records one refusal. The other side's names and address are not among what is told.
    pub fn record(&self, reason: Barred, pin: Option<Pin>) {
        let Some(count) = self.counts.get(reason as usize) else { return };
        let times = count.fetch_add(1, Ordering::Relaxed) + 1;
        if times > WRITTEN_OUT_MAX && !times.is_multiple_of(THINNED_TO) {
            return;
        }
        let pin = pin.map(|pin| pin.to_string()).unwrap_or_default();
        tracing::warn!(event = "federation.refused", reason = reason.code(), pin, times, "{reason}");
    }

    /// How many were turned away for this reason since the start.
    #[must_use]
    pub fn count(&self, reason: Barred) -> u64 {
        self.counts.get(reason as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

/// Reads the reason out of a failed handshake.
pub(super) fn of_handshake(error: &std::io::Error) -> BarredCertificate {
    let plain = |reason| BarredCertificate { reason, pin: None };
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return plain(Barred::Handshake);
    };
    match tls {
        Error::InvalidCertificate(CertificateError::Other(other)) => match other.0.downcast_ref::<BarredCertificate>() {
            Some(barred) => *barred,
            None => plain(Barred::Handshake),
        },
        Error::InvalidCertificate(CertificateError::BadSignature) => plain(Barred::KeyNotHeld),
        Error::NoCertificatesPresented => plain(Barred::NoCertificate),
        Error::PeerIncompatible(
            PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled
            | PeerIncompatible::ServerDoesNotSupportTls12Or13,
        ) => plain(Barred::OldProtocol),
        Error::AlertReceived(AlertDescription::ProtocolVersion) => plain(Barred::OldProtocol),
        _ => plain(Barred::Handshake),
    }
}
