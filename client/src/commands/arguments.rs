//! Arguments of several nouns.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use titian_proto::model::date::{Date, Instant};
use titian_proto::model::id::ReferralId;

/// An id of 16 bytes: with hyphens as this program shows it, in hexadecimal, or in base64 as it stands in `--json`.
pub(super) fn id(text: &str) -> Result<Bytes, String> {
    let with_hyphens = || text.parse::<ReferralId>().ok().map(ReferralId::to_wire);
    let base64 = || STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 16).map(Bytes::from);
    with_hyphens().or_else(base64).ok_or_else(|| "must be an id such as 01890a5d-ac96-774b-bcce-b302099a8057".to_owned())
}

/// A digest of 32 bytes in hexadecimal.
pub(super) fn digest(text: &str) -> Result<Bytes, String> {
    let bytes = hex::decode(text).ok().filter(|bytes| bytes.len() == 32);
    bytes.map(Bytes::from).ok_or_else(|| "must be 64 hexadecimal digits (sha256sum FILE)".to_owned())
}

/// A day such as 2026-03-02.
pub(super) fn day(text: &str) -> Result<String, String> {
    Date::parse(text).map(|day| day.to_string()).map_err(|error| error.rule)
}

/// A moment such as 2026-03-02T01:00:00Z, in milliseconds since 1970.
pub(super) fn moment(text: &str) -> Result<i64, String> {
    text.parse::<Instant>().map(Instant::as_millis).map_err(|error| error.to_string())
}
