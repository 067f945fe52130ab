//! Rows: what is written once, one behind the other, and stays: leaves, envelopes, receipts. Those that a group of acts writes behind each other
//! stand in one value, so that a thousand of them cost the database a few keys. The key is that of the last.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use titian_proto::model::malformed::Malformed;

use super::engine::{Pair, VALUE_MAX};
use super::error::StoreError;
use super::key::Key;
use super::read::Read;
use super::unit::Unit;
use super::value::{Raw, Stored, frame, no_road, unframe};

/// Tables of rows. An export has each row as a pair of its own.
const TABLES: [&str; 6] = ["log/", "outbox/", "settled/", "inbox/", "inbox-envelope/", "came-under/"];

/// Rows that follow each other, as they are stored. Version 1 was a single row.
#[derive(Clone)]
pub(crate) struct Block {
    rows: Arc<[Bytes]>,
}

/// Bytes before each row.
const LENGTH_BYTES: usize = 4;

/// Bytes of a block beside its rows and their lengths: the version and their number.
const HEAD_BYTES: usize = 1 + LENGTH_BYTES;

impl Stored for Block {
    const TABLE: &'static str = "rows";
    const VERSION: u8 = 2;

    fn write(&self) -> Result<Bytes, Malformed> {
        Ok(self.framed()?.slice(1..))
    }

    fn framed(&self) -> Result<Bytes, Malformed> {
        let mut bytes = BytesMut::with_capacity(HEAD_BYTES + self.rows.iter().map(|row| LENGTH_BYTES + row.len()).sum::<usize>());
        let length = |length: usize| u32::try_from(length).map_err(|_| Malformed::new("is too large"));
        bytes.put_u8(Self::VERSION);
        bytes.put_u32(length(self.rows.len())?);
        for row in self.rows.iter() {
            bytes.put_u32(length(row.len())?);
        }
        for row in self.rows.iter() {
            bytes.put_slice(row);
        }
        Ok(bytes.freeze())
    }

    fn read(version: u8, mut body: Bytes) -> Result<Self, Malformed> {
        let form = || Malformed::new("must be rows with their lengths");
        match version {
            1 => Ok(Self { rows: [body].into() }),
            2 => {
                let count = body.try_get_u32().map_err(|_| form())? as usize;
                if body.len() < count.saturating_mul(LENGTH_BYTES) {
                    return Err(form());
                }
                let mut lengths = body.split_to(count * LENGTH_BYTES);
                let mut row = || {
                    let length = lengths.get_u32() as usize;
                    if body.len() < length { Err(form()) } else { Ok(body.split_to(length)) }
                };
                Ok(Self { rows: (0..count).map(|_| row()).collect::<Result<_, _>>()? })
            }
            other => Err(no_road(other)),
        }
    }
}

/// A block and where its rows stand.
#[derive(Clone)]
pub(crate) struct Span {
    first: u64,
    block: Block,
}

impl Span {
    /// The span of rows in which a number stands, if it stands in one.
    pub(crate) fn holding(read: &impl Read, rows: &[u8], number: u64) -> Result<Option<Self>, StoreError> {
        let before = number.checked_sub(1).map(|before| numbered(rows, before));
        let Some((key, value)) = read.scan(rows, before.as_deref(), 1)?.pop() else { return Ok(None) };
        let span = Self::of(&key, unframe(&value)?);
        Ok(span.filter(|span| span.first <= number))
    }

    fn of(key: &[u8], block: Block) -> Option<Self> {
        let count = block.rows.len() as u64;
        let first = (Key::last_number(key)? + 1).checked_sub(count)?;
        Some(Self { first, block })
    }

    /// A row, if it stands here.
    pub(crate) fn row(&self, number: u64) -> Option<&Bytes> {
        self.block.rows.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    fn last(&self) -> u64 {
        self.first + (self.block.rows.len() as u64).saturating_sub(1)
    }
}

/// Reads rows of one kind, one behind the other.
pub(crate) struct Rows<'a, R> {
    read: &'a R,
    rows: Key,
    span: Option<Span>,
}

impl<'a, R: Read> Rows<'a, R> {
    pub(crate) fn new(read: &'a R, rows: Key) -> Self {
        Self { read, rows, span: None }
    }

    /// The next row that is wanted.
    pub(crate) fn get(&mut self, number: u64) -> Result<Option<Bytes>, StoreError> {
        if self.span.as_ref().and_then(|span| span.row(number)).is_none() {
            self.span = Span::holding(self.read, &self.rows, number)?;
        }
        Ok(self.span.as_ref().and_then(|span| span.row(number)).cloned())
    }
}

/// Rows that wait for the end of a group of acts, by what they are and their numbers.
#[derive(Default)]
pub(crate) struct Written(BTreeMap<Bytes, BTreeMap<u64, Bytes>>);

impl Written {
    pub(crate) fn put(&mut self, rows: impl Into<Bytes>, number: u64, row: Bytes) {
        self.0.entry(rows.into()).or_default().insert(number, row);
    }

    pub(crate) fn get(&self, rows: &[u8], number: u64) -> Option<&Bytes> {
        self.0.get(rows)?.get(&number)
    }

