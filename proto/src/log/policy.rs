//! Whom an auditor trusts, as c2sp.org/tlog-policy has it: the keys of logs and witnesses, and how many of which witnesses must have seen a head.
//!
//! It comes from the auditor's own hands, on paper or from the unions' offices, and never with the log that is audited (`audit-log.md` 0.5, c).

use std::collections::{BTreeMap, BTreeSet};

use crate::log::checkpoint::{Checkpoint, CheckpointError};
use crate::log::note::{KeyKind, Note, NoteKey, Signed, WrongSignature};
use crate::model::malformed::Malformed;

/// Largest policy in bytes: hundreds of keys with comments.
pub const LENGTH_MAX: usize = 65_536;
/// Most logs, witnesses and groups, each: twice of what the specification wants supported.
pub const NAMES_MAX: usize = 64;
const NONE: &str = "none";

/// Logs, witnesses and the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<NoteKey>,
    witnesses: BTreeMap<String, NoteKey>,
    groups: BTreeMap<String, Group>,
    quorum: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<String>,
}

/// What the witnesses of a policy say about a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// When each cosigned, in seconds since 1970; by the names of the policy. Each key counts once.
    pub at: BTreeMap<String, u64>,
    /// Whether they are enough.
    pub quorum: bool,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// With the number of the line, when it has another form, a key or a name twice, a name before it is defined, or not exactly one quorum.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > LENGTH_MAX {
            return Err(Malformed::new("must be at most 65536 bytes"));
        }
        let mut reader = Reader::default();
        for (number, line) in (1..).zip(text.split('\n')) {
            if line.contains(|c: char| c.is_ascii_control() && c != '\t') {
                return Err(Malformed::new("must have no control characters").at(&format!("line {number}")));
            }
            reader.line(line).map_err(|malformed| malformed.at(&format!("line {number}")))?;
        }
        let quorum = reader.quorum.ok_or_else(|| Malformed::new("must have a line such as: quorum NAME"))?;
        Ok(Self { quorum, ..reader.policy })
    }

    /// The logs that are trusted.
    #[must_use]
    pub fn logs(&self) -> &[NoteKey] {
        &self.logs
    }

    /// The witnesses, by the names that this policy gives them.
    #[must_use]
    pub fn witnesses(&self) -> &BTreeMap<String, NoteKey> {
        &self.witnesses
    }

    /// The checkpoint in a note, when a log of this policy signed it.
    ///
    /// # Errors
    /// When it cannot be read, no log of this policy has its origin, or that log did not sign it.
    pub fn checkpoint(&self, note: &Note) -> Result<Checkpoint, CheckpointError> {
        let origin = Checkpoint::parse(note.text())?.origin;
        // A log that changes its key has both in the policy for a while.
        for log in self.logs.iter().filter(|log| log.name() == origin) {
            match Checkpoint::of_note(note, log) {
                Err(CheckpointError::NotSigned) => {}
                done => return done,
            }
        }
        Err(CheckpointError::NotSigned)
    }

    /// Who of the witnesses cosigned, and whether that is enough.
    ///
    /// # Errors
    /// When a line in the name of a witness is not its cosignature.
    pub fn witnessed(&self, note: &Note) -> Result<Witnessed, WrongSignature> {
        let mut at = BTreeMap::new();
        for (name, key) in &self.witnesses {
            if let Some(Signed::At(time)) = note.verify(key)? {
                at.insert(name.clone(), time);
            }
        }
        let quorum = self.quorum.as_ref().is_none_or(|name| self.holds(name, &at));
        Ok(Witnessed { at, quorum })
    }

    /// Whether a witness, or enough of a group, cosigned. Groups name what was defined before them, so this ends.
    fn holds(&self, name: &str, at: &BTreeMap<String, u64>) -> bool {
        match self.groups.get(name) {
            Some(group) => group.members.iter().filter(|member| self.holds(member, at)).count() >= group.threshold,
            None => at.contains_key(name),
        }
    }
}

