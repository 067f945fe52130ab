//! Stories of caseworkers at their desk, told over a real connection.

use std::ops::Deref;

use bytes::Bytes;
use titian_proto::wire;
use titian_proto::wire::case_service_client::CaseServiceClient;
use titian_proto::wire::consent_service_client::ConsentServiceClient;
use titian_proto::wire::peer_service_client::PeerServiceClient;
use titian_proto::wire::record_content::Content;
use titian_proto::wire::record_service_client::RecordServiceClient;
use titian_proto::wire::referral_service_client::ReferralServiceClient;
use titian_proto::wire::worker_service_client::WorkerServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status};

use super::{Open, refused, with};
use crate::desk::status;
use crate::testing;

/// A desk with the admins Aminah and Tan, and the caseworker Siti, who is signed in.
struct Casework {
    desk: Open,
    admins: [String; 2],
    siti: String,
}

impl Deref for Casework {
    type Target = Open;

    fn deref(&self) -> &Open {
        &self.desk
    }
}

impl Casework {
    async fn begins() -> Self {
        let desk = Open::desk().await;
        let aminah = desk.sign_in("aminah").await.unwrap().token;
        desk.add(&aminah, "tan", wire::StaffRole::Admin).await.unwrap();
        desk.add(&aminah, "siti", wire::StaffRole::Caseworker).await.unwrap();
        let admins = [aminah, desk.sign_in("tan").await.unwrap().token];
        let siti = desk.sign_in("siti").await.unwrap().token;
        Self { desk, admins, siti }
    }

    /// A worker with a case.
    async fn case(&self) -> wire::Case {
        let records = vec![record(Content::Identity(identity("Siti Contoh"))), record(Content::Journey(journey()))];
        let added = WorkerServiceClient::new(self.channel.clone()).add_worker(with(&self.siti, wire::AddWorkerRequest { records })).await;
        let worker = added.unwrap().into_inner().worker.unwrap();
        assert_eq!(worker.records.len(), 2);
        let request = wire::OpenCaseRequest {
            worker_id: worker.worker_id,
            records: vec![record(Content::Complaint(complaint()))],
            leaders: Vec::new(),
        };
        let opened = CaseServiceClient::new(self.channel.clone()).open_case(with(&self.siti, request)).await;
        opened.unwrap().into_inner().case.unwrap()
    }

    /// Two officers confirm the union in Indonesia.
    async fn befriend_ksbsi(&self) {
        let (file, fingerprint_words) = testing::ksbsi();
        let mut peers = PeerServiceClient::new(self.channel.clone());
        peers.add_peer(with(&self.admins[0], wire::AddPeerRequest { file })).await.unwrap();
        for admin in &self.admins {
            let words = fingerprint_words.clone();
            let confirm = wire::ConfirmPeerRequest { node_id: "id.ksbsi".to_owned(), fingerprint_words: words };
            peers.confirm_peer(with(admin, confirm)).await.unwrap();
        }
    }

    fn records(&self) -> RecordServiceClient<Channel> {
        RecordServiceClient::new(self.channel.clone())
    }

    fn referrals(&self) -> ReferralServiceClient<Channel> {
        ReferralServiceClient::new(self.channel.clone())
    }

    async fn request_referral(&self, case_id: Bytes) -> wire::Referral {
        let request = wire::RequestReferralRequest {
            case_id,
            recipient: "id.ksbsi".to_owned(),
            kind: wire::ReferralKind::Service as i32,
            purpose: wire::Purpose::WageRecovery as i32,
            services_requested: Vec::new(),
            priority: wire::Priority::Normal as i32,
            categories: vec![wire::Category::CaseCore as i32],
            agreement_id: String::new(),
            onward_from: Bytes::new(),
        };
        let requested = self.referrals().request_referral(with(&self.siti, request)).await;
        requested.unwrap().into_inner().referral.unwrap()
    }

    /// Imports and returns each answer's number and refusal, and how the stream ended.
    async fn import(&self, requests: Vec<wire::ImportRecordsRequest>) -> (Vec<(u64, Option<i32>)>, Result<(), Status>) {
        let requests = tokio_stream::iter(requests);
        let mut replies = self.records().import_records(with(&self.siti, requests)).await.unwrap().into_inner();
        let mut answers = Vec::new();
        loop {
            match replies.message().await {
                Ok(Some(wire::ImportRecordsResponse { number, refusal })) => answers.push((number, refusal.map(|refusal| refusal.code))),
                Ok(None) => return (answers, Ok(())),
                Err(status) => return (answers, Err(status)),
            }
        }
    }

