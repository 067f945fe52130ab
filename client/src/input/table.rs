//! One table of an input: read key by key; what was not asked for is unknown and refused.

use titian_proto::model::date::Date;

use crate::codes::{self, Code};
use crate::input::error::InputError;

/// A table that is being read. Taking a key removes it; [`Table::finish`] refuses what is left.
pub(super) struct Table {
    file: String,
    name: String,
    entries: toml::Table,
    known: Vec<&'static str>,
    /// Values came as words of the command line: "true", "12" and "A,B" may stand for a flag, a number and a list.
    words: bool,
}

impl Table {
    /// The table that must be there, once.
    pub(super) fn one(file: &str, name: &str, value: Option<&toml::Value>) -> Result<Self, InputError> {
        match value {
            Some(toml::Value::Table(entries)) => Ok(Self::new(file, name, entries.clone(), false)),
            Some(_) => Err(InputError::new(file, name, "", "must be one table")),
            None => Err(InputError::new(file, name, "", "must be given")),
        }
    }

    /// A table once, several times, or not at all.
    pub(super) fn several(file: &str, name: &str, value: Option<&toml::Value>) -> Result<Vec<Self>, InputError> {
        let wrong = || InputError::new(file, name, "", "must be a table or a list of tables");
        match value {
            None => Ok(Vec::new()),
            Some(toml::Value::Table(entries)) => Ok(vec![Self::new(file, name, entries.clone(), false)]),
            Some(toml::Value::Array(list)) => list
                .iter()
                .enumerate()
                .map(|(index, value)| {
                    let entries = value.as_table().ok_or_else(wrong)?;
                    Ok(Self::new(file, &format!("{name}[{index}]"), entries.clone(), false))
                })
                .collect(),
            Some(_) => Err(wrong()),
        }
    }

    /// A table whose values are words of the command line.
    pub(super) fn from_words(name: &str, entries: toml::Table) -> Self {
        Self::new("arguments", name, entries, true)
    }

    fn new(file: &str, name: &str, entries: toml::Table, words: bool) -> Self {
        Self { file: file.to_owned(), name: name.to_owned(), entries, known: Vec::new(), words }
    }

    /// Refuses keys that nobody asked for.
    pub(super) fn finish(self) -> Result<(), InputError> {
        match self.entries.keys().next() {
            Some(key) => Err(self.wrong(key, format!("is not a key of this table; there are: {}", self.known.join(", ")))),
            None => Ok(()),
        }
    }

    /// The error that a key breaks a rule.
    pub(super) fn wrong(&self, key: &str, rule: impl Into<String>) -> InputError {
        InputError::new(&self.file, &self.name, key, rule)
    }

    /// A text; empty when it is not there.
    pub(super) fn text(&mut self, key: &'static str) -> Result<String, InputError> {
        match self.take(key) {
            None => Ok(String::new()),
            Some(toml::Value::String(text)) => Ok(text),
            Some(toml::Value::Datetime(moment)) => Ok(moment.to_string()), // a day written without quotes
            Some(_) => Err(self.wrong(key, "must be one text in quotes")),
        }
    }

    /// A text that must be there.
    pub(super) fn required_text(&mut self, key: &'static str) -> Result<String, InputError> {
        match self.text(key)? {
            text if text.trim().is_empty() => Err(self.wrong(key, "must be given")),
            text => Ok(text),
        }
    }

