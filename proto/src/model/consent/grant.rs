//! One grant: what a worker allowed, how she was asked, and until when.

use std::fmt;

use crate::model::consent::{
    ConsentBasis, ConsentGiver, ConsentMethod, ConsentRef, ReceiptGiven, WithdrawalChannel, WithheldReason, distinct, from_one,
};
use crate::model::date::Instant;
use crate::model::id::{ConsentId, Digest, NodeId};
use crate::model::malformed::{At, Malformed};
use crate::model::vocabulary::{Category, Purpose, Tier};
use crate::wire;

/// One grant. Its form is checked once, on reading; whether it allows something is the gate's question.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The consent.
    pub consent_id: ConsentId,
    /// From 1, one more for each change.
    pub version: u32,
    /// Order among this worker's grants and withdrawals, from 1. The highest wins; a tie denies.
    pub sequence: u64,
    /// Who gave it.
    pub given_by: ConsentGiver,
    /// Exactly one node.
    pub recipient: NodeId,
    /// What for; at least one.
    pub purposes: Vec<Purpose>,
    /// What; at least one.
    pub categories: Vec<Category>,
    /// Record types such as "claim"; empty: every type of the categories.
    pub record_types: Vec<String>,
    /// What she withheld. Beats every grant to this recipient.
    pub withheld: Vec<Withheld>,
    /// To whom the recipient may pass it on. Empty: nobody.
    pub onward_to: Vec<NodeId>,
    /// Country of the recipient, two letters of ISO 3166-1.
    pub destination_country: String,
    /// She was told that protection there may be weaker.
    pub informed_inadequate_protection: bool,
    /// She was told that the recipient is tied to its state.
    pub recipient_state_linked_told: bool,
    /// The notice that was explained to her.
    pub notice_id: String,
    /// Its version, from 1. Consent under one version is no consent under another.
    pub notice_version: u32,
    /// Its language, BCP 47.
    pub notice_language: String,
    /// Whose interpreter, if any.
    pub interpreter_organisation: Option<String>,
    /// How it was given.
    pub method: ConsentMethod,
    /// Staff pseudonyms of the witnesses.
    pub witnesses: Vec<String>,
    /// Keyed digest of the evidence, which stays at the node.
    pub evidence_digest: Option<Digest>,
    /// When it was given.
    pub given_at: Instant,
    /// Valid from this instant.
    pub valid_from: Instant,
    /// Valid until, not including, this instant.
    pub valid_until: Instant,
    /// On what ground.
    pub basis: ConsentBasis,
    /// How she can withdraw, if it was said.
    pub withdrawal_channel: Option<WithdrawalChannel>,
    /// Whether she took a paper receipt home, if it was said.
    pub receipt_given: Option<ReceiptGiven>,
    /// May she be counted in reports outside the node. Stays at the node that asked her.
    pub consent_reporting: bool,
}

/// A category or a single field that she withheld.
#[derive(Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The category; all of it unless a field is named.
    pub category: Category,
    /// A field path such as "contact.address", or none for the whole category.
    pub field: Option<String>,
    /// Why, if she said.
    pub reason: Option<WithheldReason>,
}

