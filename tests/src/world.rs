//! Several unions in one temporary folder.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::account::Account;
use crate::answer::{Answer, find, is_code};
use crate::node::Plan;
use crate::sample;
use crate::union::Union;
use crate::wait::{PATIENCE, wait_until};

/// The agreement of the sample.
pub const AGREEMENT: &str = "AG-MY-ID";

/// A folder for unions. Goes away with the value.
#[derive(Debug)]
pub struct Ground {
    folder: TempDir,
}

impl Ground {
    /// An empty one.
    ///
    /// # Panics
    /// When the machine has no place for it.
    #[must_use]
    pub fn new() -> Self {
        match TempDir::with_prefix("titian-") {
            Ok(folder) => Self { folder },
            Err(error) => panic!("no temporary folder: {error}"),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Founds a union on it.
    #[must_use]
    pub fn union(&self, plan: &Plan) -> Union {
        Union::found(self.path(), plan)
    }

    /// Writes a file on it.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        match std::fs::write(&path, text) {
            Ok(()) => path,
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
}

impl Default for Ground {
    fn default() -> Self {
        Self::new()
    }
}

/// The unions of scenario AT-1. The fields end before the ground they stand on.
#[derive(Debug)]
pub struct World {
    /// Country of destination.
    pub mtuc: Union,
    /// Country of origin.
    pub ksbsi: Union,
    /// Their folder.
    pub ground: Ground,
}

impl World {
    /// MTUC and KSBSI, strangers to each other.
    #[must_use]
    pub fn strangers() -> Self {
        let ground = Ground::new();
        Self { mtuc: ground.union(&Plan::mtuc()), ksbsi: ground.union(&Plan::ksbsi()), ground }
    }

    /// MTUC and KSBSI, each confirmed by two officers of the other; no agreement.
    #[must_use]
    pub fn befriended() -> Self {
        let world = Self::strangers();
        befriend(&world.mtuc, &world.ksbsi);
        world
    }

    /// MTUC and KSBSI with the sample agreement in force at both.
    #[must_use]
    pub fn in_force() -> Self {
        let world = Self::befriended();
        sign_agreement(&world.mtuc, &world.ksbsi, &sample::returnee_path());
        world
    }

    /// A third union beside them, a stranger to both: [`Self::in_force`] and CLC.
    #[must_use]
    pub fn three_unions() -> (Self, Union) {
        let world = Self::in_force();
        let clc = world.ground.union(&Plan::clc());
        (world, clc)
    }

    /// SBMI, a friend of KSBSI in the same country, with an agreement in force between the two: the sample, one union further.
    ///
    /// # Panics
    /// When a step fails.
    #[must_use]
    pub fn sbmi_beside_ksbsi(&self) -> Union {
        let sbmi = self.ground.union(&Plan { name: "Indonesian Migrant Workers Union", ..Plan::national_union("id.sbmi", "ID") });
        befriend(&self.ksbsi, &sbmi);
        let between = [
            ("\"id.ksbsi\"", "\"id.sbmi\""),
            ("\"my.mtuc\"", "\"id.ksbsi\""),
            ("AG-MY-ID", "AG-ID-ID"),
            ("MY-ID-1", "ID-ID-1"),
            ("ID-MY-1", "ID-ID-2"),
        ];
        sign_agreement_called("AG-ID-ID", &self.ksbsi, &sbmi, self.variant("ksbsi-sbmi.toml", &between).as_ref());
        sbmi
    }

    /// Version 2 of the sample agreement, with some texts replaced, signed by both and in force at both.
    ///
    /// # Panics
    /// When a text does not stand in the sample, or a step fails.
    pub fn amend(&self, changes: &[(&str, &str)]) {
        let version = ("title = \"Cooperation on", "version = 2\nsupersedes = 1\ntitle = \"Cooperation on");
        let file = self.variant("version-2.toml", &[&[version], changes].concat());
        self.mtuc.titian(Account::Admin, &["agreement", "draft", &file]).done();
        for verb in ["propose", "sign"] {
            self.mtuc.titian(Account::Admin, &["agreement", verb, AGREEMENT, "--version", "2"]).done();
        }
        wait_version(&self.ksbsi, "2", "PROPOSED");
        self.ksbsi.titian(Account::Admin, &["agreement", "sign", AGREEMENT, "--version", "2"]).done();
        for union in [&self.mtuc, &self.ksbsi] {
            wait_version(union, "2", "IN_FORCE");
        }
    }

    /// Writes a variant of the sample into the world's folder. Each pair is a text of the sample and what stands there instead.
    ///
    /// # Panics
    /// When a text does not stand in the sample.
    #[must_use]
    pub fn variant(&self, name: &str, changes: &[(&str, &str)]) -> String {
        self.ground.file(name, &sample::changed(changes)).display().to_string()
    }
}

/// Exchanges descriptor files both ways and confirms them with two officers on each side.
///
/// # Panics
/// When a step fails, or a side does not become active.
pub fn befriend(one: &Union, other: &Union) {
    introduce(one, other);
    introduce(other, one);
    for (here, there) in [(one, other), (other, one)] {
        wait_until(&format!("{} is active at {}", there.id(), here.id()), PATIENCE, || {
            has_peer(&here.json(Account::Admin, &["peer", "list"]), there.id(), "ACTIVE").then_some(())
        });
    }
}

/// Brings the descriptor of `guest` to `host`, whose two officers confirm it by its words.
///
/// # Panics
/// When a step fails.
pub fn introduce(guest: &Union, host: &Union) {
    let file = guest.node.folder.join("descriptor-for-peers.txt").display().to_string();
    guest.titian(Account::Admin, &["peer", "descriptor", "--out", &file]).done();
    host.titian(Account::Admin, &["peer", "add", &file]).done();
    let words = guest.words();
    for officer in [Account::Admin, Account::SecondAdmin] {
        host.titian(officer, &["peer", "confirm", guest.id(), "--words", &words]).done();
    }
}

/// Drafts, proposes and signs the agreement of a file at `one`, over the link to `other`, who signs too; waits until it is in force at both.
///
/// # Panics
/// When a step fails, or it does not come into force.
pub fn sign_agreement(one: &Union, other: &Union, file: &Path) {
    sign_agreement_called(AGREEMENT, one, other, file);
}

/// As [`sign_agreement`], of an agreement with another id.
///
/// # Panics
/// As there.
pub fn sign_agreement_called(id: &str, one: &Union, other: &Union, file: &Path) {
    let file = file.display().to_string();
    one.titian(Account::Admin, &["agreement", "draft", &file]).done();
    one.titian(Account::Admin, &["agreement", "propose", id]).done();
    one.titian(Account::Admin, &["agreement", "sign", id]).done();
    wait_agreement_called(id, other, "PROPOSED");
    other.titian(Account::Admin, &["agreement", "sign", id]).done();
    wait_agreement_called(id, one, "IN_FORCE");
    wait_agreement_called(id, other, "IN_FORCE");
}

/// Waits until the sample agreement has this state at a union.
///
/// # Panics
/// When it does not get it.
pub fn wait_agreement(union: &Union, state: &str) {
    wait_agreement_called(AGREEMENT, union, state);
}

fn wait_agreement_called(id: &str, union: &Union, state: &str) {
    wait_until(&format!("{id} is {state} at {}", union.id()), PATIENCE, || {
        let shown = union.json(Account::Admin, &["agreement", "show", id]);
        (shown.exit == 0 && shown.has_code("state", state)).then_some(())
    });
}

/// Waits until a version of the sample agreement has this state at a union.
///
/// # Panics
/// When it does not get it.
pub fn wait_version(union: &Union, version: &str, state: &str) {
    wait_until(&format!("version {version} is {state} at {}", union.id()), PATIENCE, || {
        let shown = union.json(Account::Admin, &["agreement", "show", AGREEMENT, "--version", version]);
        (shown.exit == 0 && shown.has_code("state", state)).then_some(())
    });
}

/// Whether a listing of peers holds this one with this status.
#[must_use]
pub fn has_peer(listing: &Answer, node_id: &str, status: &str) -> bool {
    listing.exit == 0
        && objects_with(&listing.json(), "node_id").iter().any(|peer| {
            let text = |name| find(peer, name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            text("node_id") == node_id && is_code(&text("status"), status)
        })
}

/// Every object, at any depth, that has this member itself.
#[must_use]
pub fn objects_with(value: &serde_json::Value, name: &str) -> Vec<serde_json::Value> {
    use serde_json::Value;
    match value {
        Value::Object(members) => {
            let own = Value::Object(members.iter().filter(|(_, member)| !member.is_object() && !member.is_array()).map(copy).collect());
            let itself = find(&own, name).is_some().then(|| value.clone());
            itself.into_iter().chain(members.values().flat_map(|member| objects_with(member, name))).collect()
        }
        Value::Array(items) => items.iter().flat_map(|item| objects_with(item, name)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

fn copy((name, member): (&String, &serde_json::Value)) -> (String, serde_json::Value) {
    (name.clone(), member.clone())
}
