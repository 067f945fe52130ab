//! What is wrong with something that cannot be read: a path and a rule, never the value.

use crate::model::refusal::{Refusal, RefusalCode};

/// A field that breaks a rule of its form. Shows the path and the rule; the value is never kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{rule}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct Malformed {
    /// Path of the field, such as "claim.amount.currency".
    pub path: String,
    /// The rule it breaks, in words that say what to do.
    pub rule: String,
}

impl Malformed {
    /// A rule broken by the value itself; callers add where it stood with [`Self::at`].
    #[must_use]
    pub fn new(rule: impl Into<String>) -> Self {
        Self { path: String::new(), rule: rule.into() }
    }

    /// A code that is in no list.
    #[must_use]
    pub fn unknown_code(list: &str) -> Self {
        Self::new(format!("is not a code of the list {list}"))
    }

    /// A field that must be there.
    #[must_use]
    pub fn missing(path: &str) -> Self {
        Self { path: path.to_owned(), rule: "must be given".to_owned() }
    }

    /// The same, one level further out.
    #[must_use]
    pub fn at(mut self, parent: &str) -> Self {
        self.path = if self.path.is_empty() { parent.to_owned() } else { format!("{parent}.{}", self.path) };
        self
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Refusal::new(RefusalCode::Malformed).with_path(malformed.path)
    }
}

/// Says where a field stood when reading it failed.
pub trait At<T> {
    /// Adds the path of the parent.
    ///
    /// # Errors
    /// The same error, with its path.
    fn at(self, parent: &str) -> Result<T, Malformed>;
}

impl<T> At<T> for Result<T, Malformed> {
    fn at(self, parent: &str) -> Self {
        self.map_err(|malformed| malformed.at(parent))
    }
}
