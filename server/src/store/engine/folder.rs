//! The folder of a store: one process at a time, and only a format this program knows.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::EngineError;
use crate::store::put_in_place;

/// Format of the folder. Raised when an older program must not open it.
/// 2: a journal stands beside the database; what a folder of format 1 holds is read as it is.
/// 3: keys stand together in the database; those of a folder of format 2 stand by themselves, and are read as they are.
pub(crate) const FORMAT: u32 = 3;

const FORMAT_FILE: &str = "format";
const LOCK_FILE: &str = "lock";

/// A folder that this process holds until the value is dropped.
pub(crate) struct Folder {
    path: PathBuf,
    /// The lock goes when the file closes, also when the process is killed.
    _lock: File,
}

impl Folder {
    /// Takes the folder, creating it where it is not there.
    pub(crate) fn take(path: &Path, engine: &'static str) -> Result<Self, EngineError> {
        create_folder(path)?;
        let lock = lock(path)?;
        let folder = Self { path: path.to_owned(), _lock: lock };
        folder.check_or_write_format(engine)?;
        Ok(folder)
    }

    /// A path inside.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Makes the names in the folder, and its own name, durable.
    pub(crate) fn sync_names(&self) -> Result<(), EngineError> {
        sync_folder(&self.path)?;
        sync_parent(&self.path)
    }

    fn check_or_write_format(&self, engine: &'static str) -> Result<(), EngineError> {
        let file = self.join(FORMAT_FILE);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return self.write_format(&file, engine),
            Err(error) => return Err(EngineError::io("reading the format of the store", error)),
        };
        let foreign = || EngineError::Foreign { folder: self.path.clone(), engine };
        let (format, named) = text.trim_end().split_once(' ').ok_or_else(foreign)?;
        let found: u32 = format.parse().map_err(|_| foreign())?;
        if found > FORMAT {
            return Err(EngineError::Newer { folder: self.path.clone(), found, known: FORMAT });
        }
        if named != engine {
            return Err(foreign());
        }
        if found < FORMAT { self.write_format(&file, engine) } else { Ok(()) }
    }

    /// Written beside and renamed, so that a crash leaves either no format or a whole one.
    fn write_format(&self, file: &Path, engine: &'static str) -> Result<(), EngineError> {
        let doing = "writing the format of the store";
        let beside = self.join("format.new");
        let mut new = File::create(&beside).map_err(|error| EngineError::io(doing, error))?;
        writeln!(new, "{FORMAT} {engine}").and_then(|()| new.sync_all()).map_err(|error| EngineError::io(doing, error))?;
        put_in_place(&beside, file).map_err(|error| EngineError::io(doing, error))
    }
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), EngineError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| EngineError::io("syncing a folder of the store", error))
}

fn sync_parent(path: &Path) -> Result<(), EngineError> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        Some(_) | None => sync_folder(Path::new(".")),
    }
}

fn create_folder(path: &Path) -> Result<(), EngineError> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| EngineError::io("creating the folder of the store", error))?;
    sync_parent(path)
}

/// Takes the lock of a folder, until the file is dropped.
pub(crate) fn lock(path: &Path) -> Result<File, EngineError> {
    let doing = "locking the folder of the store";
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK_FILE));
    let file = file.map_err(|error| EngineError::io(doing, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EngineError::InUse { folder: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(EngineError::io(doing, error)),
    }
}
