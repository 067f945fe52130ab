//! Small values with a form: texts with a limit, money, days, countries, languages. Each is checked once, when it is read.

mod money;
mod place;
mod text;
mod time;

pub use iso_currency::Currency;
pub use money::{Decimal, Money};
pub use place::{Country, Language, Province};
pub use text::{LocalText, Text};
pub use time::{ClockTime, Month, Period};

/// A `Debug` that shows the name of the type and nothing it holds. Every type that can hold personal data has it.
macro_rules! redacted {
    ($( $name:ident ),+ $(,)?) => { $(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+ };
}

pub(crate) use redacted;
