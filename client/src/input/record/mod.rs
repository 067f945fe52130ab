//! Types of record: each a table of its name in a file, or `key=value` words on the command line.

pub(super) mod directory;
pub(super) mod document;
pub(super) mod matter;
pub(super) mod person;

use titian_proto::wire;
use titian_proto::wire::record_content::Content;

use crate::input::error::InputError;
use crate::input::table::Table;

/// Reads one type of record.
pub(super) type Reader = fn(&mut Table) -> Result<Content, InputError>;

/// Every type of record by its name in the contract, in the contract's order, with what reads it.
pub(super) const RECORD_TYPES: [(&str, Reader); 22] = [
    ("journey", |table| person::journey(table).map(Content::Journey)),
    ("complaint", |table| matter::complaint(table).map(Content::Complaint)),
    ("service_action", |table| matter::service_action(table).map(Content::ServiceAction)),
    ("group_count", |table| matter::group_count(table).map(Content::GroupCount)),
    ("demographic", |table| person::demographic(table).map(Content::Demographic)),
    ("identity", |table| person::identity(table).map(Content::Identity)),
    ("contact", |table| person::contact(table, "contacts").map(Content::Contact)),
    ("safety", |table| person::safety(table).map(Content::Safety)),
    ("employer", |table| matter::employer(table).map(Content::Employer)),
    ("claim", |table| matter::claim(table).map(Content::Claim)),
    ("outcome", |table| matter::outcome(table).map(Content::Outcome)),
    ("narrative", |table| matter::narrative(table).map(Content::Narrative)),
    ("document", |table| document::document(table).map(Content::Document)),
    ("identity_document", |table| document::identity_document(table).map(Content::IdentityDocument)),
    ("immigration_status", |table| person::immigration_status(table).map(Content::ImmigrationStatus)),
    ("union_membership", |table| person::union_membership(table).map(Content::UnionMembership)),
    ("family", |table| person::family(table).map(Content::Family)),
    ("health", |table| person::health(table).map(Content::Health)),
    ("gbv_trafficking", |table| person::gbv_trafficking(table).map(Content::GbvTrafficking)),
    ("alleged_offence", |table| person::alleged_offence(table).map(Content::AllegedOffence)),
    ("partner", |table| directory::partner(table).map(Content::Partner)),
    ("material", |table| directory::material(table).map(Content::Material)),
];

/// A record from `key=value` words; a key with dots stands in an inner table.
///
/// # Errors
/// When there is no such type, or a word cannot be read.
pub fn from_words(record_type: &str, words: &[String]) -> Result<wire::RecordContent, InputError> {
    let unknown = || {
        let names = RECORD_TYPES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        InputError::new("arguments", "", "", format!("there is no such type of record; there are: {names}"))
    };
    let (name, read) = RECORD_TYPES.iter().find(|(name, _)| *name == record_type).ok_or_else(unknown)?;
    let mut entries = toml::Table::new();
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| InputError::new("arguments", name, "", "takes words such as key=value"))?;
        insert(&mut entries, key, value).ok_or_else(|| InputError::new("arguments", name, key, "is given twice"))?;
    }
    one(Table::from_words(name, entries), *read)
}

/// One record from its table.
pub(super) fn one(mut table: Table, read: Reader) -> Result<wire::RecordContent, InputError> {
    let read = read(&mut table)?;
    table.finish()?;
    Ok(content(read))
}

/// The message around one content.
pub(super) fn content(content: Content) -> wire::RecordContent {
    wire::RecordContent { content: Some(content) }
}

/// The name of a record's type.
#[must_use]
pub fn type_name(content: &Content) -> &'static str {
    match content {
        Content::Journey(_) => "journey",
        Content::Complaint(_) => "complaint",
        Content::ServiceAction(_) => "service_action",
        Content::GroupCount(_) => "group_count",
        Content::Demographic(_) => "demographic",
        Content::Identity(_) => "identity",
        Content::Contact(_) => "contact",
        Content::Safety(_) => "safety",
        Content::Employer(_) => "employer",
        Content::Claim(_) => "claim",
        Content::Outcome(_) => "outcome",
        Content::Narrative(_) => "narrative",
        Content::Document(_) => "document",
        Content::IdentityDocument(_) => "identity_document",
        Content::ImmigrationStatus(_) => "immigration_status",
        Content::UnionMembership(_) => "union_membership",
        Content::Family(_) => "family",
        Content::Health(_) => "health",
        Content::GbvTrafficking(_) => "gbv_trafficking",
        Content::AllegedOffence(_) => "alleged_offence",
        Content::Partner(_) => "partner",
        Content::Material(_) => "material",
    }
}

/// Puts a word into a table, along the dots of its key. None when the key is taken.
fn insert(entries: &mut toml::Table, key: &str, value: &str) -> Option<()> {
    if let Some((outer, inner)) = key.split_once('.') {
        let table = entries.entry(outer).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        return insert(table.as_table_mut()?, inner, value);
    }
    match entries.insert(key.to_owned(), toml::Value::String(value.to_owned())) {
        None => Some(()),
        Some(_) => None,
    }
}
