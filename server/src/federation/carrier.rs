//! A second certificate beside the node's own, which carries its newest descriptors: whoever knows an older one and confirmed its owners follows them in
//! the handshake itself, however long it was away and whatever keys both sides have changed meanwhile. It is a letter, not a key: what it says is
//! believed because the owners signed it, and nothing else in this certificate counts.

use prost::Message as _;
use rcgen::{CertificateParams, CustomExtension, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls_pki_types::CertificateDer;
use titian_proto::model::descriptor::DescriptorChain;
use titian_proto::wire;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::keys::KeyError;

/// Most bytes of descriptors in a handshake. The TLS library takes 64 KiB of certificates; some thirty descriptors fit, seven years of four rotations a
/// year. Who was away for longer gets the descriptor file.
pub const TAIL_BYTES_MAX: usize = 32 * 1024;

/// Certificates that are looked at: the node's own, its chain, and this one.
const CERTIFICATES_MAX: usize = 8;

/// Names the extension: an arc that needs no registry (ITU-T X.667), and the letters "titian".
const OID: [u64; 3] = [2, 25, 0x7469_7469_616e];

/// The certificate that carries a chain's newest descriptors.
///
/// # Errors
/// When the library cannot make it.
pub fn carrier(chain: &DescriptorChain) -> Result<CertificateDer<'static>, KeyError> {
    let mut params = CertificateParams::default();
    params.custom_extensions = vec![CustomExtension::from_oid_content(&OID, chain.tail(TAIL_BYTES_MAX).encode_to_vec())];
    let made = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).and_then(|key| params.self_signed(&key));
    made.map(|certificate| certificate.der().clone()).map_err(KeyError::Carrier)
}

/// The descriptors among the certificates that the other side showed. Not believed yet.
pub(super) fn carried(certificates: &[CertificateDer<'_>]) -> Option<wire::DescriptorChain> {
    certificates.iter().take(CERTIFICATES_MAX).find_map(|certificate| {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let is_ours = |oid: &x509_parser::der_parser::oid::Oid<'_>| oid.iter().is_some_and(|arcs| arcs.eq(OID));
        let extension = parsed.extensions().iter().find(|extension| is_ours(&extension.oid))?;
        (extension.value.len() <= TAIL_BYTES_MAX).then(|| wire::DescriptorChain::decode(extension.value).ok()).flatten()
    })
}
