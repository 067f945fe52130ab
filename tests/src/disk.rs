//! A disk of its own for a node's folder, whose power can be cut: ext4 on a loop device, shut down without flushing its log, as the suites of file
//! systems do it. What was not synced is gone; what a drive only claims to have written is not modelled. Root is needed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::node::{Node, run};
use crate::wait::{PATIENCE, wait_until, wait_until_some};

/// Bytes of the disk: a store with its first segments, and more room than a node needs to take in everything. The file is sparse.
const DISK_BYTES: u64 = 4 << 30;

/// How long a process may go on until it comes to its point: the longest walk over all points.
const ROUNDS: std::time::Duration = std::time::Duration::from_secs(6 * 3600);

/// `EXT4_IOC_SHUTDOWN` with `EXT4_GOING_FLAGS_NOLOGFLUSH`: from now on the file system takes nothing, and nothing of it reaches the device.
const SHUT_DOWN: &str = "import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";

/// A disk. It goes away with the value.
#[derive(Debug)]
pub struct Disk {
    ground: TempDir,
}

impl Disk {
    /// Makes one, with an empty file system.
    ///
    /// # Panics
    /// When this machine or this user cannot: a test that needs a disk fails here, it is never passed over.
    #[must_use]
    pub fn new() -> Self {
        let made = TempDir::with_prefix("titian-disk-").and_then(|ground| {
            File::create(ground.path().join("image"))?.set_len(DISK_BYTES)?;
            fs::create_dir(ground.path().join("mount"))?;
            Ok(Self { ground })
        });
        let Ok(disk) = made else { panic!("no temporary folder for a disk") };
        told("mkfs.ext4", &["-q", "-F", &disk.image()]);
        disk.mount();
        disk
    }

    /// Where its file system is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.ground.path().join("mount")
    }

    /// Cuts the power of the machine on which these nodes run: they stop in the middle of whatever they do, the disk goes off, and they are gone. Then
    /// the disk is there again, with what had reached it.
    ///
    /// # Panics
    /// When a step fails.
    pub fn cut_power(&self, nodes: &mut [&mut Node]) {
        // A node must not see the disk fail: one whose sync returned an error would know.
        for pid in nodes.iter().filter_map(|node| node.pid()) {
            told("kill", &["-STOP", &pid.to_string()]);
            wait_until("every thread stands still", PATIENCE, || stands_still(pid).then_some(()));
        }
        told("python3", &["-c", SHUT_DOWN, &self.path().display().to_string()]);
        nodes.iter_mut().for_each(|node| node.kill9());
        self.power_returns();
    }

    /// Cuts the power as soon as this process, which stands on the disk, has stopped at its point, and ends it. Returns at once.
    pub fn cut_power_when_stopped(&self, pid: u32) {
        let path = self.path().display().to_string();
        std::thread::spawn(move || {
            let stopped = wait_until_some(ROUNDS, || match Path::new(&format!("/proc/{pid}")).exists() {
                true => stands_still(pid).then_some(true),
                false => Some(false),
            });
            if stopped == Some(true) {
                told("python3", &["-c", SHUT_DOWN, &path]);
                told("kill", &["-KILL", &pid.to_string()]);
            }
        });
    }

    /// The disk is there again after a cut, with what had reached it. No process may stand on it.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn power_returns(&self) {
        told("umount", &[&self.path().display().to_string()]);
        self.mount();
    }

    /// Fills it until so much is left.
    ///
    /// # Panics
    /// When less is left already, or it cannot be filled.
    pub fn leave_free(&self, bytes: u64) {
        self.empty();
        let free = rustix::fs::statvfs(self.path()).map(|room| room.f_bavail * room.f_frsize).unwrap_or_default();
        assert!(free > bytes, "only {free} bytes are left");
        told("fallocate", &["-l", &(free - bytes).to_string(), &self.filler()]);
    }

    /// Takes away what fills it.
    pub fn empty(&self) {
        fs::remove_file(self.filler()).ok();
    }

    /// Writes out everything that stands on it by now: what is prepared before the power is cut.
    ///
    /// # Panics
    /// When it cannot.
    pub fn settle(&self) {
        told("sync", &["-f", &self.path().display().to_string()]);
    }

    fn filler(&self) -> String {
        self.path().join("filler").display().to_string()
    }

    fn image(&self) -> String {
        self.ground.path().join("image").display().to_string()
    }

    fn mount(&self) {
        told("mount", &["-o", "loop", &self.image(), &self.path().display().to_string()]);
    }
}

impl Default for Disk {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.path()).status().ok();
    }
}

fn told(program: &str, arguments: &[&str]) {
    let answer = run(&format!("{program} {}", arguments.join(" ")), Command::new(program).args(arguments));
    assert!(answer.exit == 0, "a disk needs root, loop devices, e2fsprogs, mount and python3:\n{}", answer.told());
}

/// Whether all threads of a process are stopped. One inside a system call on the disk stops only when that is over.
#[must_use]
pub(crate) fn stands_still(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().filter_map(Result::ok);
    let mut states = threads.map(|thread| state(&thread.path())).peekable();
    states.peek().is_some() && states.all(|state| state == Some('T'))
}

fn state(thread: &Path) -> Option<char> {
    let line = fs::read_to_string(thread.join("stat")).ok()?;
    line.rsplit(')').next()?.trim_start().chars().next()
}
