//! Values: the first byte is the version of the value, and every older version has a road to the newest.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use titian_proto::model::malformed::Malformed;

use super::error::StoreError;

/// A type that is stored. Its versions are counted per type; reading an older one goes through [`Stored::read`], which is the road.
pub trait Stored: Sized {
    /// Name of the table, for errors.
    const TABLE: &'static str;

    /// The version that is written.
    const VERSION: u8;

    /// Writes the newest version, without the version byte.
    ///
    /// # Errors
    /// When the value has no stored form.
    fn write(&self) -> Result<Bytes, Malformed>;

    /// Writes the version byte and the newest version. What is long and often written does so without a second copy.
    ///
    /// # Errors
    /// When the value has no stored form.
    fn framed(&self) -> Result<Bytes, Malformed> {
        let body = self.write()?;
        let mut framed = Vec::with_capacity(body.len() + 1);
        framed.push(Self::VERSION);
        framed.extend_from_slice(&body);
        Ok(framed.into())
    }

    /// Reads any version up to [`Self::VERSION`].
    ///
    /// # Errors
    /// When the bytes are not a value of that version, or the version is unknown.
    fn read(version: u8, body: Bytes) -> Result<Self, Malformed>;
}

/// Puts the version byte before a value.
pub(crate) fn frame<T: Stored>(value: &T) -> Result<Bytes, StoreError> {
    value.framed().map_err(|source| StoreError::Refused { table: T::TABLE, source })
}

/// Writes a message behind its version byte.
pub(crate) fn frame_message(version: u8, message: &impl prost::Message) -> Bytes {
    let mut framed = Vec::with_capacity(1 + message.encoded_len());
    framed.push(version);
    message.encode_raw(&mut framed);
    framed.into()
}

/// Reads a stored value of any known version.
pub(crate) fn unframe<T: Stored>(framed: &Bytes) -> Result<T, StoreError> {
    let unreadable = |source| StoreError::Unreadable { table: T::TABLE, source };
    match framed.first() {
        None => Err(unreadable(Malformed::new("is empty"))),
        Some(version) if *version > T::VERSION => Err(unreadable(Malformed::new("was written by a newer program"))),
        Some(version) => T::read(*version, framed.slice(1..)).map_err(unreadable),
    }
}

/// What a road says to a version it does not know.
#[must_use]
pub fn no_road(version: u8) -> Malformed {
    Malformed::new(format!("has version {version}, from which no road leads here"))
}

/// Writes a value as JSON, the usual form of a stored value.
///
/// # Errors
/// When it holds a map whose keys are no texts.
pub fn write_json<T: Serialize>(value: &T) -> Result<Bytes, Malformed> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|_| Malformed::new("has no JSON form"))
}

/// Reads a value written as JSON.
///
/// # Errors
/// When the bytes are not its JSON. The error says where, never what.
pub fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(body)
        .map_err(|error| Malformed::new(format!("is not its JSON (line {}, column {})", error.line(), error.column())))
}

/// Declares how a type with serde is stored in a table, version 1: `stored_json!(Worker, "worker/");`.
macro_rules! stored_json {
    ($name:ty, $table:literal) => {
        impl $crate::store::value::Stored for $name {
            const TABLE: &'static str = $table;
            const VERSION: u8 = 1;

            fn write(&self) -> Result<bytes::Bytes, titian_proto::model::malformed::Malformed> {
                $crate::store::value::write_json(self)
            }

            fn read(version: u8, body: bytes::Bytes) -> Result<Self, titian_proto::model::malformed::Malformed> {
                if version == 1 { $crate::store::value::read_json(&body) } else { Err($crate::store::value::no_road(version)) }
            }
        }
    };
}
pub(crate) use stored_json;

/// Bytes that are stored as they are: signed things, leaves.
pub(crate) struct Raw(pub(crate) Bytes);

impl Stored for Raw {
    const TABLE: &'static str = "bytes";
    const VERSION: u8 = 1;

    fn write(&self) -> Result<Bytes, Malformed> {
        Ok(self.0.clone())
    }

    fn read(version: u8, body: Bytes) -> Result<Self, Malformed> {
        if version == 1 { Ok(Self(body)) } else { Err(no_road(version)) }
    }
}

/// A counter.
impl Stored for u64 {
    const TABLE: &'static str = "counter";
    const VERSION: u8 = 1;

    fn write(&self) -> Result<Bytes, Malformed> {
        Ok(Bytes::copy_from_slice(&self.to_be_bytes()))
    }

    fn read(version: u8, body: Bytes) -> Result<Self, Malformed> {
        let number = <[u8; 8]>::try_from(body.as_ref()).map_err(|_| Malformed::new("must be 8 bytes"))?;
        if version == 1 { Ok(Self::from_be_bytes(number)) } else { Err(no_road(version)) }
    }
}
