//! Signed notes as c2sp.org/signed-note has them: lines of text, and below them who signed. A log signs with a key of type 0x01; a witness cosigns with
//! one of type 0x04 (c2sp.org/tlog-cosignature), which also says when.
//!
//! Strict where tools differ: canonical base64 only, nothing behind the last line, no weak key, and a line in the name of a key that we know must verify.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::Digest as _;

use crate::model::malformed::Malformed;

/// Largest note in bytes: a checkpoint with a hundred cosignatures is far below; what a witness reads is capped at the same (`audit-log.md` a.6).
pub const LENGTH_MAX: usize = 65_536;
/// Most signatures below a note, as the other implementations have it.
pub const SIGNATURES_MAX: usize = 100;
const DASH: &str = "\u{2014} ";

/// What a key signs, by its number in the specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// The key of a log: signs the text alone.
    Log = 0x01,
    /// The key of a witness: signs the time and the text.
    Witness = 0x04,
}

/// A public key under its name: a "vkey".
#[derive(Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    kind: KeyKind,
    key: VerifyingKey,
}

impl NoteKey {
    /// The key under this name.
    ///
    /// # Errors
    /// When the name is empty or has a space, a control character or a plus sign, or the key is not one that can be relied on.
    pub fn new(name: &str, kind: KeyKind, public_key: &[u8; 32]) -> Result<Self, Malformed> {
        if name.is_empty() || name.contains(|c: char| c == '+' || c.is_whitespace() || c.is_control()) {
            return Err(Malformed::new("must be a name without space or +").at("name"));
        }
        let key = VerifyingKey::from_bytes(public_key).ok().filter(|key| !key.is_weak());
        let key = key.ok_or_else(|| Malformed::new("must be an Ed25519 public key").at("key"))?;
        Ok(Self { name: name.to_owned(), kind, key })
    }

    /// Reads `name+keyid+base64`.
    ///
    /// # Errors
    /// When it has another form, the key id is not the one of this name and key, or the key is of a type we do not know.
    pub fn parse(vkey: &str) -> Result<Self, Malformed> {
        let wrong = || Malformed::new("must be a verifier key: name+keyid+base64, as c2sp.org/signed-note has it");
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(data)) = (parts.next(), parts.next(), parts.next()) else { return Err(wrong()) };
        let data = BASE64.decode(data).map_err(|_| wrong())?;
        let (kind, public_key) = data.split_first().ok_or_else(wrong)?;
        let kind = match kind {
            0x01 => KeyKind::Log,
            0x04 => KeyKind::Witness,
            _ => return Err(Malformed::new("must be a key of type 0x01 (log) or 0x04 (witness)")),
        };
        let key = Self::new(name, kind, public_key.try_into().map_err(|_| wrong())?)?;
        if hex::encode(key.id()) != id {
            return Err(Malformed::new("must carry the key id of its own name and key: copy it again from the one who gave it"));
        }
        Ok(key)
    }

    /// Its name: of a log, the origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The first four bytes of the hash over name, type and key.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let hash = sha2::Sha256::new().chain_update(&self.name).chain_update([b'\n', self.kind as u8]).chain_update(self.key);
        let [a, b, c, d, ..]: [u8; 32] = hash.finalize().into();
        [a, b, c, d]
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = [[self.kind as u8].as_slice(), self.key.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), BASE64.encode(data))
    }
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteKey({self})")
    }
}

/// A private key under its name.
pub struct NoteSigner {
    public: NoteKey,
    secret: SigningKey,
}

impl NoteSigner {
    /// The private key under this name.
    ///
    /// # Errors
    /// As [`NoteKey::new`].
    pub fn new(name: &str, kind: KeyKind, secret: SigningKey) -> Result<Self, Malformed> {
        Ok(Self { public: NoteKey::new(name, kind, secret.verifying_key().as_bytes())?, secret })
    }

    /// What others need to verify.
    #[must_use]
    pub fn public(&self) -> &NoteKey {
        &self.public
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.public)
    }
}

/// A line in the name of a key that we know, which that key did not make.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature in the name of {name} is not one of its key; keep this note, and ask {name} for its own copy")]
pub struct WrongSignature {
    /// The name of the key.
    pub name: String,
}

impl WrongSignature {
    /// The stable code.
    pub const CODE: &'static str = "WRONG_SIGNATURE";
}

/// What a key said about a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The key signed the text.
    Text,
    /// The key signed the text at this time, in seconds since 1970.
    At(u64),
}

