//! Records as they come over the wire: what is well formed comes through unchanged, everything else is refused with its path.

use prost::Message as _;

use super::*;
use crate::wire::record_content::Content;

/// Nothing that is refused may show this.
const SECRET: &str = "Rahsia\u{7}";

fn refused(content: Content) -> String {
    let refusal = RecordContent::from_wire(&samples::wrap(content)).expect_err("must be refused").to_string();
    assert!(!refusal.contains("Rahsia"), "an error shows a value: {refusal}");
    refusal
}

fn read(content: Content) -> RecordContent {
    RecordContent::from_wire(&samples::wrap(content)).unwrap()
}

#[test]
fn every_type_of_record_comes_through_unchanged() {
    let samples = samples::all();
    assert_eq!(samples.len(), RecordType::ALL.len());
    for (sample, record_type) in samples.iter().zip(RecordType::ALL) {
        let content = RecordContent::from_wire(sample).unwrap();
        assert_eq!(content.record_type(), *record_type);
        assert_eq!(content.to_wire().encode_to_vec(), sample.encode_to_vec(), "{record_type}");
    }
}

#[test]
fn a_type_is_found_by_the_name_of_its_field_in_the_contract() {
    let names: Vec<&str> = RecordType::ALL.iter().map(|one| one.name()).collect();
    let contract = [
        "journey",
        "complaint",
        "service_action",
        "group_count",
        "demographic",
        "identity",
        "contact",
        "safety",
        "employer",
        "claim",
        "outcome",
        "narrative",
        "document",
        "identity_document",
        "immigration_status",
        "union_membership",
        "family",
        "health",
        "gbv_trafficking",
        "alleged_offence",
        "partner",
        "material",
    ];
    assert_eq!(names, contract);
    for record_type in RecordType::ALL {
        assert_eq!(RecordType::from_name(record_type.name()), Ok(*record_type));
    }
    assert!(RecordType::from_name("photograph").is_err());
}

#[test]
fn the_fields_that_are_set_are_named_with_their_type() {
    for sample in samples::all() {
        let content = RecordContent::from_wire(&sample).unwrap();
        let paths = content.field_paths();
        assert!(!paths.is_empty());
        assert!(paths.iter().all(|path| path.starts_with(&format!("{}.", content.record_type()))), "{paths:?}");
    }
    assert_eq!(read(Content::Claim(wire::Claim { period: None, ..samples::claim() })).field_paths(), ["claim.amount"]);
    assert_eq!(read(Content::Claim(samples::claim())).field_paths(), ["claim.amount", "claim.period"]);
}

#[test]
fn nothing_a_record_says_is_shown() {
    for sample in samples::all() {
        let content = RecordContent::from_wire(&sample).unwrap();
        assert_eq!(format!("{content:?}"), format!("RecordContent({})", content.record_type()));
    }
    let RecordContent::Identity(identity) = read(Content::Identity(samples::identity())) else { panic!("is an identity") };
    assert_eq!(format!("{identity:?} {:?}", identity.full_name), "Identity(..) Text(..)");
}

#[test]
fn a_record_that_says_nothing_is_refused() {
    let refusal = RecordContent::from_wire(&wire::RecordContent { content: None }).unwrap_err();
    assert_eq!(refusal.to_string(), "must say something: one record type, exactly");
}

#[test]
fn one_word_in_any_script_is_a_whole_name() {
    for name in ["Suparno", "নাসিমা", "ခင်မျိုး", "राम बहादुर तामाङ", "Lê Minh Dũng", "محمد", "O'Neil-Ng", "ក"]
    {
        let identity = wire::Identity { full_name: name.into(), ..wire::Identity::default() };
        let RecordContent::Identity(identity) = read(Content::Identity(identity)) else { panic!("is an identity") };
        assert_eq!(identity.full_name.as_str(), name);
    }
}

