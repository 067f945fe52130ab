//! What one worker allows (being written): grants and withdrawals as they came.

use crate::model::malformed::Malformed;
use crate::wire;

/// A consent given.
#[derive(Clone, PartialEq)]
pub struct Grant(wire::Grant);

/// A consent taken back.
#[derive(Clone, PartialEq)]
pub struct Withdrawal(wire::Withdrawal);

macro_rules! as_it_came {
    ($( $name:ident ),+) => { $(
        impl $name {
            /// Reads one from the wire.
            ///
            /// # Errors
            /// None yet.
            pub fn from_wire(message: &wire::$name) -> Result<Self, Malformed> {
                Ok(Self(message.clone()))
            }

            /// Writes it for the wire.
            #[must_use]
            pub fn to_wire(&self) -> wire::$name {
                self.0.clone()
            }
        }

        crate::model::value::redacted!($name);
    )+ };
}

as_it_came!(Grant, Withdrawal);
