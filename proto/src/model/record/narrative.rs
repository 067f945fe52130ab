//! What happened, in the worker's or the caseworker's words.

use crate::model::malformed::{At, Malformed};
use crate::model::value::{Language, Text, redacted};
use crate::wire;

/// Free text.
#[derive(Clone, PartialEq)]
pub struct Narrative {
    /// The text, at most [`Text::STATEMENT_BYTES`]; it may have several lines.
    pub text: Text,
    /// Its language.
    pub language: Language,
}

redacted!(Narrative);

impl Narrative {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the text or the language breaks its form.
    pub fn from_wire(narrative: &wire::Narrative) -> Result<Self, Malformed> {
        let wire::Narrative { text, language } = narrative;
        Ok(Self { text: Text::parse_lines(text, Text::STATEMENT_BYTES).at("text")?, language: Language::parse(language).at("language")? })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Narrative {
        wire::Narrative { text: self.text.to_wire(), language: self.language.to_string() }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 2] {
        [("narrative.text", true), ("narrative.language", true)]
    }
}
