//! Every point at which a node may be made to end (`crash::point` in the server): on which road it lies, at which node, and at which passings it is
//! tried.

use std::collections::BTreeSet;
use std::path::Path;

use titian_tests::programs::project;

/// At which node a point lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// MTUC, which refers.
    Sender,
    /// KSBSI.
    Receiver,
    /// Each of them.
    Both,
}

/// The story in which a point is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    /// A referral from its request to its outcome, and the worker's withdrawal.
    Referral,
    /// The bytes of a document.
    Papers,
    /// Consent and agreement, and what the gate no longer lets out.
    Office,
    /// The same on a stick.
    Stick,
    /// A restored node, and what its peer gives back to it.
    Return,
    /// From the journal of a store into its index, and the destroying of keys, in the background: server/src/store/tests/crash.rs and sealing.rs, where a
    /// process does nothing else.
    Store,
    /// A case that the other union parked: tests/tests/skew, which has a union to park it.
    Parked,
    /// A change of keys: tests/tests/rotation.rs, where the owners sign one.
    Keys,
}

/// Every point. The first passing is an early step of the road, a later one the share or an answer.
pub(crate) const POINTS: [(&str, Road, At, &[u32]); 68] = [
    ("request.before-write", Road::Referral, At::Sender, &[1]),
    ("request.after-write", Road::Referral, At::Sender, &[1]),
    ("group.before-apply", Road::Referral, At::Both, &[1, 4]),
    ("group.after-apply", Road::Referral, At::Both, &[1, 4]),
    ("group.before-sync", Road::Referral, At::Both, &[1, 4]),
    ("group.after-sync", Road::Referral, At::Both, &[1, 4]),
    ("index.before-settle", Road::Store, At::Both, &[1, 3]),
    ("index.before-sync", Road::Store, At::Both, &[1, 3]),
    ("keyring.half-written", Road::Store, At::Both, &[1, 2]),
    ("keyring.before-rename", Road::Store, At::Both, &[1, 2]),
    ("keyring.after-rename", Road::Store, At::Both, &[1, 2]),
    ("keyring.before-mirror", Road::Store, At::Both, &[1, 2]),
    ("keys.before-puncture", Road::Store, At::Both, &[1, 2]),
    ("keys.after-puncture", Road::Store, At::Both, &[1, 2]),
    ("keys.after-removal", Road::Store, At::Both, &[1, 2]),
    ("rotate.after-keys", Road::Keys, At::Sender, &[1]),
    ("rotate.before-rename", Road::Keys, At::Sender, &[1]),
    ("rotate.after-rename", Road::Keys, At::Sender, &[1]),
    ("renewal.before-signer", Road::Keys, At::Sender, &[1]),
    ("descriptor.after-follow", Road::Keys, At::Receiver, &[1]),
    ("session.before-hello", Road::Referral, At::Both, &[1]),
    ("session.after-hello", Road::Referral, At::Both, &[1]),
    ("courier.before-dispatch", Road::Referral, At::Both, &[1, 2]),
    ("courier.before-send", Road::Referral, At::Both, &[1, 2]),
    ("courier.after-send", Road::Referral, At::Both, &[1, 2]),
    ("passage.before-verify", Road::Referral, At::Both, &[1, 2]),
    ("passage.after-verify", Road::Referral, At::Both, &[1, 2]),
    ("arrivals.before-write", Road::Referral, At::Both, &[1, 2]),
    ("arrivals.after-write", Road::Referral, At::Both, &[1, 2]),
    ("inbox.before-acknowledge", Road::Referral, At::Both, &[1, 2]),
    ("inbox.after-acknowledge", Road::Referral, At::Both, &[1, 2]),
    ("speaker.before-receipts", Road::Referral, At::Both, &[1, 2]),
    ("inbox.before-settle", Road::Referral, At::Both, &[1, 2]),
    ("settlement.before-write", Road::Referral, At::Both, &[1]),
    ("settlement.after-write", Road::Referral, At::Both, &[1]),
    ("inbox.after-settle", Road::Referral, At::Both, &[1]),
    ("answer.before-write", Road::Referral, At::Receiver, &[1, 2]),
    ("answer.after-write", Road::Referral, At::Receiver, &[1, 2]),
    ("put.before-write", Road::Referral, At::Sender, &[1]),
    ("put.after-write", Road::Referral, At::Sender, &[1]),
    ("withdraw.before-write", Road::Referral, At::Sender, &[1]),
    ("withdraw.after-write", Road::Referral, At::Sender, &[1]),
    ("erasure.before-destroy", Road::Referral, At::Both, &[1]),
    ("erasure.destroying", Road::Referral, At::Both, &[1]),
    ("erasure.after-destroy", Road::Referral, At::Both, &[1]),
    ("erasure.after-told", Road::Referral, At::Both, &[1]),
    ("documents.before-attach", Road::Papers, At::Sender, &[1]),
    ("documents.sweeping", Road::Papers, At::Sender, &[1]),
    ("documents.after-attach", Road::Papers, At::Sender, &[1]),
    ("documents.before-store", Road::Papers, At::Receiver, &[1]),
    ("documents.after-store", Road::Papers, At::Receiver, &[2]),
    ("consent.before-write", Road::Office, At::Sender, &[1]),
    ("consent.after-write", Road::Office, At::Sender, &[1]),
    ("statement.before-write", Road::Office, At::Sender, &[1]),
    ("statement.after-write", Road::Office, At::Sender, &[1]),
    ("purge.before-write", Road::Office, At::Sender, &[1]),
    ("purge.after-write", Road::Office, At::Sender, &[1]),
    ("bundle.before-end", Road::Stick, At::Sender, &[1]),
    ("bundle.taken-in", Road::Stick, At::Receiver, &[1]),
    ("bundle.before-told", Road::Stick, At::Receiver, &[1]),
    ("hello.before-epochs", Road::Return, At::Sender, &[1]),
    ("hello.after-epochs", Road::Return, At::Sender, &[1]),
    ("restore.before-told", Road::Return, At::Sender, &[1]),
    ("restore.after-told", Road::Return, At::Sender, &[1]),
    ("restore.before-take-back", Road::Return, At::Receiver, &[1, 2]),
    ("restore.after-take-back", Road::Return, At::Receiver, &[1, 2]),
    ("retry.before-write", Road::Parked, At::Sender, &[1]),
    ("retry.after-write", Road::Parked, At::Sender, &[1]),
];

