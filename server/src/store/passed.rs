//! The time that has passed, so that a clock that is set back while the node is down turns nothing back either.

use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;

use super::error::StoreError;
use super::key::Key;
use super::read::Read;
use super::unit::Unit;
use super::value::stored_json;

const TABLE: &str = "passed/";

#[derive(Serialize, Deserialize)]
struct Passed(Vec<Instant>);
stored_json!(Passed, "passed/");

/// Reads what time it has been.
pub trait PassedTable: Read {
    /// What time it has been when this was last noted; several where the clock stood far from itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn passed(&self) -> Result<Vec<Instant>, StoreError>;
}

impl<R: Read> PassedTable for R {
    fn passed(&self) -> Result<Vec<Instant>, StoreError> {
        Ok(self.load::<Passed>(&Key::of(TABLE))?.map_or_else(Vec::new, |passed| passed.0))
    }
}

impl Unit {
    /// Notes what time it has been.
    ///
    /// # Errors
    /// When the store fails.
    pub fn note_passed(&mut self, passed: Vec<Instant>) -> Result<(), StoreError> {
        self.save(Key::of(TABLE), &Passed(passed))
    }
}
