//! Consents: each worker's grants and withdrawals, in the order in which they were written down. Never edited, never removed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use titian_proto::model::id::{NodeId, SubjectRef, WorkerId};

use super::key::Key;
use super::table::{self, base64_bytes};
use super::tag;
use super::value::stored_json;
use super::{Read, StoreError, Unit};

/// Whose consents, and who wrote them down. Each writer counts its own lines, so each has a ledger of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A worker of this node; written here.
    Worker(WorkerId),
    /// A worker known only through a peer's referral; written here.
    KnownThrough(NodeId, SubjectRef),
    /// A worker of a peer; written by the peer and sent along.
    ToldBy(NodeId, SubjectRef),
}

/// One line of the ledger.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LedgerLine {
    /// Order among the subject's lines.
    pub sequence: u64,
    /// The exact bytes of the grant, or none.
    #[serde(with = "base64_bytes")]
    pub grant: Bytes,
    /// The exact bytes of the withdrawal, or none.
    #[serde(with = "base64_bytes")]
    pub withdrawal: Bytes,
    /// Index of the log leaf that says so.
    pub leaf: Option<u64>,
}

stored_json!(LedgerLine, "ledger/");

/// Reading consents.
pub trait ConsentTable: Read + Sized {
    /// A subject's ledger, in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ledger_lines(&self, subject: &Subject) -> Result<Vec<LedgerLine>, StoreError> {
        table::all(self, &key(subject))
    }

    /// Changes with every line of a subject's ledger, and is never the same twice.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ledger_tag(&self, subject: &Subject) -> Result<Option<Bytes>, StoreError> {
        tag::tag(self, &key(subject))
    }
}

impl<R: Read> ConsentTable for R {}

impl Unit {
    /// Adds a line to a subject's ledger. A line with the same sequence and the same bytes is the same line.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_ledger_line(&mut self, subject: &Subject, line: &LedgerLine) -> Result<(), StoreError> {
        self.change_tag(&key(subject))?;
        let kind = u64::from(!line.withdrawal.is_empty());
        self.save(key(subject).number(line.sequence).number(kind), line)
    }
}

fn key(subject: &Subject) -> Key {
    match subject {
        Subject::Worker(worker_id) => Key::of("ledger/").id(&worker_id.0),
        Subject::KnownThrough(peer, subject) => Key::of("ledger-known-through/").text(peer.as_str()).id(&subject.0),
        Subject::ToldBy(peer, subject) => Key::of("ledger-told-by/").text(peer.as_str()).id(&subject.0),
    }
}
