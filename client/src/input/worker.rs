//! The table `[worker]`: everything a person says of a worker in one place, split into the records it stands for. What travels separately is kept
//! separately: her safe name and prohibited recipients belong to the safety record, not to her name.

use titian_proto::wire;
use titian_proto::wire::record_content::Content;

use crate::input::error::InputError;
use crate::input::record::{content, person};
use crate::input::table::Table;

/// Records about a worker.
pub(super) fn records(mut table: Table) -> Result<Vec<wire::RecordContent>, InputError> {
    let identity = person::identity(&mut table)?;
    let demographic = person::demographic(&mut table)?;
    let journey = person::journey(&mut table)?;
    let contact = person::contact(&mut table, "contact")?;
    let safety = safety(&mut table)?;
    table.finish()?;
    let records = [
        Some(Content::Identity(identity)),
        (demographic != wire::Demographic::default()).then_some(Content::Demographic(demographic)),
        (journey != wire::Journey::default()).then_some(Content::Journey(journey)),
        (contact != wire::Contact::default()).then_some(Content::Contact(contact)),
        safety.map(Content::Safety),
    ];
    Ok(records.into_iter().flatten().map(content).collect())
}

/// The safety record: `[worker.safe_contact]` with the safe name, the prohibited recipients and the risks that stand beside her name.
fn safety(worker: &mut Table) -> Result<Option<wire::Safety>, InputError> {
    let safe_name = worker.text("safe_name")?;
    let prohibited_recipients = worker.texts("prohibited_recipients")?;
    let risks = worker.texts("risks")?;
    let rules = match worker.table("safe_contact")? {
        None => wire::Safety::default(),
        Some(mut table) => {
            let rules = person::safe_contact(&mut table)?;
            table.finish()?;
            rules
        }
    };
    let safety = wire::Safety { safe_name, prohibited_recipients, risks, ..rules };
    Ok((safety != wire::Safety::default()).then_some(safety))
}
