//! What an account of the staff may be.

use crate::model::code::coded;

coded! {
    /// The role of an account; what each may call is one table of the node's desk.
    pub enum Role from StaffRole {
        /// Works on cases.
        Caseworker = "CASEWORKER",
        /// Works on cases, and approves what needs a second person.
        Supervisor = "SUPERVISOR",
        /// Sends and receives the union's referrals; intake.
        FocalPoint = "FOCAL_POINT",
        /// Peers, agreements, accounts, the node. No case.
        Admin = "ADMIN",
        /// Reads the log. No case.
        Auditor = "AUDITOR",
    }
}