#[test]
fn a_name_is_refused_by_its_path_and_never_shown() {
    let name = |full_name: &str| Content::Identity(wire::Identity { full_name: full_name.into(), ..samples::identity() });
    assert_eq!(refused(name(SECRET)), "identity.full_name: must not hold control characters");
    assert_eq!(refused(name("Rahsia \u{202e}txet")), "identity.full_name: must not hold control characters");
    assert_eq!(refused(name("  ")), "identity.full_name: must not be blank");
    assert_eq!(refused(name("")), "identity.full_name: must not be blank");
    assert_eq!(refused(name(&"Rahsia".repeat(100))), "identity.full_name: must be at most 512 bytes of UTF-8");
    let born = wire::Identity { date_of_birth: "4 May 1996".into(), ..samples::identity() };
    assert_eq!(refused(Content::Identity(born)), "identity.date_of_birth: must be a day such as 2026-03-02");
}

#[test]
fn a_journey_names_countries_and_languages_that_exist() {
    let with = |change: fn(&mut wire::Journey)| {
        let mut journey = samples::journey();
        change(&mut journey);
        Content::Journey(journey)
    };
    let country = "must be a country of ISO 3166-1 such as MY";
    assert_eq!(refused(with(|j| j.country_of_origin = "XX".into())), format!("journey.country_of_origin: {country}"));
    assert_eq!(refused(with(|j| j.country_of_destination = "my".into())), format!("journey.country_of_destination: {country}"));
    assert_eq!(refused(with(|j| j.migration_stage = 0)), "journey.migration_stage: is not a code of the list MigrationStage");
    assert_eq!(refused(with(|j| j.migration_stage = 99)), "journey.migration_stage: is not a code of the list MigrationStage");
    let language = "must be a language of BCP 47 such as id or zh-Hant";
    assert_eq!(refused(with(|j| j.languages.push("Rahsia!".into()))), format!("journey.languages[2]: {language}"));
    assert_eq!(refused(with(|j| j.reads = vec![String::new()])), format!("journey.reads[0]: {language}"));
    assert_eq!(refused(with(|j| j.reads = vec!["id".into(); 65])), "journey.reads: must have at most 64 entries");
}

#[test]
fn a_claim_is_not_negative_has_a_currency_and_its_days_in_order() {
    let amount = |amount| Content::Claim(wire::Claim { amount, ..samples::claim() });
    assert_eq!(refused(amount(None)), "claim.amount: must be given");
    assert_eq!(refused(amount(Some(samples::money(-1, "MYR")))), "claim.amount.minor_units: must not be negative");
    let currency = "claim.amount.currency: must be a currency of ISO 4217 such as MYR";
    assert_eq!(refused(amount(Some(samples::money(1, "Rahsia")))), currency);
    assert_eq!(refused(amount(Some(samples::money(1, "myr")))), currency);
    let backwards = wire::Period { from: "2025-12-15".into(), to: "2025-06-01".into() };
    let claim = wire::Claim { period: Some(backwards), ..samples::claim() };
    assert_eq!(refused(Content::Claim(claim)), "claim.period.to: must not be before the first day");
}

#[test]
fn a_contact_is_loosely_what_its_kind_says() {
    let point = |kind: i32, value: &str| {
        let point = wire::ContactPoint { kind, value: value.into(), device_held_by: 1, safe: true };
        Content::Contact(wire::Contact { contacts: vec![point], ..samples::contact() })
    };
    for number in ["1300", "+60 (3) 1234-5678", "٠٧٩١٢٣٤٥٦", "០១២ ៣៤៥ ៦៧៨"] {
        read(point(1, number));
    }
    assert_eq!(refused(point(2, "Rahsia")), "contact.contacts[0].value: must be a telephone number such as +60 3 1234 5678");
    assert_eq!(refused(point(6, "Rahsia")), "contact.contacts[0].value: must be an e-mail address such as name@example.org");
    assert_eq!(refused(point(77, "1300")), "contact.contacts[0].kind: is not a code of the list ContactKind");
    let nobody = wire::Contact { contacts: Vec::new(), ..samples::contact() };
    assert_eq!(refused(Content::Contact(nobody)), "contact.contacts: must have at least one entry");
    let province = wire::Contact { origin_admin1: "Jawa Timur".into(), ..samples::contact() };
    assert_eq!(refused(Content::Contact(province)), "contact.origin_admin1: must be a province of ISO 3166-2 such as ID-JI");
}

