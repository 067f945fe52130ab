//! Closed lists of codes: one Rust enum, its code as people and files write it, and its number on the wire.

/// Declares a closed list of codes with its conversions. The wire's `UNSPECIFIED` has no place in the model: reading it is an error, unless the
/// field is optional there.
macro_rules! coded {
    (
        $(#[$meta:meta])*
        pub enum $name:ident from $wire:ident {
            $( $(#[$vmeta:meta])* $variant:ident = $code:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$vmeta])* $variant, )+
        }

        impl $name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )+ ];

            /// The code, as files and people write it.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $( Self::$variant => $code, )+ }
            }

            /// The value with this code.
            ///
            /// # Errors
            /// When the list has no such code.
            pub fn from_code(code: &str) -> Result<Self, $crate::model::malformed::Malformed> {
                match code {
                    $( $code => Ok(Self::$variant), )+
                    _ => Err($crate::model::malformed::Malformed::unknown_code(stringify!($name))),
                }
            }

            /// The value with this number on the wire.
            ///
            /// # Errors
            /// When the list has no such number, or it is the unspecified one.
            pub fn from_wire(number: i32) -> Result<Self, $crate::model::malformed::Malformed> {
                match $crate::wire::$wire::try_from(number) {
                    $( Ok($crate::wire::$wire::$variant) => Ok(Self::$variant), )+
                    _ => Err($crate::model::malformed::Malformed::unknown_code(stringify!($name))),
                }
            }

            /// As [`Self::from_wire`], where the unspecified number means that nothing was said.
            ///
            /// # Errors
            /// When the list has no such number.
            pub fn from_wire_optional(number: i32) -> Result<Option<Self>, $crate::model::malformed::Malformed> {
                if number == 0 { Ok(None) } else { Self::from_wire(number).map(Some) }
            }

            /// Its number on the wire.
            #[must_use]
            pub fn to_wire(self) -> i32 {
                match self { $( Self::$variant => $crate::wire::$wire::$variant as i32, )+ }
            }

            /// The numbers of several.
            #[must_use]
            pub fn list_to_wire(list: &[Self]) -> Vec<i32> {
                list.iter().map(|one| one.to_wire()).collect()
            }

            /// Several from their numbers.
            ///
            /// # Errors
            /// When one of them is not in the list.
            pub fn list_from_wire(numbers: &[i32]) -> Result<Vec<Self>, $crate::model::malformed::Malformed> {
                numbers.iter().map(|number| Self::from_wire(*number)).collect()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::from_code(&code).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use coded;
