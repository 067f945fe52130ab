//! Files people write (TOML in the shape of `deploy/sample/returnee.toml`), as the messages they stand for. The form is checked here, so that a slip
//! is named with its file, table and key; what may be done is the node's to decide.

mod case;
mod consent;
mod error;
mod record;
mod table;
mod value;
mod worker;

use std::io::Read;
use std::path::Path;

use titian_proto::wire;

pub use consent::ConsentInput;
pub use error::InputError;
use record::RECORD_TYPES;
pub use record::{from_words, type_name};
use table::Table;

use crate::failure::Failure;

/// Tables of a file that are no records of their own.
const OTHER_TABLES: [&str; 6] = ["union", "agreement", "annex", "worker", "case", "consent"];
/// Largest input file: a case with all its records fits many times; a wrong file is noticed before it fills the memory.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The names of the types of record, in the contract's order.
pub fn record_types() -> impl Iterator<Item = &'static str> {
    RECORD_TYPES.iter().map(|(name, _)| *name)
}

/// An input file that was read. It may hold personal data, so it shows nothing of itself but its name.
pub struct File {
    name: String,
    tables: toml::Table,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("File").field("name", &self.name).finish_non_exhaustive()
    }
}

impl File {
    /// Reads a file; `-` reads the standard input.
    ///
    /// # Errors
    /// When it cannot be read, is too large, or is not TOML with tables this program knows.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
        Ok(Self::parse(&name, &read_text(path)?)?)
    }

    /// Reads a text; `name` is what errors call it.
    ///
    /// # Errors
    /// When it is not TOML, or has a table this program does not know.
    pub fn parse(name: &str, text: &str) -> Result<Self, InputError> {
        let tables: toml::Table = text.parse().map_err(|error: toml::de::Error| InputError::not_toml(name, text, &error))?;
        let known = || OTHER_TABLES.into_iter().chain(record_types());
        match tables.keys().find(|table| !known().any(|known| known == table.as_str())) {
            Some(table) => Err(InputError::new(
                name,
                table,
                "",
                format!("is not a table of this file; there are: {}", known().collect::<Vec<_>>().join(", ")),
            )),
            None => Ok(Self { name: name.to_owned(), tables }),
        }
    }

    /// The records about a worker: the table `[worker]`.
    ///
    /// # Errors
    /// When there is no such table, or something in it cannot be read.
    pub fn worker(&self) -> Result<Vec<wire::RecordContent>, InputError> {
        worker::records(self.table("worker")?)
    }

    /// The records of a case: the table `[case]`, with `[case.employer]`, `[case.claim]` and so on.
    ///
    /// # Errors
    /// When there is no such table, or something in it cannot be read.
    pub fn case(&self) -> Result<Vec<wire::RecordContent>, InputError> {
        case::records(self.table("case")?)
    }

    /// A grant: the table `[consent]`.
    ///
    /// # Errors
    /// When there is no such table, or something in it cannot be read.
    pub fn consent(&self) -> Result<ConsentInput, InputError> {
        consent::grant(self.table("consent")?)
    }

    /// The text of an agreement: the tables `[agreement]` and `[[annex]]`, and nothing else of the file.
    ///
    /// # Errors
    /// When there is no table `[agreement]`.
    pub fn agreement(&self) -> Result<String, InputError> {
        self.table("agreement")?;
        let ours = |(name, _): &(&String, &toml::Value)| matches!(name.as_str(), "agreement" | "annex");
        let tables: toml::Table = self.tables.iter().filter(ours).map(|(name, value)| (name.clone(), value.clone())).collect();
        toml::to_string(&tables).map_err(|_| InputError::new(&self.name, "agreement", "", "cannot be written as TOML"))
    }

    /// Records in the tables named after their types; with `only`, those of one type.
    ///
    /// # Errors
    /// When there is none, or something in one cannot be read.
    pub fn records(&self, only: Option<&str>) -> Result<Vec<wire::RecordContent>, InputError> {
        let mut records = Vec::new();
        for (name, read) in RECORD_TYPES.iter().filter(|(name, _)| only.is_none_or(|only| only == *name)) {
            for table in Table::several(&self.name, name, self.tables.get(*name))? {
                records.push(record::one(table, *read)?);
            }
        }
        if records.is_empty() {
            return Err(InputError::new(&self.name, only.unwrap_or("outcome"), "", "must be given: a table named after a type of record"));
        }
        Ok(records)
    }

    fn table(&self, name: &str) -> Result<Table, InputError> {
        Table::one(&self.name, name, self.tables.get(name))
    }
}

/// Reads a text file; `-` reads the standard input.
///
/// # Errors
/// When it cannot be read, is too large or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    let failed = |source| Failure::File { path: path.to_owned(), source };
    let input: Box<dyn Read> =
        if path == Path::new("-") { Box::new(std::io::stdin()) } else { Box::new(std::fs::File::open(path).map_err(failed)?) };
    let mut bytes = Vec::new();
    input.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    let wrong = |rule: &str| InputError::new(&path.display().to_string(), "", "", rule);
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(wrong("is larger than 4 MiB").into());
    }
    String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8 text").into())
}
