//! How a worker may be contacted, and who must never learn of it (`domain.md` 4.4). Travels with every contact.

use super::{ContactKind, ContactWindow, Sex};
use crate::model::date::Date;
use crate::model::malformed::{At, Malformed};
use crate::model::reading::{LIST_MAX, list, shown};
use crate::model::value::{Language, Text, redacted};
use crate::wire;

/// How she may be contacted, and who must never learn of it.
#[derive(Clone, PartialEq)]
pub struct Safety {
    /// What to call her on the telephone.
    pub safe_name: Option<Text>,
    /// In this order. Empty: do not contact.
    pub methods: Vec<ContactKind>,
    /// When.
    pub windows: Vec<ContactWindow>,
    /// Never then.
    pub never_between: Vec<ContactWindow>,
    /// May a voice message be left.
    pub voicemail_ok: bool,
    /// May a text be sent.
    pub text_ok: bool,
    /// Who to say one is.
    pub say_you_are: Option<Text>,
    /// What to ask first.
    pub ask_first: Option<Text>,
    /// Sex of the caller, if it matters.
    pub caller_gender: Option<Sex>,
    /// Language of the interpreter.
    pub interpreter_language: Option<Language>,
    /// Nationalities, towns or persons that may not interpret.
    pub interpreter_exclude: Vec<Text>,
    /// Who shares the telephone.
    pub phone_shared_with: Vec<Text>,
    /// Never contact these instead.
    pub do_not_contact_instead: Vec<Text>,
    /// What to say if somebody else answers.
    pub if_someone_else_answers: Option<Text>,
    /// When she last confirmed these rules; older than [`Safety::RECONFIRM_DAYS`]: ask again.
    pub last_confirmed_on: Date,
    /// Node ids, or kinds such as `EMBASSY`, that may not learn of her.
    pub prohibited_recipients: Vec<Text>,
    /// Risk codes.
    pub risks: Vec<Text>,
}

redacted!(Safety);

impl Safety {
    /// Days after which the rules must be confirmed again (`domain.md` 4.4).
    pub const RECONFIRM_DAYS: i64 = 30;

    /// Reads one from the wire.
    ///
    /// # Errors
    /// When a code is in no list, or a text, window, language or day breaks its form.
    pub fn from_wire(safety: &wire::Safety) -> Result<Self, Malformed> {
        let wire::Safety {
            safe_name,
            methods,
            windows,
            never_between,
            voicemail_ok,
            text_ok,
            say_you_are,
            ask_first,
            caller_gender,
            interpreter_language,
            interpreter_exclude,
            phone_shared_with,
            do_not_contact_instead,
            if_someone_else_answers,
            last_confirmed_on,
            prohibited_recipients,
            risks,
        } = safety;
        Ok(Self {
            safe_name: Text::parse_optional(safe_name, Text::NAME_BYTES).at("safe_name")?,
            methods: ContactKind::list_from_wire(methods).at("methods")?,
            windows: list(windows, LIST_MAX, "windows", ContactWindow::from_wire)?,
            never_between: list(never_between, LIST_MAX, "never_between", ContactWindow::from_wire)?,
            voicemail_ok: *voicemail_ok,
            text_ok: *text_ok,
            say_you_are: sentence(say_you_are).at("say_you_are")?,
            ask_first: sentence(ask_first).at("ask_first")?,
            caller_gender: Sex::from_wire_optional(*caller_gender).at("caller_gender")?,
            interpreter_language: Language::parse_optional(interpreter_language).at("interpreter_language")?,
            interpreter_exclude: names(interpreter_exclude, "interpreter_exclude")?,
            phone_shared_with: names(phone_shared_with, "phone_shared_with")?,
            do_not_contact_instead: names(do_not_contact_instead, "do_not_contact_instead")?,
            if_someone_else_answers: sentence(if_someone_else_answers).at("if_someone_else_answers")?,
            last_confirmed_on: Date::parse(last_confirmed_on).at("last_confirmed_on")?,
            prohibited_recipients: names(prohibited_recipients, "prohibited_recipients")?,
            risks: names(risks, "risks")?,
        })
    }

    /// Writes it for the wire.
    #[must_use]
    pub fn to_wire(&self) -> wire::Safety {
        wire::Safety {
            safe_name: Text::optional_to_wire(self.safe_name.as_ref()),
            methods: ContactKind::list_to_wire(&self.methods),
            windows: self.windows.iter().map(ContactWindow::to_wire).collect(),
            never_between: self.never_between.iter().map(ContactWindow::to_wire).collect(),
            voicemail_ok: self.voicemail_ok,
            text_ok: self.text_ok,
            say_you_are: Text::optional_to_wire(self.say_you_are.as_ref()),
            ask_first: Text::optional_to_wire(self.ask_first.as_ref()),
            caller_gender: self.caller_gender.map_or(0, Sex::to_wire),
            interpreter_language: shown(self.interpreter_language.as_ref()),
            interpreter_exclude: Text::list_to_wire(&self.interpreter_exclude),
            phone_shared_with: Text::list_to_wire(&self.phone_shared_with),
            do_not_contact_instead: Text::list_to_wire(&self.do_not_contact_instead),
            if_someone_else_answers: Text::optional_to_wire(self.if_someone_else_answers.as_ref()),
            last_confirmed_on: self.last_confirmed_on.to_string(),
            prohibited_recipients: Text::list_to_wire(&self.prohibited_recipients),
            risks: Text::list_to_wire(&self.risks),
        }
    }

    pub(super) fn fields(&self) -> [(&'static str, bool); 17] {
        [
            ("safety.safe_name", self.safe_name.is_some()),
            ("safety.methods", !self.methods.is_empty()),
            ("safety.windows", !self.windows.is_empty()),
            ("safety.never_between", !self.never_between.is_empty()),
            ("safety.voicemail_ok", self.voicemail_ok),
            ("safety.text_ok", self.text_ok),
            ("safety.say_you_are", self.say_you_are.is_some()),
            ("safety.ask_first", self.ask_first.is_some()),
            ("safety.caller_gender", self.caller_gender.is_some()),
            ("safety.interpreter_language", self.interpreter_language.is_some()),
            ("safety.interpreter_exclude", !self.interpreter_exclude.is_empty()),
            ("safety.phone_shared_with", !self.phone_shared_with.is_empty()),
            ("safety.do_not_contact_instead", !self.do_not_contact_instead.is_empty()),
            ("safety.if_someone_else_answers", self.if_someone_else_answers.is_some()),
            ("safety.last_confirmed_on", true),
            ("safety.prohibited_recipients", !self.prohibited_recipients.is_empty()),
            ("safety.risks", !self.risks.is_empty()),
        ]
    }
}

fn sentence(text: &str) -> Result<Option<Text>, Malformed> {
    Text::parse_optional(text, Text::SENTENCE_BYTES)
}

fn names(texts: &[String], field: &str) -> Result<Vec<Text>, Malformed> {
    list(texts, LIST_MAX, field, |text| Text::parse(text, Text::NAME_BYTES))
}
