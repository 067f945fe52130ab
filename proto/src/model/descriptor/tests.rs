//! A union makes its descriptor, changes its keys and its owners, and another union follows or refuses to.

use ed25519_dalek::SigningKey;
use prost::Message as _;

use super::chain::ChainRule;
use super::*;
use crate::envelope::KeyRing;
use crate::model::date::Instant;
use crate::model::id::{Digest, NodeId};
use crate::model::value::{Country, LocalText, Text};
use crate::model::vocabulary::PartnerKind;
use crate::wire;

const NOW: Instant = Instant::from_millis(1_772_416_800_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn verifying(seed: u8) -> VerifyingKey {
    VerifyingKey::new(key(seed).verifying_key().to_bytes(), NOW, NOW.plus_days(730))
}

fn root(seed: u8) -> RootKey {
    RootKey {
        organisation: Text::parse("Malaysian Trades Union Congress", Text::NAME_BYTES).unwrap(),
        public_key: key(seed).verifying_key().to_bytes(),
    }
}

fn descriptor() -> Descriptor {
    let name = wire::LocalText { language: "en".into(), text: "Malaysian Trades Union Congress".into() };
    Descriptor {
        node_id: NodeId::parse("my.mtuc").unwrap(),
        sequence: 1,
        previous_digest: None,
        names: vec![LocalText::from_wire(&name).unwrap()],
        root_keys: vec![root(1)],
        root_threshold: 1,
        kind: PartnerKind::NationalUnion,
        country: Country::parse("MY").unwrap(),
        endpoints: vec![Endpoint::parse("127.0.0.1:7443").unwrap()],
        tls_pins: vec![TlsPin { spki_sha256: Digest([9; 32]), not_before: NOW, not_after: NOW.plus_days(730) }],
        signing_keys: vec![verifying(2)],
        log_keys: vec![verifying(3)],
        witness_keys: vec![verifying(4)],
        sealing_keys: vec![],
        protocol_min: 1,
        protocol_max: 1,
        issued_at: NOW,
        not_after: NOW.plus_days(730),
        state_linked: false,
        log_origin: "my.mtuc/titian/log/2026a".into(),
        service_precondition: Some(ServicePrecondition::Membership),
    }
}

fn next(chain: &DescriptorChain) -> Descriptor {
    let newest = chain.newest();
    Descriptor {
        sequence: newest.sequence + 1,
        previous_digest: Some(chain.digest()),
        issued_at: newest.issued_at.plus_days(1),
        ..newest.clone()
    }
}

fn begun() -> DescriptorChain {
    DescriptorChain::begin(&sign_descriptor(&descriptor(), &[&key(1)])).unwrap()
}

fn broken_at(result: Result<DescriptorChain, DescriptorError>) -> (u64, ChainRule) {
    match result.unwrap_err() {
        DescriptorError::Broken { sequence, rule } => (sequence, rule),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_descriptor_reads_as_it_was_written() {
    assert_eq!(Descriptor::parse(&descriptor().encode()).unwrap(), descriptor());
}

#[test]
fn a_descriptor_that_breaks_a_rule_says_where() {
    let good = || wire::Descriptor::decode(descriptor().encode()).unwrap();
    let pin = || good().tls_pins.remove(0);
    let cases: Vec<(&str, wire::Descriptor)> = vec![
        ("node_id", wire::Descriptor { node_id: "mtuc.example".into(), ..good() }),
        ("country", wire::Descriptor { country: "XX".into(), ..good() }),
        ("country", wire::Descriptor { country: "ID".into(), ..good() }),
        ("kind", wire::Descriptor { kind: 0, ..good() }),
        ("names", wire::Descriptor { names: vec![], ..good() }),
        ("names", wire::Descriptor { names: vec![good().names.remove(0); 2], ..good() }),
        ("sequence", wire::Descriptor { sequence: 0, ..good() }),
        ("previous_digest", wire::Descriptor { previous_digest: vec![1; 32].into(), ..good() }),
        ("previous_digest", wire::Descriptor { sequence: 2, ..good() }),
        ("root_keys", wire::Descriptor { root_keys: vec![good().root_keys.remove(0); 2], ..good() }),
        (
            "root_keys.0.public_key",
            wire::Descriptor { root_keys: vec![wire::RootKey { public_key: vec![0; 32].into(), ..good().root_keys.remove(0) }], ..good() },
        ),
        ("root_threshold", wire::Descriptor { root_threshold: 2, ..good() }),
        ("root_threshold", wire::Descriptor { root_threshold: 0, ..good() }),
        ("endpoints.0", wire::Descriptor { endpoints: vec!["mtuc.example".into()], ..good() }),
        ("tls_pins", wire::Descriptor { tls_pins: vec![], ..good() }),
        (
            "tls_pins.0.spki_sha256",
            wire::Descriptor { tls_pins: vec![wire::TlsPin { spki_sha256: vec![1; 31].into(), ..pin() }], ..good() },
        ),
        ("tls_pins.0.not_after_ms", wire::Descriptor { tls_pins: vec![wire::TlsPin { not_after_ms: 0, ..pin() }], ..good() }),
        ("signing_keys", wire::Descriptor { signing_keys: vec![], ..good() }),
        (
            "signing_keys.0.key_id",
            wire::Descriptor {
                signing_keys: vec![wire::VerifyingKey { key_id: "mine".into(), ..good().signing_keys.remove(0) }],
                ..good()
            },
        ),
        ("log_keys", wire::Descriptor { log_keys: good().signing_keys, ..good() }),
        ("protocol_min", wire::Descriptor { protocol_min: 2, ..good() }),
        ("not_after_ms", wire::Descriptor { not_after_ms: NOW.plus_days(364).as_millis(), ..good() }),
        ("log_origin", wire::Descriptor { log_origin: "my mtuc".into(), ..good() }),
        ("service_precondition", wire::Descriptor { service_precondition: 9, ..good() }),
    ];
    for (path, descriptor) in cases {
        assert_eq!(Descriptor::parse(&descriptor.encode_to_vec()).unwrap_err().path, path);
    }
    assert!(Descriptor::parse(&[0xff; 9]).is_err());
}

#[test]
fn an_endpoint_is_a_host_and_a_port() {
    for good in ["titian.mtuc.example:7443", "203.0.113.7:1", "[2001:db8::7]:65535", "localhost:80"] {
        assert_eq!(Endpoint::parse(good).unwrap().to_string(), good);
    }
    assert_eq!(Endpoint::parse("[2001:db8::7]:7443").unwrap().host(), "2001:db8::7");
    for bad in [
        "",
        "mtuc",
        "mtuc:",
        ":7443",
        "mtuc:0",
        "mtuc:65536",
        "mtuc:+80",
        "https://mtuc:80",
        "a b:80",
        "2001:db8::7:80",
        "-a.b:80",
        "a..b:80",
    ] {
        assert!(Endpoint::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_chain_follows_a_change_of_keys_and_owners_and_its_fingerprint_stays() {
    // Given a node of one owner, when a second owner joins and both must sign from then on
    let first = begun();
    let joint = Descriptor { root_keys: vec![root(1), root(5)], root_threshold: 2, ..next(&first) };
    let second = first.clone().followed_by(&sign_descriptor(&joint, &[&key(1), &key(5)])).unwrap();
    // Then one of them alone cannot sign the third, and both can
    let rotated = Descriptor { signing_keys: vec![verifying(6)], ..next(&second) };
    let alone = second.clone().followed_by(&sign_descriptor(&rotated, &[&key(1), &key(1)])).unwrap_err();
    assert_eq!(alone, DescriptorError::SignaturesMissing { sequence: 3, needed: 2, found: 1 });
    let third = second.clone().followed_by(&sign_descriptor(&rotated, &[&key(5), &key(1)])).unwrap();
    assert_eq!(third.fingerprint(), first.fingerprint());
    assert!(third.continues(&first) && third.continues(&third) && !first.continues(&third));
    // And old evidence still verifies
    let ring = KeyRing::from_descriptor_chain(&third);
    let ids: Vec<&str> = ring.keys().iter().map(|key| key.key_id.as_str()).collect();
    assert_eq!(ids, [verifying(2).key_id, verifying(6).key_id]);
    assert_eq!(KeyRing::from_descriptor(third.newest()).keys().len(), 1);
}

#[test]
fn a_broken_chain_names_the_descriptor_that_breaks_it() {
    let first = begun();
    let sign = |descriptor: Descriptor| first.clone().followed_by(&sign_descriptor(&descriptor, &[&key(1)]));
    assert_eq!(broken_at(sign(Descriptor { sequence: 3, ..next(&first) })), (2, ChainRule::Sequence));
    assert_eq!(broken_at(sign(Descriptor { previous_digest: Some(Digest([1; 32])), ..next(&first) })), (2, ChainRule::PreviousDigest));
    assert_eq!(broken_at(sign(Descriptor { node_id: NodeId::parse("my.other").unwrap(), ..next(&first) })), (2, ChainRule::NodeId));
    assert_eq!(broken_at(sign(Descriptor { issued_at: NOW.plus_days(-1), ..next(&first) })), (2, ChainRule::IssuedAt));
    let swapped = sign_descriptor(&next(&first), &[&key(8)]);
    assert_eq!(first.clone().followed_by(&swapped), Err(DescriptorError::SignaturesMissing { sequence: 2, needed: 1, found: 0 }));
    let headless = wire::DescriptorChain { descriptors: vec![sign_descriptor(&next(&first), &[&key(1)])] };
    assert_eq!(broken_at(DescriptorChain::from_wire(&headless)), (1, ChainRule::Sequence));
    assert_eq!(DescriptorChain::from_wire(&wire::DescriptorChain { descriptors: vec![] }).unwrap_err().code(), "MALFORMED");
}

#[test]
fn a_changed_bit_anywhere_in_a_descriptor_is_not_believed() {
    let signed = sign_descriptor(&descriptor(), &[&key(1)]);
    for place in 0..signed.descriptor.len() {
        let mut bytes = signed.descriptor.to_vec();
        bytes[place] ^= 1;
        let altered = wire::SignedDescriptor { descriptor: bytes.into(), ..signed.clone() };
        assert!(DescriptorChain::begin(&altered).is_err(), "byte {place}");
    }
}

#[test]
fn a_descriptor_file_is_read_back_and_a_damaged_one_is_not() {
    let chain = begun();
    let chain = chain.clone().followed_by(&sign_descriptor(&next(&chain), &[&key(1)])).unwrap();
    let file = chain.to_file();
    assert!(file.starts_with("-----BEGIN TITIAN DESCRIPTOR-----\n") && file.ends_with("-----END TITIAN DESCRIPTOR-----\n"));
    assert_eq!(DescriptorChain::from_file(&file).unwrap(), chain);
    assert!(matches!(DescriptorChain::from_file("hello"), Err(DescriptorError::File(_))));
    assert!(DescriptorChain::parse(&[1, 2, 3]).is_err());
}

#[test]
fn officers_compare_words_in_any_case_and_spacing() {
    let fingerprint = begun().fingerprint();
    let words = fingerprint.words();
    assert_eq!(words.split(' ').count(), Fingerprint::WORDS);
    assert!(fingerprint.matches(&words));
    assert!(fingerprint.matches(&format!("  {}\n", words.to_uppercase().replace(' ', " \t "))));
    let (most, _) = words.rsplit_once(' ').unwrap();
    for wrong in [most.to_owned(), format!("{most} zoo zoo"), String::new(), "abandon ".repeat(12), words.repeat(100)] {
        assert!(!fingerprint.matches(&wrong), "{wrong}");
    }
}

#[test]
fn the_fingerprint_is_of_owners_threshold_and_node_and_of_nothing_else() {
    let one = Fingerprint::of(&descriptor());
    assert_eq!(one, Fingerprint::of(&Descriptor { endpoints: vec![], ..descriptor() }));
    assert_ne!(one, Fingerprint::of(&Descriptor { node_id: NodeId::parse("my.other").unwrap(), ..descriptor() }));
    assert_ne!(one, Fingerprint::of(&Descriptor { root_keys: vec![root(5)], ..descriptor() }));
    assert_ne!(one, Fingerprint::of(&Descriptor { root_threshold: 2, ..descriptor() }));
    let joint = |seeds: [u8; 2]| Fingerprint::of(&Descriptor { root_keys: seeds.map(root).to_vec(), ..descriptor() });
    assert_eq!(joint([1, 5]), joint([5, 1]));
}

#[test]
fn a_compromise_is_believed_when_as_many_owners_say_so_as_must() {
    // Given a node of two owners, both of whom must sign
    let jointly = Descriptor { root_keys: vec![root(1), root(11)], root_threshold: 2, ..descriptor() };
    let chain = DescriptorChain::begin(&sign_descriptor(&jointly, &[&key(1), &key(11)])).unwrap();
    let notice = |roots: &[&SigningKey]| CompromiseNotice::sign(chain.newest().node_id.clone(), NOW, vec![], roots).unwrap();
    // Then both are believed, also after the notice was in a file; one is not, nor one twice, nor one and a stranger
    let both = notice(&[&key(1), &key(11)]);
    assert_eq!(both.verify(&chain), Ok(()));
    assert_eq!(CompromiseNotice::from_file(&both.to_file()).unwrap(), both);
    for roots in [&[&key(1)][..], &[&key(1), &key(1)], &[&key(1), &key(12)]] {
        assert_eq!(notice(roots).verify(&chain), Err(CompromiseError::SignaturesMissing { needed: 2, found: 1 }));
    }
    // And not about another node, nor with another time, nor with other keys
    let other = DescriptorChain::begin(&sign_descriptor(
        &Descriptor { node_id: NodeId::parse("my.mtuc-johor").unwrap(), ..jointly },
        &[&key(1), &key(11)],
    ));
    assert_eq!(both.verify(&other.unwrap()), Err(CompromiseError::OtherNode));
    let changed = [
        wire::CompromiseNotice { compromised_since_ms: NOW.as_millis() + 1, ..both.to_wire() },
        wire::CompromiseNotice { key_ids: vec![key_id_of(&[2; 32])], ..both.to_wire() },
    ];
    for notice in changed {
        let read = CompromiseNotice::from_wire(&notice).unwrap();
        assert_eq!(read.verify(&chain), Err(CompromiseError::SignaturesMissing { needed: 2, found: 0 }));
    }
}

#[test]
fn owners_that_a_node_no_longer_has_cannot_take_it_from_the_net() {
    // Given a node whose one owner gave it to another
    let chain = begun();
    let given = Descriptor { root_keys: vec![root(11)], ..next(&chain) };
    let chain = chain.followed_by(&sign_descriptor(&given, &[&key(1)])).unwrap();
    let notice = |roots: &[&SigningKey]| CompromiseNotice::sign(chain.newest().node_id.clone(), NOW, vec![], roots).unwrap();
    assert_eq!(notice(&[&key(1)]).verify(&chain), Err(CompromiseError::SignaturesMissing { needed: 1, found: 0 }));
    assert_eq!(notice(&[&key(11)]).verify(&chain), Ok(()));
}

#[test]
fn a_notice_that_breaks_its_form_says_where() {
    let good = || CompromiseNotice::sign(NodeId::parse("my.mtuc").unwrap(), NOW, vec![], &[&key(1)]).unwrap().to_wire();
    let signature = || good().signatures.remove(0);
    let cases = [
        ("node_id", wire::CompromiseNotice { node_id: "mtuc.example".into(), ..good() }),
        ("compromised_since", wire::CompromiseNotice { compromised_since_ms: 0, ..good() }),
        ("key_ids", wire::CompromiseNotice { key_ids: vec!["all".into()], ..good() }),
        ("key_ids", wire::CompromiseNotice { key_ids: vec![key_id_of(&[2; 32]); 65], ..good() }),
        ("signatures", wire::CompromiseNotice { signatures: vec![], ..good() }),
        ("signatures", wire::CompromiseNotice { signatures: vec![signature(); 33], ..good() }),
    ];
    for (path, notice) in cases {
        assert_eq!(CompromiseNotice::from_wire(&notice).unwrap_err().path, path);
    }
    assert!(matches!(CompromiseNotice::from_file(&begun().to_file()), Err(CompromiseError::File(_))));
}

#[test]
fn whoever_knows_an_old_descriptor_follows_the_newest_ones_and_sees_a_fork() {
    // Given a chain of which somebody knows the first, and the node shows the newest two
    let known = begun();
    let rotated = |chain: &DescriptorChain, seed: u8, later: i64| {
        let rotation = Rotation { signing_key: Some(key(seed).verifying_key().to_bytes()), ..Rotation::default() };
        sign_descriptor(&rotation.next(chain, NOW.plus_days(later)), &[&key(1)])
    };
    let second = known.clone().followed_by(&rotated(&known, 21, 1)).unwrap();
    let third = second.clone().followed_by(&rotated(&second, 22, 2)).unwrap();
    let room = third.to_wire().descriptors.iter().skip(1).map(|signed| signed.descriptor.len() + 128).sum();
    let tail = third.tail(room);
    assert_eq!(tail.descriptors.len(), 2);
    // Then the known one is followed to the newest; shown again it says nothing new
    assert_eq!(known.follow(&tail), Ok(Followed::Newer(Box::new(third.clone()))));
    assert_eq!(third.follow(&tail), Ok(Followed::Known));
    assert_eq!(third.follow(&known.tail(room)), Ok(Followed::Known), "an older one is no fork");
    // And both keys stand side by side: the old one for the overlap, the new one for years
    let keys = &second.newest().signing_keys;
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0].not_after, NOW.plus_days(1 + rotation::OVERLAP_DAYS));
    assert!(keys[1].signs_at(NOW) && keys[1].not_after == NOW.plus_days(1 + rotation::LIFE_DAYS));
    // And another second one by the owners is a fork, by anybody else nothing; a gap is no road
    let other = known.clone().followed_by(&rotated(&known, 23, 1)).unwrap();
    assert_eq!(third.follow(&other.tail(room)), Ok(Followed::Forked(rotated(&known, 23, 1))));
    let forged = wire::DescriptorChain { descriptors: vec![sign_descriptor(other.newest(), &[&key(9)])] };
    assert!(matches!(third.follow(&forged), Err(DescriptorError::SignaturesMissing { .. })));
    let gap = wire::DescriptorChain { descriptors: third.to_wire().descriptors.split_off(2) };
    assert!(matches!(known.follow(&gap), Err(DescriptorError::Broken { .. })));
}

#[test]
fn keys_whose_time_is_over_leave_the_descriptor_and_verify_what_they_signed() {
    let first = begun();
    let rotation = |seed: u8| Rotation { signing_key: Some(key(seed).verifying_key().to_bytes()), ..Rotation::default() };
    let after = NOW.plus_days(rotation::OVERLAP_DAYS + 2);
    let second = first.clone().followed_by(&sign_descriptor(&rotation(21).next(&first, NOW), &[&key(1)])).unwrap();
    let third = second.clone().followed_by(&sign_descriptor(&rotation(22).next(&second, after), &[&key(1)])).unwrap();
    assert_eq!(third.newest().signing_keys.len(), 2, "the first key is gone");
    let ring = KeyRing::from_descriptor_chain(&third);
    assert!(ring.keys().iter().any(|known| known.public_key == first.newest().signing_keys[0].public_key));
}
