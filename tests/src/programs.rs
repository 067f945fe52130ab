//! The two programs under test. `TITIAN_NODE_BIN` and `TITIAN_BIN` name them; otherwise they are built here, once, beside the test executable,
//! so that plain `cargo test` is the whole set-up.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The node of a union.
#[must_use]
pub fn node() -> &'static Path {
    &programs().node
}

/// The command line of staff.
#[must_use]
pub fn titian() -> &'static Path {
    &programs().titian
}

/// The top folder of the project.
#[must_use]
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

struct Programs {
    node: PathBuf,
    titian: PathBuf,
}

fn programs() -> &'static Programs {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    PROGRAMS.get_or_init(|| match (env::var_os("TITIAN_NODE_BIN"), env::var_os("TITIAN_BIN")) {
        (Some(node), Some(titian)) => Programs { node: node.into(), titian: titian.into() },
        _ => build(),
    })
}

/// Builds both programs into the profile folder that holds this test executable (`<target>/<profile>/deps/<test>`): for the stories with the
/// crash points that the faults story needs, for a bench as they are released.
fn build() -> Programs {
    let folder = profile_folder();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(project()).args(["build", "--locked", "--package", "titian-server", "--package", "titian-client", "--bins"]);
    command.args(["--profile", profile]);
    if profile == "dev" {
        command.args(["--features", "titian-server/crash-points,titian-server/simulation"]);
    }
    if let Some(target) = folder.parent() {
        command.arg("--target-dir").arg(target);
    }
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("the programs under test do not build:\n{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!("cargo cannot be started to build the programs under test: {error}"),
    }
    Programs { node: folder.join("titian-node"), titian: folder.join("titian") }
}

fn profile_folder() -> PathBuf {
    let executable = match env::current_exe() {
        Ok(path) => path,
        Err(error) => panic!("this test does not know its own place: {error}"),
    };
    executable.ancestors().nth(2).map(Path::to_path_buf).unwrap_or_default()
}
