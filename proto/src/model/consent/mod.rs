//! What one worker allows: one recipient, named purposes, named categories, until a date. Made of grants and withdrawals, never edited
//! (`domain.md` 2.6).

mod grant;
mod ledger;
mod withdrawal;

pub use grant::{Grant, Withheld};
pub use ledger::{Ledger, Standing};
pub use withdrawal::Withdrawal;

use crate::model::code::coded;
use crate::model::malformed::Malformed;
pub use crate::model::reference::ConsentRef;

coded! {
    /// Who gave a consent. A network leader, a relative and an employer are no values: they cannot give it.
    pub enum ConsentGiver from ConsentGiver {
        /// The worker herself.
        Client = "CLIENT",
        /// A guardian of a worker under 18.
        Guardian = "GUARDIAN",
        /// A legal representative.
        LegalRepresentative = "LEGAL_REPRESENTATIVE",
        /// Nobody: the ground is a welfare check, for which she was not asked.
        Nobody = "NOBODY",
    }
}

coded! {
    /// How a consent was given.
    pub enum ConsentMethod from ConsentMethod {
        /// Signed on paper.
        WrittenSigned = "WRITTEN_SIGNED",
        /// Thumbprint on paper.
        Thumbprint = "THUMBPRINT",
        /// Recorded voice.
        RecordedAudio = "RECORDED_AUDIO",
        /// Electronic.
        Electronic = "ELECTRONIC",
        /// Spoken before two staff; T1 and T2 only, never for exports from Indonesia.
        VerbalWitnessed = "VERBAL_WITNESSED",
        /// Not at all: the ground is a welfare check, for which she was not asked.
        NotAsked = "NOT_ASKED",
    }
}

coded! {
    /// On what ground something is shared.
    pub enum ConsentBasis from ConsentBasis {
        /// Consent.
        Consent = "CONSENT",
        /// The narrow welfare-check exception (`domain.md` 2.7).
        WelfareCheck = "WELFARE_CHECK",
    }
}

coded! {
    /// Why she withheld something.
    pub enum WithheldReason from WithheldReason {
        /// Fear of harm.
        FearOfHarm = "FEAR_OF_HARM",
        /// She wants to tell them herself.
        WantsToTellThemselves = "WANTS_TO_TELL_THEMSELVES",
        /// Another reason.
        Other = "OTHER",
    }
}

coded! {
    /// How she can withdraw; always orally too, and at either union.
    pub enum WithdrawalChannel from WithdrawalChannel {
        /// At either union, orally or in writing.
        EitherUnion = "EITHER_UNION",
        /// By the safe contact only.
        SafeContact = "SAFE_CONTACT",
    }
}

coded! {
    /// Whether a receipt was given on paper, which may endanger her.
    pub enum ReceiptGiven from ReceiptGiven {
        /// Yes.
        Yes = "YES",
        /// No, it is not safe.
        NoUnsafe = "NO_UNSAFE",
    }
}

coded! {
    /// What must happen with what was delivered. Ordered: each includes the one before it.
    pub enum WithdrawalAction from WithdrawalAction {
        /// Send nothing new.
        Stop = "STOP",
        /// And freeze what is held.
        Restrict = "RESTRICT",
        /// And destroy it.
        Erase = "ERASE",
    }
}

coded! {
    /// State of a consent, computed from its grants and withdrawals and the date.
    pub enum ConsentState from ConsentState {
        /// Asked for.
        Requested = "REQUESTED",
        /// Given and valid.
        Given = "GIVEN",
        /// Refused by the worker.
        Refused = "REFUSED",
        /// Withdrawn.
        Withdrawn = "WITHDRAWN",
        /// Past its date.
        Expired = "EXPIRED",
        /// Replaced by a newer version.
        Superseded = "SUPERSEDED",
    }
}

/// A number that counts from 1.
fn from_one<N: Copy + Default + PartialEq>(number: N, path: &str) -> Result<N, Malformed> {
    if number == N::default() { Err(Malformed::new("must be 1 or more").at(path)) } else { Ok(number) }
}

/// A list without repetitions: a list that names something twice was put together wrongly.
fn distinct<T: PartialEq>(list: Vec<T>, path: &str) -> Result<Vec<T>, Malformed> {
    let repeated = list.iter().enumerate().any(|(index, one)| list[..index].contains(one));
    if repeated { Err(Malformed::new("names something twice").at(path)) } else { Ok(list) }
}
