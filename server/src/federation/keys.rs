//! The folder with the node's own keys. Every key is a file of its own, readable by its owner alone.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::identity::CertificateFacts;
use crate::ambient::Ambient;

mod certificate;
mod node;
mod rotated;
mod sealing;

pub use certificate::{NewCertificate, self_signed};
pub use node::{NEW_NODE_KEY_FILE, NODE_KEY_FILE, write_node_key};
pub use sealing::{SEALING_KEY_FILE, new_sealing_key};

/// Largest key or certificate file: a chain of a few certificates. A wrong file (a disk image, say) must not be read whole.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The node's Ed25519 keys, by what they sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyName {
    /// Signs descriptors. Belongs offline.
    Root,
    /// Signs envelopes, receipts and statements.
    Signing,
    /// Signs the log's heads.
    Log,
    /// Cosigns partners' log heads.
    Witness,
}

impl KeyName {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Root, Self::Signing, Self::Log, Self::Witness];

    /// Its file.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Root => "root.key",
            Self::Signing => "signing.key",
            Self::Log => "log.key",
            Self::Witness => "witness.key",
        }
    }
}

/// File of the key of the node's certificate.
pub const TLS_KEY_FILE: &str = "tls.key";

/// File of the node's certificate and, behind it, its chain.
pub const TLS_CERTIFICATE_FILE: &str = "tls.crt";

/// Why a key cannot be used. Names the file, never what is in it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is not there.
    #[error("the key file {} is missing: put it back from its backup; without it this node cannot prove who it is", .file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be read.
    #[error("the key file {} cannot be read: make it readable for the user that runs the node, and for nobody else (mode 0600)", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("the file {} does not hold {what}: put it back from its backup", .file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The file holds a key, and another than the descriptor names.
    #[error("the key file {} does not hold the key that descriptor.txt names: put back the files that belong together", .file.display())]
    Other {
        /// The file.
        file: PathBuf,
    },
    /// Certificate and key.
    #[error("the certificate and the key beside it in keys/ do not belong together: put back a matching pair")]
    Pair,
    /// The certificate that carries the descriptors.
    #[error("the certificate that carries the node's descriptors could not be made; this is a fault of the program")]
    Carrier(#[source] rcgen::Error),
    /// A key must never be overwritten.
    #[error("the key file {} exists already and is not overwritten: choose another folder", .file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be written.
    #[error("the key file {} cannot be written", .file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A key that signs. Never shown; wiped when dropped.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// A new one.
    #[must_use]
    pub fn generate(ambient: &Ambient) -> Self {
        let secret = Zeroizing::new(ambient.random::<32>());
        Self(SigningKey::from_bytes(&secret))
    }

    /// The key itself, for the signer.
    #[must_use]
    pub fn signing_key(&self) -> &SigningKey {
        &self.0
    }

    /// Its public half.
    #[must_use]
    pub fn public_bytes(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// Reads a key that signs, wherever it is kept.
///
/// # Errors
/// When the file is missing, unreadable or no Ed25519 key.
pub fn load_key(file: &Path) -> Result<SecretKey, KeyError> {
    let pem = read_secret(file)?;
    let malformed = |_| KeyError::Malformed { file: file.to_owned(), what: "an Ed25519 private key (PEM, PKCS#8)" };
    SigningKey::from_pkcs8_pem(&pem).map(SecretKey).map_err(malformed)
}

/// The node's certificate with its chain, and its key. Never shown.
pub struct TlsIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl TlsIdentity {
    /// Joins them; the first certificate is the node's own.
    #[must_use]
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        Self { chain, key }
    }

    /// With one more certificate behind the others.
    #[must_use]
    pub fn with(mut self, last: CertificateDer<'static>) -> Self {
        self.chain.push(last);
        self
    }

    /// The chain, the node's own certificate first.
    #[must_use]
    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    /// Pin and dates of the node's own certificate; none when it is no X.509 certificate.
    #[must_use]
    pub fn facts(&self) -> Option<CertificateFacts> {
        self.chain.first().and_then(|own| CertificateFacts::read(own).ok())
    }

    /// Whether the key is the one in the node's own certificate.
    #[must_use]
    pub fn belong_together(&self) -> bool {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        CertifiedKey::from_der(self.chain(), self.key(), &provider).is_ok_and(|both| both.keys_match().is_ok())
    }

    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsIdentity").field("certificates", &self.chain.len()).finish_non_exhaustive()
    }
}