impl Grant {
    /// How far two nodes' clocks may differ before a fresh consent is taken for a future one.
    pub const CLOCK_GRACE_HOURS: i64 = 1;
    /// Longest validity (`domain.md` 2.6): nobody remembers longer what she agreed to.
    pub const DAYS_MAX: i64 = 180;
    /// Longest validity with a T4 category.
    pub const DAYS_MAX_T4: i64 = 90;
    /// Longest validity of a welfare check (`domain.md` 2.7).
    pub const DAYS_MAX_WELFARE_CHECK: i64 = 14;
    /// What a welfare check reaches (`domain.md` 2.7). The language to speak with her in stands in her safe-contact rules.
    pub const WELFARE_CHECK_REACHES: [Category; 3] = [Category::Identity, Category::Contact, Category::Safety];
    /// Witnesses that a spoken consent needs, and staff that a welfare check needs.
    pub const WITNESSES_NEEDED: usize = 2;
    /// Most entries of a list of names; far above any practice, far below what would fill a message.
    pub const LIST_MAX: usize = 64;
    /// Longest id, language, pseudonym or path.
    pub const TEXT_MAX: usize = 64;

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a field is missing or breaks a rule of form of `domain.md` 2.6.
    pub fn from_wire(grant: &wire::Grant) -> Result<Self, Malformed> {
        let wire::Grant {
            consent_id,
            version,
            sequence,
            given_by,
            recipient,
            purposes,
            categories,
            record_types,
            withheld,
            onward_to,
            destination_country,
            informed_inadequate_protection,
            recipient_state_linked_told,
            notice_id,
            notice_version,
            notice_language,
            interpreter_organisation,
            method,
            witnesses,
            evidence_digest,
            given_at_ms,
            valid_from_ms,
            valid_until_ms,
            basis,
            withdrawal_channel,
            receipt_given,
            consent_reporting,
        } = grant;
        let read = Self {
            consent_id: ConsentId::from_wire(consent_id).at("consent_id")?,
            version: from_one(*version, "version")?,
            sequence: from_one(*sequence, "sequence")?,
            given_by: ConsentGiver::from_wire(*given_by).at("given_by")?,
            recipient: recipient_of(recipient)?,
            purposes: distinct(Purpose::list_from_wire(purposes).at("purposes")?, "purposes")?,
            categories: distinct(Category::list_from_wire(categories).at("categories")?, "categories")?,
            record_types: names(record_types, "record_types")?,
            withheld: list(withheld, "withheld", Withheld::from_wire)?,
            onward_to: list(onward_to, "onward_to", |one| NodeId::parse(one))?,
            destination_country: country(destination_country)?,
            informed_inadequate_protection: *informed_inadequate_protection,
            recipient_state_linked_told: *recipient_state_linked_told,
            notice_id: name(notice_id, "notice_id")?,
            notice_version: from_one(*notice_version, "notice_version")?,
            notice_language: language(notice_language)?,
            interpreter_organisation: optional_name(interpreter_organisation, "interpreter_organisation")?,
            method: ConsentMethod::from_wire(*method).at("method")?,
            witnesses: names(witnesses, "witnesses")?,
            evidence_digest: Digest::from_wire_optional(evidence_digest).at("evidence_digest")?,
            given_at: moment(*given_at_ms, "given_at")?,
            valid_from: moment(*valid_from_ms, "valid_from")?,
            valid_until: moment(*valid_until_ms, "valid_until")?,
            basis: ConsentBasis::from_wire(*basis).at("basis")?,
            withdrawal_channel: WithdrawalChannel::from_wire_optional(*withdrawal_channel).at("withdrawal_channel")?,
            receipt_given: ReceiptGiven::from_wire_optional(*receipt_given).at("receipt_given")?,
            consent_reporting: *consent_reporting,
        };
        read.check()?;
        Ok(read)
    }

    /// Writes it for the wire, whole: for the node's own store and desk.
    #[must_use]
    pub fn to_wire(&self) -> wire::Grant {
        wire::Grant {
            consent_id: self.consent_id.to_wire(),
            version: self.version,
            sequence: self.sequence,
            given_by: self.given_by.to_wire(),
            recipient: self.recipient.to_string(),
            purposes: Purpose::list_to_wire(&self.purposes),
            categories: Category::list_to_wire(&self.categories),
            record_types: self.record_types.clone(),
            withheld: self.withheld.iter().map(Withheld::to_wire).collect(),
            onward_to: self.onward_to.iter().map(NodeId::to_string).collect(),
            destination_country: self.destination_country.clone(),
            informed_inadequate_protection: self.informed_inadequate_protection,
            recipient_state_linked_told: self.recipient_state_linked_told,
            notice_id: self.notice_id.clone(),
            notice_version: self.notice_version,
            notice_language: self.notice_language.clone(),
            interpreter_organisation: self.interpreter_organisation.clone().unwrap_or_default(),
            method: self.method.to_wire(),
            witnesses: self.witnesses.clone(),
            evidence_digest: self.evidence_digest.map(Digest::to_wire).unwrap_or_default(),
            given_at_ms: self.given_at.as_millis(),
            valid_from_ms: self.valid_from.as_millis(),
            valid_until_ms: self.valid_until.as_millis(),
            basis: self.basis.to_wire(),
            withdrawal_channel: self.withdrawal_channel.map_or(0, WithdrawalChannel::to_wire),
            receipt_given: self.receipt_given.map_or(0, ReceiptGiven::to_wire),
            consent_reporting: self.consent_reporting,
        }
    }

