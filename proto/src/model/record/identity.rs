//! Name. One word is a whole name; nothing is split into given name and family name.

use crate::model::date::Date;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::shown;
use crate::model::value::{Text, redacted};
use crate::wire;

/// Who a worker is.
#[derive(Clone, PartialEq)]
pub struct Identity {
    /// As she writes it.
    pub full_name: Text,
    /// In its own script.
    pub name_native_script: Option<Text>,
    /// Day of birth, where a remedy needs it.
    pub date_of_birth: Option<Date>,
}

redacted!(Identity);

impl Identity {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the name is missing, or a text or the day breaks its form.
    pub fn from_wire(identity: &wire::Identity) -> Result<Self, Malformed> {
        let wire::Identity { full_name, name_native_script, date_of_birth } = identity;
        Ok(Self {
            full_name: Text::parse(full_name, Text::NAME_BYTES).at("full_name")?,
            name_native_script: Text::parse_optional(name_native_script, Text::NAME_BYTES).at("name_native_script")?,
            date_of_birth: Date::parse_optional(date_of_birth).at("date_of_birth")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Identity {
        wire::Identity {
            full_name: self.full_name.to_wire(),
            name_native_script: Text::optional_to_wire(self.name_native_script.as_ref()),
            date_of_birth: shown(self.date_of_birth.as_ref()),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 3] {
        [
            ("identity.full_name", true),
            ("identity.name_native_script", self.name_native_script.is_some()),
            ("identity.date_of_birth", self.date_of_birth.is_some()),
        ]
    }
}
