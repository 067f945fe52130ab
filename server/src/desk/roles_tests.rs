use std::fmt::Write as _;

use prost::Message as _;
use titian_proto::wire;

use super::{Permission, allows};
use crate::acts::actor::Role;

/// The descriptor set, as far as this test reads it.
#[derive(Clone, PartialEq, prost::Message)]
struct FileSet {
    #[prost(message, repeated, tag = "1")]
    file: Vec<File>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct File {
    #[prost(string, tag = "2")]
    package: String,
    #[prost(message, repeated, tag = "6")]
    service: Vec<Service>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Service {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    method: Vec<Method>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Method {
    #[prost(string, tag = "1")]
    name: String,
}

/// Paths of every call a member of staff could make, from the compiled contract.
fn calls_of_the_contract() -> Vec<String> {
    let set = FileSet::decode(wire::DESCRIPTORS).unwrap();
    let mut calls = Vec::new();
    for file in set.file.iter().filter(|file| file.package == "titian.v1") {
        for service in file.service.iter().filter(|service| service.name != "FederationService") {
            calls.extend(service.method.iter().map(|method| format!("/titian.v1.{}/{}", service.name, method.name)));
        }
    }
    calls
}

fn table() -> String {
    let mut table = format!("{:<20}", "call");
    for role in Role::ALL.iter().copied() {
        write!(table, "{:<13}", role.code()).unwrap();
    }
    table = format!("{}\n", table.trim_end());
    for permission in Permission::ALL {
        let mut row = format!("{:<20}", permission.code());
        for role in Role::ALL.iter().copied() {
            write!(row, "{:<13}", if allows(role, *permission) { "yes" } else { "-" }).unwrap();
        }
        writeln!(table, "{}", row.trim_end()).unwrap();
    }
    table
}

#[test]
fn the_table_of_roles_is_the_golden_one() {
    crate::testing::golden("roles.txt", &table());
}

#[test]
fn every_call_of_the_contract_has_a_row_and_every_row_a_call() {
    let calls = calls_of_the_contract();
    assert!(calls.len() > 40, "the descriptors hold the services");
    for call in &calls {
        assert!(Permission::of_path(call).is_some(), "{call} has no row in the table of roles");
    }
    for permission in Permission::ALL {
        assert!(calls.iter().any(|call| call == permission.path()), "{} is no call of the contract", permission.code());
    }
}

#[test]
fn admin_and_auditor_reach_no_worker_case_record_consent_or_referral() {
    for permission in Permission::ALL {
        let noun = permission.code().split('.').next().unwrap();
        if ["worker", "case", "record", "consent", "referral"].contains(&noun) {
            assert!(!allows(Role::Admin, *permission), "{}", permission.code());
            assert!(!allows(Role::Auditor, *permission), "{}", permission.code());
        }
    }
}

#[test]
fn a_path_that_is_no_call_needs_no_permission_because_nobody_has_it() {
    assert_eq!(Permission::of_path("/titian.v1.FederationService/Link"), None);
    assert_eq!(Permission::of_path("/titian.v1.WorkerService/"), None);
}
