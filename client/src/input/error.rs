//! What is wrong with an input: where it stands and which rule it breaks, never the value.

/// A slip in an input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
pub struct InputError {
    /// File, or "arguments".
    pub file: String,
    /// Table, such as `worker.contact[0]`; empty: the file itself.
    pub table: String,
    /// Key; empty: the table itself.
    pub key: String,
    /// The rule, in words that say what to do.
    pub rule: String,
}

impl InputError {
    /// A rule broken by a key of a table.
    #[must_use]
    pub fn new(file: &str, table: &str, key: &str, rule: impl Into<String>) -> Self {
        Self { file: file.to_owned(), table: table.to_owned(), key: key.to_owned(), rule: rule.into() }
    }

    /// Where it stands, as a path such as `worker.contact[0].kind`.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let path = [self.table.as_str(), self.key.as_str()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
        if path.is_empty() { Vec::new() } else { vec![path] }
    }

    /// A file that is not TOML. Names the line; the parser's own text would quote it.
    pub(super) fn not_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = text.as_bytes().iter().take(start).filter(|byte| **byte == b'\n').count() + 1;
        Self::new(file, "", "", format!("line {line} is not TOML: {}", error.message().lines().next().unwrap_or_default()))
    }

    fn sentence(&self) -> String {
        let Self { file, table, key, rule } = self;
        match (table.is_empty(), key.is_empty()) {
            (true, true) => format!("{file}: {rule}"),
            (true, false) => format!("{file}: {key} {rule}"),
            (false, true) => format!("{file}: [{table}] {rule}"),
            (false, false) => format!("{file}: [{table}] {key} {rule}"),
        }
    }
}
