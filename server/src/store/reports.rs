//! Reports that were given out: their published numbers, so that no later one says by its difference what they left out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use titian_proto::model::date::{Date, Instant};
use titian_proto::model::id::uuid_v7;

use super::key::Key;
use super::table;
use super::value::stored_json;
use super::{Read, StoreError, Unit};

/// A report that was given out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GivenOut {
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// When it was made.
    pub made_at: Instant,
    /// Staff pseudonym of who made it.
    pub by: String,
    /// Its published numbers, by the names of their cells.
    pub cells: BTreeMap<String, u64>,
}

stored_json!(GivenOut, "report/");

/// Reading reports that were given out.
pub trait ReportTable: Read + Sized {
    /// All of them, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn reports(&self) -> Result<Vec<GivenOut>, StoreError> {
        table::all(self, &Key::of("report/"))
    }
}

impl<R: Read> ReportTable for R {}

impl Unit {
    /// Writes that a report was given out.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_report(&mut self, report: &GivenOut) -> Result<(), StoreError> {
        let id = uuid_v7(self.now(), self.random());
        self.save(Key::of("report/").id(&id), report)
    }
}
