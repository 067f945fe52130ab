//! The whole store as plain lines: backup, and change of engine. A header, `hex(key) hex(value)` per line, and a checksum over all of it.

use std::io::{BufRead, Read as _, Write};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::engine::{Batch, Engine, KEY_MAX, VALUE_MAX};
use super::error::StoreError;
use super::read::View;
use super::sealing::Vault;
use super::{Store, StoreOptions, meta, rows, sealed_body};

const NAME: &str = "titian-export";

/// Pairs read at once.
const PAGE: usize = 256;

/// Bytes written at once at an import.
const BATCH_BYTES: usize = 1024 * 1024;

/// Longest line in bytes: the longest key and value in hexadecimal, a space and the line end.
const LINE_MAX: u64 = 2 * (KEY_MAX as u64 + VALUE_MAX as u64) + 2;

impl Store {
    /// Writes everything as lines, as of one moment: no act is decided meanwhile. Returns the number of pairs. Blocks; never call it from a
    /// runtime's own threads. What is sealed stays sealed, and no key is among the lines: they open with the key file alone, and what is destroyed there is
    /// destroyed in them.
    ///
    /// # Errors
    /// When the store cannot be read or the lines cannot be written.
    pub fn export(&self, lines: impl Write + Send + 'static) -> Result<u64, StoreError> {
        let mut lines = Some(lines);
        self.write_blocking(move |unit| {
            let out = lines.take().ok_or(StoreError::Stopped)?;
            // Not through the unit: envelopes of this group have no seal yet, and belong to the moment after.
            write_all(unit.core.vault.engine.as_ref(), unit.node_id().as_str(), out)
        })
    }

    /// Fills a new store from lines, which were sealed with the keyring at its place, or are of a time before anything was sealed: then they are sealed
    /// now. It gets a new epoch, so that peers see that time was turned back, and its log says so. Returns the number
    /// of pairs. Until it has returned, the folder does not open.
    ///
    /// # Errors
    /// When the store is not empty, or the lines are damaged, another node's or of a newer format, or the key file is not theirs.
    pub fn import(options: StoreOptions, lines: impl BufRead) -> Result<u64, StoreError> {
        let engine = options.engine.open(&options.folder)?;
        import_into(engine, &options, lines)
    }
}

pub(crate) fn import_into(engine: Arc<dyn Engine>, options: &StoreOptions, lines: impl BufRead) -> Result<u64, StoreError> {
    if !engine.scan(&[], None, 1)?.is_empty() {
        return Err(StoreError::NotEmpty);
    }
    let vault = Vault::for_import(Arc::clone(&engine), options)?;
    engine.apply(meta::begin_import())?;
    let mut reader = Lines { lines, line: Vec::new(), number: 0, sum: Sha256::new() };
    let count = copy_pairs(&mut reader, &vault, options.node_id.as_str())?;
    let named = vault.finish_import()?;
    let view = View { vault, durable: Arc::default() };
    let mut last = meta::finish_import(&view, options)?;
    last.puts.extend(named);
    engine.apply(last)?;
    engine.sync()?;
    Ok(count)
}

pub(crate) fn write_all(engine: &dyn Engine, node_id: &str, mut out: impl Write) -> Result<u64, StoreError> {
    let failed = |error| StoreError::Lines(Arc::new(error));
    let (mut sum, mut count) = (Sha256::new(), 0);
    let mut write = |line: String| {
        sum.update(line.as_bytes());
        out.write_all(line.as_bytes()).map_err(failed)
    };
    write(format!("{NAME} {} {node_id}\n", meta::FORMAT))?;
    let mut after: Option<Bytes> = None;
    loop {
        let page = engine.scan(&[], after.as_deref(), PAGE)?;
        for (key, value) in &page {
            let apart = rows::apart(key, value)?;
            for (key, value) in apart.unwrap_or_else(|| vec![(key.clone(), value.clone())]) {
                write(format!("{} {}\n", hex::encode(key), hex::encode(value)))?;
                count += 1;
            }
        }
        if page.len() < PAGE {
            break;
        }
        after = page.last().map(|(key, _)| key.clone());
    }
    let sum = hex::encode(sum.finalize());
    writeln!(out, "end {count} {sum}").and_then(|()| out.flush()).map_err(failed)?;
    Ok(count)
}

fn copy_pairs(reader: &mut Lines<impl BufRead>, vault: &Vault, node_id: &str) -> Result<u64, StoreError> {
    check_header(reader, node_id)?;
    let (mut batch, mut bytes, mut count) = (Batch::default(), 0, 0u64);
    loop {
        let before = reader.sum.clone();
        let Some(line) = reader.next()? else { return Err(reader.damaged("is missing: the end of the export was cut off")) };
        if let Some(end) = line.strip_prefix("end ") {
            let expected = format!("{count} {}", hex::encode(before.finalize()));
            if end != expected {
                return Err(reader.damaged("the checksum does not fit the lines before it"));
            }
            vault.engine.apply(batch)?;
            return Ok(count);
        }
        let pair = line.split_once(' ').and_then(|(key, value)| Some((hex::decode(key).ok()?, hex::decode(value).ok()?)));
        let (key, value) = pair.ok_or_else(|| reader.damaged("is not a key and a value in hexadecimal"))?;
        bytes += key.len() + value.len();
        let pair = sealed_body::seal_line(vault, (key.into(), value.into()))?;
        batch.puts.push(vault.seal_pair(pair)?);
        count += 1;
        if bytes >= BATCH_BYTES {
            vault.engine.apply(std::mem::take(&mut batch))?;
            bytes = 0;
        }
    }
}

fn check_header(reader: &mut Lines<impl BufRead>, node_id: &str) -> Result<(), StoreError> {
    let line = reader.next()?.unwrap_or_default();
    let mut parts = line.split(' ');
    let (name, format, owner) = (parts.next(), parts.next().and_then(|format| format.parse::<u64>().ok()), parts.next());
    let (Some(NAME), Some(found), Some(owner)) = (name, format, owner) else {
        return Err(reader.damaged("is not the header of an export"));
    };
    if found > meta::FORMAT {
        return Err(StoreError::Newer { found, known: meta::FORMAT });
    }
    if owner == node_id { Ok(()) } else { Err(StoreError::OtherNode { owner: owner.to_owned() }) }
}

/// Lines with their numbers, and the checksum of all read so far.
struct Lines<L> {
    lines: L,
    line: Vec<u8>,
    number: u64,
    sum: Sha256,
}

impl<L: BufRead> Lines<L> {
    fn next(&mut self) -> Result<Option<String>, StoreError> {
        self.line.clear();
        self.number += 1;
        let read = (&mut self.lines).take(LINE_MAX).read_until(b'\n', &mut self.line);
        if read.map_err(|error| StoreError::Lines(Arc::new(error)))? == 0 {
            return Ok(None);
        }
        self.sum.update(&self.line);
        let line = self.line.strip_suffix(b"\n").ok_or_else(|| self.damaged("is too long or cut off"))?;
        let text = std::str::from_utf8(line).map_err(|_| self.damaged("is not text"))?;
        Ok(Some(text.to_owned()))
    }

    fn damaged(&self, problem: &'static str) -> StoreError {
        StoreError::Import { line: self.number, problem }
    }
}
