//! What a thief of this disk would get, told to the union's IT before there is one.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::node_key::{key_file, node_key_file};
use super::{NodeError, engine};
use crate::config::{NodeConfig, NodeKeySource};
use crate::store::{TableSurvey, survey};

/// What was found.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// Each table that holds something.
    tables: Vec<TableSurvey>,
    /// Where the node key is: `file`, `credential` or `passphrase`.
    node_key: NodeKeySource,
    /// The key file and its mirror, as far as they are there.
    key_files: Vec<PathBuf>,
    /// What others on this machine may read or enter.
    open_to_others: Vec<PathBuf>,
    /// What to look at, the worst first.
    warnings: Vec<String>,
}

/// Looks at a node's folder while the node does not run. Needs no key.
///
/// # Errors
/// When the store cannot be opened or read.
pub fn doctor(config: &NodeConfig) -> Result<Diagnosis, NodeError> {
    let keys = key_file(config);
    let key_files: Vec<PathBuf> = keys.places().filter(|path| path.exists()).map(Path::to_owned).collect();
    // Before the store is opened, which makes files of its own.
    let mut open_to_others = Vec::new();
    find_open(&config.folder, &mut open_to_others);
    let tables = survey(engine(config)?, &config.store_folder())?;
    let mut diagnosis = Diagnosis { tables, node_key: config.sealing.node_key, key_files, open_to_others, warnings: Vec::new() };
    diagnosis.warnings = warnings(config, &diagnosis);
    Ok(diagnosis)
}

fn warnings(config: &NodeConfig, found: &Diagnosis) -> Vec<String> {
    let mut warnings = Vec::new();
    let node_key = node_key_file(config);
    if found.node_key == NodeKeySource::File && on_one_disk(&node_key, &config.folder) {
        warnings.push(format!(
            "the node key {} lies on the same disk as the store: whoever takes the disk opens everything; use a passphrase or a systemd \
             credential (titian-node rekey --to)",
            node_key.display()
        ));
    }
    if found.node_key != NodeKeySource::File && node_key.exists() {
        warnings.push(format!("{} is not used and still there: destroy it", node_key.display()));
    }
    if !config.keyring_file().exists() {
        warnings.push(format!("the key file {} is missing: nothing that is sealed can be opened", config.keyring_file().display()));
    }
    match &config.sealing.mirror {
        None => warnings
            .push("the key file has no second copy ([sealing] mirror): with this disk everything is lost, also every backup".to_owned()),
        Some(mirror) if !mirror.exists() => warnings.push(format!("the mirror {} of the key file is not there", mirror.display())),
        Some(mirror) if on_one_disk(mirror, &config.keyring_file()) => {
            warnings.push(format!("the mirror {} lies on the same disk as the key file", mirror.display()));
        }
        Some(_) => {}
    }
    let old: u64 = found.tables.iter().map(|table| table.to_be_sealed).sum();
    if old > 0 {
        warnings.push(format!(
            "{old} values of an older program are in the clear: an export imported into a new folder seals them; destroy the old disk"
        ));
    }
    if !found.open_to_others.is_empty() {
        warnings.push(format!("others on this machine may read or enter {} files and folders", found.open_to_others.len()));
    }
    warnings
}

/// Whether both lie on one disk, as far as the system says.
fn on_one_disk(one: &Path, other: &Path) -> bool {
    let disk = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    disk(one).is_some_and(|one| Some(one) == disk(other))
}

fn find_open(path: &Path, found: &mut Vec<PathBuf>) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    if !metadata.is_symlink() && metadata.permissions().mode() & 0o077 != 0 {
        found.push(path.to_owned());
    }
    for entry in fs::read_dir(path).into_iter().flatten().filter_map(Result::ok).filter(|_| metadata.is_dir()) {
        find_open(&entry.path(), found);
    }
}

impl Diagnosis {
    /// For programs.
    ///
    /// # Errors
    /// Never; the library asks.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// For people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{:<24}{:>10}{:>10}  why it may be in the clear\n", "table", "sealed", "clear");
        for TableSurvey { table, why, sealed, clear, to_be_sealed, .. } in &self.tables {
            let old = if *to_be_sealed > 0 { format!("IT MAY NOT: {to_be_sealed} of an older program") } else { String::new() };
            let why = if old.is_empty() { why } else { old.as_str() };
            let _ = writeln!(text, "{table:<24}{sealed:>10}{clear:>10}  {why}"); // a text takes everything
        }
        let _ = writeln!(text, "\nnode key     {}", self.node_key.name());
        for file in &self.key_files {
            let _ = writeln!(text, "key file     {}", file.display());
        }
        for path in &self.open_to_others {
            let _ = writeln!(text, "open         {}", path.display());
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "warning      {warning}");
        }
        text
    }
}