    /// The grant as a peer gets it.
    #[must_use]
    pub fn for_peer(&self) -> Self {
        let mut seen = self.clone();
        seen.keep_from_peer();
        seen
    }

    /// Takes out what no peer gets: whether she may be counted in reports is nobody else's business.
    pub(crate) fn keep_from_peer(&mut self) {
        self.consent_reporting = false;
    }

    /// Whether a peer may see the same of both. Copies are made only of grants that differ.
    #[must_use]
    pub fn is_same_for_peer(&self, other: &Self) -> bool {
        self == other || self.for_peer() == other.for_peer()
    }

    /// The consent and version it is.
    #[must_use]
    pub fn reference(&self) -> ConsentRef {
        ConsentRef { id: self.consent_id, version: self.version }
    }

    /// Whether it names the recipient, the purpose and the category. Says nothing of dates, withdrawals or what is withheld.
    #[must_use]
    pub fn names(&self, recipient: &NodeId, purpose: Purpose, category: Category) -> bool {
        self.recipient == *recipient && self.purposes.contains(&purpose) && self.categories.contains(&category)
    }

    /// Whether it names the record type; an empty list names all.
    #[must_use]
    pub fn names_record_type(&self, record_type: &str) -> bool {
        self.record_types.is_empty() || self.record_types.iter().any(|one| one == record_type)
    }

    /// Whether its time has come and not passed.
    #[must_use]
    pub fn is_valid_at(&self, now: Instant) -> bool {
        self.has_begun(now) && now < self.valid_until
    }

    /// Whether its time has come. Two nodes' clocks differ: what was given a moment ago there must not count as not yet given here, so the
    /// beginning has an hour's grace. The end has none: a wrong clock never lengthens a consent.
    #[must_use]
    pub fn has_begun(&self, now: Instant) -> bool {
        self.valid_from <= now.plus_hours(Self::CLOCK_GRACE_HOURS)
    }

    /// The rules of form (`domain.md` 2.6, 2.7). Reading from the wire applies them; whoever builds a grant in code calls this.
    ///
    /// # Errors
    /// When a rule is broken.
    pub fn check(&self) -> Result<(), Malformed> {
        if self.purposes.is_empty() {
            return Err(Malformed::missing("purposes"));
        }
        if self.categories.is_empty() {
            return Err(Malformed::missing("categories"));
        }
        self.check_validity()?;
        if self.onward_to.contains(&self.recipient) {
            return Err(Malformed::new("must not name the recipient itself").at("onward_to"));
        }
        if self.method == ConsentMethod::VerbalWitnessed && self.witnesses.len() < Self::WITNESSES_NEEDED {
            return Err(Malformed::new("a spoken consent needs two witnesses").at("witnesses"));
        }
        match self.basis {
            ConsentBasis::Consent => self.check_consent(),
            ConsentBasis::WelfareCheck => self.check_welfare_check(),
        }
    }

    /// The longest validity it may have, in days.
    #[must_use]
    pub fn days_max(&self) -> i64 {
        if self.basis == ConsentBasis::WelfareCheck {
            Self::DAYS_MAX_WELFARE_CHECK
        } else if self.categories.iter().any(|category| category.tier() >= Tier::T4) {
            Self::DAYS_MAX_T4
        } else {
            Self::DAYS_MAX
        }
    }

    fn check_validity(&self) -> Result<(), Malformed> {
        if self.valid_until <= self.valid_from {
            return Err(Malformed::new("must be after valid_from").at("valid_until"));
        }
        let days = self.days_max();
        if self.valid_until > self.valid_from.plus_days(days) {
            return Err(Malformed::new(format!("must be at most {days} days after valid_from")).at("valid_until"));
        }
        Ok(())
    }

    fn check_consent(&self) -> Result<(), Malformed> {
        if self.given_by == ConsentGiver::Nobody {
            return Err(Malformed::new("must be somebody: a consent that nobody gave is none").at("given_by"));
        }
        if self.method == ConsentMethod::NotAsked {
            return Err(Malformed::new("must be a method: who was not asked has not consented").at("method"));
        }
        Ok(())
    }

