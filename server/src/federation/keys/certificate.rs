//! The self-signed certificate that carries a pinned key.

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256};
use time::{Duration, OffsetDateTime};
use titian_proto::model::date::Instant;
use titian_proto::model::id::NodeId;
use zeroize::Zeroizing;

/// Valid for two years: an office without spare staff renews it seldom, and a forgotten one still ends.
const VALID_DAYS: i64 = 730;

/// Valid from a day before it was made, so that a peer whose clock runs behind accepts it.
const BACKDATED_DAYS: i64 = 1;

/// A certificate and its key, as PEM.
pub struct NewCertificate {
    /// The certificate.
    pub certificate_pem: String,
    /// Its key; wiped when dropped.
    pub key_pem: Zeroizing<String>,
}

/// Makes a P-256 key and a certificate for it, made now.
///
/// # Errors
/// When the library cannot.
pub fn self_signed(node_id: &NodeId, now: Instant) -> Result<NewCertificate, rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let made = OffsetDateTime::from_unix_timestamp(now.as_millis().div_euclid(1000)).map_err(|_| rcgen::Error::Time)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, node_id.as_str());
    params.not_before = made.saturating_sub(Duration::days(BACKDATED_DAYS));
    params.not_after = made.saturating_add(Duration::days(VALID_DAYS));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let certificate = params.self_signed(&key)?;
    Ok(NewCertificate { certificate_pem: certificate.pem(), key_pem: Zeroizing::new(key.serialize_pem()) })
}
