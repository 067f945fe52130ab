//! The table `[case]`: the complaint, and beside it `[case.employer]`, `[case.claim]` and every other type of record as a table of its name.

use titian_proto::wire;
use titian_proto::wire::record_content::Content;

use crate::input::error::InputError;
use crate::input::record::{self, RECORD_TYPES, content, matter};
use crate::input::table::Table;

/// Records of a case, the complaint first.
pub(super) fn records(mut table: Table) -> Result<Vec<wire::RecordContent>, InputError> {
    let mut records = vec![content(Content::Complaint(matter::complaint(&mut table)?))];
    for (name, read) in RECORD_TYPES.iter().filter(|(name, _)| *name != "complaint") {
        for inner in table.tables(name)? {
            records.push(record::one(inner, *read)?);
        }
    }
    table.finish()?;
    Ok(records)
}
