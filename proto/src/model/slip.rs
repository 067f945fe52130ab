//! The worker's own slip: which union may hold what until when, as a few signed lines that she can carry and that anybody can check with the issuing
//! union's descriptor file, without a node and without a line.
//!
//! Whoever finds or photographs it learns the names of unions, codes of ordinary categories and days. There is no field for a name, a telephone, a
//! purpose or a complaint, and every category of T3 and T4 is the one word `SENSITIVE`: nobody reads from paper that there is a medical report.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::envelope::{EnvelopeError, KeyRing, Signer};
use crate::model::consent::{Ledger, Standing};
use crate::model::date::{Date, Instant};
use crate::model::descriptor::DescriptorChain;
use crate::model::id::NodeId;
use crate::model::malformed::{At, Malformed};
use crate::model::vocabulary::{Category, Purpose, Tier};

/// What a slip says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// Random for each slip: two papers of one worker cannot be put together by it.
    pub reference: SlipReference,
    /// The union that wrote it.
    pub issuer: NodeId,
    /// On which day, in UTC. The hour would tell when she was at the office.
    pub issued_on: Date,
    /// Who may hold what until when; at least one.
    pub entries: Vec<SlipEntry>,
}

/// The random name of a slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlipReference(pub [u8; 10]);

/// What one union may hold until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlipEntry {
    /// Which union.
    pub recipient: NodeId,
    /// The last day, in UTC.
    pub until: Date,
    /// What, in the order of the contract; at least one.
    pub categories: Vec<SlipCategory>,
}

/// A category as it may stand on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SlipCategory {
    /// One of tier T2 or lower.
    Named(Category),
    /// Any of T3 and T4, however many.
    Sensitive,
}

/// Why a slip is not believed. Never quotes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlipError {
    /// It is no slip, or a line of it was lost or altered.
    #[error("the slip cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// It names another union than the descriptor file.
    #[error("the slip was not written by the union of this descriptor file")]
    OtherUnion,
    /// Its signature does not fit.
    #[error("the slip's signature does not fit")]
    Signature(#[source] EnvelopeError),
}

impl Slip {
    /// What stands before the lines when they are signed, so that the signature cannot be mistaken for another one.
    pub const CONTEXT: &'static str = "titian/slip/v1\n";
    /// The first line.
    pub const BEGIN: &'static str = "TITIAN SLIP 1";
    /// Most entries. More than this many unions and days make a code that no cheap telephone reads; a slip for each case is shorter.
    pub const ENTRIES_MAX: usize = 8;
    /// Longest text in bytes: every entry full, with room; below what the largest QR code holds.
    pub const TEXT_MAX: usize = 2048;

    /// What a worker's ledger lets unions hold now, and those to which they may pass it on. Where several grants name the same, the last day counts.
    /// Only unions that `concerns` says count.
    #[must_use]
    pub fn entries_of(ledger: &Ledger, now: Instant, concerns: impl Fn(&NodeId) -> bool) -> Vec<SlipEntry> {
        let mut until: BTreeMap<(NodeId, SlipCategory), Date> = BTreeMap::new();
        let recipients: std::collections::BTreeSet<&NodeId> = ledger.grants.iter().map(|grant| &grant.recipient).collect();
        for recipient in recipients {
            let personal = Category::ALL.iter().filter(|category| **category != Category::Directory);
            for (category, purpose) in personal.flat_map(|category| Purpose::ALL.iter().map(move |purpose| (*category, *purpose))) {
                let Standing::Granted(grant) = ledger.standing(recipient, purpose, category, now) else { continue };
                let last = Instant::from_millis(grant.valid_until.as_millis() - 1).date();
                for union in std::iter::once(recipient).chain(&grant.onward_to).filter(|union| concerns(union)) {
                    let known = until.entry((union.clone(), SlipCategory::of(category))).or_insert(last);
                    *known = last.max(*known);
                }
            }
        }
        let mut entries: BTreeMap<(NodeId, Date), Vec<SlipCategory>> = BTreeMap::new();
        for ((union, category), day) in until {
            entries.entry((union, day)).or_default().push(category);
        }
        entries.into_iter().map(|((recipient, until), categories)| SlipEntry { recipient, until, categories }).collect()
    }

    /// The signed text: what stands in the code on the paper.
    ///
    /// # Errors
    /// When it has no entry or more than [`Self::ENTRIES_MAX`].
    pub fn sign(&self, signer: &Signer) -> Result<String, Malformed> {
        self.check()?;
        let lines = self.lines(signer.key_id());
        let signature = URL_SAFE_NO_PAD.encode(signer.sign(Self::CONTEXT, lines.as_bytes()));
        Ok(format!("{lines}sig {signature}\n"))
    }

