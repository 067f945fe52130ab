//! Random agreements, consents and records. Every record has a marked word where its type has room for one.

use titian_proto::model::record::RecordContent;
use titian_proto::model::vocabulary::{Category, Purpose, Tier};
use titian_proto::wire::{self, record_content::Content};

use super::permitted::{Scope, Word};
use crate::random::Random;
use crate::union::{Union, agreement_id};
use crate::word::Moment;

/// Fields that an annex denies or a worker withholds, with their categories.
const FIELDS: [(&str, Category); 4] = [
    ("contact.address", Category::Contact),
    ("identity.full_name", Category::Identity),
    ("employer.legal_name", Category::Employer),
    ("narrative.text", Category::Narrative),
];

/// A day in milliseconds.
const DAY: Moment = 24 * 3600 * 1000;

/// Some categories, each so often in a thousand times.
pub fn some(random: &mut Random, often: u64) -> Vec<Category> {
    Category::ALL.iter().copied().filter(|category| *category != Category::Directory && random.chance(often)).collect()
}

/// What a version of an agreement names in one direction.
pub fn scope(random: &mut Random) -> Scope {
    let mut categories = some(random, 800);
    if categories.is_empty() {
        categories.push(Category::CaseCore);
    }
    let max_tier = *random.pick(&[Tier::T2, Tier::T3, Tier::T4, Tier::T4]).unwrap();
    Scope { categories, max_tier, denied: field(random, 250), for_wages: random.chance(950) }
}

fn field(random: &mut Random, often: u64) -> Option<&'static str> {
    if random.chance(often) { random.pick(&FIELDS).map(|(field, _)| *field) } else { None }
}

/// A version of the agreement between two unions, as officers write it.
pub fn agreement(one: &Union, other: &Union, version: u32, scopes: [&Scope; 2]) -> String {
    let annex = |id: &str, from: &Union, to: &Union, scope: &Scope| {
        let categories: Vec<String> = scope.categories.iter().map(|category| format!("\"{}\"", category.code())).collect();
        let denied = scope.denied.map_or_else(String::new, |field| format!("field_denylist = [\"{field}\"]\n"));
        let purpose = if scope.for_wages { "WAGE_RECOVERY" } else { "SHELTER" };
        format!(
            "\n[[annex]]\nid = \"{id}\"\nfrom = \"{}\"\nto = \"{}\"\npurposes = [\"{purpose}\"]\ncategories = [{}]\nmax_tier = \"{}\"\n\
             consent_methods = [\"RECORDED_AUDIO\"]\n{denied}",
            from.node_id,
            to.node_id,
            categories.join(", "),
            scope.max_tier.code(),
        )
    };
    format!(
        "[agreement]\nid = \"{}\"\nversion = {version}\nsupersedes = {}\ntitle = \"Cooperation\"\nkind = \"BILATERAL\"\n\
         parties = [\"{}\", \"{}\"]\neffective_from = \"2026-01-01\"\nexpires_on = \"2028-12-31\"\n{}{}",
        agreement_id(one, other),
        version - 1,
        one.node_id,
        other.node_id,
        annex("THERE", one, other, scopes[0]),
        annex("BACK", other, one, scopes[1]),
    )
}

