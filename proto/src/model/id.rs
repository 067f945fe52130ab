//! One typed id for one noun, so that no two can be mistaken for each other.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::model::malformed::Malformed;

/// Declares an id of 16 bytes, shown as hexadecimal with hyphens.
macro_rules! id16 {
    ($( $(#[$meta:meta])* $name:ident; )+) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// From the wire.
            ///
            /// # Errors
            /// When there are not exactly 16 bytes.
            pub fn from_wire(bytes: &[u8]) -> Result<Self, Malformed> {
                <[u8; 16]>::try_from(bytes).map(Self).map_err(|_| Malformed::new("must be 16 bytes"))
            }

            /// As [`Self::from_wire`], where no bytes mean none.
            ///
            /// # Errors
            /// When there are neither 0 nor 16 bytes.
            pub fn from_wire_optional(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
                if bytes.is_empty() { Ok(None) } else { Self::from_wire(bytes).map(Some) }
            }

            /// For the wire.
            #[must_use]
            pub fn to_wire(self) -> Bytes {
                Bytes::copy_from_slice(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                uuid::Uuid::from_bytes(self.0).hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                uuid::Uuid::try_parse(text).map(|id| Self(id.into_bytes())).map_err(|_| Malformed::new("is not an id such as 01890a5d-ac96-774b-bcce-b302099a8057"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+ };
}

id16! {
    /// A worker at this node. Never on the wire between nodes.
    WorkerId;
    /// A case at this node. Never on the wire between nodes.
    CaseId;
    /// A record at this node. Never on the wire between nodes.
    RecordId;
    /// A consent.
    ConsentId;
    /// A referral; the same at both nodes.
    ReferralId;
    /// A worker as one peer knows her: random per worker and peer, so that two peers cannot join what they hold.
    SubjectRef;
    /// A case as one peer knows it: random per case and peer.
    CaseRef;
    /// A record as one peer knows it: random per record and peer.
    RecordRef;
    /// One transfer; the same in both logs.
    TransferId;
    /// A database's life: random when it is created and after every restore.
    Epoch;
    /// A group case, shared by its sub-cases.
    GroupRef;
    /// Something that waits for a person at this node. Never on the wire between nodes.
    TaskId;
    /// The bytes of a document as this node keeps them. Never on the wire between nodes.
    BodyId;
    /// A breach at this node, or that it was told of. Never on the wire between nodes.
    BreachId;
}

/// Builds ids that sort by the time they were made.
pub fn uuid_v7(now: crate::model::date::Instant, random: [u8; 10]) -> [u8; 16] {
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(now.as_millis()).unwrap_or(0), &random).into_uuid().into_bytes()
}

/// Bytes as lower-case hexadecimal digits, in a buffer of twice their length. Logs are full of them.
pub(crate) fn hex_digits<'b>(bytes: &[u8], digits: &'b mut [u8]) -> &'b str {
    let written = hex::encode_to_slice(bytes, digits);
    debug_assert!(written.is_ok(), "the buffer is twice as long");
    std::str::from_utf8(digits).unwrap_or_default()
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// What stands before the first of a chain.
    pub const ZERO: Self = Self([0; 32]);

    /// From the wire.
    ///
    /// # Errors
    /// When there are not exactly 32 bytes.
    pub fn from_wire(bytes: &[u8]) -> Result<Self, Malformed> {
        <[u8; 32]>::try_from(bytes).map(Self).map_err(|_| Malformed::new("must be 32 bytes"))
    }

    /// As [`Self::from_wire`], where no bytes mean none.
    ///
    /// # Errors
    /// When there are neither 0 nor 32 bytes.
    pub fn from_wire_optional(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        if bytes.is_empty() { Ok(None) } else { Self::from_wire(bytes).map(Some) }
    }

    /// For the wire.
    #[must_use]
    pub fn to_wire(self) -> Bytes {
        Bytes::copy_from_slice(&self.0)
    }

    /// Its hexadecimal digits, written into a buffer.
    pub(crate) fn hex<'b>(&self, digits: &'b mut [u8; 64]) -> &'b str {
        hex_digits(&self.0, digits)
    }

    /// The SHA-256 of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.hex(&mut [0; 64]))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.hex(&mut [0; 64]))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        let mut digest = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut digest).map_err(serde::de::Error::custom)?;
        Ok(Self(digest))
    }
}

/// The stable name of a union's node, country first: `my.mtuc`. Never a host name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(std::sync::Arc<str>);

impl NodeId {
    /// Longest name; it stands in keys, headers and log leaves.
    pub const LENGTH_MAX: usize = 64;

    /// Reads one: two letters of a country, a dot, then letters, digits and hyphens.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let form = || Malformed::new("must be a node id such as my.mtuc: a country's two letters, a dot, then a-z, 0-9 and hyphens");
        let (country, name) = text.split_once('.').ok_or_else(form)?;
        let lower = |c: char| c.is_ascii_lowercase();
        let well_formed = country.len() == 2
            && country.chars().all(lower)
            && name.starts_with(lower)
            && name.chars().all(|c| lower(c) || c.is_ascii_digit() || c == '-')
            && text.len() <= Self::LENGTH_MAX;
        if well_formed { Ok(Self(text.into())) } else { Err(form()) }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for NodeId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for NodeId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
