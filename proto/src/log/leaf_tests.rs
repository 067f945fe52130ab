use super::*;
use crate::model::date::Instant;
use crate::model::reference::{AgreementId, AgreementRef};

const ORIGIN: &str = "my.mtuc/titian/log/2026a";
const NOW: Instant = Instant::from_millis(1_772_418_754_321);

fn sent() -> LeafDraft {
    let agreement = AgreementRef { id: AgreementId::parse("AG-MY-ID").unwrap(), version: 1, digest: Digest([1; 32]) };
    LeafDraft {
        chan: Some(0),
        commit: Some(Digest([2; 32])),
        consent: Some(3),
        env: Some(Digest([3; 32])),
        fields: Some(vec!["CLAIM".into(), "CASE_CORE".into()]),
        peer: Some("id.ksbsi/titian/log/2026a".into()),
        purpose: Some(Purpose::WageRecovery),
        xfer: Some(TransferId([4; 16])),
        ..LeafDraft::new(Event::ReferralSent)
    }
    .under(&agreement)
}

fn bytes() -> Bytes {
    sent().seat(ORIGIN, 5, [6; 16], NOW).encode()
}

fn rewritten(from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes().to_vec()).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn a_leaf_is_canonical_json_and_tells_the_hour_only() {
    let text = String::from_utf8(bytes().to_vec()).unwrap();
    assert!(text.starts_with(r#"{"chan":0,"commit":"0202"#), "{text}");
    assert!(text.contains(r#""event":"referral.sent","fields":["CASE_CORE","CLAIM"],"mou":"AG-MY-ID#1","#), "{text}");
    assert!(text.ends_with(r#""seq":5,"time":1772416800,"v":1,"xfer":"04040404040404040404040404040404"}"#), "{text}");
    let leaf = Leaf::parse(&bytes()).unwrap();
    assert_eq!(leaf.encode(), bytes());
    sent().check().unwrap();
}

#[test]
fn a_leaf_written_in_any_other_way_is_no_leaf() {
    let others = [
        rewritten(":0,", ": 0,"),
        rewritten(r#"{"chan":0,"#, r#"{"#),
        rewritten(r#""seq":5,"#, r#""seq":5,"staff":"x","#),
        rewritten(r#""seq":5,"#, r#""seq":5,"seq":5,"#),
        rewritten(r#""seq":5,"#, r#""seq":5.0,"#),
        rewritten(r#""seq":5,"#, r#""seq":9007199254740992,"#),
        rewritten(r#""v":1"#, r#""v":2"#),
        rewritten("1772416800", "1772416801"),
        rewritten("0202", "02AA"),
        rewritten("referral.sent", "referral.gone"),
        rewritten("referral.sent", "log.genesis"),
        rewritten(r#"["CASE_CORE","CLAIM"]"#, r#"["CLAIM","CASE_CORE"]"#),
        rewritten(r#"["CASE_CORE","CLAIM"]"#, r#"["SHE SAID"]"#),
        rewritten("WAGE_RECOVERY", "WAGES"),
        rewritten(r#""consent":3"#, r#""consent":null"#),
        rewritten("AG-MY-ID#1", "AG-MY-\u{e9}#1"),
    ];
    for other in others {
        assert!(Leaf::parse(&other).is_err(), "{}", String::from_utf8_lossy(&other));
    }
}

#[test]
fn every_event_needs_its_fields() {
    for missing in Event::ReferralSent.required() {
        let mut draft = sent();
        match *missing {
            "chan" => draft.chan = None,
            "commit" => draft.commit = None,
            "env" => draft.env = None,
            "fields" => draft.fields = None,
            "mou" => draft.mou = None,
            "mou_doc" => draft.mou_doc = None,
            "peer" => draft.peer = None,
            "purpose" => draft.purpose = None,
            "xfer" => draft.xfer = None,
            other => panic!("{other} is not in this test"),
        }
        assert_eq!(draft.check().unwrap_err().path, *missing);
    }
    let refused = LeafDraft { peer: Some("id.ksbsi".into()), ..LeafDraft::new(Event::ReferralRefused) };
    assert_eq!(refused.check().unwrap_err().path, "code");
    LeafDraft { code: Some("NO_CONSENT".into()), ..refused }.check().unwrap();
    let misplaced = LeafDraft { xfer: Some(TransferId([1; 16])), ..LeafDraft::new(Event::Pad) };
    assert_eq!(misplaced.check().unwrap_err().path, "xfer");
    LeafDraft::new(Event::ConsentWithdrawn).check().unwrap();
}

#[test]
fn an_error_about_a_leaf_never_quotes_it() {
    let error = Leaf::parse(&rewritten("referral.sent", "Siti +62 812")).unwrap_err().to_string();
    assert!(!error.contains("Siti"), "{error}");
}

#[test]
fn names_of_required_and_optional_fields_exist() {
    let leaf = serde_json::to_value(sent().seat(ORIGIN, 0, [0; 16], NOW)).unwrap();
    assert!(leaf.get("chan").is_some());
    let known = [
        "auditor",
        "chan",
        "checkpoint",
        "code",
        "commit",
        "consent",
        "directions",
        "env",
        "fields",
        "key",
        "mou",
        "mou_doc",
        "parties",
        "peer",
        "peer_leaf",
        "purpose",
        "purposes",
        "range_from",
        "range_to",
        "target",
        "targets",
        "valid_from",
        "valid_until",
        "witnesses",
        "xfer",
    ];
    for event in Event::ALL {
        for name in event.required().iter().chain(event.optional()) {
            assert!(known.contains(name), "{name}");
        }
    }
}
