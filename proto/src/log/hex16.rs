//! Sixteen bytes as 32 lower-case hex digits, for serde.

use std::borrow::Cow;

use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

use crate::model::id::hex_digits;

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 16], D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    let mut bytes = [0; 16];
    hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(|_| D::Error::custom("must be 32 hex digits"))?;
    Ok(bytes)
}

/// A field that is always there.
pub(super) mod always {
    use super::{Deserializer, Serializer, hex_digits, read};

    pub(in crate::log) fn serialize<S: Serializer>(bytes: &[u8; 16], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hex_digits(bytes, &mut [0; 32]))
    }

    pub(in crate::log) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 16], D::Error> {
        read(deserializer)
    }
}

/// A transfer that may be absent.
pub(super) mod optional {
    use super::{Deserializer, Serializer, hex_digits, read};
    use crate::model::id::TransferId;

    #[allow(clippy::ref_option, reason = "the form that serde calls")]
    pub(in crate::log) fn serialize<S: Serializer>(transfer: &Option<TransferId>, serializer: S) -> Result<S::Ok, S::Error> {
        match transfer {
            Some(transfer) => serializer.serialize_str(hex_digits(&transfer.0, &mut [0; 32])),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::log) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TransferId>, D::Error> {
        read(deserializer).map(|bytes| Some(TransferId(bytes)))
    }
}
