//! Agreements.

use titian_proto::wire;

use crate::codes::{code, list_codes, words};
use crate::output::block::Block;
use crate::output::table::table;

/// An agreement: state, parties and what they said, annexes.
#[must_use]
pub fn agreement(agreement: &wire::Agreement) -> String {
    let wire::Agreement { r#ref, title, state, parties, effective_from, expires_on, annexes, text: _ } = agreement;
    let (agreement_id, version, digest) = reference(r#ref.as_ref());
    let head = Block::new()
        .row("agreement", agreement_id)
        .row("version", version)
        .row("title", title)
        .row("state", words::<wire::AgreementState>(*state))
        .row("from", effective_from)
        .row("until", expires_on)
        .row("digest", digest)
        .rows("party", parties.iter().map(party));
    annexes.iter().fold(head.to_string(), |text, one| format!("{text}\n{}", annex(one)))
}

/// Agreements, one a line.
#[must_use]
pub fn list(agreements: &[wire::Agreement]) -> String {
    let row = |one: &wire::Agreement| {
        let (agreement_id, version, _) = reference(one.r#ref.as_ref());
        let parties = one.parties.iter().map(|party| party.node_id.clone()).collect::<Vec<_>>().join(", ");
        vec![
            agreement_id,
            version,
            words::<wire::AgreementState>(one.state),
            parties,
            one.effective_from.clone(),
            one.expires_on.clone(),
            one.title.clone(),
        ]
    };
    table(&["agreement", "version", "state", "parties", "from", "until", "title"], agreements.iter().map(row), "no agreements")
}

fn reference(reference: Option<&wire::AgreementRef>) -> (String, String, String) {
    reference.map_or_else(Default::default, |wire::AgreementRef { agreement_id, version, digest }| {
        (agreement_id.clone(), version.to_string(), hex::encode(digest))
    })
}

fn party(party: &wire::AgreementParty) -> String {
    let wire::AgreementParty { node_id, observer, signed, approval_required, approved, suspended, on_behalf_of } = party;
    let mut said = vec![if *observer { "observer" } else { "implementing" }];
    let joined = format!("on behalf of {on_behalf_of}");
    if !on_behalf_of.is_empty() {
        said.push(&joined);
    } else if !observer {
        said.push(if *signed { "signed" } else { "not signed" });
    }
    if *approval_required {
        said.push(if *approved { "government approved" } else { "government approval missing" });
    }
    if *suspended {
        said.push("SUSPENDED by it");
    }
    format!("{node_id}: {}", said.join(", "))
}

fn annex(annex: &wire::AgreementAnnex) -> String {
    let wire::AgreementAnnex { annex_id, from, to, purposes, categories, max_tier } = annex;
    let block = Block::inner()
        .row("direction", format!("{from} to {to}"))
        .row("purposes", list_codes::<wire::Purpose>(purposes))
        .row("categories", list_codes::<wire::Category>(categories))
        .row("highest tier", code::<wire::Tier>(*max_tier));
    format!("annex {}\n{block}", super::text::clean(annex_id))
}
