//! Keys that came later than the first ones: each in a file that its own short name is part of, so that none is ever overwritten or renamed. Which of
//! them the node uses is what its descriptor says.

use std::path::PathBuf;

use titian_proto::bundle::SealingKey;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{Descriptor, TlsPin, VerifyingKey, key_id_of};

use super::super::identity::Pin;
use super::certificate::NewCertificate;
use super::sealing::{SEALING_KEY_FILE, read_sealing, write_sealing};
use super::{
    KeyError, KeyFolder, KeyName, SecretKey, TLS_CERTIFICATE_FILE, TLS_KEY_FILE, TlsIdentity, load_key, read_tls, write_key, write_secret,
};

impl KeyFolder {
    /// Writes a later key into a file of its own.
    ///
    /// # Errors
    /// When the file exists or cannot be written.
    pub fn store_later(&self, name: KeyName, key: &SecretKey) -> Result<(), KeyError> {
        write_key(&self.path(&later(name.file_name(), &key_id_of(&key.public_bytes()))), key)
    }

    /// As [`Self::store_later`], for a key that bundles are sealed to.
    ///
    /// # Errors
    /// As there.
    pub fn store_later_sealing(&self, key: &SealingKey) -> Result<(), KeyError> {
        write_sealing(&self.path(&later(SEALING_KEY_FILE, &key.key_id())), key)
    }

    /// As [`Self::store_later`], for a certificate and its key.
    ///
    /// # Errors
    /// As there.
    pub fn store_later_tls(&self, pin: &Pin, certificate: &NewCertificate) -> Result<(), KeyError> {
        let (certificate_file, key_file) = self.later_tls(pin);
        write_secret(&key_file, certificate.key_pem.as_bytes())?;
        write_secret(&certificate_file, certificate.certificate_pem.as_bytes())
    }

    /// The newest key of a list in a descriptor that signs now and lies here; where none signs now, the newest that lies here.
    ///
    /// # Errors
    /// When none lies here: why the newest cannot be used.
    pub fn newest(&self, name: KeyName, keys: &[VerifyingKey], now: Instant) -> Result<SecretKey, KeyError> {
        let mut missing = KeyError::Missing { file: self.path(name.file_name()) };
        let signing_now = keys.iter().rev().filter(|key| key.signs_at(now));
        for known in signing_now.chain(keys.iter().rev().filter(|key| !key.signs_at(now))) {
            let file = self.path(&later(name.file_name(), &known.key_id));
            let file = if file.exists() { file } else { self.path(name.file_name()) };
            match load_key(&file) {
                Ok(key) if key.public_bytes() == known.public_key => return Ok(key),
                Ok(_) => missing = KeyError::Other { file },
                Err(error) => missing = error,
            }
        }
        Err(missing)
    }

    /// Every key that bundles are sealed to, by a descriptor, and that lies here; and how many do not.
    #[must_use]
    pub fn all_sealing(&self, keys: &[VerifyingKey]) -> (Vec<SealingKey>, usize) {
        let found = |known: &VerifyingKey| {
            let file = self.path(&later(SEALING_KEY_FILE, &known.key_id));
            let file = if file.exists() { file } else { self.path(SEALING_KEY_FILE) };
            read_sealing(file).ok().filter(|key| key.public_bytes() == known.public_key)
        };
        let here: Vec<_> = keys.iter().filter_map(found).collect();
        let missing = keys.len() - here.len();
        (here, missing)
    }

    /// The newest certificate that a descriptor pins and that lies here; where none does, the first one.
    ///
    /// # Errors
    /// When none lies here that can be read.
    pub fn newest_tls(&self, descriptor: &Descriptor, now: Instant) -> Result<TlsIdentity, KeyError> {
        let good_now = |pin: &&TlsPin| pin.not_before <= now && now <= pin.not_after;
        for pin in descriptor.tls_pins.iter().rev().filter(good_now) {
            let pin = Pin::new(pin.spki_sha256.0);
            let (certificate, key) = self.later_tls(&pin);
            if certificate.exists() {
                return read_tls(&certificate, &key);
            }
            if let Ok(first) = self.load_tls()
                && first.facts().is_some_and(|facts| facts.pin == pin)
            {
                return Ok(first);
            }
        }
        self.load_tls()
    }

    fn later_tls(&self, pin: &Pin) -> (PathBuf, PathBuf) {
        (self.path(&later(TLS_CERTIFICATE_FILE, &pin.to_string())), self.path(&later(TLS_KEY_FILE, &pin.to_string())))
    }
}

/// `signing.key` and a short name: `signing-0123456789abcdef.key`.
fn later(file_name: &str, short_name: &str) -> String {
    let (stem, extension) = file_name.split_once('.').unwrap_or((file_name, "key"));
    format!("{stem}-{short_name}.{extension}")
}
