//! Countries, provinces and languages by their international codes.

use std::fmt;
use std::str::FromStr;

use crate::model::malformed::Malformed;

/// A country of ISO 3166-1, shown by its two letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(&'static str);

impl Country {
    /// Reads two capital letters such as MY.
    ///
    /// # Errors
    /// When there is no such country.
    pub fn parse(code: &str) -> Result<Self, Malformed> {
        rust_iso3166::from_alpha2(code)
            .map(|country| Self(country.alpha2))
            .filter(|country| country.0 == code)
            .ok_or_else(|| Malformed::new("must be a country of ISO 3166-1 such as MY"))
    }

    /// As [`Self::parse`], where no text means none.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_optional(code: &str) -> Result<Option<Self>, Malformed> {
        if code.is_empty() { Ok(None) } else { Self::parse(code).map(Some) }
    }

    /// Its two capital letters.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0
    }
}

/// A province or state of ISO 3166-2, such as ID-JI. Only its form and its country are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Province(String);

impl Province {
    /// Reads a country's two letters, a hyphen and one to three letters or digits.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(code: &str) -> Result<Self, Malformed> {
        let form = || Malformed::new("must be a province of ISO 3166-2 such as ID-JI");
        let (country, part) = code.split_once('-').ok_or_else(form)?;
        Country::parse(country).map_err(|_| form())?;
        let well_formed = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if well_formed { Ok(Self(code.to_owned())) } else { Err(form()) }
    }
}

/// A language tag of BCP 47, such as id or zh-Hant. Only its form is checked: no list knows every language that workers speak.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

impl Language {
    /// RFC 5646, 4.4.1: room for every tag without private parts.
    const LENGTH_MAX: usize = 35;

    /// Reads a tag: two or three letters, then parts of one to eight letters or digits behind hyphens.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(tag: &str) -> Result<Self, Malformed> {
        let mut parts = tag.split('-');
        let first = parts.next().unwrap_or_default();
        let language = (2..=3).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_lowercase());
        let rest = parts.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if language && rest && tag.len() <= Self::LENGTH_MAX {
            Ok(Self(tag.to_owned()))
        } else {
            Err(Malformed::new("must be a language of BCP 47 such as id or zh-Hant"))
        }
    }

    /// As [`Self::parse`], where no text means none.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_optional(tag: &str) -> Result<Option<Self>, Malformed> {
        if tag.is_empty() { Ok(None) } else { Self::parse(tag).map(Some) }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Several, for the wire.
    #[must_use]
    pub fn list_to_wire(languages: &[Self]) -> Vec<String> {
        languages.iter().map(ToString::to_string).collect()
    }
}

/// Shows a code and reads it again, on screen and in files.
macro_rules! code_text {
    ($( $name:ident ),+) => { $(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    )+ };
}

code_text!(Country, Province, Language);
