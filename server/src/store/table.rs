//! What the tables of the nouns share: reading a whole prefix, and how ids and messages are stored.

use bytes::Bytes;
use prost::Message;
use titian_proto::model::malformed::Malformed;
use titian_proto::wire;

use super::error::StoreError;
use super::read::Read;
use super::value::{Stored, frame_message, no_road, stored_json};

/// Every value under a prefix, in the order of the keys, read in pages.
pub(crate) fn all<T: Stored>(read: &impl Read, prefix: &[u8]) -> Result<Vec<T>, StoreError> {
    /// Entries a page: bounds the memory of one look at the database.
    const PAGE: usize = 1024;
    let mut found = Vec::new();
    let mut after: Option<Bytes> = None;
    loop {
        let page = read.load_all::<T>(prefix, after.as_deref(), PAGE)?;
        let last = page.len() < PAGE;
        after = page.last().map(|(key, _)| key.clone());
        found.extend(page.into_iter().map(|(_, value)| value));
        if last {
            return Ok(found);
        }
    }
}

/// A page of values after a key.
pub(crate) fn page<T: Stored>(read: &impl Read, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Vec<T>, StoreError> {
    Ok(read.load_all::<T>(prefix, after, limit)?.into_iter().map(|(_, value)| value).collect())
}

/// Declares that a message is stored as its wire bytes, version 1.
macro_rules! stored_message {
    ($name:ty, $table:literal) => {
        impl Stored for $name {
            const TABLE: &'static str = $table;
            const VERSION: u8 = 1;

            fn write(&self) -> Result<Bytes, Malformed> {
                Ok(self.encode_to_vec().into())
            }

            fn framed(&self) -> Result<Bytes, Malformed> {
                Ok(frame_message(Self::VERSION, self))
            }

            fn read(version: u8, body: Bytes) -> Result<Self, Malformed> {
                if version != 1 {
                    return Err(no_road(version));
                }
                Self::decode(body).map_err(|_| Malformed::new("is not its message"))
            }
        }
    };
}

stored_message!(wire::Record, "record/");
stored_message!(wire::SharedRecord, "held/");

stored_json!(titian_proto::model::id::SubjectRef, "subject/");
stored_json!(titian_proto::model::id::WorkerId, "known-as/");
stored_json!(titian_proto::model::id::CaseRef, "case-ref/");
stored_json!(titian_proto::model::id::ReferralId, "referral-of/");
stored_json!((titian_proto::model::date::Instant, titian_proto::model::id::ReferralId), "referral-due/");

/// Bytes in a small file, as base64.
pub(crate) mod base64_bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map(Bytes::from).map_err(serde::de::Error::custom)
    }
}
