//! Agreements: their canonical text and the statements about them, as the bytes that were signed.

use bytes::Bytes;
use titian_proto::model::id::{Digest, NodeId};

use super::table::{self, Key};
use super::{Read, StoreError, Unit};

/// Reading agreements.
pub trait AgreementTable: Read {
    /// The canonical text of one version.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn agreement_text(&self, id: &str, version: u32) -> Result<Option<Bytes>, StoreError> {
        table::bytes(self, &text_key(id, version))
    }

    /// Every canonical text, by id and version.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn agreement_texts(&self) -> Result<Vec<Bytes>, StoreError> {
        table::all(self, &Key::of("agreement"))?.into_iter().map(|(_, stored)| super::value::unframe(stored)).collect()
    }

    /// The signed statements about a text, each party's in the order of its sequence: the exact bytes of a `SignedStatement`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn statements(&self, digest: Digest) -> Result<Vec<Bytes>, StoreError> {
        let found = table::all(self, &Key::of("statement").digest(digest.0))?;
        found.into_iter().map(|(_, stored)| super::value::unframe(stored)).collect()
    }

    /// Whether the log already says that this text came into force.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn activation_logged(&self, digest: Digest) -> Result<bool, StoreError> {
        Ok(self.get(activated_key(digest).bytes())?.is_some())
    }
}

impl<R: Read + ?Sized> AgreementTable for R {}

impl Unit {
    /// Writes the canonical text of one version.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_agreement_text(&mut self, id: &str, version: u32, text: &[u8]) -> Result<(), StoreError> {
        table::put_bytes(self, &text_key(id, version), text)
    }

    /// Writes one signed statement.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_statement(&mut self, digest: Digest, speaker: &NodeId, sequence: u64, signed: &[u8]) -> Result<(), StoreError> {
        table::put_bytes(self, &Key::of("statement").digest(digest.0).node(speaker).number(sequence), signed)
    }

    /// Notes that the log says that this text came into force.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn note_activation_logged(&mut self, digest: Digest) -> Result<(), StoreError> {
        table::put_bytes(self, &activated_key(digest), &[])
    }
}

fn text_key(id: &str, version: u32) -> Key {
    Key::of("agreement").text(id).number(u64::from(version))
}

fn activated_key(digest: Digest) -> Key {
    Key::of("activated").digest(digest.0)
}