    /// Texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Result<Vec<String>, InputError> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(toml::Value::String(text)) if self.words => Ok(text.split(',').map(|part| part.trim().to_owned()).collect()),
            Some(toml::Value::Array(list)) => {
                let text = |value: toml::Value| value.as_str().map(str::to_owned).ok_or_else(|| self.wrong(key, "must be a list of texts"));
                list.into_iter().map(text).collect()
            }
            Some(_) => Err(self.wrong(key, "must be a list such as [\"...\"]")),
        }
    }

    /// Yes or no; no when it is not there.
    pub(super) fn flag(&mut self, key: &'static str) -> Result<bool, InputError> {
        match self.take(key) {
            None => Ok(false),
            Some(toml::Value::Boolean(flag)) => Ok(flag),
            Some(toml::Value::String(text)) if self.words && matches!(text.as_str(), "true" | "false") => Ok(text == "true"),
            Some(_) => Err(self.wrong(key, "must be true or false")),
        }
    }

    /// A number that is not negative; none when it is not there.
    pub(super) fn number<N: TryFrom<i64>>(&mut self, key: &'static str) -> Result<Option<N>, InputError> {
        let number = match self.take(key) {
            None => return Ok(None),
            Some(toml::Value::Integer(number)) => Some(number),
            Some(toml::Value::String(text)) if self.words => text.parse().ok(),
            Some(_) => None,
        };
        let fits = number.filter(|number| *number >= 0).and_then(|number| N::try_from(number).ok());
        fits.map(Some).ok_or_else(|| self.wrong(key, "must be a whole number, not negative and not too large"))
    }

    /// A code as its number on the wire; 0 when it is not there.
    pub(super) fn code<C: Code>(&mut self, key: &'static str) -> Result<i32, InputError> {
        let code = self.text(key)?;
        if code.is_empty() { Ok(0) } else { self.number_of::<C>(key, &code) }
    }

    /// A code that must be there.
    pub(super) fn required_code<C: Code>(&mut self, key: &'static str) -> Result<i32, InputError> {
        match self.code::<C>(key)? {
            0 => Err(self.wrong(key, format!("must be given, one of: {}", codes::all::<C>().join(", ")))),
            number => Ok(number),
        }
    }

    /// Codes as their numbers on the wire.
    pub(super) fn codes<C: Code>(&mut self, key: &'static str) -> Result<Vec<i32>, InputError> {
        self.texts(key)?.iter().map(|code| self.number_of::<C>(key, code)).collect()
    }

    /// A day such as 2026-03-02, with or without quotes; empty when it is not there.
    pub(super) fn day(&mut self, key: &'static str) -> Result<String, InputError> {
        let day = self.text(key)?;
        Date::parse_optional(&day).map_err(|error| self.wrong(key, error.rule))?;
        Ok(day)
    }

    /// A country, ISO 3166-1 alpha-2; empty when it is not there.
    pub(super) fn country(&mut self, key: &'static str) -> Result<String, InputError> {
        let country = self.text(key)?;
        if country.is_empty() || rust_iso3166::from_alpha2(&country).is_some() {
            return Ok(country);
        }
        Err(self.wrong(key, "must be a country of ISO 3166-1 in two capital letters, such as MY or ID"))
    }

    /// A digest of 32 bytes in hexadecimal; empty when it is not there.
    pub(super) fn digest(&mut self, key: &'static str) -> Result<bytes::Bytes, InputError> {
        let text = self.text(key)?;
        if text.is_empty() {
            return Ok(bytes::Bytes::new());
        }
        super::value::digest(&text).ok_or_else(|| self.wrong(key, "must be 64 hexadecimal digits"))
    }

    /// A table inside this one.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Self>, InputError> {
        match self.take(key) {
            None => Ok(None),
            Some(toml::Value::Table(entries)) => Ok(Some(self.inner(key, entries))),
            Some(_) => Err(self.wrong(key, "must be a table")),
        }
    }

    /// Tables inside this one, once or several times.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, InputError> {
        let list = match self.take(key) {
            None => return Ok(Vec::new()),
            Some(toml::Value::Table(entries)) => return Ok(vec![self.inner(key, entries)]),
            Some(toml::Value::Array(list)) => list,
            Some(_) => return Err(self.wrong(key, "must be a table or a list of tables")),
        };
        let entries = |value: toml::Value| match value {
            toml::Value::Table(entries) => Ok(entries),
            _ => Err(self.wrong(key, "must be a list of tables")),
        };
        let tables: Vec<toml::Table> = list.into_iter().map(entries).collect::<Result<_, _>>()?;
        Ok(tables.into_iter().enumerate().map(|(index, entries)| self.inner(&format!("{key}[{index}]"), entries)).collect())
    }

    /// Every entry as a text in the language that its key names.
    pub(super) fn into_texts(self) -> Result<Vec<titian_proto::wire::LocalText>, InputError> {
        let text = |(language, value): (&String, &toml::Value)| match value {
            toml::Value::String(text) => Ok(titian_proto::wire::LocalText { language: language.clone(), text: text.clone() }),
            _ => Err(self.wrong(language, "must be one text in quotes")),
        };
        self.entries.iter().map(text).collect()
    }

    fn inner(&self, key: &str, entries: toml::Table) -> Self {
        Self::new(&self.file, &format!("{}.{key}", self.name), entries, self.words)
    }

    fn number_of<C: Code>(&self, key: &str, code: &str) -> Result<i32, InputError> {
        let unknown = || self.wrong(key, format!("is not a code of its list; there are: {}", codes::all::<C>().join(", ")));
        codes::parse::<C>(code).map(Into::into).ok_or_else(unknown)
    }

    fn take(&mut self, key: &'static str) -> Option<toml::Value> {
        self.known.push(key);
        self.entries.remove(key)
    }
}
