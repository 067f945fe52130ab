//! Breaches: what this union told others of, and what others told it.

use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{BreachId, NodeId, ReferralId, TransferId};
use titian_proto::model::vocabulary::Category;

use super::key::Key;
use super::table;
use super::value::stored_json;
use super::{Read, StoreError, Unit};

/// One breach. Never removed: an authority may ask for years who was told of it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreachFile {
    /// Its id at this node.
    pub breach_id: BreachId,
    /// The union that told of it; none: it happened here.
    pub told_by: Option<NodeId>,
    /// When it was found.
    pub found_at: Instant,
    /// When it was written down here.
    pub noted_at: Instant,
    /// Until when the unions concerned must know; where another union told, the workers.
    pub due: Instant,
    /// Categories concerned.
    pub categories: Vec<Category>,
    /// Whom it concerns besides this union, where it happened here; and this union's own referrals, where it did not.
    pub concerned: Vec<Concerned>,
    /// Who has seen to it that the workers are told, and when.
    pub settled: Option<(String, Instant)>,
}

/// A union whose referrals are concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concerned {
    /// Which.
    pub peer: NodeId,
    /// The referrals with it; empty: all of them.
    pub referral_ids: Vec<ReferralId>,
    /// The transfer that tells it; none: it could not be told yet.
    pub told: Option<TransferId>,
    /// When its receipt came.
    pub answered_at: Option<Instant>,
}

stored_json!(BreachFile, "breach/");

const TABLE: &str = "breach/";

impl BreachFile {
    /// Whether somebody still has to know, or a person has to act.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.told_by {
            None => self.concerned.iter().any(|one| one.answered_at.is_none()),
            Some(_) => self.settled.is_none(),
        }
    }

    /// Whether somebody does not know of it, though she should by now.
    #[must_use]
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.is_open() && now > self.due
    }
}

/// Reading breaches.
pub trait BreachTable: Read + Sized {
    /// One of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn breach(&self, breach_id: BreachId) -> Result<Option<BreachFile>, StoreError> {
        self.load(&key(breach_id))
    }

    /// All of them, in the order in which they were written down. There are few in the life of a node.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn breaches(&self) -> Result<Vec<BreachFile>, StoreError> {
        table::all(self, &Key::of(TABLE))
    }
}

impl<R: Read> BreachTable for R {}

impl Unit {
    /// Writes a breach.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_breach(&mut self, breach: &BreachFile) -> Result<(), StoreError> {
        self.save(key(breach.breach_id), breach)
    }
}

fn key(breach_id: BreachId) -> Key {
    Key::of(TABLE).id(&breach_id.0)
}