    pub(crate) fn take_back(&mut self, rows: &[u8], number: u64) {
        if let Some(kind) = self.0.get_mut(rows) {
            kind.remove(&number);
        }
    }

    /// The pairs to write: as few as a value has room for.
    pub(crate) fn into_pairs(self) -> Result<Vec<Pair>, StoreError> {
        let mut pairs = Vec::new();
        for (rows, kind) in self.0 {
            let (mut block, mut bytes, mut last) = (Vec::new(), HEAD_BYTES, 0);
            for (number, row) in kind {
                let more = LENGTH_BYTES + row.len();
                if !block.is_empty() && (number != last + 1 || bytes + more > VALUE_MAX) {
                    pairs.push(pair(&rows, last, std::mem::take(&mut block))?);
                    bytes = HEAD_BYTES;
                }
                (bytes, last) = (bytes + more, number);
                block.push(row);
            }
            if !block.is_empty() {
                pairs.push(pair(&rows, last, block)?);
            }
        }
        Ok(pairs)
    }
}

/// A single row stands as it always did.
fn pair(rows: &[u8], last: u64, block: Vec<Bytes>) -> Result<Pair, StoreError> {
    let value = match block.as_slice() {
        [row] => frame(&Raw(row.clone()))?,
        _ => frame(&Block { rows: block.into() })?,
    };
    Ok((numbered(rows, last), value))
}

fn numbered(rows: &[u8], number: u64) -> Bytes {
    [rows, &number.to_be_bytes()].concat().into()
}

impl Unit {
    /// Writes a row behind the others.
    pub(crate) fn put_row(&mut self, rows: Key, number: u64, row: Bytes) {
        self.grow(row.len() + LENGTH_BYTES);
        let rows = Bytes::from(rows);
        self.row_undo.push((rows.clone(), number));
        self.rows.put(rows, number, row);
    }

    /// Writes a row again that an earlier group wrote.
    ///
    /// # Errors
    /// When it is not there, or the store cannot take it.
    pub(crate) fn replace_row(&mut self, rows: &Key, number: u64, row: Bytes) -> Result<(), StoreError> {
        let span = Span::holding(self, rows, number)?.ok_or(StoreError::Missing { table: Block::TABLE })?;
        let at = usize::try_from(number - span.first).unwrap_or(usize::MAX);
        let mut block = span.block.rows.to_vec();
        *block.get_mut(at).ok_or(StoreError::Missing { table: Block::TABLE })? = row;
        let (key, value) = pair(rows, span.last(), block)?;
        self.forget_span(rows);
        self.put(key, value)
    }
}

/// The rows of a stored pair as pairs of their own, for an export; nothing where it holds none.
pub(crate) fn apart(key: &Bytes, value: &Bytes) -> Result<Option<Vec<Pair>>, StoreError> {
    if value.first() != Some(&Block::VERSION) || !TABLES.iter().any(|table| key.starts_with(table.as_bytes())) {
        return Ok(None);
    }
    let Some(span) = Span::of(key, unframe(value)?) else { return Ok(None) };
    let rows = &key[..key.len() - size_of::<u64>()];
    let single = |(number, row): (u64, &Bytes)| pair(rows, number, vec![row.clone()]);
    (span.first..).zip(span.block.rows.iter()).map(single).collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Key {
        Key::of("log/")
    }

    #[test]
    fn rows_that_follow_each_other_stand_in_few_values_and_come_apart_again() {
        let mut written = Written::default();
        for number in [0, 1, 2, 7, 8] {
            written.put(rows(), number, Bytes::from(vec![number as u8; 20_000]));
        }
        let pairs = written.into_pairs().unwrap();
        let keys: Vec<_> = pairs.iter().map(|(key, _)| Key::last_number(key).unwrap()).collect();
        assert_eq!(keys, [2, 8]);
        assert!(pairs.iter().all(|(_, value)| value.len() <= VALUE_MAX));
        let apart: Vec<_> = pairs.iter().flat_map(|(key, value)| apart(key, value).unwrap().unwrap()).collect();
        assert_eq!(apart.iter().map(|(key, _)| Key::last_number(key).unwrap()).collect::<Vec<_>>(), [0, 1, 2, 7, 8]);
        assert!(apart.iter().all(|(key, value)| value[1..] == vec![*key.last().unwrap(); 20_000]));
    }

    #[test]
    fn no_value_is_larger_than_may_be_stored() {
        let mut written = Written::default();
        for number in 0..9 {
            written.put(rows(), number, Bytes::from(vec![7; 30_000]));
        }
        let pairs = written.into_pairs().unwrap();
        assert!(pairs.len() == 5 && pairs.iter().all(|(_, value)| value.len() <= VALUE_MAX));
    }

    #[test]
    fn damage_is_told_apart_from_rows() {
        for body in [&b""[..], b"\0\0\0\x02\0\0\0\x01", b"\0\0\0\x01\0\0\0\x09abc", b"\xff\xff\xff\xff"] {
            assert!(Block::read(2, Bytes::copy_from_slice(body)).is_err());
        }
    }
}