/// A text and the signatures below it; those of keys that we do not know are kept as they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    name: String,
    key_id: [u8; 4],
    signature: Vec<u8>,
}

impl Note {
    /// A text that nobody signed yet.
    ///
    /// # Errors
    /// When it does not end with a line end, or has control characters.
    pub fn new(text: String) -> Result<Self, Malformed> {
        if !text.ends_with('\n') || text.contains(|c: char| c < ' ' && c != '\n') {
            return Err(Malformed::new("must be lines of text, each ended").at("note"));
        }
        Ok(Self { text, lines: Vec::new() })
    }

    /// Reads a note. It verifies nothing yet.
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let wrong = |rule: &str| Malformed::new(rule).at("note");
        if bytes.len() > LENGTH_MAX {
            return Err(wrong("must be at most 65536 bytes"));
        }
        let all = std::str::from_utf8(bytes).map_err(|_| wrong("must be UTF-8"))?;
        let (text, lines) = all.rsplit_once("\n\n").ok_or_else(|| wrong("must have a text, an empty line and signatures"))?;
        let mut note = Self::new(format!("{text}\n"))?;
        let lines = lines.strip_suffix('\n').ok_or_else(|| wrong("must end with a whole signature line"))?;
        for line in lines.split('\n') {
            if note.lines.len() == SIGNATURES_MAX {
                return Err(wrong("must have at most 100 signatures"));
            }
            note.lines.push(Line::parse(line).ok_or_else(|| wrong("must have signature lines: a dash, a name and base64"))?);
        }
        Ok(note)
    }

    /// The exact bytes of the note.
    #[must_use]
    pub fn encode(&self) -> String {
        let lines = self.lines.iter().map(|line| {
            let data = [line.key_id.as_slice(), &line.signature].concat();
            format!("{DASH}{} {}\n", line.name, BASE64.encode(data))
        });
        format!("{}\n{}", self.text, lines.collect::<String>())
    }

    /// The lines that were signed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Names of all who signed or claim it, in the order of the lines.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.name.as_str())
    }

    /// Adds the signature of a log, or the cosignature of a witness made at `now`, in seconds since 1970.
    pub fn sign(&mut self, signer: &NoteSigner, now: u64) {
        let signature = match signer.public.kind {
            KeyKind::Log => signer.secret.sign(self.text.as_bytes()).to_vec(),
            KeyKind::Witness => {
                let signature = signer.secret.sign(cosigned(now, &self.text).as_bytes());
                [now.to_be_bytes().as_slice(), &signature.to_bytes()].concat()
            }
        };
        self.lines.push(Line { name: signer.public.name.clone(), key_id: signer.public.id(), signature });
    }

    /// What this key said about the text; none when it said nothing. Lines that repeat each other count once; of several times the newest counts.
    ///
    /// # Errors
    /// When one line in the name of the key is not its signature.
    pub fn verify(&self, key: &NoteKey) -> Result<Option<Signed>, WrongSignature> {
        let (id, mut newest) = (key.id(), None);
        for line in self.lines.iter().filter(|line| line.name == key.name && line.key_id == id) {
            let signed = line.verify(key, &self.text).ok_or_else(|| WrongSignature { name: key.name.clone() })?;
            newest = match (newest, signed) {
                (Some(Signed::At(before)), Signed::At(now)) => Some(Signed::At(now.max(before))),
                _ => Some(signed),
            };
        }
        Ok(newest)
    }
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let (name, data) = line.strip_prefix(DASH)?.split_once(' ')?;
        let data = BASE64.decode(data).ok()?;
        let (key_id, signature) = data.split_first_chunk::<4>()?;
        let sound = !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace()) && !signature.is_empty();
        sound.then(|| Self { name: name.to_owned(), key_id: *key_id, signature: signature.to_vec() })
    }

    fn verify(&self, key: &NoteKey, text: &str) -> Option<Signed> {
        let (signed, message, signature) = match key.kind {
            KeyKind::Log => (Signed::Text, text.to_owned(), self.signature.as_slice()),
            KeyKind::Witness => {
                let (time, signature) = self.signature.split_first_chunk::<8>()?;
                // The specification ends time at 2^63.
                let time = Some(u64::from_be_bytes(*time)).filter(|time| *time < 1 << 63)?;
                (Signed::At(time), cosigned(time, text), signature)
            }
        };
        let signature = Signature::from_bytes(signature.try_into().ok()?);
        key.key.verify_strict(message.as_bytes(), &signature).ok().map(|()| signed)
    }
}

fn cosigned(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
