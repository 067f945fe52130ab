//! What a union's IT has kept of its node, and how it comes back.

use std::fs;
use std::path::{Path, PathBuf};

use crate::union::Union;

/// A node as it was on some day: the folder with the keys, and the lines of the store.
#[derive(Clone, Debug)]
pub struct Backup {
    /// The copy of the folder.
    pub folder: PathBuf,
    /// The lines of the store.
    pub lines: String,
}

impl Backup {
    /// Stops a union's node, takes its lines and a copy of its folder, and starts it again.
    ///
    /// # Panics
    /// When a step fails.
    #[must_use]
    pub fn of(union: &mut Union, folder: PathBuf) -> Self {
        union.node.stop();
        let lines = union.node.export().done().stdout;
        copy(&union.node.folder, &folder);
        union.node.start();
        Self { folder, lines }
    }

    /// How many leaves its log has.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn log_size(&self) -> usize {
        let prefix: String = "log/".bytes().map(|byte| format!("{byte:02x}")).collect();
        let size = self.lines.lines().filter(|line| line.starts_with(&prefix)).count();
        assert!(size > 0, "the backup has a log");
        size
    }

    /// The disk is lost, and this stands in its place. Nothing runs.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn replaces_the_folder(&self, union: &mut Union) {
        union.node.kill9();
        sound(fs::remove_dir_all(&union.node.folder), &union.node.folder);
        copy(&self.folder, &union.node.folder);
    }

    /// As it is to be done.
    ///
    /// # Panics
    /// When the lines are not taken.
    pub fn is_imported(&self, union: &mut Union) {
        let store = union.node.folder.join("store");
        sound(fs::remove_dir_all(&store), &store);
        union.node.import(&self.lines).done();
        union.node.start();
    }
}

fn copy(from: &Path, to: &Path) {
    sound(fs::create_dir_all(to), to);
    for entry in sound(fs::read_dir(from), from).map(|entry| sound(entry, from)) {
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        if here.is_dir() {
            copy(&here, &there);
        } else {
            sound(fs::copy(&here, &there), &there);
        }
    }
    sound(fs::set_permissions(to, sound(fs::metadata(from), from).permissions()), to);
}

fn sound<T>(done: std::io::Result<T>, path: &Path) -> T {
    match done {
        Ok(done) => done,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}
