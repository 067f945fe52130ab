//! Files people write: what they stand for, and what a slip in one says.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails shall fail")]

use titian_client::input::{File, InputError, from_words, type_name};
use titian_proto::wire;
use titian_proto::wire::record_content::Content;

const RETURNEE: &str = include_str!("../../deploy/sample/returnee.toml");

/// Stands in every bad input; must stand in no error.
const CANARY: &str = "Canary-4711";

fn file(text: &str) -> File {
    File::parse("intake.toml", text).unwrap()
}

fn contents(records: Vec<wire::RecordContent>) -> Vec<Content> {
    records.into_iter().map(|record| record.content.unwrap()).collect()
}

/// The error, after looking that it tells no value.
fn slip<T>(result: Result<T, InputError>) -> InputError {
    let error = result.err().expect("the input has a slip");
    assert!(!error.to_string().contains(CANARY), "an error must not tell the value: {error}");
    error
}

fn worker_slip(text: &str) -> InputError {
    slip(File::parse("intake.toml", text).and_then(|file| file.worker()))
}

#[test]
fn the_returnees_file_gives_the_worker_and_her_records() {
    let records = contents(file(RETURNEE).worker().unwrap());
    let types: Vec<_> = records.iter().map(type_name).collect();
    assert_eq!(types, ["identity", "demographic", "journey", "contact", "safety"]);
    for content in records {
        match content {
            Content::Identity(identity) => assert_eq!(identity.full_name, "Siti Aminah"),
            Content::Demographic(demographic) => assert!(demographic.sex() == wire::Sex::Female),
            Content::Journey(journey) => assert_eq!((journey.country_of_origin.as_str(), journey.languages.len()), ("ID", 2)),
            Content::Contact(contact) => {
                assert!(contact.contacts[0].device_held_by() == wire::DeviceHolder::Family);
                assert_eq!(contact.origin_admin1, "ID-JI");
            }
            Content::Safety(safety) => {
                // What must travel with every contact stands in the safety record, whatever table it was written in.
                assert_eq!(safety.safe_name, "Mina");
                assert_eq!(safety.prohibited_recipients, ["EMPLOYER", "RECRUITER"]);
                assert_eq!(safety.windows[0].zone, "Asia/Jakarta");
                assert!(safety.text_ok && !safety.voicemail_ok);
            }
            other => panic!("not a record about the worker: {}", type_name(&other)),
        }
    }
}

#[test]
fn the_returnees_file_gives_the_case_with_employer_and_claim() {
    let records = contents(file(RETURNEE).case().unwrap());
    let types: Vec<_> = records.iter().map(type_name).collect();
    assert_eq!(types, ["complaint", "employer", "claim"]);
    let [Content::Complaint(complaint), Content::Employer(employer), Content::Claim(claim)] = records.as_slice() else {
        panic!("three records")
    };
    assert_eq!(complaint.codes, ["W01", "W06", "D01"]);
    assert_eq!(complaint.primary, "W01");
    assert!(employer.sector() == wire::Sector::Manufacturing);
    let amount = claim.amount.as_ref().unwrap();
    assert_eq!((amount.minor_units, amount.currency.as_str()), (600_000, "MYR"));
    assert_eq!(claim.period.as_ref().unwrap().to, "2025-12-15");
}

#[test]
fn the_returnees_file_gives_the_consent_the_outcome_and_the_agreement() {
    let consent = file(RETURNEE).consent().unwrap();
    assert_eq!(consent.valid_days, 180);
    assert_eq!(consent.grant.recipient, "id.ksbsi");
    assert!(consent.grant.given_by() == wire::ConsentGiver::Client);
    assert!(consent.grant.method() == wire::ConsentMethod::RecordedAudio);
    assert_eq!(consent.grant.categories.len(), 7);

    let records = contents(file(RETURNEE).records(Some("outcome")).unwrap());
    let [Content::Outcome(outcome)] = records.as_slice() else { panic!("one outcome") };
    assert_eq!(outcome.amount_total.as_ref().unwrap().minor_units, 540_000);
    assert!(outcome.confirmed_by.is_empty(), "nobody has confirmed it yet");

    // The text of the agreement goes to every party: nothing else of the file may be in it.
    let agreement = file(RETURNEE).agreement().unwrap();
    assert!(agreement.contains("AG-MY-ID") && agreement.contains("ID-MY-1"));
    assert!(!agreement.contains("Siti") && !agreement.contains("Kilang"));
}

