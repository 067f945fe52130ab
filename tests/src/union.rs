//! A union: its node and its staff, each with a session of her own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::account::Account;
use crate::answer::{Answer, FORBIDDEN};
use crate::node::{Node, Plan, run};
use crate::programs;

/// One union of a world.
#[derive(Debug)]
pub struct Union {
    /// Its node.
    pub node: Node,
    sessions: PathBuf,
    signed_in: Mutex<BTreeSet<Account>>,
}

impl Union {
    /// Makes and starts a union under the folder of a world. Accounts are made when they are first used.
    ///
    /// # Panics
    /// When the node does not come up.
    #[must_use]
    pub fn found(world: &Path, plan: &Plan) -> Self {
        let mut node = Node::init(world, plan);
        node.start();
        Self { sessions: world.to_path_buf(), node, signed_in: Mutex::default() }
    }

    /// Its stable name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.node.node_id
    }

    /// Runs `titian` as one of its staff, who signs in first if she has not.
    ///
    /// # Panics
    /// When she cannot sign in.
    pub fn titian(&self, account: Account, arguments: &[&str]) -> Answer {
        self.admit(account);
        let answer = self.run(account, arguments);
        if answer.exit == FORBIDDEN && (answer.names("SESSION_ENDED") || answer.names("NOT_SIGNED_IN")) {
            self.forget(account);
            self.admit(account);
            return self.run(account, arguments);
        }
        answer
    }

    /// As [`Self::titian`], with `--json` in front.
    ///
    /// # Panics
    /// As there.
    pub fn json(&self, account: Account, arguments: &[&str]) -> Answer {
        let mut all = vec!["--json"];
        all.extend_from_slice(arguments);
        self.titian(account, &all)
    }

    /// Runs `titian` with a password of the caller's choice and no account in the way: sign-in itself under test.
    pub fn bare(&self, session: &str, password: &str, arguments: &[&str]) -> Answer {
        let mut command = Command::new(programs::titian());
        command.args(arguments).env("TITIAN_NODE", &self.node.desk).env("TITIAN_SESSION", self.sessions.join(session));
        command.env("TITIAN_PASSWORD", password).env_remove("TITIAN_NEW_PASSWORD");
        run(&format!("titian {}", arguments.join(" ")), &mut command)
    }

    /// The words of its root fingerprint, as printed in the paper agreement.
    ///
    /// # Panics
    /// When the node does not tell them.
    #[must_use]
    pub fn words(&self) -> String {
        self.json(Account::Admin, &["node", "status"]).done().text("fingerprint_words")
    }

    /// The file that holds the session of an account.
    #[must_use]
    pub fn session(&self, account: Account) -> PathBuf {
        self.sessions.join(format!("{}.{}.session", self.node.node_id, account.name()))
    }

    /// What a table of its store holds, by the key behind the table's name, in hexadecimal: an export is `hex(key) hex(value)` a line.
    ///
    /// # Panics
    /// When the store is not exported.
    #[must_use]
    pub fn table(&self, name: &str) -> BTreeMap<String, String> {
        let file = self.sessions.join(format!("{}.export", self.node.node_id));
        self.titian(Account::Admin, &["node", "export", "--out", &file.display().to_string()]).done();
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let prefix: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        let pairs = text.lines().filter_map(|line| line.strip_prefix(&prefix)?.split_once(' '));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// Makes sure that an account exists and has a session.
    ///
    /// # Panics
    /// When the account cannot be made, or cannot sign in.
    pub fn admit(&self, account: Account) {
        if self.is_signed_in(account) {
            return;
        }
        if account != Account::Admin && !self.session(account).exists() {
            self.admit(Account::Admin);
            self.run_with(Account::Admin, account, &["staff", "add", account.name(), "--role", account.role()]).done();
        }
        self.run(account, &["staff", "sign-in", account.name()]).done();
        if let Ok(mut signed_in) = self.signed_in.lock() {
            signed_in.insert(account);
        }
    }

    /// Starts its node so many hours later, by its rehearsal clock. Sessions have ended meanwhile.
    ///
    /// # Panics
    /// When the node does not stop or start.
    pub fn later(&mut self, hours: i64) {
        self.node.stop();
        self.node.set_clock_later(hours);
        self.node.start();
        if let Ok(mut signed_in) = self.signed_in.lock() {
            signed_in.clear();
        }
    }

    /// Starts its node anew with further lines in its settings.
    ///
    /// # Panics
    /// When the settings cannot be written, or the node does not stop or start.
    pub fn set(&mut self, lines: &str) {
        self.node.stop();
        self.node.add_settings(lines);
        self.node.start();
    }

    fn is_signed_in(&self, account: Account) -> bool {
        self.signed_in.lock().is_ok_and(|signed_in| signed_in.contains(&account))
    }

    fn forget(&self, account: Account) {
        if let Ok(mut signed_in) = self.signed_in.lock() {
            signed_in.remove(&account);
        }
    }

    fn run(&self, account: Account, arguments: &[&str]) -> Answer {
        self.run_with(account, account, arguments)
    }

    /// Runs a command in the session of `account`; a password that is set anew is that of `subject`.
    fn run_with(&self, account: Account, subject: Account, arguments: &[&str]) -> Answer {
        let mut command = Command::new(programs::titian());
        command.args(arguments).env("TITIAN_NODE", &self.node.desk).env("TITIAN_SESSION", self.session(account));
        command.env("TITIAN_PASSWORD", account.password()).env("TITIAN_NEW_PASSWORD", subject.password());
        run(&format!("titian {}", arguments.join(" ")), &mut command)
    }
}
