//! How a union's IT makes a node: once, whole or not at all, with keys that nobody else can read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that cannot go on has failed

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tempfile::TempDir;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::DescriptorChain;
use titian_proto::model::id::NodeId;
use titian_proto::model::value::{Country, Language, LocalText, Text};
use titian_proto::model::vocabulary::PartnerKind;
use titian_server::config::{NodeConfig, Rehearsal};
use titian_server::exit::Exit;
use titian_server::federation::identity::CertificateFacts;
use titian_server::federation::keys::{KeyError, KeyFolder, KeyName, SEALING_KEY_FILE, self_signed};
use titian_server::init::{Endpoints, FirstAdmin, FurnishError, InitError, Made, Plan, TlsFiles, init};
use titian_server::node;

const PASSWORD: &str = "correct horse battery staple";

/// The rehearsal shows 2026-03-02T02:00:00Z.
fn now() -> Instant {
    "2026-03-02T02:00:00Z".parse().unwrap()
}

fn plan(folder: &Path) -> Plan {
    Plan {
        folder: folder.to_owned(),
        node_id: NodeId::parse("my.mtuc").unwrap(),
        names: vec![LocalText {
            language: Language::parse("en").unwrap(),
            text: Text::parse("Malaysian Trades Union Congress", Text::NAME_BYTES).unwrap(),
        }],
        kind: PartnerKind::NationalUnion,
        country: Country::parse("MY").unwrap(),
        federation_listen: "127.0.0.1:0".parse().unwrap(),
        endpoints: Endpoints::WhereItListens,
        desk_listen: "127.0.0.1:0".parse().unwrap(),
        engine: None,
        rehearsal: Some(Rehearsal::begin(now(), node::machine_time())),
        tls_files: None,
        state_linked: false,
        service_precondition: None,
        admin: FirstAdmin { name: "aminah".to_owned(), password: PASSWORD.to_owned().into() },
    }
}

