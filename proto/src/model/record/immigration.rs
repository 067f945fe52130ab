//! Immigration status. Never needed to open a case.

use crate::model::code::coded;
use crate::model::malformed::{At, Malformed};
use crate::model::value::redacted;
use crate::wire;

coded! {
    /// Codes of immigration status.
    pub enum ImmigrationStatusCode from ImmigrationStatusCode {
        /// Not asked: the default.
        NotAsked = "NOT_ASKED",
        /// Regular.
        Regular = "REGULAR",
        /// Expired.
        Expired = "EXPIRED",
        /// Irregular situation.
        Irregular = "IRREGULAR",
        /// Works for another employer than the permit says.
        EmployerMismatch = "EMPLOYER_MISMATCH",
        /// Unknown.
        Unknown = "UNKNOWN",
    }
}

/// Immigration status.
#[derive(Clone, PartialEq)]
pub struct ImmigrationStatus {
    /// Status.
    pub status: ImmigrationStatusCode,
}

redacted!(ImmigrationStatus);

impl ImmigrationStatus {
    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the code is not in the list.
    pub fn from_wire(status: &wire::ImmigrationStatus) -> Result<Self, Malformed> {
        let wire::ImmigrationStatus { status } = status;
        Ok(Self { status: ImmigrationStatusCode::from_wire(*status).at("status")? })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::ImmigrationStatus {
        wire::ImmigrationStatus { status: self.status.to_wire() }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 1] {
        [("immigration_status.status", true)]
    }
}
