//! The file of the key that bundles are sealed to.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use titian_proto::bundle::SealingKey;
use zeroize::Zeroizing;

use super::{KeyError, KeyFolder, read_secret, write_secret};
use crate::ambient::Ambient;

/// File of the key that bundles are sealed to.
pub const SEALING_KEY_FILE: &str = "sealing.key";

/// What stands before the 32 secret bytes of an X25519 key in PKCS#8 (RFC 8410).
const PKCS8_HEAD: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20];

const WHAT: &str = "an X25519 private key (PEM, PKCS#8)";

/// A new sealing key.
#[must_use]
pub fn new_sealing_key(ambient: &Ambient) -> SealingKey {
    SealingKey::generate(&Zeroizing::new(ambient.random()))
}

impl KeyFolder {
    /// Reads the key that bundles are sealed to.
    ///
    /// # Errors
    /// When the file is missing, unreadable or no X25519 key.
    pub fn load_sealing(&self) -> Result<SealingKey, KeyError> {
        read_sealing(self.path(SEALING_KEY_FILE))
    }

    /// Writes that key into a new file.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn store_sealing(&self, key: &SealingKey) -> Result<(), KeyError> {
        write_sealing(&self.path(SEALING_KEY_FILE), key)
    }
}

pub(super) fn read_sealing(file: PathBuf) -> Result<SealingKey, KeyError> {
    let pem = read_secret(&file)?;
    let secret = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok().and_then(|der| secret_of(der.secret_pkcs8_der()));
    secret.and_then(|secret| SealingKey::from_secret_bytes(&secret)).ok_or(KeyError::Malformed { file, what: WHAT })
}

pub(super) fn write_sealing(file: &Path, key: &SealingKey) -> Result<(), KeyError> {
    let der = Zeroizing::new([&PKCS8_HEAD[..], &key.secret_bytes()[..]].concat());
    let line = Zeroizing::new(BASE64_STANDARD.encode(&*der));
    let pem = Zeroizing::new(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", *line));
    write_secret(file, pem.as_bytes())
}

fn secret_of(der: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    der.strip_prefix(&PKCS8_HEAD)?.try_into().ok().map(Zeroizing::new)
}