#[test]
fn safe_contact_rules_are_exact_about_time() {
    let window = |change: fn(&mut wire::ContactWindow)| {
        let mut window = samples::window();
        change(&mut window);
        Content::Safety(wire::Safety { windows: vec![window], ..samples::safety() })
    };
    assert_eq!(refused(window(|w| w.days = "weekdays".into())), "safety.windows[0].days: must be days such as Mon-Fri or Sat,Sun");
    assert_eq!(refused(window(|w| w.from = "6 pm".into())), "safety.windows[0].from: must be a time of the day such as 18:00");
    assert_eq!(refused(window(|w| w.from = "24:00".into())), "safety.windows[0].from: must be a time of the day such as 18:00");
    assert_eq!(refused(window(|w| w.to = "18:00".into())), "safety.windows[0].to: must differ from the start");
    assert_eq!(refused(window(|w| w.zone = "here".into())), "safety.windows[0].zone: must be a time zone such as Asia/Jakarta");
    let unconfirmed = wire::Safety { last_confirmed_on: String::new(), ..samples::safety() };
    assert_eq!(refused(Content::Safety(unconfirmed)), "safety.last_confirmed_on: must be a day such as 2026-03-02");
}

#[test]
fn a_worker_whom_nobody_may_contact_has_no_methods() {
    let silent = wire::Safety { last_confirmed_on: "2026-02-27".into(), ..wire::Safety::default() };
    let RecordContent::Safety(safety) = read(Content::Safety(silent)) else { panic!("is safety") };
    assert!(safety.methods.is_empty());
}

#[test]
fn other_forms_are_refused_by_their_path() {
    let document = wire::DocumentManifest { media_type: "pdf".into(), ..samples::document(1) };
    assert_eq!(refused(Content::Document(document)), "document.media_type: must be a media type such as application/pdf");
    let document = wire::DocumentManifest { content_digest: vec![1; 31].into(), ..samples::document(1) };
    assert_eq!(refused(Content::Document(document)), "document.content_digest: must be 32 bytes");
    let group = wire::GroupCount { parent_group_ref: vec![1].into(), ..samples::group_count() };
    assert_eq!(refused(Content::GroupCount(group)), "group_count.parent_group_ref: must be 16 bytes");
    let month = wire::GbvTrafficking { violence_type: 1, suspected_trafficking: false, month: "2026-01-15".into() };
    assert_eq!(refused(Content::GbvTrafficking(month)), "gbv_trafficking.month: must be a month such as 2026-01");
    let mut outcome = samples::outcome();
    outcome.conversion.as_mut().unwrap().rate = "-4.0".into();
    assert_eq!(refused(Content::Outcome(outcome)), "outcome.conversion.rate: must be a positive decimal number such as 4.046");
}

fn complaint(codes: &[&str], raised_tier: i32) -> Content {
    let codes: Vec<String> = codes.iter().map(|code| (*code).to_owned()).collect();
    Content::Complaint(wire::Complaint { primary: codes[0].clone(), codes, raised_tier, ..samples::complaint() })
}

#[test]
fn a_complaint_stands_as_high_as_its_highest_code_and_can_only_be_raised() {
    assert_eq!(read(complaint(&["W01"], 0)).tier(), Tier::T1);
    assert_eq!(read(complaint(&["W01", "Z99"], 0)).tier(), Tier::T2);
    assert_eq!(read(complaint(&["W01", "D04"], 0)).tier(), Tier::T3);
    assert_eq!(read(complaint(&["W01", "V02"], 0)).tier(), Tier::T4);
    assert_eq!(read(complaint(&["W01"], Tier::T3.to_wire())).tier(), Tier::T3);
    let lowered = refused(complaint(&["D04"], Tier::T2.to_wire()));
    assert_eq!(lowered, "complaint.raised_tier: must not be below the tier of the complaint codes");
}

#[test]
fn a_complaint_has_a_main_code_among_codes_of_the_list() {
    assert_eq!(refused(complaint(&["Rahsia"], 0)), "complaint.codes[0]: is not a code of the list ComplaintCode");
    let none = wire::Complaint { codes: Vec::new(), ..samples::complaint() };
    assert_eq!(refused(Content::Complaint(none)), "complaint.codes: must have at least one entry");
    let other = wire::Complaint { primary: "T01".into(), ..samples::complaint() };
    assert_eq!(refused(Content::Complaint(other)), "complaint.primary: must be one of the complaint codes");
}

