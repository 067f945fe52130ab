//! How the two values are stored that are written with every envelope. Version 1 of both was JSON, and is still read.

use bytes::Bytes;
use prost::Message as _;
use titian_proto::model::id::{Digest, RecordId, RecordRef};
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::model::referral::DeliveryStage;
use titian_proto::model::refusal::Refusal;
use titian_proto::wire;

use super::{Given, Progress};
use crate::store::Position;
use crate::store::value::{Stored, frame_message, no_road, read_json};

/// The second version of a progress.
#[derive(Clone, PartialEq, prost::Message)]
#[prost(skip_debug)]
struct ProgressValue {
    #[prost(int32, tag = "1")]
    delivery: i32,
    #[prost(message, optional, tag = "2")]
    blocked_by: Option<wire::Refusal>,
    #[prost(uint64, tag = "3")]
    records_held: u64,
    #[prost(uint64, tag = "4")]
    records_shared: u64,
    #[prost(bytes = "bytes", tag = "5")]
    commitment: Bytes,
    #[prost(bool, tag = "6")]
    safety_shared: bool,
    #[prost(bool, tag = "7")]
    safety_held: bool,
    #[prost(uint64, tag = "8")]
    came: u64,
    #[prost(uint64, tag = "9")]
    narrowed_at: u64,
}

impl Stored for Progress {
    const TABLE: &'static str = "progress/";
    const VERSION: u8 = 2;

    fn write(&self) -> Result<Bytes, Malformed> {
        Ok(self.value().encode_to_vec().into())
    }

    fn framed(&self) -> Result<Bytes, Malformed> {
        Ok(frame_message(Self::VERSION, &self.value()))
    }

    fn read(version: u8, body: Bytes) -> Result<Self, Malformed> {
        match version {
            1 => read_json(&body),
            2 => Self::of(ProgressValue::decode(body).map_err(|_| Malformed::new("is not its message"))?),
            other => Err(no_road(other)),
        }
    }
}

impl Progress {
    fn value(&self) -> ProgressValue {
        let Self { delivery, blocked_by, records_held, records_shared, commitment, safety_shared, safety_held, came, narrowed_at } = self;
        ProgressValue {
            delivery: delivery.map_or(0, DeliveryStage::to_wire),
            blocked_by: blocked_by.as_ref().map(Refusal::to_wire),
            records_held: *records_held,
            records_shared: *records_shared,
            commitment: commitment.map(Digest::to_wire).unwrap_or_default(),
            safety_shared: *safety_shared,
            safety_held: *safety_held,
            came: *came,
            narrowed_at: narrowed_at.number(),
        }
    }

    fn of(value: ProgressValue) -> Result<Self, Malformed> {
        let ProgressValue { delivery, blocked_by, records_held, records_shared, commitment, safety_shared, safety_held, came, narrowed_at } =
            value;
        Ok(Self {
            delivery: DeliveryStage::from_wire_optional(delivery).at("delivery")?,
            blocked_by: blocked_by.as_ref().map(Refusal::from_wire).transpose().at("blocked_by")?,
            records_held,
            records_shared,
            commitment: Digest::from_wire_optional(&commitment).at("commitment")?,
            safety_shared,
            safety_held,
            came,
            narrowed_at: Position::of_number(narrowed_at),
        })
    }
}

/// Bytes of the second version: two ids and a number.
const GIVEN_BYTES: usize = 16 + 16 + 8;

impl Stored for Given {
    const TABLE: &'static str = "given/";
    const VERSION: u8 = 2;

    fn write(&self) -> Result<Bytes, Malformed> {
        let Self { record_id, record_ref, revision } = self;
        let mut value = Vec::with_capacity(GIVEN_BYTES);
        value.extend_from_slice(&record_id.0);
        value.extend_from_slice(&record_ref.0);
        value.extend_from_slice(&revision.to_be_bytes());
        Ok(value.into())
    }

    fn read(version: u8, body: Bytes) -> Result<Self, Malformed> {
        match version {
            1 => read_json(&body),
            2 => Self::of(&body).ok_or_else(|| Malformed::new("must be two ids and a number")),
            other => Err(no_road(other)),
        }
    }
}

impl Given {
    fn of(value: &[u8]) -> Option<Self> {
        let (record_id, rest) = value.split_first_chunk::<16>()?;
        let (record_ref, revision) = rest.split_first_chunk::<16>()?;
        let revision = <[u8; 8]>::try_from(revision).ok()?;
        Some(Self { record_id: RecordId(*record_id), record_ref: RecordRef(*record_ref), revision: u64::from_be_bytes(revision) })
    }
}

#[cfg(test)]
mod tests {
    use titian_proto::model::refusal::RefusalCode;

    use super::*;
    use crate::store::value::{frame, unframe, write_json};

    fn progress() -> Progress {
        Progress {
            delivery: Some(DeliveryStage::Queued),
            blocked_by: Some(Refusal::new(RefusalCode::NoAgreement).with_path("worker.health")),
            records_held: 3,
            records_shared: u64::MAX,
            commitment: Some(Digest::of(b"a share")),
            safety_shared: true,
            safety_held: false,
            came: 9,
            narrowed_at: Position::new(1, 7),
        }
    }

    fn given() -> Given {
        Given { record_id: RecordId([1; 16]), record_ref: RecordRef([2; 16]), revision: 1_000_001 }
    }

    /// As an earlier program wrote it.
    fn first_version(value: &impl serde::Serialize) -> Bytes {
        [&[1], write_json(value).unwrap().as_ref()].concat().into()
    }

    #[test]
    fn what_is_written_is_read_again() {
        for progress in [progress(), Progress::default()] {
            assert_eq!(unframe::<Progress>(&frame(&progress).unwrap()).unwrap(), progress);
        }
        assert_eq!(unframe::<Given>(&frame(&given()).unwrap()).unwrap(), given());
    }

    #[test]
    fn what_an_earlier_program_wrote_is_read() {
        for progress in [progress(), Progress::default()] {
            assert_eq!(unframe::<Progress>(&first_version(&progress)).unwrap(), progress);
        }
        assert_eq!(unframe::<Given>(&first_version(&given())).unwrap(), given());
        let written =
            br#"{"record_id":"01010101-0101-0101-0101-010101010101","record_ref":"02020202-0202-0202-0202-020202020202","revision":7}"#;
        assert_eq!(unframe::<Given>(&[&[1], written.as_slice()].concat().into()).unwrap(), Given { revision: 7, ..given() });
    }

    #[test]
    fn broken_bytes_are_no_value() {
        assert!(unframe::<Given>(&Bytes::from_static(&[2, 1, 2, 3])).is_err());
        assert!(unframe::<Progress>(&Bytes::from_static(&[2, 0xff])).is_err());
        let mut longer = frame(&given()).unwrap().to_vec();
        longer.push(0);
        assert!(unframe::<Given>(&longer.into()).is_err());
    }
}
