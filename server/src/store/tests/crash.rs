//! A process that is killed while it writes loses nothing that it acknowledged.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::super::{Read as _, Store, StoreError};
use super::options;

const CHILD: &str = "TITIAN_TEST_STORE_FOLDER";
const STORY: &str = "store::tests::crash::a_killed_process_loses_nothing_it_acknowledged";
const WRITERS: u64 = 8;

#[test]
fn a_killed_process_loses_nothing_it_acknowledged() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return write_for_ever(Path::new(&folder));
    }
    for round in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        // Given a process that writes and says what was acknowledged; when it is killed in the middle
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([STORY, "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(700 + 130 * round));
            child.kill().unwrap();
            child.wait().unwrap();
        });
        let acknowledged: Vec<u64> =
            said.lines().map_while(Result::ok).filter_map(|line| line.strip_prefix("kept ")?.parse().ok()).collect();
        killer.join().unwrap();
        // Then everything it acknowledged is there
        assert!(acknowledged.len() > 100, "only {} acts in time", acknowledged.len());
        let store = Store::open(options(&path, "my.mtuc")).unwrap();
        for n in &acknowledged {
            assert_eq!(store.view().load::<u64>(&n.to_be_bytes()).unwrap(), Some(*n));
        }
    }
}

fn write_for_ever(folder: &Path) {
    let store = Store::open(options(folder, "my.mtuc")).unwrap();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let store = store.clone();
            scope.spawn(move || {
                for n in (writer..).step_by(WRITERS as usize) {
                    store.write_blocking(move |unit| unit.save(n.to_be_bytes().to_vec(), &n)).map_err(|error: StoreError| error).unwrap();
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "\nkept {n}").and_then(|()| out.flush()).unwrap();
                }
            });
        }
    });
}
