//! What the room on the disk still allows. The less is left, the less is taken in: documents first, then shares, then what staff begin anew; what
//! remains is kept for withdrawals, erasures, states and receipts.

use titian_proto::envelope::Lane;

use super::engine::Health;

/// Below this no documents are taken in: one alone may be as large.
const DOCUMENTS_BYTES_MIN: u64 = 1024 * 1024 * 1024;

/// Below this no shares are taken in: a day of a busy union.
const SHARES_BYTES_MIN: u64 = 512 * 1024 * 1024;

/// Below this staff begin nothing new: room for the answers to everything that is open.
const REQUESTS_BYTES_MIN: u64 = 256 * 1024 * 1024;

/// How far the disk is filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Room {
    /// Nothing new is begun, and no shares and no documents are taken in.
    ForAnswers,
    /// No shares and no documents are taken in.
    ForRequests,
    /// No documents are taken in.
    ForShares,
    /// Everything is taken in.
    ForAll,
}

impl Room {
    /// As the disk says. A disk that does not say has room.
    #[must_use]
    pub fn of(health: Health) -> Self {
        match health.free_bytes {
            Some(free) if free < REQUESTS_BYTES_MIN => Self::ForAnswers,
            Some(free) if free < SHARES_BYTES_MIN => Self::ForRequests,
            Some(free) if free < DOCUMENTS_BYTES_MIN => Self::ForShares,
            Some(_) | None => Self::ForAll,
        }
    }

    /// Whether more of a lane is taken in.
    #[must_use]
    pub fn is_for(self, lane: Lane) -> bool {
        match lane {
            Lane::Safety | Lane::States => true,
            Lane::Referrals => self > Self::ForAnswers,
            Lane::Shares => self > Self::ForRequests,
            Lane::Documents => self > Self::ForShares,
        }
    }

    /// Whether staff may begin something new.
    #[must_use]
    pub fn is_for_requests(self) -> bool {
        self > Self::ForAnswers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_less_room_is_left_the_less_is_taken_in_and_safety_always() {
        let room = |mebibytes: u64| Room::of(Health { disk_bytes: 0, free_bytes: Some(mebibytes << 20) });
        let open = |room: Room| Lane::ALL.iter().filter(|lane| room.is_for(**lane)).count();
        assert_eq!([2048, 1000, 500, 100].map(|free| open(room(free))), [5, 4, 3, 2]);
        assert!(room(300).is_for_requests() && !room(100).is_for_requests());
        assert!(room(0).is_for(Lane::Safety) && room(0).is_for(Lane::States));
        assert_eq!(Room::of(Health { disk_bytes: 0, free_bytes: None }), Room::ForAll);
    }
}
