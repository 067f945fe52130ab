//! Keys and values, one a line, aligned.

use std::fmt;

use crate::output::text::clean;

/// Spaces of one step to the right.
const STEP: usize = 2;

/// Lines of keys and values. Empty values are left out.
#[derive(Default)]
pub struct Block {
    rows: Vec<(String, String)>,
    indent: usize,
}

impl Block {
    /// No lines yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No lines yet, one step to the right.
    #[must_use]
    pub fn inner() -> Self {
        Self { rows: Vec::new(), indent: STEP }
    }

    /// Adds a line, unless the value is empty. The value is made safe for a terminal.
    #[must_use]
    pub fn row(mut self, key: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.rows.push((key.to_owned(), clean(&value)));
        }
        self
    }

    /// Adds a line for each value; the key stands before the first.
    #[must_use]
    pub fn rows(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        for (place, value) in values.into_iter().enumerate() {
            self.rows.push((if place == 0 { key.to_owned() } else { String::new() }, clean(&value)));
        }
        self
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
        for (key, value) in &self.rows {
            writeln!(f, "{:indent$}{key:width$}  {value}", "", indent = self.indent)?;
        }
        Ok(())
    }
}
