//! A file takes the place of another for good.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Puts a file, which is durable itself, in the place of another. Whoever looks finds the old one or the new one, and after this the new one, whatever
/// happens to the power.
///
/// # Errors
/// When the system cannot.
pub fn put_in_place(beside: &Path, file: &Path) -> io::Result<()> {
    fs::rename(beside, file)?;
    sync_folder_of(file)
}

/// Makes the name of a file durable.
///
/// # Errors
/// When the system cannot.
pub fn sync_folder_of(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