#[test]
fn the_complaint_codes_are_those_of_the_field() {
    let of_tier = |tier| ComplaintCode::all().filter(|code| code.tier() == tier).map(ComplaintCode::code).collect::<Vec<_>>().join(" ");
    assert_eq!(ComplaintCode::all().count(), 50);
    assert_eq!(of_tier(Tier::T2), "R05 T03 Z99");
    assert_eq!(of_tier(Tier::T3), "R06 D02 D03 D04 F01 F04");
    assert_eq!(of_tier(Tier::T4), "D05 C06 T04 F02 F03 F05 V01 V02 V03 V04 V05 V06 V07 H01 H02");
    assert_eq!(ComplaintCode::parse("W01").unwrap().name(), "Non-payment of wages");
}

#[test]
fn a_record_stands_at_the_tier_of_its_category_unless_what_it_says_moves_it() {
    for sample in samples::all() {
        let content = RecordContent::from_wire(&sample).unwrap();
        let moved = matches!(content, RecordContent::Complaint(_) | RecordContent::Document(_));
        assert_eq!(content.tier() == content.category().tier(), !moved, "{content:?}");
    }
    let household = wire::Party { role: wire::PartyRole::PrivateHousehold as i32, ..samples::employer() };
    assert_eq!(read(Content::Employer(household)).tier(), Tier::T3);
    for document_type in DocumentType::ALL {
        let expected = match document_type {
            DocumentType::IdDocument | DocumentType::Permit => Tier::T3,
            DocumentType::MedicalReport => Tier::T4,
            _ => Tier::T2,
        };
        assert_eq!(read(Content::Document(samples::document(document_type.to_wire()))).tier(), expected);
    }
}

#[test]
fn what_stays_at_the_node_says_which_field_keeps_it() {
    let consent_form = read(Content::Document(samples::document(DocumentType::ConsentForm.to_wire())));
    assert_eq!(consent_form.path_that_stays(), Some("document.document_type"));
    let with_number = wire::IdentityDocument { kind: 1, number: "A1".into(), holder: 2, country: "ID".into() };
    assert_eq!(read(Content::IdentityDocument(with_number.clone())).path_that_stays(), Some("identity_document.number"));
    assert!(read(Content::IdentityDocument(wire::IdentityDocument { number: String::new(), ..with_number })).may_leave());
    let family = |reporter, name: &str| read(Content::Family(wire::Family { relation: 4, name: name.into(), reporter }));
    assert_eq!(family(true, "Contoh").path_that_stays(), Some("family.name"));
    assert!(family(true, "").may_leave());
    assert!(family(false, "Contoh").may_leave());
}

#[test]
fn a_count_under_five_names_people() {
    let small = |represented_count, registered_count| {
        let count = wire::GroupCount { represented_count, registered_count, ..samples::group_count() };
        GroupCount::from_wire(&count).unwrap().small_cell()
    };
    assert!(small(4, 100));
    assert!(small(100, 1));
    assert!(!small(5, 0));
    assert!(!small(4_200, 310));
}

#[test]
fn a_shared_record_counts_its_revisions_from_one() {
    let record = wire::SharedRecord {
        record_ref: vec![5; 16].into(),
        owner: "my.mtuc".into(),
        revision: 3,
        content: Some(samples::wrap(Content::Identity(samples::identity()))),
    };
    let typed = SharedRecord::from_wire(&record).unwrap();
    assert!(typed.to_wire() == record);
    assert!(!format!("{typed:?}").contains("Siti"));
    let path = |record: wire::SharedRecord| SharedRecord::from_wire(&record).unwrap_err().to_string();
    assert_eq!(path(wire::SharedRecord { revision: 0, ..record.clone() }), "revision: must be 1 or more");
    assert_eq!(path(wire::SharedRecord { content: None, ..record.clone() }), "content: must be given");
    assert_eq!(path(wire::SharedRecord { record_ref: vec![5; 15].into(), ..record }), "record_ref: must be 16 bytes");
}
