//! The folder of a node that is being made: claimed for us alone, and emptied again if making it fails.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::{InitError, is_empty};
use crate::config::{FILE_NAME, NodeConfig};
use crate::federation::keys::KeyFolder;

/// A claimed folder. Dropped before [`Self::keep`], it takes away what was made in it: it was empty before.
pub(super) struct Claimed {
    pub(super) keys: KeyFolder,
    folder: PathBuf,
    /// None once it is kept.
    made: Option<[PathBuf; 5]>,
}

impl Claimed {
    /// Claims the folder. Of two that try at once, one makes the key folder; the other finds it.
    pub(super) fn claim(config: &NodeConfig) -> Result<Self, InitError> {
        let folder = config.folder.clone();
        let failed = |source| InitError::Folder { path: folder.clone(), source };
        if !is_empty(&folder).map_err(failed)? {
            return Err(InitError::NotEmpty { folder });
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let keys = KeyFolder::create(config.key_folder()).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => InitError::NotEmpty { folder: folder.clone() },
            _ => InitError::Folder { path: config.key_folder(), source },
        })?;
        let made =
            [config.folder.join(FILE_NAME), config.descriptor_file(), config.keyring_file(), config.store_folder(), config.key_folder()];
        Ok(Self { keys, folder, made: Some(made) })
    }

    /// Makes it durable. The node is made.
    pub(super) fn keep(mut self) -> Result<(), InitError> {
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| InitError::Folder { path: self.folder.clone(), source })?;
        self.made = None;
        Ok(())
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        for path in self.made.iter().flatten() {
            // Best effort: the error that brought us here is the one to be told.
            let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        }
    }
}

/// Writes a new file that anybody may read, and makes it durable.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), InitError> {
    let written = File::create_new(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|source| InitError::Folder { path: path.to_owned(), source })
}
