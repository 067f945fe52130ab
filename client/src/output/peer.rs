//! Peers.

use titian_proto::wire;

use crate::codes::words;
use crate::output::block::Block;
use crate::output::record::local;
use crate::output::table::table;
use crate::output::text::{time, yes_no};

/// A peer, with the words that two officers compare.
#[must_use]
pub fn peer(peer: &wire::Peer) -> String {
    let wire::Peer {
        node_id,
        names,
        kind,
        country,
        status,
        fingerprint_words,
        endpoints,
        connected,
        queued,
        answered,
        last_contact_ms,
        link_problem,
        quarantined_since_ms,
        cases_parked_there,
        cases_parked_here,
        restores,
        compromised_since_ms,
    } = peer;
    Block::new()
        .row("peer", node_id)
        .rows("name", names.iter().map(local))
        .row("kind", words::<wire::PartnerKind>(*kind))
        .row("country", country)
        .row("status", words::<wire::PeerStatus>(*status))
        .row("fingerprint", fingerprint_words)
        .rows("endpoint", endpoints.iter().cloned())
        .row("connected", yes_no(*connected))
        .row("problem", link_problem)
        .row("waiting", queued.to_string())
        .row("answered", answered.to_string())
        .row("last contact", time(*last_contact_ms))
        .row("compromised", time(*compromised_since_ms))
        .row("quarantined", time(*quarantined_since_ms))
        .row("parked there", some(*cases_parked_there))
        .row("parked here", some(*cases_parked_here))
        .row("restored", some(*restores))
        .to_string()
}

/// A count, where there is something to count.
fn some(count: u64) -> String {
    if count == 0 { String::new() } else { count.to_string() }
}

/// What stands in the way of the link, in one word or two.
fn trouble(peer: &wire::Peer) -> String {
    if peer.quarantined_since_ms != 0 {
        return "QUARANTINED".to_owned();
    }
    match peer.cases_parked_there + peer.cases_parked_here {
        0 => peer.link_problem.clone(),
        cases => format!("{cases} PARKED"),
    }
}

/// Peers, one a line.
#[must_use]
pub fn list(peers: &[wire::Peer]) -> String {
    let row = |peer: &wire::Peer| {
        vec![
            peer.node_id.clone(),
            words::<wire::PartnerKind>(peer.kind),
            peer.country.clone(),
            words::<wire::PeerStatus>(peer.status),
            yes_no(peer.connected),
            peer.queued.to_string(),
            peer.answered.to_string(),
            time(peer.last_contact_ms),
            trouble(peer),
        ]
    };
    table(
        &["peer", "kind", "country", "status", "connected", "waiting", "answered", "last contact", "problem"],
        peers.iter().map(row),
        "no peers",
    )
}
