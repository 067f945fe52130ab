//! Where the key file lies: one file beside the store, and a second living copy of it where somebody gave a place for one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::error::KeyringError;
use super::key_file::FILE_BYTES_MAX;
use crate::store::{put_in_place, sync_folder_of};

/// One copy of the key file.
pub struct KeyCopy {
    /// For people: which one.
    pub name: String,
    /// As it is on the disk.
    pub bytes: Vec<u8>,
}

/// Keeps the key file. Written whole or not at all, also over a crash; and what it was before is gone.
pub trait KeyDisk: Send + Sync {
    /// For people: where it is.
    fn name(&self) -> String;

    /// Every copy that is there.
    ///
    /// # Errors
    /// When a copy that is there cannot be read.
    fn read(&self) -> Result<Vec<KeyCopy>, KeyringError>;

    /// Puts these bytes in the place of what is there, on stable storage. Gives the reason for which a further copy is behind, if one is.
    ///
    /// # Errors
    /// When the first copy cannot be written.
    fn write(&self, bytes: &[u8]) -> Result<Option<KeyringError>, KeyringError>;
}

/// The key file of a real node.
pub struct FileKeys {
    file: PathBuf,
    mirror: Option<PathBuf>,
}

impl FileKeys {
    /// At this path, with a second copy at another. Nothing is read yet.
    #[must_use]
    pub fn at(file: PathBuf, mirror: Option<PathBuf>) -> Self {
        Self { file, mirror }
    }

    /// Every place at which a copy may lie.
    pub fn places(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.file.as_path()).chain(self.mirror.as_deref())
    }

    /// Destroys every copy, also what a crash left beside one. Returns those that were there and are gone.
    ///
    /// # Errors
    /// The first copy that could not be destroyed; the others are tried all the same.
    pub fn destroy(&self) -> Result<Vec<PathBuf>, KeyringError> {
        let (mut gone, mut failed) = (Vec::new(), None);
        for path in self.places().flat_map(|path| [path.to_owned(), beside(path)]) {
            match destroy_file(&path) {
                Ok(true) => gone.push(path),
                Ok(false) => {}
                Err(source) => failed = failed.or(Some(failure("destroying the key file", &path)(source))),
            }
        }
        failed.map_or(Ok(gone), Err)
    }
}

impl KeyDisk for FileKeys {
    fn name(&self) -> String {
        self.file.display().to_string()
    }

    fn read(&self) -> Result<Vec<KeyCopy>, KeyringError> {
        let mut copies = Vec::new();
        for (at, path) in self.places().enumerate() {
            match read_file(path) {
                Ok(bytes) => copies.push(KeyCopy { name: path.display().to_string(), bytes }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) if at > 0 => {
                    tracing::error!(event = "keys.mirror-unreadable", problem = %error, "the key file has no second copy")
                }
                Err(error) => return Err(failure("reading the key file", path)(error)),
            }
        }
        Ok(copies)
    }

    fn write(&self, bytes: &[u8]) -> Result<Option<KeyringError>, KeyringError> {
        replace(&self.file, bytes).map_err(failure("writing the key file", &self.file))?;
        crate::crash::point("keyring.before-mirror");
        let Some(mirror) = &self.mirror else { return Ok(None) };
        Ok(replace(mirror, bytes).map_err(failure("writing the mirror of the key file", mirror)).err())
    }
}

/// Overwrites a file and takes it away. Whether it was there.
///
/// # Errors
/// When it cannot be overwritten or taken away.
pub fn destroy_file(path: &Path) -> io::Result<bool> {
    match OpenOptions::new().write(true).open(path) {
        Ok(old) => overwrite(&old)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    }
    fs::remove_file(path)?;
    sync_folder_of(path)?;
    Ok(true)
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Written beside, made durable, and renamed: whoever looks finds the old file or the new one. Then the old one is overwritten where it stood; on some
/// disks that reaches other places than it did before, so it is worth the trouble and no promise.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    destroy_file(&beside)?;
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    new.write_all(first)?;
    crate::crash::point("keyring.half-written");
    new.write_all(rest)?;
    new.sync_all()?;
    crate::crash::point("keyring.before-rename");
    let old = OpenOptions::new().write(true).open(path).ok();
    put_in_place(&beside, path)?;
    crate::crash::point("keyring.after-rename");
    if let Some(Err(error)) = old.map(|old| overwrite(&old)) {
        tracing::warn!(event = "keys.not-overwritten", problem = %error);
    }
    Ok(())
}

fn overwrite(mut old: &File) -> io::Result<()> {
    let length = old.metadata()?.len();
    io::copy(&mut io::repeat(0).take(length), &mut old)?;
    old.sync_data()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn failure(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyringError {
    let file = path.display().to_string();
    move |source| KeyringError::Io { doing, file, source }
}

/// Keeps the key file in memory: for a store without a disk.
#[cfg(any(test, feature = "simulation"))]
#[derive(Default)]
pub struct MemoryKeys(std::sync::Mutex<Option<Vec<u8>>>);

#[cfg(any(test, feature = "simulation"))]
impl MemoryKeys {
    /// That holds these bytes already.
    #[must_use]
    pub fn holding(bytes: Option<Vec<u8>>) -> Self {
        Self(std::sync::Mutex::new(bytes))
    }
}

#[cfg(any(test, feature = "simulation"))]
impl KeyDisk for MemoryKeys {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn read(&self) -> Result<Vec<KeyCopy>, KeyringError> {
        let held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(held.iter().map(|bytes| KeyCopy { name: self.name(), bytes: bytes.clone() }).collect())
    }

    fn write(&self, bytes: &[u8]) -> Result<Option<KeyringError>, KeyringError> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(bytes.to_vec());
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn only(disk: &FileKeys) -> Vec<u8> {
        disk.read().unwrap().remove(0).bytes
    }

    #[test]
    fn a_key_file_that_is_being_written_is_the_old_one_or_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let disk = FileKeys::at(folder.path().join("keyring"), None);
        assert!(disk.read().unwrap().is_empty());
        disk.write(b"old").unwrap();
        for half in [&b""[..], b"n", b"ne"] {
            fs::write(folder.path().join("keyring.new"), half).unwrap();
            assert_eq!(only(&disk), b"old", "cut off after {half:?}");
        }
        disk.write(b"new").unwrap();
        assert_eq!(only(&disk), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_it_was_before_is_overwritten_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let (file, before) = (folder.path().join("keyring"), folder.path().join("hold"));
        let disk = FileKeys::at(file.clone(), Some(folder.path().join("mirror")));
        disk.write(b"secret").unwrap();
        fs::hard_link(&file, &before).unwrap();
        assert!(disk.write(b"punctured").unwrap().is_none());
        assert_eq!(fs::read(&before).unwrap(), [0; 6]);
        for name in ["keyring", "mirror"] {
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), b"punctured");
            assert_eq!(fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(disk.destroy().unwrap().len(), 2);
        assert!(disk.read().unwrap().is_empty());
    }

    #[test]
    fn a_mirror_that_is_away_is_told_and_holds_up_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let disk = FileKeys::at(folder.path().join("keyring"), Some(folder.path().join("away/keyring")));
        assert!(matches!(disk.write(b"one"), Ok(Some(KeyringError::Io { .. }))));
        assert_eq!(only(&disk), b"one");
    }
}
