//! `titian record`

use std::path::PathBuf;

use bytes::Bytes;
use clap::Subcommand;
use titian_proto::wire;

use crate::commands::{Context, arguments, given};
use crate::failure::Failure;
use crate::input::{self, File, InputError};
use crate::output::block::Block;
use crate::output::progress::Progress;
use crate::output::{self, text};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Put records into a case: from a file, or one as TYPE key=value ...
    Put(Put),
    /// List the records of a case
    List {
        /// The case
        #[arg(value_name = "CASE", value_parser = arguments::id)]
        case: Bytes,
    },
    /// Take a record away; shares that hold it retract it
    Remove {
        /// The case
        #[arg(value_name = "CASE", value_parser = arguments::id)]
        case: Bytes,
        /// The record
        #[arg(value_name = "RECORD", value_parser = arguments::id)]
        record: Bytes,
    },
}

#[derive(clap::Args)]
pub(super) struct Put {
    /// The case
    #[arg(value_name = "CASE", value_parser = arguments::id)]
    case: Bytes,
    /// Type of the record, such as outcome
    #[arg(value_name = "TYPE", value_parser = clap::builder::PossibleValuesParser::new(input::record_types()), hide_possible_values = true,
        conflicts_with = "from", required_unless_present = "from")]
    record_type: Option<String>,
    /// What it says, such as status=EXPIRED; lists with commas
    #[arg(value_name = "KEY=VALUE")]
    words: Vec<String>,
    /// TOML file with tables named after types of record; - reads the standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Of the file, only this type
    #[arg(long, value_name = "TYPE", requires = "from", value_parser = clap::builder::PossibleValuesParser::new(input::record_types()), hide_possible_values = true)]
    only: Option<String>,
    /// The record to change
    #[arg(long, value_name = "ID", value_parser = arguments::id, requires = "revision")]
    record: Option<Bytes>,
    /// The revision that is changed
    #[arg(long, value_name = "N", requires = "record")]
    revision: Option<u64>,
    /// Store it only if it may go out under this referral
    #[arg(long, value_name = "REFERRAL", value_parser = arguments::id)]
    share_under: Option<Bytes>,
}

pub(super) async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Put(command) => put(command, context).await,
        Command::List { case } => list(case, context).await,
        Command::Remove { case, record } => remove(case, record, context).await,
    }
}

async fn put(command: Put, context: &Context) -> Result<(), Failure> {
    let Put { case, record_type, words, from, only, record, revision, share_under } = command;
    let contents = match (from, record_type) {
        (Some(from), _) => File::read(&from)?.records(only.as_deref())?,
        (None, record_type) => vec![input::from_words(&record_type.unwrap_or_default(), &words)?],
    };
    if record.is_some() && contents.len() > 1 {
        return Err(
            InputError::new("arguments", "", "--record", "changes one record, but the file has several: name one with --only").into()
        );
    }
    let desk = context.desk().await?;
    for content in contents {
        let request = wire::PutRecordRequest {
            case_id: case.clone(),
            record_id: record.clone().unwrap_or_default(),
            revision: revision.unwrap_or_default(),
            content: Some(content),
            share_under: share_under.clone().unwrap_or_default(),
        };
        let response = desk.put_record(request).await?;
        let stored = given(response.record.clone())?;
        context.output.show(&response, |response| put_text(&stored, response))?;
    }
    Ok(())
}

fn put_text(record: &wire::Record, response: &wire::PutRecordResponse) -> String {
    let wire::PutRecordResponse { record: _, queued_under, blocked } = response;
    let block = Block::inner()
        .rows("queued under", queued_under.iter().map(|referral| text::id(referral)))
        .rows("blocked under", blocked.iter().map(output::record::blocked));
    format!("{}{block}", output::record::record(record))
}

async fn list(case_id: Bytes, context: &Context) -> Result<(), Failure> {
    let mut flow = context.desk().await?.list_records(wire::ListRecordsRequest { case_id }).await?;
    let mut progress = Progress::new("records");
    let mut count = 0_u64;
    while let Some(wire::ListRecordsResponse { records }) = flow.next().await? {
        for record in &records {
            context.output.show(record, |record| format!("{}{}", if count == 0 { "" } else { "\n" }, output::record::record(record)))?;
            count += 1;
        }
        progress.add(records.len() as u64);
    }
    if count == 0 {
        context.output.note("no records");
    }
    Ok(())
}

async fn remove(case_id: Bytes, record_id: Bytes, context: &Context) -> Result<(), Failure> {
    let response = context.desk().await?.remove_record(wire::RemoveRecordRequest { case_id, record_id: record_id.clone() }).await?;
    context.output.show(&response, |_| format!("removed {}", text::id(&record_id)))
}