/// In the long form a point of the referral's road is tried at so many passings, as far as one round has them.
const PASSINGS_LONG: u32 = 8;

/// Whether everything is tried, for hours.
pub(crate) fn is_long() -> bool {
    std::env::var_os("TITIAN_LONG").is_some()
}

/// Whether a point is passed so often in every round.
pub(crate) fn is_promised(try_of: &str) -> bool {
    POINTS.iter().any(|(name, _, _, passings)| passings.iter().any(|passing| format!("{name}:{passing}") == try_of))
}

/// What is tried at one node on one road, in the order of the road.
pub(crate) fn tries(road: Road, side: At) -> Vec<String> {
    let lies = |at: At| at == side || at == At::Both;
    let mut tries = Vec::new();
    for (name, _, at, passings) in POINTS.iter().filter(|(_, on, at, _)| *on == road && lies(*at)) {
        let all: Vec<u32> = if is_long() && *at == At::Both { (1..=PASSINGS_LONG).collect() } else { passings.to_vec() };
        tries.extend(all.iter().map(|passing| format!("{name}:{passing}")));
    }
    tries
}

/// Where the power is cut in the ordinary form, on the road of a referral: around each promise that something is stored. The long form cuts it everywhere.
pub(crate) fn cuts(side: At) -> Vec<String> {
    const SENDER: [&str; 6] = [
        "request.after-write:1",
        "group.before-sync:2",
        "courier.after-send:1",
        "settlement.after-write:1",
        "put.after-write:1",
        "withdraw.after-write:1",
    ];
    const RECEIVER: [&str; 6] = [
        "group.after-apply:2",
        "group.before-sync:2",
        "arrivals.after-write:2",
        "inbox.after-acknowledge:1",
        "answer.after-write:1",
        "speaker.before-receipts:1",
    ];
    if is_long() {
        return tries(Road::Referral, side);
    }
    let few = if side == At::Sender { SENDER } else { RECEIVER };
    few.map(str::to_owned).to_vec()
}

#[test]
fn the_list_of_points_is_that_of_the_server() {
    let mut in_server = BTreeSet::new();
    points_under(&project().join("server/src"), &mut in_server);
    let here: BTreeSet<String> = POINTS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(here, in_server, "this story tries every point, and every point exists");
    assert!(here.len() >= 40, "as many as protocol.md 5 asks for");
    for (side, cut) in [At::Sender, At::Receiver].into_iter().flat_map(|side| cuts(side).into_iter().map(move |cut| (side, cut))) {
        let name = cut.split(':').next().unwrap_or_default();
        let known = POINTS.iter().any(|(point, road, at, _)| *point == name && *road == Road::Referral && (*at == side || *at == At::Both));
        assert!(known, "the power is cut at {cut}, which is no point there");
    }
}

fn points_under(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            points_under(&path, found);
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        found.extend(text.split("crash::point(\"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
}
