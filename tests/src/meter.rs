//! What a node costs: processor, memory, disk; and the machine it runs on. From Linux's `/proc`.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Linux counts a process's time in hundredths of a second on every machine we run on.
const TICK_MILLIS: u64 = 10;
/// A block of `st_blocks`, on every file system.
const BLOCK_BYTES: u64 = 512;

/// Milliseconds of processor a process has used.
#[must_use]
pub fn processor_millis(pid: u32) -> u64 {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = line.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    ticks.sum::<u64>() * TICK_MILLIS
}

/// The most memory a process has held at once, in bytes.
#[must_use]
pub fn peak_memory(pid: u32) -> u64 {
    of_status(pid, "VmHWM:")
}

/// Begins to count the most memory anew.
///
/// # Panics
/// When Linux does not allow it.
pub fn forget_peak(pid: u32) {
    /// What Linux is told for it: proc(5), clear_refs.
    const PEAK: &str = "5";
    if let Err(error) = fs::write(format!("/proc/{pid}/clear_refs"), PEAK) {
        panic!("/proc/{pid}/clear_refs: {error}");
    }
}

/// The memory that a process holds now, in bytes.
#[must_use]
pub fn memory(pid: u32) -> u64 {
    of_status(pid, "VmRSS:")
}

fn of_status(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or_default() * 1024
}

/// Bytes a folder takes on the disk, with everything in it.
#[must_use]
pub fn disk(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.filter_map(Result::ok).map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => disk(&entry.path()),
        Ok(metadata) => metadata.blocks() * BLOCK_BYTES,
        Err(_) => 0, // went away meanwhile
    });
    sizes.sum()
}

/// The machine, for the head of a table: processor, cores, file system of a folder.
#[must_use]
pub fn machine(folder: &Path) -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores, {}", model.trim_matches(['\t', ' ', ':']), file_system(folder))
}

fn file_system(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_default();
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let lines = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    lines
        .filter(|(point, _)| folder.starts_with(point))
        .max_by_key(|(point, _)| point.len())
        .map_or("unknown file system", |found| found.1)
        .to_owned()
}
