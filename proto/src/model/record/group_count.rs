//! Counts of a group case.

use crate::model::id::GroupRef;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::shown;
use crate::model::value::{Country, redacted};
use crate::wire;

/// Counts of a group case. Represented and registered workers are two series and are never added.
#[derive(Clone, PartialEq)]
pub struct GroupCount {
    /// The group case this belongs to, shared by its sub-cases.
    pub parent_group_ref: GroupRef,
    /// Country of this sub-case; none: the whole.
    pub country: Option<Country>,
    /// Head-count claimed by network leaders.
    pub represented_count: u32,
    /// Workers with a record of their own.
    pub registered_count: u32,
}

redacted!(GroupCount);

impl GroupCount {
    /// A count below this names people (`domain.md` 2.2: counts under 5 only by explicit choice).
    pub const SMALL_CELL_BELOW: u32 = 5;

    /// Whether one of the counts is so small that it names people. Nobody is named by zero.
    #[must_use]
    pub fn small_cell(&self) -> bool {
        [self.represented_count, self.registered_count].iter().any(|count| (1..Self::SMALL_CELL_BELOW).contains(count))
    }

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When the id or the country breaks its form.
    pub fn from_wire(count: &wire::GroupCount) -> Result<Self, Malformed> {
        let wire::GroupCount { parent_group_ref, country, represented_count, registered_count } = count;
        Ok(Self {
            parent_group_ref: GroupRef::from_wire(parent_group_ref).at("parent_group_ref")?,
            country: Country::parse_optional(country).at("country")?,
            represented_count: *represented_count,
            registered_count: *registered_count,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::GroupCount {
        wire::GroupCount {
            parent_group_ref: self.parent_group_ref.to_wire(),
            country: shown(self.country.as_ref()),
            represented_count: self.represented_count,
            registered_count: self.registered_count,
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 4] {
        [
            ("group_count.parent_group_ref", true),
            ("group_count.country", self.country.is_some()),
            ("group_count.represented_count", self.represented_count > 0),
            ("group_count.registered_count", self.registered_count > 0),
        ]
    }
}
