//! What one `titian` command answered.

use std::process::Output;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use serde_json::Value;

/// Exit code of a refusal by the gate.
pub const REFUSED: i32 = 3;
/// Exit code when sign-in or role forbids.
pub const FORBIDDEN: i32 = 4;
/// Exit code when something does not exist.
pub const NOT_FOUND: i32 = 5;
/// Exit code when the node cannot be reached.
pub const UNREACHABLE: i32 = 6;
/// Exit code of a conflict of state or revision.
pub const CONFLICT: i32 = 7;
/// Exit code of bad input.
pub const BAD_INPUT: i32 = 8;

/// Exit code and output of one command.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The command, as it would be typed.
    pub command: String,
    /// Exit code; -1 when a signal ended it.
    pub exit: i32,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

impl Answer {
    /// What a program that has ended answered.
    #[must_use]
    pub fn of(command: &str, output: &Output) -> Self {
        Self {
            command: command.to_owned(),
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The answer of a command that must have succeeded.
    ///
    /// # Panics
    /// When it did not.
    pub fn done(self) -> Self {
        assert!(self.exit == 0, "should have succeeded:\n{}", self.told());
        self
    }

    /// The answer of a command that must have ended with this exit code and named this stable code.
    ///
    /// # Panics
    /// When it ended otherwise.
    pub fn failed(self, exit: i32, code: &str) -> Self {
        assert!(self.exit == exit, "should have ended with {exit} and {code}:\n{}", self.told());
        assert!(self.names(code), "should have named {code}:\n{}", self.told());
        self
    }

    /// The answer of a command that the gate must have refused with this code.
    ///
    /// # Panics
    /// When it was not.
    pub fn refused(self, code: &str) -> Self {
        self.failed(REFUSED, code)
    }

    /// Whether either output holds this text.
    #[must_use]
    pub fn names(&self, text: &str) -> bool {
        self.stdout.contains(text) || self.stderr.contains(text)
    }

    /// Command, exit code and outputs, for a failing test.
    #[must_use]
    pub fn told(&self) -> String {
        format!("$ {}\n{}{}[exit {}]", self.command, self.stdout, self.stderr, self.exit)
    }

    /// The JSON documents on stdout: one as it is, several (a listing as lines) as an array.
    ///
    /// # Panics
    /// When stdout is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let documents: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(&self.stdout).into_iter().collect();
        match documents {
            Ok(mut one) if one.len() == 1 => one.remove(0),
            Ok(several) => Value::Array(several),
            Err(error) => panic!("not JSON ({error}):\n{}", self.told()),
        }
    }

    /// The first member of this name anywhere in the JSON on stdout, as text. Names are those of the contract ("referral_id"); canonical JSON
    /// writes them "referralId".
    ///
    /// # Panics
    /// When there is none, or stdout is not JSON.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        match self.find(name) {
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
            None => panic!("no member {name}:\n{}", self.told()),
        }
    }

    /// As [`Self::text`] for an id, in the form that commands take. Canonical JSON writes bytes in base64.
    ///
    /// # Panics
    /// When there is none, or it is no id.
    #[must_use]
    pub fn id(&self, name: &str) -> String {
        let text = self.text(name);
        match BASE64.decode(&text) {
            Ok(bytes) if bytes.len() == 16 => hyphenated(&bytes),
            _ => panic!("{name} is no id:\n{}", self.told()),
        }
    }

    /// As [`Self::text`] for a count; absent members of canonical JSON are zero.
    ///
    /// # Panics
    /// When it is not a number.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        let text = self.find(name).map_or_else(|| String::from("0"), |value| value.to_string().replace('"', ""));
        text.parse().unwrap_or_else(|error| panic!("{name} is no count ({error}):\n{}", self.told()))
    }

    /// Whether the first member of this name has this code, with or without the contract's prefix ("REFERRAL_STATE_REQUESTED", "REQUESTED").
    #[must_use]
    pub fn has_code(&self, name: &str, code: &str) -> bool {
        matches!(self.find(name), Some(Value::String(text)) if is_code(&text, code))
    }

    /// The first member of this name anywhere in the JSON on stdout.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Value> {
        find(&self.json(), name).cloned()
    }
}

/// Whether a value of canonical JSON is this code.
#[must_use]
pub fn is_code(text: &str, code: &str) -> bool {
    text == code || text.strip_suffix(code).is_some_and(|prefix| prefix.ends_with('_'))
}

/// The first member of this name (of the contract), breadth before depth.
#[must_use]
pub fn find<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    match value {
        Value::Object(members) => {
            members.get(name).or_else(|| members.get(&camel(name))).or_else(|| members.values().find_map(|member| find(member, name)))
        }
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn hyphenated(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits[range].to_owned()).join("-")
}

fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.push_str(letters.as_str());
        text
    })
}
