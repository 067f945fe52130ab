//! The accounts every union of the harness has.

/// One member of staff, by what she may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// The first officer, made by `titian-node init`.
    Admin,
    /// The second officer, who confirms what the first confirmed.
    SecondAdmin,
    /// Works on cases.
    Caseworker,
    /// Approves as the second person.
    Supervisor,
    /// Answers referrals.
    FocalPoint,
    /// Reads the log.
    Auditor,
}

impl Account {
    /// The name she signs in with.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::SecondAdmin => "officer",
            Self::Caseworker => "caseworker",
            Self::Supervisor => "supervisor",
            Self::FocalPoint => "focal-point",
            Self::Auditor => "auditor",
        }
    }

    /// The role of the account, as the command line writes it.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Self::Admin | Self::SecondAdmin => "ADMIN",
            Self::Caseworker => "CASEWORKER",
            Self::Supervisor => "SUPERVISOR",
            Self::FocalPoint => "FOCAL_POINT",
            Self::Auditor => "AUDITOR",
        }
    }

    /// Her password: invented, and long enough for the node's rule.
    #[must_use]
    pub fn password(self) -> String {
        format!("rehearsal only {}", self.name())
    }
}
