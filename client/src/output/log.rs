//! The log, as auditors read it.

use serde_json::Value;
use titian_proto::wire;

use crate::output::block::Block;
use crate::output::text::clean;

/// One entry, one line: index, event, and what it says of peer, agreement, purpose, fields and code.
#[must_use]
pub fn line(leaf: &wire::LogLeaf) -> String {
    let wire::LogLeaf { index, leaf } = leaf;
    let Ok(Value::Object(says)) = serde_json::from_slice(leaf) else {
        return format!("{index:>8}  not an entry of a log that this program can read");
    };
    let text = |key: &str| says.get(key).map(value).unwrap_or_default();
    let columns = [text("purpose"), text("fields"), text("code")];
    let rest = columns.into_iter().filter(|column| !column.is_empty()).collect::<Vec<_>>().join("  ");
    format!("{index:>8}  {:20}  {:16}  {:14}  {rest}", text("event"), text("peer"), text("mou")).trim_end().to_owned()
}

/// One entry, whole: every field, then the exact bytes.
#[must_use]
pub fn entry(leaf: &wire::LogLeaf) -> String {
    let wire::LogLeaf { index, leaf: bytes } = leaf;
    let mut block = Block::new().row("index", index.to_string());
    if let Ok(Value::Object(says)) = serde_json::from_slice(bytes) {
        for (key, says) in &says {
            block = block.row(key, value(says));
        }
    }
    format!("{block}\n{}\n", clean(&String::from_utf8_lossy(bytes)))
}

/// Size and origin.
#[must_use]
pub fn status(response: &wire::GetLogResponse) -> String {
    let wire::GetLogResponse { origin, size } = response;
    Block::new().row("log", origin).row("entries", size.to_string()).to_string()
}

fn value(value: &Value) -> String {
    match value {
        Value::String(text) => clean(text),
        Value::Array(list) => list.iter().map(self::value).collect::<Vec<_>>().join(","),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}
