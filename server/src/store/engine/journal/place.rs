//! Places in the journal.

/// A place in a segment. Places sort in the order in which they were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store::engine) struct Place {
    /// Number of the segment.
    pub(super) segment: u32,
    /// Bytes from its beginning.
    pub(super) offset: u32,
}

impl Place {
    /// Bytes of its written form.
    pub(in crate::store::engine) const BYTES: usize = 8;

    pub(in crate::store::engine) fn write(self) -> [u8; Self::BYTES] {
        self.number().to_be_bytes()
    }

    /// The place so many bytes behind this one, in the same segment.
    pub(super) fn behind(self, bytes: usize) -> Self {
        Self { offset: self.offset + bytes as u32, ..self }
    }

    /// As a number that sorts as places do.
    pub(super) fn number(self) -> u64 {
        u64::from(self.segment) << 32 | u64::from(self.offset)
    }

    /// The place of a number.
    pub(super) fn of_number(number: u64) -> Self {
        Self { segment: (number >> 32) as u32, offset: number as u32 }
    }

    pub(in crate::store::engine) fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self::of_number(u64::from_be_bytes(bytes.try_into().ok()?)))
    }
}

/// Where one value stands, and how to tell that it is still the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store::engine) struct Pointer {
    pub(super) place: Place,
    pub(super) length: u32,
    pub(super) checksum: u32,
}

impl Pointer {
    /// To a value that stands at a place.
    pub(super) fn to(value: &[u8], place: Place) -> Self {
        Self { place, length: value.len() as u32, checksum: crc32fast::hash(value) }
    }

    /// Number of the segment in which it stands.
    pub(in crate::store::engine) fn segment(self) -> u32 {
        self.place.segment
    }

    /// Bytes of the value.
    pub(in crate::store::engine) fn bytes(self) -> u64 {
        u64::from(self.length)
    }

    /// Bytes of its written form.
    pub(in crate::store::engine) const BYTES: usize = Place::BYTES + 8;

    pub(in crate::store::engine) fn write(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..Place::BYTES].copy_from_slice(&self.place.write());
        bytes[Place::BYTES..].copy_from_slice(&(u64::from(self.length) << 32 | u64::from(self.checksum)).to_be_bytes());
        bytes
    }

    pub(in crate::store::engine) fn read(bytes: &[u8]) -> Option<Self> {
        let (place, rest) = bytes.split_at_checked(Place::BYTES)?;
        let number = u64::from_be_bytes(rest.try_into().ok()?);
        Some(Self { place: Place::read(place)?, length: (number >> 32) as u32, checksum: number as u32 })
    }
}
