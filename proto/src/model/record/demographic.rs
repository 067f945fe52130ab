//! Sex, age band, nationality.

use crate::model::code::coded;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::shown;
use crate::model::value::{Country, redacted};
use crate::wire;

coded! {
    /// Sex, as she states it.
    pub enum Sex from Sex {
        /// Female.
        Female = "FEMALE",
        /// Male.
        Male = "MALE",
        /// Other.
        Other = "OTHER",
        /// Not stated.
        NotStated = "NOT_STATED",
    }
}

coded! {
    /// Age band.
    pub enum AgeBand from AgeBand {
        /// Under 18: guardian and supervisor.
        Under18 = "UNDER_18",
        /// 18 to 24.
        A1824 = "A18_24",
        /// 25 to 34.
        A2534 = "A25_34",
        /// 35 to 49.
        A3549 = "A35_49",
        /// 50 and more.
        A50Plus = "A50_PLUS",
        /// Unknown.
        Unknown = "UNKNOWN",
    }
}

/// Sex, age band, nationality.
#[derive(Clone, PartialEq)]
pub struct Demographic {
    /// As she states it.
    pub sex: Sex,
    /// Age band.
    pub age_band: AgeBand,
    /// Nationality, if stated.
    pub nationality: Option<Country>,
}

redacted!(Demographic);

impl Demographic {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code or the country is not in its list.
    pub fn from_wire(demographic: &wire::Demographic) -> Result<Self, Malformed> {
        let wire::Demographic { sex, age_band, nationality } = demographic;
        Ok(Self {
            sex: Sex::from_wire(*sex).at("sex")?,
            age_band: AgeBand::from_wire(*age_band).at("age_band")?,
            nationality: Country::parse_optional(nationality).at("nationality")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Demographic {
        wire::Demographic { sex: self.sex.to_wire(), age_band: self.age_band.to_wire(), nationality: shown(self.nationality.as_ref()) }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 3] {
        [("demographic.sex", true), ("demographic.age_band", true), ("demographic.nationality", self.nationality.is_some())]
    }
}