    fn check_welfare_check(&self) -> Result<(), Malformed> {
        if self.given_by != ConsentGiver::Nobody {
            return Err(Malformed::new("must be NOBODY in a welfare check").at("given_by"));
        }
        if self.method != ConsentMethod::NotAsked {
            return Err(Malformed::new("must be NOT_ASKED in a welfare check").at("method"));
        }
        if !self.onward_to.is_empty() {
            return Err(Malformed::new("must be empty in a welfare check, which goes nowhere else").at("onward_to"));
        }
        if self.purposes != [Purpose::WelfareCheck] {
            return Err(Malformed::new("a welfare check has that one purpose").at("purposes"));
        }
        if self.categories.iter().any(|category| !Self::WELFARE_CHECK_REACHES.contains(category)) {
            return Err(Malformed::new("a welfare check reaches IDENTITY, CONTACT and SAFETY only").at("categories"));
        }
        if self.witnesses.len() < Self::WITNESSES_NEEDED {
            return Err(Malformed::new("a welfare check needs two staff").at("witnesses"));
        }
        Ok(())
    }
}

impl fmt::Debug for Grant {
    /// Which grant it is; what a worker allowed or withheld is hers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("consent_id", &self.consent_id)
            .field("version", &self.version)
            .field("sequence", &self.sequence)
            .finish_non_exhaustive()
    }
}

impl Withheld {
    fn from_wire(withheld: &wire::Withheld) -> Result<Self, Malformed> {
        let wire::Withheld { category, field, reason } = withheld;
        Ok(Self {
            category: Category::from_wire(*category).at("category")?,
            field: optional_name(field, "field")?,
            reason: WithheldReason::from_wire_optional(*reason).at("reason")?,
        })
    }

    fn to_wire(&self) -> wire::Withheld {
        wire::Withheld {
            category: self.category.to_wire(),
            field: self.field.clone().unwrap_or_default(),
            reason: self.reason.map_or(0, WithheldReason::to_wire),
        }
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Withheld(..)")
    }
}

fn recipient_of(text: &str) -> Result<NodeId, Malformed> {
    if text.is_empty() {
        return Err(Malformed::missing("recipient"));
    }
    NodeId::parse(text).map_err(|_| Malformed::new("must be exactly one node id such as id.ksbsi").at("recipient"))
}

fn moment(millis: i64, path: &str) -> Result<Instant, Malformed> {
    if millis > 0 { Ok(Instant::from_millis(millis)) } else { Err(Malformed::missing(path)) }
}

fn country(text: &str) -> Result<String, Malformed> {
    let form = text.len() == 2 && text.chars().all(|c| c.is_ascii_uppercase());
    if form { Ok(text.to_owned()) } else { Err(Malformed::new("must be two capital letters of ISO 3166-1").at("destination_country")) }
}

fn language(text: &str) -> Result<String, Malformed> {
    let letters = text.split('-').next().unwrap_or_default();
    let form = (2..=8).contains(&letters.len())
        && letters.chars().all(|c| c.is_ascii_lowercase())
        && text.len() <= Grant::TEXT_MAX
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if form { Ok(text.to_owned()) } else { Err(Malformed::new("must be a language such as id or my-MM").at("notice_language")) }
}

/// A code-like text: no spaces, so that no sentence and no name can hide in it.
fn name(text: &str, path: &str) -> Result<String, Malformed> {
    if text.is_empty() {
        return Err(Malformed::missing(path));
    }
    let form = text.len() <= Grant::TEXT_MAX && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-#:/".contains(c));
    if form { Ok(text.to_owned()) } else { Err(Malformed::new("must be at most 64 letters, digits and . _ - # : /").at(path)) }
}

fn optional_name(text: &str, path: &str) -> Result<Option<String>, Malformed> {
    if text.is_empty() { Ok(None) } else { name(text, path).map(Some) }
}

fn names(texts: &[String], path: &str) -> Result<Vec<String>, Malformed> {
    list(texts, path, |text| name(text, ""))
}

fn list<W, T: PartialEq>(entries: &[W], path: &str, read: impl Fn(&W) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
    if entries.len() > Grant::LIST_MAX {
        return Err(Malformed::new("has more than 64 entries").at(path));
    }
    let entries = entries.iter().map(read).collect::<Result<Vec<_>, _>>().at(path)?;
    distinct(entries, path)
}