#[test]
fn one_word_is_a_whole_name_and_every_script_is_welcome() {
    for name in ["Sukarno", "သန်းသန်းဌေး", "អ៊ុំ សុខា", "محمد", "Nguyễn Thị Hồng", "ณัฐ"]
    {
        let records = contents(file(&format!("[worker]\nfull_name = \"{name}\"\nname_native_script = \"{name}\"\n")).worker().unwrap());
        let [Content::Identity(identity)] = records.as_slice() else { panic!("a name and nothing else") };
        assert_eq!((identity.full_name.as_str(), identity.name_native_script.as_str()), (name, name));
    }
}

#[test]
fn an_unknown_key_is_named_with_its_table_and_the_keys_there_are() {
    let error = worker_slip(&format!("[worker]\nfull_name = \"Ani\"\nreligion = \"{CANARY}\"\n"));
    assert_eq!((error.file.as_str(), error.table.as_str(), error.key.as_str()), ("intake.toml", "worker", "religion"));
    assert!(error.rule.contains("full_name, name_native_script"), "{error}");

    let inner =
        worker_slip(&format!("[worker]\nfull_name = \"Ani\"\n[[worker.contact]]\nkind = \"PHONE\"\nvalue = \"{CANARY}\"\nnote = \"x\"\n"));
    assert_eq!(inner.paths(), ["worker.contact[0].note"]);

    let table = worker_slip(&format!("[wroker]\nfull_name = \"{CANARY}\"\n"));
    assert!(table.to_string().starts_with("intake.toml: [wroker] is not a table of this file"), "{table}");
}

#[test]
fn an_unknown_code_is_answered_with_the_codes_there_are() {
    let error = worker_slip(&format!("[worker]\nfull_name = \"Ani\"\nsex = \"{CANARY}\"\n"));
    assert_eq!(error.to_string(), "intake.toml: [worker] sex is not a code of its list; there are: FEMALE, MALE, OTHER, NOT_STATED");
    // The wire's own words are no codes.
    worker_slip("[worker]\nfull_name = \"Ani\"\nsex = \"UNSPECIFIED\"\n");
    worker_slip("[worker]\nfull_name = \"Ani\"\nsex = \"SEX_FEMALE\"\n");
}

#[test]
fn a_consent_given_by_a_leader_or_an_employer_or_for_two_or_without_end_is_refused() {
    let consent = |lines: &str| slip(file(&format!("[consent]\nmethod = \"THUMBPRINT\"\n{lines}")).consent());
    for giver in ["NETWORK_LEADER", "EMPLOYER", "FAMILY"] {
        let error = consent(&format!("recipient = \"id.ksbsi\"\nvalid_days = 10\ngiven_by = \"{giver}\"\n"));
        // NOBODY stands in what a welfare check rests on; the node refuses it in a consent.
        assert!(error.rule.ends_with("CLIENT, GUARDIAN, LEGAL_REPRESENTATIVE, NOBODY"), "{error}");
    }
    assert_eq!(consent("recipient = [\"id.ksbsi\", \"kh.clc\"]\nvalid_days = 10\n").key, "recipient");
    assert_eq!(consent("recipient = \"id.ksbsi\"\n").key, "valid_days");
    assert_eq!(consent("recipient = \"id.ksbsi\"\nvalid_days = -1\n").key, "valid_days");
}

