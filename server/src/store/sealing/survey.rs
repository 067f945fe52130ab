//! What stands in a store, as a thief of its disk would find it.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use serde::Serialize;
use titian_proto::envelope::Header;

use super::tables::{self, Kept};
use super::value::is_sealed_value;
use crate::store::engine::{Engine, Pair};
use crate::store::error::StoreError;
use crate::store::value::{Raw, unframe};
use crate::store::{EngineKind, rows, sealed_body};

/// Pairs read at once.
const PAGE: usize = 256;

/// One table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableSurvey {
    /// Its name.
    pub table: String,
    /// How its values are to be stored: `sealed`, `sealed-in-part`, or `clear`.
    pub kept: &'static str,
    /// Why they need not be sealed; empty where they are.
    pub why: &'static str,
    /// Values that open with their key alone.
    pub sealed: u64,
    /// Values in the clear.
    pub clear: u64,
    /// Of these, values that an older program wrote and that are sealed when they are written again.
    pub to_be_sealed: u64,
}

/// Looks at every value of a store that no process has open. Needs no key.
///
/// # Errors
/// When the store cannot be opened or read.
pub fn survey(kind: EngineKind, folder: &Path) -> Result<Vec<TableSurvey>, StoreError> {
    let engine = kind.open(folder)?;
    survey_engine(engine.as_ref())
}

pub(crate) fn survey_engine(engine: &dyn Engine) -> Result<Vec<TableSurvey>, StoreError> {
    let mut found: BTreeMap<&'static str, TableSurvey> = tables::all().map(|(table, kept)| (table, empty(table, kept))).collect();
    let mut after: Option<Bytes> = None;
    loop {
        let page = engine.scan(&[], after.as_deref(), PAGE)?;
        for pair in &page {
            count(pair, &mut found)?;
        }
        if page.len() < PAGE {
            return Ok(found.into_values().filter(|table| table.sealed + table.clear > 0).collect());
        }
        after = page.last().map(|(key, _)| key.clone());
    }
}

fn empty(table: &str, kept: Kept) -> TableSurvey {
    let (kept, why) = match kept {
        Kept::Sealed => ("sealed", ""),
        Kept::SealedInPart => ("sealed-in-part", "what is around a body names nobody, and keeps its place when it is destroyed"),
        Kept::Clear(why) => ("clear", why),
    };
    TableSurvey { table: table.to_owned(), kept, why, sealed: 0, clear: 0, to_be_sealed: 0 }
}

fn count((key, value): &Pair, found: &mut BTreeMap<&'static str, TableSurvey>) -> Result<(), StoreError> {
    const UNKNOWN: Kept = Kept::Clear("not a table of this program");
    let (name, kept) = tables::all().find(|(table, _)| key.starts_with(table.as_bytes())).unwrap_or(("unknown", UNKNOWN));
    let table = found.entry(name).or_insert_with(|| empty(name, kept));
    match kept {
        Kept::SealedInPart => {
            for (_, row) in rows::apart(key, value)?.unwrap_or_else(|| vec![(key.clone(), value.clone())]) {
                count_body(&unframe::<Raw>(&row)?.0, table)?;
            }
        }
        Kept::Sealed if is_sealed_value(value) => table.sealed += 1,
        Kept::Sealed => {
            table.clear += 1;
            table.to_be_sealed += 1;
        }
        Kept::Clear(_) => table.clear += 1,
    }
    Ok(())
}

fn count_body(row: &Bytes, table: &mut TableSurvey) -> Result<(), StoreError> {
    let envelope = sealed_body::read(row.clone())?.envelope.unwrap_or_default();
    let is_personal = Header::parse(&envelope.header).is_ok_and(|header| sealed_body::is_personal(header.kind));
    if is_sealed_value(&envelope.body) {
        table.sealed += 1;
    } else {
        table.clear += 1;
        table.to_be_sealed += u64::from(is_personal && !envelope.body.is_empty());
    }
    Ok(())
}
