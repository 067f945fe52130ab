//! Agreements: their canonical text and the statements about them, as the bytes that were signed.

use bytes::Bytes;
use titian_proto::model::date::Instant;
use titian_proto::model::id::{Digest, NodeId};

use super::key::Key;
use super::table;
use super::value::Raw;
use super::{Read, StoreError, Unit};

/// Reading agreements.
pub trait AgreementTable: Read + Sized {
    /// The canonical text of one version.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn agreement_text(&self, id: &str, version: u32) -> Result<Option<Bytes>, StoreError> {
        Ok(self.load::<Raw>(&text_key(id, version))?.map(|raw| raw.0))
    }

    /// Every canonical text, by id and version.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn agreement_texts(&self) -> Result<Vec<Bytes>, StoreError> {
        Ok(table::all::<Raw>(self, &Key::of("agreement/"))?.into_iter().map(|raw| raw.0).collect())
    }

    /// The signed statements about a text, each party's in the order of its sequence: the exact bytes of a `SignedStatement`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn statements(&self, digest: Digest) -> Result<Vec<Bytes>, StoreError> {
        Ok(table::all::<Raw>(self, &Key::of("statement/").id(&digest.0))?.into_iter().map(|raw| raw.0).collect())
    }

    /// Changes with every text and statement, and is never the same twice: who holds what it stood for may keep it.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn agreements_tag(&self) -> Result<Option<Bytes>, StoreError> {
        self.get(&Key::of("agreements-tag/"))
    }

    /// Whether the log already says that this text came into force.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn activation_logged(&self, digest: Digest) -> Result<bool, StoreError> {
        Ok(self.get(&activated_key(digest))?.is_some())
    }

    /// When this node saw the text come into force; none where an earlier program noted only that it did.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn activated_at(&self, digest: Digest) -> Result<Option<Instant>, StoreError> {
        let noted = self.load::<Raw>(&activated_key(digest))?;
        let moment = noted.and_then(|raw| <[u8; 8]>::try_from(raw.0.as_ref()).ok());
        Ok(moment.map(|moment| Instant::from_millis(i64::from_be_bytes(moment))))
    }
}

impl<R: Read> AgreementTable for R {}

impl Unit {
    /// Writes the canonical text of one version.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_agreement_text(&mut self, id: &str, version: u32, text: &[u8]) -> Result<(), StoreError> {
        self.tag_agreements()?;
        self.save(text_key(id, version), &Raw(Bytes::copy_from_slice(text)))
    }

    /// Writes one signed statement.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_statement(&mut self, digest: Digest, speaker: &NodeId, sequence: u64, signed: &[u8]) -> Result<(), StoreError> {
        self.tag_agreements()?;
        let key = Key::of("statement/").id(&digest.0).text(speaker.as_str()).number(sequence);
        self.save(key, &Raw(Bytes::copy_from_slice(signed)))
    }

    /// Random, so that a tag of an act that left no trace never comes again.
    fn tag_agreements(&mut self) -> Result<(), StoreError> {
        let tag: [u8; 16] = self.random();
        self.save(Key::of("agreements-tag/"), &Raw(Bytes::copy_from_slice(&tag)))
    }

    /// Notes that the log says that this text came into force.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn note_activation_logged(&mut self, digest: Digest) -> Result<(), StoreError> {
        self.tag_agreements()?;
        let moment = self.now().as_millis().to_be_bytes();
        self.save(activated_key(digest), &Raw(Bytes::copy_from_slice(&moment)))
    }
}

fn text_key(id: &str, version: u32) -> Key {
    Key::of("agreement/").text(id).number(u64::from(version))
}

fn activated_key(digest: Digest) -> Key {
    Key::of("activated/").id(&digest.0)
}
