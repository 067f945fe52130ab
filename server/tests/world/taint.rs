//! Marked words: every free text of the world holds one, so that whoever sees it anywhere knows whose it is and what was allowed with it.

use titian_proto::model::record::RecordContent;
use titian_proto::model::vocabulary::Category;
use titian_proto::wire::{self, record_content::Content};

/// What every mark begins with.
const BEGINS: &[u8] = b"TAINT";

/// Digits after it.
const DIGITS: usize = 8;

/// Whose a mark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taint {
    /// Place of the union that keeps the record.
    pub home: usize,
    /// The worker, by her number in the world.
    pub worker: usize,
    /// The record's category.
    pub category: Category,
}

/// Every mark that was made.
#[derive(Default)]
pub struct Taints(Vec<Taint>);

impl Taints {
    /// A new mark, as a text.
    pub fn mark(&mut self, taint: Taint) -> String {
        self.0.push(taint);
        format!("TAINT{:0DIGITS$}", self.0.len() - 1)
    }

    /// The union that took this worker in.
    pub fn home_of(&self, worker: usize) -> Option<usize> {
        self.0.iter().find(|taint| taint.worker == worker).map(|taint| taint.home)
    }

    /// Whose marks stand in these bytes.
    pub fn find<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Taint> + 'a {
        let starts = bytes.windows(BEGINS.len()).enumerate().filter(|(_, window)| *window == BEGINS);
        starts.filter_map(|(at, _)| {
            let digits = bytes.get(at + BEGINS.len()..at + BEGINS.len() + DIGITS)?;
            let number: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
            self.0.get(number).copied()
        })
    }
}

/// A record of a category that says one marked word, where its type has room for a word.
pub fn record(category: Category, word: &str) -> RecordContent {
    let word = word.to_owned();
    let content = match category {
        Category::Identity => Content::Identity(wire::Identity { full_name: word, ..wire::Identity::default() }),
        Category::Contact => Content::Contact(wire::Contact {
            contacts: vec![wire::ContactPoint { kind: 3, value: "+9990001".into(), device_held_by: 1, safe: true }],
            address: word,
            ..wire::Contact::default()
        }),
        Category::Safety => {
            Content::Safety(wire::Safety { methods: vec![3], last_confirmed_on: "2026-02-27".into(), ..wire::Safety::default() })
        }
        Category::Demographic => Content::Demographic(wire::Demographic { sex: 1, age_band: 3, ..wire::Demographic::default() }),
        Category::Employer => {
            Content::Employer(wire::Party { role: 1, legal_name: word, country: "MY".into(), sector: 2, ..wire::Party::default() })
        }
        Category::Claim => Content::Claim(wire::Claim {
            amount: Some(wire::Money { minor_units: 600_000, currency: "MYR".into() }),
            ..wire::Claim::default()
        }),
        Category::CaseCore => Content::Complaint(wire::Complaint {
            kind: 1,
            intake_kind: 2,
            intake_channel: 2,
            codes: vec!["W01".into()],
            primary: "W01".into(),
            client_decision: 3,
            ..wire::Complaint::default()
        }),
        _ => Content::Narrative(wire::Narrative { text: word, language: "id".into() }),
    };
    RecordContent::from_wire(&wire::RecordContent { content: Some(content) }).unwrap()
}

/// Where she comes from and where she is: the frame of every offer.
pub fn journey() -> RecordContent {
    let journey = wire::Journey {
        country_of_origin: "ID".into(),
        country_of_destination: "MY".into(),
        migration_stage: 3,
        languages: vec!["id".into()],
        ..wire::Journey::default()
    };
    RecordContent::from_wire(&wire::RecordContent { content: Some(Content::Journey(journey)) }).unwrap()
}