    /// The records of a case, and the longest reply.
    async fn listed(&self, case_id: Bytes) -> (Vec<wire::Record>, usize) {
        let mut replies = self.records().list_records(with(&self.siti, wire::ListRecordsRequest { case_id })).await.unwrap().into_inner();
        let (mut all, mut longest) = (Vec::new(), 0);
        while let Some(wire::ListRecordsResponse { records }) = replies.message().await.unwrap() {
            longest = longest.max(records.len());
            all.extend(records);
        }
        (all, longest)
    }
}

fn record(content: Content) -> wire::RecordContent {
    wire::RecordContent { content: Some(content) }
}

fn identity(name: &str) -> wire::Identity {
    wire::Identity { full_name: name.to_owned(), name_native_script: String::new(), date_of_birth: "1996-05-04".to_owned() }
}

fn journey() -> wire::Journey {
    wire::Journey {
        country_of_origin: "ID".to_owned(),
        country_of_destination: "MY".to_owned(),
        migration_stage: wire::MigrationStage::Returnee as i32,
        languages: vec!["id".to_owned()],
        interpreter_needed: false,
        reads: Vec::new(),
    }
}

fn complaint() -> wire::Complaint {
    wire::Complaint {
        kind: wire::CaseKind::Individual as i32,
        intake_kind: wire::IntakeKind::Complaint as i32,
        intake_channel: wire::IntakeChannel::Phone as i32,
        codes: vec!["W01".to_owned()],
        primary: "W01".to_owned(),
        client_decision: wire::ClientDecision::Mediation as i32,
        ..Default::default()
    }
}

fn claim(minor_units: i64) -> wire::RecordContent {
    let amount = wire::Money { minor_units, currency: "MYR".to_owned() };
    record(Content::Claim(wire::Claim { amount: Some(amount), period: None }))
}

fn put(case_id: &Bytes, minor_units: i64) -> wire::PutRecordRequest {
    wire::PutRecordRequest { case_id: case_id.clone(), content: Some(claim(minor_units)), ..Default::default() }
}

fn import(put: wire::PutRecordRequest) -> wire::ImportRecordsRequest {
    wire::ImportRecordsRequest { put: Some(put), own_envelope: false }
}

#[tokio::test]
async fn a_referral_without_an_agreement_stays_a_draft_and_says_so() {
    let siti = Casework::begins().await;
    siti.befriend_ksbsi().await;
    let case = siti.case().await;

    let referral = siti.request_referral(case.case_id.clone()).await;
    assert_eq!(referral.state, wire::ReferralState::Draft as i32);
    assert_eq!(referral.blocked_by.unwrap().code, wire::RefusalCode::NoAgreement as i32);

    let ask = wire::ListReferralsRequest { limit: 0, after: Bytes::new(), case_id: case.case_id, welfare_checks: false };
    let listed = siti.referrals().list_referrals(with(&siti.siti, ask)).await.unwrap().into_inner().referrals;
    assert_eq!(listed.iter().map(|one| &one.referral_id).collect::<Vec<_>>(), [&referral.referral_id]);
    let ask =
        wire::ListReferralsRequest { limit: 0, after: Bytes::new(), case_id: Bytes::copy_from_slice(&[1; 16]), welfare_checks: false };
    assert!(siti.referrals().list_referrals(with(&siti.siti, ask)).await.unwrap().into_inner().referrals.is_empty());

    let count = wire::CountShareRequest { referral_id: referral.referral_id };
    let count = siti.referrals().count_share(with(&siti.siti, count)).await.unwrap().into_inner();
    assert_eq!((count.held, count.shared), (0, 0));
    assert_eq!(siti.status(&siti.siti).await.unwrap().peers[0].node_id, "id.ksbsi");
}

#[tokio::test]
async fn who_follows_sees_a_referral_at_once() {
    let siti = Casework::begins().await;
    let case = siti.case().await;
    let ask = wire::WatchReferralsRequest { with_records: true };
    let mut events = siti.referrals().watch_referrals(with(&siti.siti, ask)).await.unwrap().into_inner();

    let referral = siti.request_referral(case.case_id).await;
    let event = events.message().await.unwrap().unwrap();
    assert_eq!((event.referral_id, event.state), (referral.referral_id, wire::ReferralState::Draft as i32));
    assert!(event.records.is_empty());
}

#[tokio::test]
async fn an_import_is_answered_in_order_and_only_the_bad_record_is_refused() {
    let siti = Casework::begins().await;
    let case = siti.case().await.case_id;
    let mut requests: Vec<_> = (1..=300).map(|number| import(put(&case, number))).collect();
    requests[149].put.as_mut().unwrap().content = None;
    for own in &mut requests[200..210] {
        own.own_envelope = true;
    }

    let (answers, ended) = siti.import(requests).await;
    ended.unwrap();
    assert_eq!(answers.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (1..=300).collect::<Vec<_>>());
    let refused: Vec<_> = answers.into_iter().filter(|(_, refusal)| refusal.is_some()).collect();
    assert_eq!(refused, [(150, Some(wire::RefusalCode::Malformed as i32))]);

    let (records, longest) = siti.listed(case).await;
    assert_eq!((records.len(), longest), (300, 64), "299 claims and the complaint");
}

