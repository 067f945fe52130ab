//! Where an envelope stands in a lane, over all lives of its sender's database.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in a lane. A database that is restored begins a new life with a new epoch, and every lane begins a new chain with sequence 1: so no
/// sequence is ever used twice. Positions count over the lives, in the order in which the chains are sent, and key the tables of the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first envelope.
    pub const START: Self = Self(0);

    /// A chain holds up to a million million envelopes; sixteen million lives are more restores than a union makes.
    const SEQUENCE_BITS: u32 = 40;

    /// The place with a sequence in a life, both as they are counted: lives from 0, sequences from 1. What no chain reaches stands at its end.
    #[must_use]
    pub fn new(life: u32, sequence: u64) -> Self {
        let last = (1 << Self::SEQUENCE_BITS) - 1;
        Self(u64::from(life) << Self::SEQUENCE_BITS | sequence.min(last))
    }

    /// The places with a sequence in each of so many lives, the oldest first: where an envelope may stand of which nothing says in which life it was
    /// sent.
    pub fn in_lives(lives: usize, sequence: u64) -> impl DoubleEndedIterator<Item = Self> {
        (0..u32::try_from(lives).unwrap_or(u32::MAX)).map(move |life| Self::new(life, sequence))
    }

    /// In which life of the sender's database, from 0.
    #[must_use]
    pub fn life(self) -> u32 {
        u32::try_from(self.0 >> Self::SEQUENCE_BITS).unwrap_or(u32::MAX)
    }

    /// Its sequence in the chain of that life; 0 before the first.
    #[must_use]
    pub fn sequence(self) -> u64 {
        self.0 & ((1 << Self::SEQUENCE_BITS) - 1)
    }

    /// The place whose key this is.
    pub(crate) fn of_number(number: u64) -> Self {
        Self(number)
    }

    /// For a key, so that keys sort as the envelopes are sent.
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// The place before this one in its chain.
    #[must_use]
    pub fn before(self) -> Self {
        Self::new(self.life(), self.sequence().saturating_sub(1))
    }

    fn following(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.life() {
            0 => write!(f, "{}", self.sequence()),
            life => write!(f, "{life}:{}", self.sequence()),
        }
    }
}

/// Where a lane's chain of one life ended and that of a later one began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Turns(Vec<(Position, Position)>);

impl Turns {
    /// A lane of one life.
    pub const NONE: Self = Self(Vec::new());

    /// The place after a place that is not the last of its lane. After a place behind the end of a chain, which a life reached after the backup
    /// was made and of which only the peer still knows, comes the next chain.
    #[must_use]
    pub fn next(&self, after: Position) -> Position {
        self.0.iter().find(|(end, begin)| *end <= after && after < *begin).map_or_else(|| after.following(), |(_, begin)| *begin)
    }

    /// The places after one up to another that both exist, in the order in which they are sent.
    pub fn places(&self, after: Position, through: Position) -> impl Iterator<Item = Position> {
        let first = (after < through).then(|| self.next(after));
        std::iter::successors(first, move |last| (*last < through).then(|| self.next(*last)))
    }

    /// How many places there are after one place up to another.
    #[must_use]
    pub fn count(&self, after: Position, through: Position) -> u64 {
        if after >= through {
            return 0;
        }
        let (mut from, mut count) = (after, 0);
        for (end, begin) in self.0.iter().filter(|(_, begin)| *begin > after && *begin <= through) {
            // What only the peer still knows of an old chain lies behind its end here, and counts for nothing.
            count += if *end > from { end.sequence().saturating_sub(from.sequence()) } else { 0 };
            from = Position::new(begin.life(), begin.sequence() - 1);
        }
        count + through.sequence().saturating_sub(from.sequence())
    }

    /// The turns one by one: the end of a chain, and where the next begins.
    pub(crate) fn pairs(&self) -> &[(Position, Position)] {
        &self.0
    }

    /// Turns that were written one by one.
    pub(crate) fn of_pairs(pairs: Vec<(Position, Position)>) -> Self {
        Self(pairs)
    }

    /// The next place of a lane in this life: after the last, or the first of a new chain. Whether a new chain begins is noted.
    pub(crate) fn advance(&mut self, last: Position, life: u32) -> Position {
        if last.life() >= life {
            return last.following();
        }
        let begin = Position::new(life, 1);
        self.0.push((last, begin));
        begin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_life_begins_a_new_chain_after_the_old_one() {
        let mut turns = Turns::NONE;
        let mut last = Position::START;
        for life in [0, 0, 0, 2, 2] {
            last = turns.advance(last, life);
        }
        assert_eq!((last.life(), last.sequence()), (2, 2));
        assert_eq!(turns.next(Position::new(0, 2)), Position::new(0, 3));
        assert_eq!(turns.next(Position::new(0, 3)), Position::new(2, 1));
        for forgotten in [Position::new(0, 4), Position::new(1, 1)] {
            assert_eq!(turns.next(forgotten), Position::new(2, 1), "what only the peer knows is followed by what is new");
            assert_eq!(turns.count(forgotten, last), 2);
        }
        assert_eq!(turns.places(Position::new(0, 9), last).count(), 2);
        assert_eq!(turns.count(Position::START, last), 5);
        assert_eq!(turns.count(Position::new(0, 2), last), 3);
        assert_eq!(turns.count(Position::new(2, 1), last), 1);
        assert_eq!(turns.count(last, last), 0);
        assert!(Position::new(0, u64::MAX) < Position::new(1, 0));
    }

    #[test]
    fn a_lane_that_was_empty_before_the_restore_begins_in_the_new_life() {
        let mut turns = Turns::NONE;
        let first = turns.advance(Position::START, 1);
        assert_eq!((first, turns.next(Position::START)), (Position::new(1, 1), first));
        assert_eq!(turns.count(Position::START, first), 1);
    }
}