/// What a worker allows a union, as she says it and as it is written down.
pub fn consent(random: &mut Random, to: &Union, now: Moment) -> (Word, wire::Grant, u32) {
    let mut categories = some(random, 850);
    if categories.is_empty() {
        categories.push(Category::CaseCore);
    }
    let withheld: Vec<Category> = if random.chance(150) { random.pick(&categories).copied().into_iter().collect() } else { Vec::new() };
    let withheld_field = field(random, 100);
    let for_wages = random.chance(950);
    let days = if random.chance(250) { 1 } else { 90 };
    let kept_back = withheld.iter().map(|category| wire::Withheld { category: category.to_wire(), ..wire::Withheld::default() });
    let fields = FIELDS.iter().filter(|(field, _)| Some(*field) == withheld_field);
    let fields = fields.map(|(field, category)| wire::Withheld {
        category: category.to_wire(),
        field: (*field).to_owned(),
        ..wire::Withheld::default()
    });
    let grant = wire::Grant {
        given_by: wire::ConsentGiver::Client as i32,
        recipient: to.node_id.to_string(),
        purposes: vec![if for_wages { Purpose::WageRecovery } else { Purpose::Shelter }.to_wire()],
        categories: Category::list_to_wire(&categories),
        withheld: kept_back.chain(fields).collect(),
        destination_country: to.node_id.as_str()[..2].to_uppercase(),
        informed_inadequate_protection: true,
        notice_id: "PRIVACY".to_owned(),
        notice_version: 1,
        notice_language: "id".to_owned(),
        method: wire::ConsentMethod::RecordedAudio as i32,
        basis: wire::ConsentBasis::Consent as i32,
        ..wire::Grant::default()
    };
    // What she allows for another purpose allows nothing here, and what she keeps back she keeps back for every purpose.
    let allowed = if for_wages { categories } else { Vec::new() };
    (Word::Allows { categories: allowed, until: now + u64::from(days) * DAY, withheld, withheld_field }, grant, days)
}

/// Where the marked word of a category stands.
pub fn field_of(category: Category) -> Option<&'static str> {
    match category {
        Category::Identity => Some("identity.full_name"),
        Category::Contact => Some("contact.address"),
        Category::Safety => Some("safety.safe_name"),
        Category::Employer => Some("employer.legal_name"),
        Category::Narrative => Some("narrative.text"),
        Category::Family => Some("family.name"),
        Category::AllegedOffence => Some("alleged_offence.name"),
        _ => None,
    }
}

/// A record of a category that says a word, where its type has room for one. `stays`: a document's number in place of what the document is.
pub fn record(category: Category, word: &str, stays: bool) -> RecordContent {
    let said = word.to_owned();
    let content = match category {
        Category::Safety => Content::Safety(wire::Safety { safe_name: said, ..safety() }),
        Category::Family => Content::Family(wire::Family { relation: 3, name: said, ..wire::Family::default() }),
        Category::AllegedOffence => Content::AllegedOffence(wire::AllegedOffence { name: said, role: 1, code: "V01".into() }),
        Category::Health => Content::Health(wire::Health { condition: 1, ..wire::Health::default() }),
        Category::GbvTrafficking => Content::GbvTrafficking(wire::GbvTrafficking { violence_type: 3, ..wire::GbvTrafficking::default() }),
        Category::ImmigrationStatus => Content::ImmigrationStatus(wire::ImmigrationStatus { status: 3 }),
        Category::UnionMembership => {
            Content::UnionMembership(wire::UnionMembership { union: "my.mtuc".into(), kind: 1, as_of: "2026-03-01".into() })
        }
        Category::Documents if stays => {
            Content::IdentityDocument(wire::IdentityDocument { kind: 1, number: said, holder: 2, country: "ID".into() })
        }
        Category::Documents => Content::IdentityDocument(wire::IdentityDocument {
            kind: 1,
            holder: 2,
            country: "ID".into(),
            ..wire::IdentityDocument::default()
        }),
        other => return crate::taint::record(other, word),
    };
    RecordContent::from_wire(&wire::RecordContent { content: Some(content) }).unwrap()
}

/// Her rules, with a union that must not hear of her.
pub fn prohibiting(to: &Union) -> RecordContent {
    let content = Content::Safety(wire::Safety { prohibited_recipients: vec![to.node_id.to_string()], ..safety() });
    RecordContent::from_wire(&wire::RecordContent { content: Some(content) }).unwrap()
}

fn safety() -> wire::Safety {
    wire::Safety { methods: vec![3], last_confirmed_on: "2026-02-27".into(), ..wire::Safety::default() }
}
