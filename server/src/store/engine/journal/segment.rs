//! One file of the journal.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::super::EngineError;
use super::super::folder::sync_folder;

/// An open segment. Its name is its number.
pub(super) struct Segment {
    file: File,
}

impl Segment {
    /// Opens every segment of a folder, by their numbers.
    pub(super) fn open_all(folder: &Path) -> Result<BTreeMap<u32, Arc<Self>>, EngineError> {
        let doing = "opening the journal of the store";
        let failed = |error| EngineError::io(doing, error);
        fs::create_dir_all(folder).map_err(failed)?;
        let mut segments = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let file = OpenOptions::new().read(true).write(true).open(entry.path()).map_err(failed)?;
            segments.insert(number, Arc::new(Self { file }));
        }
        Ok(segments)
    }

    /// A new segment; its name is durable.
    pub(super) fn create(folder: &Path, number: u32) -> Result<Self, EngineError> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path(folder, number));
        let file = file.map_err(|error| EngineError::io("beginning a segment of the journal", error))?;
        sync_folder(folder)?;
        Ok(Self { file })
    }

    /// Takes a segment away for good.
    pub(super) fn remove(folder: &Path, number: u32) -> Result<(), EngineError> {
        fs::remove_file(path(folder, number)).map_err(|error| EngineError::io("removing a segment of the journal", error))?;
        sync_folder(folder)
    }

    /// Bytes of it.
    pub(super) fn length(&self) -> Result<u32, EngineError> {
        let length = self.file.metadata().map_err(|error| EngineError::io("asking for the length of the journal", error))?.len();
        u32::try_from(length).map_err(|_| EngineError::io("asking for the length of the journal", std::io::ErrorKind::FileTooLarge.into()))
    }

    pub(super) fn write(&self, offset: u32, bytes: &[u8]) -> Result<(), EngineError> {
        self.file.write_all_at(bytes, u64::from(offset)).map_err(|error| EngineError::io("writing the journal of the store", error))
    }

    pub(super) fn read(&self, offset: u32, length: usize) -> Result<Bytes, EngineError> {
        let mut bytes = vec![0; length];
        let read = self.file.read_exact_at(&mut bytes, u64::from(offset));
        read.map_err(|error| EngineError::io("reading the journal of the store", error))?;
        Ok(bytes.into())
    }

    pub(super) fn sync(&self) -> Result<(), EngineError> {
        self.file.sync_data().map_err(|error| EngineError::io("syncing the journal of the store", error))
    }

    /// Takes away what stands behind a place.
    pub(super) fn cut_off(&self, offset: u32) -> Result<(), EngineError> {
        let cut = self.file.set_len(u64::from(offset)).and_then(|()| self.file.sync_all());
        cut.map_err(|error| EngineError::io("taking a half-written batch off the journal", error))
    }
}

fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:08}"))
}
