use std::fmt::Write as _;

use titian_proto::bundle::BundleError;
use titian_proto::envelope::EnvelopeError;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::DescriptorError;
use titian_proto::model::id::NodeId;
use titian_proto::model::malformed::Malformed;
use titian_proto::model::refusal::{Refusal, RefusalCode};

use super::{CODE, NEXT_STEP, PATHS, status};
use crate::acts::error::ActError;
use crate::store::StoreError;

fn node(name: &str) -> NodeId {
    NodeId::parse(name).unwrap()
}

fn every_error() -> Vec<ActError> {
    let mut errors = vec![
        ActError::NotFound { what: "referral" },
        ActError::WrongState { state: "COMPLETED", wanted: "draft or returned" },
        ActError::StaleRevision,
        ActError::NotYours,
        ActError::HandedOver { owner: NodeId::parse("id.ksbsi").unwrap() },
        ActError::InEscrow { next: NodeId::parse("id.ksbsi").unwrap() },
        ActError::PaperUnsafe,
        ActError::OwnApproval,
        ActError::SameOfficer,
        ActError::FingerprintDiffers,
        ActError::Descriptor(DescriptorError::SignaturesMissing { sequence: 1, needed: 2, found: 1 }),
        ActError::Descriptor(DescriptorError::Chain(Malformed::new("is not a descriptor chain"))),
        ActError::Bundle(BundleError::NotABundle),
        ActError::Bundle(BundleError::Newer),
        ActError::Bundle(BundleError::Truncated),
        ActError::Bundle(BundleError::Damaged),
        ActError::Bundle(BundleError::ForAnother { recipient: node("kh.clc") }),
        ActError::Bundle(BundleError::SenderUnknown { sender: node("id.ksbsi") }),
        ActError::Bundle(BundleError::NotSigned(EnvelopeError::KeyUnknown { key_id: "8139770ea87d175f".to_owned() })),
        ActError::Bundle(BundleError::OtherKey { key_id: "8139770ea87d175f".to_owned() }),
        ActError::Bundle(BundleError::NoSealingKey { peer: node("id.ksbsi") }),
        ActError::Bundle(BundleError::Content(Malformed::new("must begin with a hello"))),
        ActError::Bundle(BundleError::OtherEpoch { sender: node("id.ksbsi") }),
        ActError::Bundle(BundleError::OtherChain { sender: node("id.ksbsi") }),
        ActError::Bundle(BundleError::BeforeRestore { sender: node("id.ksbsi") }),
        ActError::Malformed(Malformed::new("must be 16 bytes").at("case_id")),
        ActError::RoleForbids,
        ActError::SignInFailed,
        ActError::LockedOut { until: Instant::from_millis(1_772_416_800_000) },
        ActError::SessionEnded,
        ActError::Conflict { what: "an account has or had this name, and a name is never given twice" },
        ActError::LimitReached { what: "staff accounts", limit: 1000 },
        ActError::Busy,
        ActError::Stopping,
        ActError::HungUp,
        ActError::NoSuchCall,
        ActError::Internal("a cause that is not shown".into()),
        ActError::Store(StoreError::Full),
        ActError::Store(StoreError::Low),
        ActError::Store(StoreError::Stopped),
        ActError::Store(StoreError::TooLarge { length: 70_000 }),
        ActError::Store(StoreError::Missing { table: "outbox/" }),
        ActError::Store(StoreError::Unreadable { table: "worker/", source: Malformed::new("is empty") }),
    ];
    errors.extend(RefusalCode::ALL.iter().map(|code| ActError::Refused(Refusal::new(*code))));
    errors
}

#[test]
fn every_error_has_its_code_its_sentence_and_its_next_step() {
    let mut table = String::new();
    for error in every_error() {
        let status = status(&error);
        let shown = |name| status.metadata().get(name).map_or("", |value| value.to_str().unwrap());
        assert_eq!(shown(CODE), error.code());
        assert_eq!(shown(NEXT_STEP), error.next_step(), "the next step is plain ASCII");
        writeln!(table, "{} [{:?}]\n    {}\n    {}", shown(CODE), status.code(), status.message(), shown(NEXT_STEP)).unwrap();
    }
    crate::testing::golden("desk-errors.txt", &table);
}

#[test]
fn the_cause_of_a_failure_of_the_node_is_not_told() {
    let told = status(&ActError::Internal("disk /var/lib/titian".into()));
    assert!(!format!("{told:?}").contains("/var/lib"));
}

#[test]
fn paths_travel_as_ascii_whatever_an_input_file_called_its_fields() {
    let refusal = Refusal::new(RefusalCode::FieldOutOfScope).with_path("worker.immigration_status").with_path("ຊື່,\n");
    let told = status(&ActError::Refused(refusal));
    assert_eq!(told.metadata().get(PATHS).unwrap().to_str().unwrap(), "worker.immigration_status,?????");
    let long = Refusal::new(RefusalCode::Malformed).with_path("x".repeat(100_000));
    assert!(status(&ActError::Refused(long)).metadata().get(PATHS).unwrap().len() <= super::VALUE_MAX);
}