/// The folder.
#[derive(Clone, Debug)]
pub struct KeyFolder {
    folder: PathBuf,
}

impl KeyFolder {
    /// The folder at this path; nothing is read yet.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Makes the folder, for its owner alone.
    ///
    /// # Errors
    /// When it exists or cannot be made.
    pub fn create(folder: PathBuf) -> io::Result<Self> {
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self { folder })
    }

    /// Path of a file in it.
    #[must_use]
    pub fn path(&self, file_name: &str) -> PathBuf {
        self.folder.join(file_name)
    }

    /// Whether the root key still lies here. It belongs offline.
    #[must_use]
    pub fn holds_root_key(&self) -> bool {
        self.path(KeyName::Root.file_name()).exists()
    }

    /// Reads a key. One that others may read is used, with an alarm: a node that stops helps nobody, and the key is known already.
    ///
    /// # Errors
    /// When the file is missing, unreadable or no Ed25519 key.
    pub fn load(&self, name: KeyName) -> Result<SecretKey, KeyError> {
        load_key(&self.path(name.file_name()))
    }

    /// Writes a key into a new file.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn store(&self, name: KeyName, key: &SecretKey) -> Result<(), KeyError> {
        write_key(&self.path(name.file_name()), key)
    }

    /// Reads the certificate chain and its key.
    ///
    /// # Errors
    /// When a file is missing, unreadable or not what it should be.
    pub fn load_tls(&self) -> Result<TlsIdentity, KeyError> {
        read_tls(&self.path(TLS_CERTIFICATE_FILE), &self.path(TLS_KEY_FILE))
    }

    /// Writes certificate chain and key (both PEM) into new files.
    ///
    /// # Errors
    /// When a file exists or cannot be written.
    pub fn store_tls(&self, certificate_pem: &str, key_pem: &str) -> Result<(), KeyError> {
        write_secret(&self.path(TLS_KEY_FILE), key_pem.as_bytes())?;
        write_secret(&self.path(TLS_CERTIFICATE_FILE), certificate_pem.as_bytes())
    }

    /// Makes the folder's entries durable.
    ///
    /// # Errors
    /// When the system cannot.
    pub fn sync(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

/// Writes a key that signs into a new file.
pub(crate) fn write_key(file: &Path, key: &SecretKey) -> Result<(), KeyError> {
    let malformed = |_| KeyError::Malformed { file: file.to_owned(), what: "an Ed25519 private key" };
    write_secret(file, key.0.to_pkcs8_pem(LineEnding::LF).map_err(malformed)?.as_bytes())
}

/// Reads a certificate chain and its key from two PEM files.
///
/// # Errors
/// When a file is missing, unreadable or not what it should be.
pub fn read_tls(certificate_file: &Path, key_file: &Path) -> Result<TlsIdentity, KeyError> {
    let malformed = |file: &Path, what| KeyError::Malformed { file: file.to_owned(), what };
    let certificates = read_pem(certificate_file)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| malformed(certificate_file, "certificates (PEM)"))?;
    if chain.is_empty() {
        return Err(malformed(certificate_file, "a certificate (PEM)"));
    }
    let pem = read_secret(key_file)?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| malformed(key_file, "a private key (PEM)"))?;
    Ok(TlsIdentity::new(chain, key))
}

/// Reads a file that only its owner should be able to read.
pub(crate) fn read_secret(file: &Path) -> Result<Zeroizing<String>, KeyError> {
    let text = read_pem(file)?;
    let open_to_others = fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
    if open_to_others {
        tracing::error!(event = "keys.readable_by_others", file = %file.display(), "others may read this key file: set its mode to 0600, and replace the key if anybody did");
    }
    Ok(text)
}

/// Reads a small text file.
pub(crate) fn read_pem(file: &Path) -> Result<Zeroizing<String>, KeyError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing { file: file.to_owned() },
        _ => KeyError::Unreadable { file: file.to_owned(), source },
    };
    let opened = File::open(file).map_err(unreadable)?;
    let mut text = Zeroizing::new(String::with_capacity(4096)); // a key fits, so that no copy of it stays behind
    opened.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Writes a new file that only its owner can read, and makes it durable.
pub(crate) fn write_secret(file: &Path, bytes: &[u8]) -> Result<(), KeyError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyError::Exists { file: file.to_owned() },
        _ => KeyError::Unwritable { file: file.to_owned(), source },
    };
    let mut created = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(failed)?;
    created.write_all(bytes).and_then(|()| created.sync_all()).map_err(failed)
}