/// What was read so far.
struct Reader {
    policy: Policy,
    quorum: Option<Option<String>>,
    keys: BTreeSet<(bool, [u8; 32])>,
    members: BTreeSet<String>,
}

impl Default for Reader {
    fn default() -> Self {
        let policy = Policy { logs: Vec::new(), witnesses: BTreeMap::new(), groups: BTreeMap::new(), quorum: None };
        Self { policy, quorum: None, keys: BTreeSet::new(), members: BTreeSet::new() }
    }
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), Malformed> {
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [comment, ..] if comment.starts_with('#') => Ok(()),
            ["log", vkey] | ["log", vkey, _] => self.log(vkey),
            ["witness", name, vkey] | ["witness", name, vkey, _] => self.witness(name, vkey),
            ["group", name, threshold, members @ ..] => self.group(name, threshold, members),
            ["quorum", name] => self.quorum(name),
            _ => Err(Malformed::new("must be one of: log VKEY [URL], witness NAME VKEY [URL], group NAME all|any|K NAME..., quorum NAME")),
        }
    }

    fn log(&mut self, vkey: &str) -> Result<(), Malformed> {
        let key = self.key(vkey, KeyKind::Log)?;
        self.policy.logs.push(key);
        room(self.policy.logs.len())
    }

    fn witness(&mut self, name: &str, vkey: &str) -> Result<(), Malformed> {
        self.new_name(name)?;
        let key = self.key(vkey, KeyKind::Witness)?;
        self.policy.witnesses.insert(name.to_owned(), key);
        room(self.policy.witnesses.len())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), Malformed> {
        self.new_name(name)?;
        let threshold = match threshold {
            "all" => members.len(),
            "any" => 1,
            number => number.parse().ok().filter(|count: &usize| count.to_string() == number).unwrap_or(0),
        };
        if !(1..=members.len()).contains(&threshold) {
            return Err(Malformed::new("must ask for all, any, or a number from 1 to that of its members"));
        }
        for member in members {
            self.known(member)?;
            if !self.members.insert((*member).to_owned()) {
                return Err(Malformed::new("must name each witness and group in one group only, once"));
            }
        }
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.policy.groups.insert(name.to_owned(), Group { threshold, members });
        room(self.policy.groups.len())
    }

    fn quorum(&mut self, name: &str) -> Result<(), Malformed> {
        if self.quorum.is_some() {
            return Err(Malformed::new("must be the only quorum"));
        }
        if name != NONE {
            self.known(name)?;
        }
        self.quorum = Some((name != NONE).then(|| name.to_owned()));
        Ok(())
    }

    fn key(&mut self, vkey: &str, kind: KeyKind) -> Result<NoteKey, Malformed> {
        let key = NoteKey::parse(vkey)?;
        if key.kind() != kind {
            return Err(Malformed::new("must be a key of type 0x01 for a log, of type 0x04 for a witness"));
        }
        // The same key under two names would count twice.
        if !self.keys.insert((kind == KeyKind::Log, *key.public_key())) {
            return Err(Malformed::new("must have each key once"));
        }
        Ok(key)
    }

    fn new_name(&self, name: &str) -> Result<(), Malformed> {
        if name == NONE || self.known(name).is_ok() {
            return Err(Malformed::new("must have a name that nothing else has"));
        }
        Ok(())
    }

    fn known(&self, name: &str) -> Result<(), Malformed> {
        let known = self.policy.witnesses.contains_key(name) || self.policy.groups.contains_key(name);
        if known { Ok(()) } else { Err(Malformed::new("must name witnesses and groups of lines above")) }
    }
}

fn room(count: usize) -> Result<(), Malformed> {
    if count <= NAMES_MAX { Ok(()) } else { Err(Malformed::new("must have at most 64 logs, witnesses and groups, each")) }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
