//! Who owns the case of a transfer: one row a referral, written with the first step of a hand-over and never removed, so that no term is given twice.

use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::ReferralId;
use titian_proto::model::referral::Tenure;

use super::key::Key;
use super::value::stored_json;
use super::{Read, StoreError, Unit};

/// What is kept about the ownership of a case.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TenureFile {
    /// How it stands.
    pub tenure: Tenure,
    /// Since when it stands so, by this node's clock.
    pub since: Instant,
}

const TABLE: &str = "tenure/";

stored_json!(TenureFile, "tenure/");

/// Reading who owns a case.
pub trait TenureTable: Read + Sized {
    /// Who owns the case of a referral; none before the first step of a hand-over.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn tenure(&self, referral_id: ReferralId) -> Result<Option<TenureFile>, StoreError> {
        self.load(&key(referral_id))
    }
}

impl<R: Read> TenureTable for R {}

impl Unit {
    /// Writes who owns a case.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_tenure(&mut self, referral_id: ReferralId, tenure: &TenureFile) -> Result<(), StoreError> {
        self.save(key(referral_id), tenure)
    }
}

fn key(referral_id: ReferralId) -> Key {
    Key::of(TABLE).id(&referral_id.0)
}