    /// Reads a slip out of a text and checks that the union of these descriptors wrote it. The text may be what a telephone read from the code, or a
    /// whole page with those lines in it.
    ///
    /// # Errors
    /// When there is none, it is another union's, or its signature does not fit.
    pub fn verify(text: &str, issuer: &DescriptorChain) -> Result<Self, SlipError> {
        let Signed { slip, key_id, signature } = read(text)?;
        if slip.issuer != issuer.newest().node_id {
            return Err(SlipError::OtherUnion);
        }
        let keys = KeyRing::from_descriptor_chain(issuer);
        let lines = slip.lines(&key_id);
        // The slip tells the day alone, so the key must have signed at some time of it.
        let day = slip.issued_on;
        let ends = Instant::from_millis(day.end().as_millis() - 1);
        let at = |at| keys.verify(&key_id, Self::CONTEXT, lines.as_bytes(), &signature, at);
        at(day.start()).or_else(|_| at(ends)).map_err(SlipError::Signature)?;
        Ok(slip)
    }

    /// Reads a slip without checking its signature: to show what was just made.
    ///
    /// # Errors
    /// When there is none, or a line was lost or altered.
    pub fn read(text: &str) -> Result<Self, Malformed> {
        read(text).map(|signed| signed.slip)
    }

    fn check(&self) -> Result<(), Malformed> {
        if self.entries.is_empty() || self.entries.len() > Self::ENTRIES_MAX {
            return Err(Malformed::new("must be 1 to 8").at("entries"));
        }
        Ok(())
    }

    /// Everything that is signed. There is one way to write a slip, so that what was read and written again verifies.
    fn lines(&self, key_id: &str) -> String {
        let Self { reference, issuer, issued_on, entries } = self;
        let mut text = format!("{}\nref {reference}\nby {issuer} {issued_on}\n", Self::BEGIN);
        for SlipEntry { recipient, until, categories } in entries {
            let categories: Vec<&str> = categories.iter().map(|category| category.code()).collect();
            text.push_str(&format!("{recipient} {until} {}\n", categories.join(" ")));
        }
        text.push_str(&format!("key {key_id}\n"));
        text
    }
}

impl SlipCategory {
    /// What a category is on paper.
    #[must_use]
    pub fn of(category: Category) -> Self {
        if category.tier() >= Tier::T3 { Self::Sensitive } else { Self::Named(category) }
    }

    /// The code on the paper.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Named(category) => category.code(),
            Self::Sensitive => "SENSITIVE",
        }
    }

    fn from_code(code: &str) -> Result<Self, Malformed> {
        if code == Self::Sensitive.code() {
            return Ok(Self::Sensitive);
        }
        match Self::of(Category::from_code(code)?) {
            Self::Sensitive => Err(Malformed::new("must not name a category of tier T3 or T4")),
            named @ Self::Named(_) => Ok(named),
        }
    }
}

impl fmt::Display for SlipReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

struct Signed {
    slip: Slip,
    key_id: String,
    signature: Vec<u8>,
}

/// The lines from the first on, as a telephone or a mail program may have left them.
fn read(text: &str) -> Result<Signed, Malformed> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).skip_while(|line| *line != Slip::BEGIN).skip(1);
    let mut tagged = |tag: &str| {
        let line = lines.next().ok_or_else(|| Malformed::missing("slip"))?;
        line.strip_prefix(tag).map(str::to_owned).ok_or_else(|| Malformed::new("is not in its place").at(tag.trim_end()))
    };
    let reference = tagged("ref ")?;
    let by = tagged("by ")?;
    let (issuer, issued_on) = by.split_once(' ').ok_or_else(|| Malformed::missing("issued_on"))?;
    let (mut entries, mut key_id) = (Vec::new(), None);
    for line in lines.by_ref() {
        if let Some(key) = line.strip_prefix("key ") {
            key_id = Some(key.to_owned());
            break;
        }
        entries.push(entry(line).at("entries")?);
        if entries.len() > Slip::ENTRIES_MAX {
            break;
        }
    }
    let key_id = key_id.ok_or_else(|| Malformed::missing("key"))?;
    let signature = lines.next().and_then(|line| line.strip_prefix("sig ")).ok_or_else(|| Malformed::missing("sig"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Malformed::new("is not a signature").at("sig"))?;
    let slip = Slip {
        reference: reference_of(&reference).at("ref")?,
        issuer: NodeId::parse(issuer).at("by")?,
        issued_on: Date::parse(issued_on).at("issued_on")?,
        entries,
    };
    slip.check()?;
    Ok(Signed { slip, key_id, signature })
}

fn reference_of(text: &str) -> Result<SlipReference, Malformed> {
    let mut reference = [0; 10];
    let wrong = || Malformed::new("must be 20 hexadecimal digits in small letters");
    hex::decode_to_slice(text, &mut reference).map_err(|_| wrong())?;
    let reference = SlipReference(reference);
    if reference.to_string() == text { Ok(reference) } else { Err(wrong()) }
}

fn entry(line: &str) -> Result<SlipEntry, Malformed> {
    let mut words = line.split(' ');
    let recipient = NodeId::parse(words.next().unwrap_or_default())?;
    let until = Date::parse(words.next().unwrap_or_default())?;
    let categories = words.map(SlipCategory::from_code).collect::<Result<Vec<_>, _>>()?;
    if categories.is_empty() || !categories.is_sorted_by(|one, next| one < next) {
        return Err(Malformed::new("must name categories, each once and in their order"));
    }
    Ok(SlipEntry { recipient, until, categories })
}

#[cfg(test)]
#[path = "slip_tests.rs"]
mod tests;
