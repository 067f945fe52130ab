//! A report over many cases.

use titian_proto::model::id::WorkerId;
use titian_proto::model::record::RecordContent;
use titian_proto::wire;
use titian_proto::wire::record_content::Content;

use super::*;
use crate::acts::actor::Role;
use crate::acts::{cases, workers};
use crate::testing;

/// Several pages and a part of one.
const CASES: u64 = 3 * count::PAGE as u64 + 7;

fn content(content: Content) -> RecordContent {
    RecordContent::from_wire(&wire::RecordContent { content: Some(content) }).unwrap()
}

fn demographic(number: u64) -> RecordContent {
    let sex = if number.is_multiple_of(3) { wire::Sex::Male } else { wire::Sex::Female };
    content(Content::Demographic(wire::Demographic { sex: sex.into(), age_band: 3, nationality: "ID".to_owned() }))
}

fn complaint() -> RecordContent {
    content(Content::Complaint(wire::Complaint {
        kind: 1,
        intake_kind: 2,
        intake_channel: 1,
        codes: vec!["W01".to_owned()],
        primary: "W01".to_owned(),
        client_decision: 1,
        ..wire::Complaint::default()
    }))
}

fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

#[tokio::test]
async fn every_page_is_counted_and_no_writer_waits_for_it() {
    // Given more cases than stand on a page, of workers who may be counted
    let (node, _) = testing::node();
    let acts = testing::acts(&node);
    let actor = Actor { name: "aminah".to_owned(), pseudonym: "S-00000001".to_owned(), role: Role::Supervisor };
    for number in 0..CASES {
        let worker = workers::add(&acts, vec![demographic(number)]).await.unwrap();
        let worker_id = WorkerId::from_wire(&worker.worker_id).unwrap();
        workers::set_reporting(&acts, worker_id, true).await.unwrap();
        cases::open(&acts, &actor, Some(worker_id), Vec::new(), vec![complaint()]).await.unwrap();
    }
    // When a report is made while somebody writes
    let writing = workers::add(&acts, vec![demographic(0)]);
    let (report, written) = tokio::join!(donor(&acts, &actor, day("2026-01-01"), day("2026-06-30")), writing);
    // Then both are done, and every case is in it, once
    let (report, _) = (report.unwrap(), written.unwrap());
    assert_eq!((report.workers[0].cases, report.workers[0].clients_of_own_cases), (CASES, CASES));
    let table = |indicator: &str| report.tables.iter().find(|table| table.indicator == indicator).unwrap();
    let row = table("I4").rows.iter().find(|row| row.name == "W01").unwrap();
    let men = CASES.div_ceil(3);
    assert!(row.count == Some(wire::ReportCell { count: CASES, withheld: false }));
    assert!(row.by_sex == Some(wire::ReportSexes { female: CASES - men, male: men, other: 0, groups: 0 }));
    // And the same period once more is the same report, given out once
    assert!(donor(&acts, &actor, day("2026-01-01"), day("2026-06-30")).await.unwrap().workers == report.workers);
    assert_eq!(acts.store.view().reports().unwrap().len(), 1);
}