fn make(plan: &Plan) -> Result<Made, InitError> {
    init(plan, &node::ambient(plan.rehearsal), |_, _| Ok(()))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn titian_node(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_titian-node")).args(arguments).env("TITIAN_PASSWORD", PASSWORD).output().unwrap()
}

#[test]
fn a_new_node_is_described_by_what_lies_in_its_folder() {
    let home = TempDir::new().unwrap();
    let made = make(&plan(&home.path().join("mtuc"))).unwrap();

    // Then its configuration is read as it was made, with ports that stay.
    let config = NodeConfig::load(&home.path().join("mtuc")).unwrap();
    assert_eq!(config, made.config);
    assert!(config.federation.listen.port() != 0 && config.desk_listen.port() != 0);

    // And its descriptor verifies, names its endpoint, its certificate's key and its signing key, and bears the words.
    let chain = DescriptorChain::from_file(&fs::read_to_string(config.descriptor_file()).unwrap()).unwrap();
    let descriptor = chain.newest();
    let keys = KeyFolder::at(config.key_folder());
    let certificate = keys.load_tls().unwrap();
    assert!(certificate.belong_together());
    assert_eq!(descriptor.endpoints[0].to_string(), config.federation.listen.to_string());
    assert_eq!(&descriptor.tls_pins[0].spki_sha256.0, certificate.facts().unwrap().pin.as_bytes());
    assert_eq!(descriptor.signing_keys[0].public_key, keys.load(KeyName::Signing).unwrap().public_bytes());
    assert_eq!(descriptor.sealing_keys[0].public_key, keys.load_sealing().unwrap().public_bytes());
    assert_eq!(descriptor.root_keys[0].public_key, keys.load(KeyName::Root).unwrap().public_bytes());
    assert!((0..60_000).contains(&(descriptor.issued_at.as_millis() - now().as_millis())), "made by the rehearsal's clock");
    assert_eq!(descriptor.log_origin, "my.mtuc/titian/log/2026a");
    assert_eq!(chain.fingerprint().words(), made.fingerprint_words);
    assert_eq!(made.fingerprint_words.split(' ').count(), 12);
}

#[test]
fn nobody_else_can_read_its_keys() {
    let home = TempDir::new().unwrap();
    let config = make(&plan(&home.path().join("mtuc"))).unwrap().config;
    assert_eq!(mode(&config.folder), 0o700);
    assert_eq!(mode(&config.key_folder()), 0o700);
    for file in ["root.key", "signing.key", "log.key", "witness.key", "sealing.key", "node.key", "tls.key", "tls.crt"] {
        assert_eq!(mode(&config.key_folder().join(file)), 0o600, "{file}");
    }
    let keys = KeyFolder::at(config.key_folder());
    assert_eq!(format!("{:?}", keys.load(KeyName::Signing).unwrap()), "SecretKey(..)");
    assert_eq!(format!("{:?}", keys.load_sealing().unwrap()), "SealingKey(..)");
    assert!(!format!("{:?}{:?}", keys.load_tls().unwrap(), plan(home.path())).contains(PASSWORD));
}

#[test]
fn a_node_is_made_once() {
    let home = TempDir::new().unwrap();
    let plan = plan(home.path()); // an empty folder that is there already will do
    make(&plan).unwrap();
    let before = fs::read(home.path().join("keys/root.key")).unwrap();
    let refused = make(&plan).unwrap_err();
    assert!(matches!(refused, InitError::NotEmpty { .. }), "{refused}");
    assert_eq!(refused.exit(), Exit::FolderInUse);
    assert_eq!(fs::read(home.path().join("keys/root.key")).unwrap(), before);
}

#[test]
fn a_node_that_could_not_be_furnished_leaves_nothing_behind() {
    let home = TempDir::new().unwrap();
    let plan = plan(home.path());
    let refused = init(&plan, &node::ambient(plan.rehearsal), |config, _| {
        fs::create_dir(config.store_folder()).unwrap();
        Err(FurnishError { exit: Exit::Data, source: "the password is too short".into() })
    });
    assert_eq!(refused.unwrap_err().exit(), Exit::Data);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    make(&plan).unwrap();
}

#[test]
fn a_node_that_listens_everywhere_says_where_it_is_dialled_or_that_it_is_not() {
    let home = TempDir::new().unwrap();
    let mut plan = plan(&home.path().join("mtuc"));
    plan.federation_listen = "0.0.0.0:0".parse().unwrap();
    assert!(matches!(make(&plan), Err(InitError::EndpointNeeded { .. })));
    assert!(!plan.folder.exists());
    plan.endpoints = Endpoints::Nowhere;
    assert!(make(&plan).unwrap().endpoints.is_empty());
}

/// Writes a certificate made at `made_at` and the key of another or the same into two files.
fn tls_files(folder: &Path, made_at: Instant, matching: bool) -> TlsFiles {
    let node_id = NodeId::parse("my.mtuc").unwrap();
    let (one, other) = (self_signed(&node_id, made_at).unwrap(), self_signed(&node_id, made_at).unwrap());
    let files = TlsFiles { certificate: folder.join("given.crt"), key: folder.join("given.key") };
    fs::write(&files.certificate, &one.certificate_pem).unwrap();
    fs::write(&files.key, if matching { &*one.key_pem } else { &*other.key_pem }).unwrap();
    files
}

#[test]
fn a_certificate_of_the_unions_own_is_pinned_as_it_is() {
    let home = TempDir::new().unwrap();
    let files = tls_files(home.path(), now(), true);
    let mut plan = plan(&home.path().join("mtuc"));
    plan.tls_files = Some(files.clone());
    let made = make(&plan).unwrap();
    let given = CertificateFacts::read(&CertificateDer::from_pem_file(&files.certificate).unwrap()).unwrap();
    assert_eq!(KeyFolder::at(made.config.key_folder()).load_tls().unwrap().facts(), Some(given));
}

#[test]
fn a_certificate_that_cannot_serve_is_refused_before_anything_is_made() {
    let home = TempDir::new().unwrap();
    let mut plan = plan(&home.path().join("mtuc"));
    plan.tls_files = Some(tls_files(home.path(), now(), false));
    assert!(matches!(make(&plan), Err(InitError::TlsMismatch { .. })));
    plan.tls_files = Some(tls_files(home.path(), now().plus_days(-1000), true));
    assert!(matches!(make(&plan), Err(InitError::TlsDates { .. })));
    assert!(!plan.folder.exists());
}

#[test]
fn a_missing_or_damaged_key_is_named_with_what_to_do() {
    let home = TempDir::new().unwrap();
    let config = make(&plan(&home.path().join("mtuc"))).unwrap().config;
    let keys = KeyFolder::at(config.key_folder());
    let signing = keys.path(KeyName::Signing.file_name());

    fs::write(&signing, "-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n").unwrap();
    let damaged = keys.load(KeyName::Signing).unwrap_err().to_string();
    assert!(damaged.contains("signing.key does not hold an Ed25519 private key") && !damaged.contains("nonsense"), "{damaged}");

    fs::remove_file(&signing).unwrap();
    fs::create_dir(&signing).unwrap();
    assert!(matches!(keys.load(KeyName::Signing), Err(KeyError::Unreadable { .. })));

    fs::remove_dir(&signing).unwrap();
    let missing = keys.load(KeyName::Signing).unwrap_err().to_string();
    assert!(missing.contains("signing.key is missing: put it back from its backup"), "{missing}");

    let sealing = keys.path(SEALING_KEY_FILE);
    fs::copy(keys.path(KeyName::Log.file_name()), &sealing).unwrap();
    let other_kind = keys.load_sealing().unwrap_err().to_string();
    assert!(other_kind.contains("sealing.key does not hold an X25519 private key"), "{other_kind}");

    assert!(matches!(keys.store(KeyName::Root, &keys.load(KeyName::Root).unwrap()), Err(KeyError::Exists { .. })), "never overwritten");
}

#[test]
fn the_command_tells_the_admin_all_that_is_needed_and_nothing_secret() {
    let home = TempDir::new().unwrap();
    let folder: PathBuf = home.path().join("mtuc");
    let arguments = [
        "init",
        "--folder",
        folder.to_str().unwrap(),
        "--node-id",
        "my.mtuc",
        "--name",
        "en=Malaysian Trades Union Congress",
        "--name",
        "ms=Kongres Kesatuan Sekerja Malaysia",
        "--kind",
        "NATIONAL_UNION",
        "--country",
        "MY",
        "--admin",
        "aminah",
        "--rehearsal-clock",
        "2026-03-02T02:00:00Z",
    ];
    let made = titian_node(&arguments);
    let told = String::from_utf8(made.stdout).unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let chain = DescriptorChain::from_file(&fs::read_to_string(folder.join("descriptor.txt")).unwrap()).unwrap();
    assert!(told.contains(&chain.fingerprint().words()) && told.contains("keys/root.key offline now"), "{told}");
    assert!(!told.contains(PASSWORD) && !told.contains("PRIVATE"), "{told}");

    // A second time it is refused, with its own exit code.
    let again = titian_node(&arguments);
    assert_eq!(again.status.code(), Some(73));
    assert!(String::from_utf8(again.stderr).unwrap().starts_with("titian-node: the folder "));
}

#[test]
fn wrong_arguments_and_wrong_folders_end_with_the_code_for_it() {
    let home = TempDir::new().unwrap();
    let folder = home.path().to_str().unwrap();
    assert_eq!(titian_node(&["init", "--folder", folder, "--node-id", "MTUC"]).status.code(), Some(64));
    assert_eq!(titian_node(&["--help"]).status.code(), Some(0));
    let nowhere = titian_node(&["run", "--folder", folder]);
    assert_eq!(nowhere.status.code(), Some(64));
    assert!(String::from_utf8(nowhere.stderr).unwrap().contains("make the node with `titian-node init`"));
}