#[test]
fn an_amount_needs_a_currency_that_exists() {
    let claim = |lines: &str| slip(file(&format!("[claim]\n{lines}")).records(None));
    let missing = claim("amount_minor_units = 600000\n");
    assert_eq!((missing.table.as_str(), missing.key.as_str()), ("claim", "currency"));
    let wrong = claim(&format!("amount_minor_units = 600000\ncurrency = \"{CANARY}\"\n"));
    assert!(wrong.rule.contains("ISO 4217"), "{wrong}");
    assert_eq!(claim("currency = \"MYR\"\n").key, "amount_minor_units");
    assert_eq!(claim("amount_minor_units = 6000.5\ncurrency = \"MYR\"\n").key, "amount_minor_units");
    assert_eq!(claim("amount_minor_units = -1\ncurrency = \"MYR\"\n").key, "amount_minor_units");
    assert_eq!(claim("period_from = \"2025-06-31\"\nperiod_to = \"2025-12-15\"\n").key, "period_from");
}

#[test]
fn a_wrong_country_and_a_text_that_is_no_toml_are_named_without_their_value() {
    assert_eq!(worker_slip(&format!("[worker]\nfull_name = \"Ani\"\ncountry_of_origin = \"{CANARY}\"\n")).key, "country_of_origin");
    assert_eq!(worker_slip("[worker]\nfull_name = \"Ani\"\ncountry_of_origin = \"ZZ\"\n").key, "country_of_origin");
    assert_eq!(worker_slip("[worker]\nfull_name = \"  \"\n").key, "full_name");
    let error = worker_slip(&format!("[worker]\nfull_name = {CANARY}\n"));
    assert!(error.to_string().starts_with("intake.toml: line 2 is not TOML"), "{error}");
    let twice = worker_slip(&format!("[worker]\nfull_name = \"{CANARY}\"\nfull_name = \"{CANARY}\"\n"));
    assert!(twice.to_string().contains("line 3"), "{twice}");
}

#[test]
fn a_record_may_be_written_as_words() {
    let words =
        |record_type: &str, words: &[&str]| from_words(record_type, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    let Some(Content::ImmigrationStatus(status)) = words("immigration_status", &["status=EXPIRED"]).unwrap().content else { panic!() };
    assert!(status.status() == wire::ImmigrationStatusCode::Expired);
    let converted =
        ["outcome_type=WAGES_PAID", "amount_minor_units=540000", "currency=MYR", "confirmed_by=CLIENT,BANK", "conversion.rate=4.046"];
    let Some(Content::Outcome(outcome)) = words("outcome", &converted).unwrap().content else { panic!() };
    assert_eq!((outcome.confirmed_by.len(), outcome.conversion.unwrap().rate.as_str()), (2, "4.046"));
    let Some(Content::Health(health)) = words("health", &["condition=WORK_INJURY", "needs_care=true"]).unwrap().content else { panic!() };
    assert!(health.needs_care);

    slip(words("horoscope", &[]));
    assert_eq!(slip(words("health", &["condition=WORK_INJURY", "condition=ILLNESS"])).key, "condition");
    assert_eq!(slip(words("health", &[&format!("condition={CANARY}")])).paths(), ["health.condition"]);
    slip(words("health", &[CANARY]));
}

#[test]
fn a_file_without_the_table_says_which_one_is_missing() {
    assert_eq!(slip(file("[case]\n").worker()).to_string(), "intake.toml: [worker] must be given");
    assert_eq!(slip(file(RETURNEE).records(Some("narrative"))).table, "narrative");
}

#[test]
fn what_the_returnees_file_gives_is_what_the_node_reads() {
    let file = file(RETURNEE);
    let records = [file.worker().unwrap(), file.case().unwrap(), file.records(None).unwrap()].concat();
    assert_eq!(records.len(), 9);
    for record in records {
        titian_proto::model::record::RecordContent::from_wire(&record).unwrap();
    }
    // The node sets id, version, order and time.
    let mut grant = file.consent().unwrap().grant;
    (grant.consent_id, grant.version, grant.sequence) = (vec![1; 16].into(), 1, 1);
    (grant.given_at_ms, grant.valid_from_ms, grant.valid_until_ms) = (1_000, 1_000, 2_000);
    let grant = titian_proto::model::consent::Grant::from_wire(&grant).unwrap();
    assert_eq!(grant.destination_country, "ID", "a node id begins with its country");
}
