//! Files that only their owner may read: sessions, exports, agreements.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Only the owner reads and writes.
const FILE_MODE: u32 = 0o600;

/// Only the owner looks into it.
const FOLDER_MODE: u32 = 0o700;

/// A file that is being written beside its place, and takes its place when it is whole.
pub struct PrivateFile {
    place: PathBuf,
    beside: PathBuf,
    file: File,
    finished: bool,
}

impl PrivateFile {
    /// Starts a file.
    ///
    /// # Errors
    /// When its folder cannot be written.
    pub fn create(place: &Path) -> std::io::Result<Self> {
        let mut beside = place.as_os_str().to_owned();
        beside.push(format!(".{}.part", std::process::id()));
        let beside = PathBuf::from(beside);
        drop(fs::remove_file(&beside)); // one that a killed process of the same number left
        let file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&beside)?;
        Ok(Self { place: place.to_owned(), beside, file, finished: false })
    }

    /// Writes more.
    ///
    /// # Errors
    /// When the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Puts it in its place, durably.
    ///
    /// # Errors
    /// When it cannot be synced or moved.
    pub fn finish(mut self) -> std::io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.beside, &self.place)?;
        self.finished = true;
        // The name too: a stick is pulled out soon after. Some file systems of sticks cannot sync a folder, and then have nothing to.
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        drop(File::open(folder).and_then(|folder| folder.sync_all()));
        Ok(())
    }
}

impl Drop for PrivateFile {
    /// Half a file is no file.
    fn drop(&mut self) {
        if !self.finished {
            drop(fs::remove_file(&self.beside));
        }
    }
}

/// Makes a folder, where there is none yet, into which only its owner looks.
///
/// # Errors
/// When it cannot be made.
pub fn private_folder(place: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(place)
}

/// Writes a whole file that only its owner may read.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(place: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = PrivateFile::create(place)?;
    file.write(bytes)?;
    file.finish()
}