#[tokio::test]
async fn an_import_ends_at_a_stale_record_and_what_came_before_it_stands() {
    let siti = Casework::begins().await;
    let case = siti.case().await.case_id;
    let first = siti.records().put_record(with(&siti.siti, put(&case, 1))).await.unwrap().into_inner().record.unwrap();

    let stale = wire::PutRecordRequest { record_id: first.record_id, revision: 7, ..put(&case, 5) };
    let requests = vec![import(put(&case, 2)), import(put(&case, 3)), import(stale)];
    let (answers, ended) = siti.import(requests).await;
    assert_eq!(answers, [(1, None), (2, None)]);
    assert_eq!(refused(ended), (Code::Aborted, "STALE_REVISION".to_owned()));
    assert_eq!(siti.listed(case).await.0.len(), 4, "the complaint, the first, and two of the import");
}

#[tokio::test]
async fn changes_of_one_record_keep_their_order_in_an_import() {
    let siti = Casework::begins().await;
    let case = siti.case().await.case_id;
    let first = siti.records().put_record(with(&siti.siti, put(&case, 1))).await.unwrap().into_inner().record.unwrap();

    let change = |revision| wire::PutRecordRequest { record_id: first.record_id.clone(), revision, ..put(&case, 100) };
    let requests = (1..=20).flat_map(|revision| [import(change(revision)), import(put(&case, 2))]).collect();
    let (answers, ended) = siti.import(requests).await;
    ended.unwrap();
    assert!(answers.len() == 40 && answers.iter().all(|(_, refusal)| refusal.is_none()));
    let records = siti.listed(case).await.0;
    assert_eq!(records.iter().find(|record| record.record_id == first.record_id).unwrap().revision, 21);
}

#[tokio::test]
async fn a_record_is_put_changed_and_taken_away() {
    let siti = Casework::begins().await;
    let case_id = siti.case().await.case_id;
    let mut records = siti.records();
    let stored = records.put_record(with(&siti.siti, put(&case_id, 1))).await.unwrap().into_inner().record.unwrap();
    assert_eq!(stored.revision, 1);

    let change = wire::PutRecordRequest { record_id: stored.record_id.clone(), revision: 1, ..put(&case_id, 2) };
    let changed = records.put_record(with(&siti.siti, change.clone())).await.unwrap().into_inner().record.unwrap();
    assert_eq!(changed.revision, 2);
    assert_eq!(refused(records.put_record(with(&siti.siti, change)).await), (Code::Aborted, "STALE_REVISION".to_owned()));

    let nowhere = wire::PutRecordRequest { share_under: Bytes::copy_from_slice(&[1; 16]), ..put(&case_id, 3) };
    assert_eq!(refused(records.put_record(with(&siti.siti, nowhere)).await), (Code::NotFound, "NOT_FOUND".to_owned()));

    let gone = wire::RemoveRecordRequest { case_id: case_id.clone(), record_id: stored.record_id };
    records.remove_record(with(&siti.siti, gone)).await.unwrap();
    assert_eq!(siti.listed(case_id).await.0.len(), 1, "the complaint is left");
}

#[tokio::test]
async fn a_field_that_breaks_a_rule_is_named_by_its_path() {
    let siti = Casework::begins().await;
    let path = |status: Status| status.metadata().get(status::PATHS).unwrap().to_str().unwrap().to_owned();

    let records = vec![record(Content::Journey(journey())), record(Content::Identity(identity("")))];
    let mut workers = WorkerServiceClient::new(siti.channel.clone());
    let wrong = workers.add_worker(with(&siti.siti, wire::AddWorkerRequest { records })).await.err().unwrap();
    assert!(path(wrong).starts_with("records[1].identity.full_name"));

    let short = workers.get_worker(with(&siti.siti, wire::GetWorkerRequest { worker_id: vec![1; 15].into() })).await.err().unwrap();
    assert_eq!(path(short), "worker_id");

    let worker = siti.case().await.worker_id;
    let mut consents = ConsentServiceClient::new(siti.channel.clone());
    for (worker_id, referral_id, wanted) in
        [(Bytes::new(), Bytes::new(), "worker_id"), (worker.clone(), Bytes::copy_from_slice(&[1; 16]), "referral_id")]
    {
        let wrong = consents.list_consents(with(&siti.siti, wire::ListConsentsRequest { worker_id, referral_id })).await.err().unwrap();
        assert_eq!(path(wrong), wanted);
    }
    let ask = wire::ListConsentsRequest { worker_id: worker, referral_id: Bytes::new() };
    assert!(consents.list_consents(with(&siti.siti, ask)).await.unwrap().into_inner().consents.is_empty());
}
