//! Text as people write it, in any script, with a limit.

use std::sync::Arc;

use super::{Language, redacted};
use crate::model::malformed::{At, Malformed};
use crate::wire;

/// A text that is not blank, no longer than its field allows, and holds nothing that changes how the text around it is shown.
/// A name is one text: one word is a whole name, and nothing is ever split. Clones share it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

redacted!(Text);

impl Text {
    /// Names of people, organisations, places: long enough for the longest registered names in scripts of three bytes a letter.
    pub const NAME_BYTES: usize = 512;
    /// Codes, references, pseudonyms, node ids: they stand in lists and columns.
    pub const CODE_BYTES: usize = 128;
    /// One sentence, such as what to say when somebody else answers.
    pub const SENTENCE_BYTES: usize = 1_024;
    /// A text of one language in a list of languages (the contract's limit of `LocalText`).
    pub const LOCAL_BYTES: usize = 4_096;
    /// A statement of a worker; some ten pages.
    pub const STATEMENT_BYTES: usize = 32_768;

    /// Reads one line of at most so many bytes of UTF-8.
    ///
    /// # Errors
    /// When it is blank, too long or holds control characters.
    pub fn parse(text: &str, bytes_max: usize) -> Result<Self, Malformed> {
        Self::check(text, bytes_max, |_| false)
    }

    /// Reads a text that may have several lines.
    ///
    /// # Errors
    /// When it is blank, too long or holds control characters other than a new line and a tabulator.
    pub fn parse_lines(text: &str, bytes_max: usize) -> Result<Self, Malformed> {
        Self::check(text, bytes_max, |character| matches!(character, '\n' | '\t'))
    }

    /// As [`Self::parse`], where no text means none.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_optional(text: &str, bytes_max: usize) -> Result<Option<Self>, Malformed> {
        if text.is_empty() { Ok(None) } else { Self::parse(text, bytes_max).map(Some) }
    }

    /// The text itself. It may be personal data: never into a log or an error.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For the wire.
    #[must_use]
    pub fn to_wire(&self) -> String {
        self.0.as_ref().to_owned()
    }

    /// For the wire, where none is no text.
    #[must_use]
    pub fn optional_to_wire(text: Option<&Self>) -> String {
        text.map_or_else(String::new, Self::to_wire)
    }

    /// Several, for the wire.
    #[must_use]
    pub fn list_to_wire(texts: &[Self]) -> Vec<String> {
        texts.iter().map(Self::to_wire).collect()
    }

    fn check(text: &str, bytes_max: usize, allowed: impl Fn(char) -> bool) -> Result<Self, Malformed> {
        if text.trim().is_empty() {
            return Err(Malformed::new("must not be blank"));
        }
        if text.len() > bytes_max {
            return Err(Malformed::new(format!("must be at most {bytes_max} bytes of UTF-8")));
        }
        if is_disturbed(text, allowed) {
            return Err(Malformed::new("must not hold control characters"));
        }
        Ok(Self(text.into()))
    }
}

/// Whether a text holds what disturbs and is not allowed. Most texts are ASCII, of which all bytes are looked at together.
fn is_disturbed(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    let is_bad = |character| disturbs(character) && !allowed(character);
    if text.is_ascii() {
        // No early end: that is what lets the processor look at many at a time.
        return text.bytes().fold(false, |found, byte| found | (byte.is_ascii_control() && is_bad(char::from(byte))));
    }
    text.chars().any(is_bad)
}

/// Control characters, and those that force the direction of the text after them. Joiners and direction marks stay: scripts need them.
fn disturbs(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A text in one language.
#[derive(Clone, PartialEq, Eq)]
pub struct LocalText {
    /// Its language.
    pub language: Language,
    /// The text, at most [`Text::LOCAL_BYTES`].
    pub text: Text,
}

redacted!(LocalText);

impl LocalText {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the language or the text breaks its form.
    pub fn from_wire(local: &wire::LocalText) -> Result<Self, Malformed> {
        let wire::LocalText { language, text } = local;
        Ok(Self { language: Language::parse(language).at("language")?, text: Text::parse_lines(text, Text::LOCAL_BYTES).at("text")? })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::LocalText {
        wire::LocalText { language: self.language.to_string(), text: self.text.to_wire() }
    }
}
