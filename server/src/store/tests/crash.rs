//! A process that is killed while it writes loses nothing that it acknowledged.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::super::{Read as _, Store, StoreError, Unit};
use super::options;

const CHILD: &str = "TITIAN_TEST_STORE_FOLDER";
const STORY: &str = "store::tests::crash::a_killed_process_loses_nothing_it_acknowledged";
const WRITERS: u64 = 8;

/// How long the process is left alone where it should end itself.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return write_for_ever(Path::new(&folder));
    }
    for round in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        // Given a process that writes and says what was acknowledged; when it is killed in the middle
        let acknowledged = acknowledged_by(&mut writer(&path), Duration::from_millis(700 + 130 * round));
        // Then everything it acknowledged is there
        assert!(acknowledged.len() > 100, "only {} acts in time", acknowledged.len());
        assert_kept(&path, &acknowledged);
    }
}

#[cfg(feature = "crash-points")]
#[test]
fn a_process_that_ends_while_it_settles_loses_nothing_it_acknowledged() {
    for point in ["index.before-settle:1", "index.before-sync:1", "index.before-settle:3", "index.before-sync:3"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        // Given a process that writes until it ends itself on the way from the journal into the index
        let mut process = writer(&path);
        let acknowledged = acknowledged_by(process.env("TITIAN_CRASH_AT", point), PATIENCE);
        // Then everything it acknowledged is there, and again when the store is opened once more
        assert!(acknowledged.len() > 100, "only {} acts before {point}", acknowledged.len());
        assert_kept(&path, &acknowledged);
        assert_kept(&path, &acknowledged);
    }
}

/// This very test as a process that writes.
fn writer(store: &Path) -> Command {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args([STORY, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, store).stdout(Stdio::piped()).stderr(Stdio::null());
    process
}

/// What a process says was acknowledged, until it ends or is killed.
fn acknowledged_by(process: &mut Command, kill_after: Duration) -> Vec<u64> {
    let mut child = process.spawn().unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    let (over, ended) = mpsc::channel::<()>();
    let killer = std::thread::spawn(move || {
        // Whichever comes first: the time, or the end of what it says.
        let _ = ended.recv_timeout(kill_after);
        child.kill().unwrap();
        child.wait().unwrap();
    });
    let acknowledged = said.lines().map_while(Result::ok).filter_map(|line| line.strip_prefix("kept ")?.parse().ok()).collect();
    drop(over);
    killer.join().unwrap();
    acknowledged
}

fn assert_kept(path: &Path, acknowledged: &[u64]) {
    let store = Store::open(options(path, "my.mtuc")).unwrap();
    for n in acknowledged {
        assert_eq!(store.view().load::<u64>(&n.to_be_bytes()).unwrap(), Some(*n));
        assert_eq!(store.view().get(&large(*n)).unwrap().unwrap(), vec![*n as u8; LARGE]);
    }
}

/// Bytes of a value that stands in the journal alone.
const LARGE: usize = 4096;

fn large(n: u64) -> Vec<u8> {
    [b"large/".as_slice(), &n.to_be_bytes()].concat()
}

fn write_for_ever(folder: &Path) {
    let store = Store::open(options(folder, "my.mtuc")).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = store.clone();
            scope.spawn(move || {
                for n in (writer..).step_by(WRITERS as usize) {
                    let act = move |unit: &mut Unit| {
                        unit.put(large(n), vec![n as u8; LARGE])?;
                        unit.save(n.to_be_bytes().to_vec(), &n)
                    };
                    store.write_blocking(act).map_err(|error: StoreError| error).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "\nkept {n}").and_then(|()| out.flush()).unwrap();
                }
            });
        }
    });
}

/// What the process of the next story is told.
#[cfg(feature = "crash-points")]
const DESTROYER: &str = "TITIAN_TEST_KEYS_FOLDER";
#[cfg(feature = "crash-points")]
const DESTROYER_STORY: &str = "store::tests::crash::a_process_that_ends_while_it_destroys_keys_destroys_what_was_given_up_and_nothing_else";

#[cfg(feature = "crash-points")]
#[test]
fn a_process_that_ends_while_it_destroys_keys_destroys_what_was_given_up_and_nothing_else() {
    const POINTS: [&str; 7] = [
        "keyring.half-written",
        "keyring.before-rename",
        "keyring.after-rename",
        "keyring.before-mirror",
        "keys.before-puncture",
        "keys.after-puncture",
        "keys.after-removal",
    ];
    if let Some(folder) = std::env::var_os(DESTROYER) {
        return destroy_for_ever(Path::new(&folder));
    }
    for point in POINTS.iter().flat_map(|point| [1, 2].map(|passing| format!("{point}:{passing}"))) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        // Given a process that writes and removes records until it ends itself on the way to destroying their keys
        let mut process = Command::new(std::env::current_exe().unwrap());
        process.args([DESTROYER_STORY, "--exact", "--nocapture", "--test-threads=1"]).env(DESTROYER, &path).env("TITIAN_CRASH_AT", &point);
        let removed = acknowledged_by(process.stdout(Stdio::piped()).stderr(Stdio::null()), PATIENCE);
        // When the store is opened again, and what was left is done
        let store = Store::open(options(&path, "my.mtuc")).unwrap();
        destroyed(&store);
        // Then nothing is left to be done, and of each pair one is gone and the other is there
        let view = store.view();
        assert!(view.scan(b"released/", None, 9).unwrap().is_empty(), "{point}");
        for n in removed {
            assert_eq!(view.get(&record(2 * n)).unwrap(), None, "{point}");
            assert_eq!(view.get(&record(2 * n + 1)).unwrap().unwrap(), "stays", "{point}");
        }
        // And whatever is there can be read
        view.scan(b"worker-record/", None, usize::MAX).unwrap();
    }
}

#[cfg(feature = "crash-points")]
fn destroy_for_ever(folder: &Path) {
    let store = Store::open(options(folder, "my.mtuc")).unwrap();
    for n in 0.. {
        let both = move |unit: &mut Unit| {
            unit.put(record(2 * n), "goes")?;
            unit.put(record(2 * n + 1), "stays")
        };
        store.write_blocking(both).map_err(|error: StoreError| error).unwrap();
        store.write_blocking(move |unit| unit.delete(record(2 * n))).map_err(|error: StoreError| error).unwrap();
        destroyed(&store);
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nkept {n}").and_then(|()| out.flush()).unwrap();
    }
}

#[cfg(feature = "crash-points")]
fn destroyed(store: &Store) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.keys_destroyed()).unwrap();
}

#[cfg(feature = "crash-points")]
fn record(n: u64) -> Vec<u8> {
    [b"worker-record/".as_slice(), &n.to_be_bytes()].concat()
}
