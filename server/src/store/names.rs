//! The names by which a record is known at peers: another one under each referral, so that two peers cannot join what they hold, and the same one
//! again after a restore, so that no peer ever holds a record twice.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use titian_proto::model::id::{RecordId, RecordRef, ReferralId};

use super::engine::Pair;
use super::error::StoreError;
use super::key::Key;
use super::read::Read as _;
use super::unit::Unit;
use super::value::{Raw, frame};
use crate::ambient::Ambient;

const SECRET: &str = "name-secret/";

/// Bytes of the secret.
const SECRET_BYTES: usize = 32;

/// The secret of a new store.
pub(crate) fn new_secret(ambient: &Ambient) -> Result<Pair, StoreError> {
    Ok((Key::of(SECRET).into(), frame(&Raw(Bytes::copy_from_slice(&ambient.random::<SECRET_BYTES>())))?))
}

impl Unit {
    /// The name of a record under a referral: a keyed hash of both, which says nothing to whoever has not the key.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn record_ref(&mut self, referral_id: ReferralId, record_id: RecordId) -> Result<RecordRef, StoreError> {
        let secret = self.name_secret()?;
        let hash = Sha256::new()
            .chain_update(b"titian/record-name/v1\n")
            .chain_update(&secret)
            .chain_update(referral_id.0)
            .chain_update(record_id.0);
        let mut name = [0; 16];
        name.copy_from_slice(&hash.finalize()[..16]);
        Ok(RecordRef(name))
    }

    /// Made with the store, so that it is in every backup: names are the same after a restore. A store of an earlier program gets it when the first
    /// name is asked for.
    fn name_secret(&mut self) -> Result<Bytes, StoreError> {
        if let Some(Raw(secret)) = self.load(&Key::of(SECRET))? {
            return Ok(secret);
        }
        let secret = Bytes::copy_from_slice(&self.random::<SECRET_BYTES>());
        self.save(Key::of(SECRET), &Raw(secret.clone()))?;
        Ok(secret)
    }
}
