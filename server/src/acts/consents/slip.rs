//! The worker's own slip: which union may hold what until when, signed by this node, so that she can carry it and anybody can check it.
//!
//! A paper receipt may endanger her (`domain.md` 2.6): where she said so none is made. Nothing is stored: the slip is random each time, and nobody who
//! finds one learns from this node whose it is.

use std::collections::BTreeSet;

use titian_proto::model::consent::{Grant, Ledger, ReceiptGiven};
use titian_proto::model::date::Instant;
use titian_proto::model::id::{CaseId, NodeId};
use titian_proto::model::slip::{Slip, SlipReference};
use titian_proto::model::value::LocalText;
use titian_proto::wire;

use super::{Whose, subject_of};
use crate::acts::context::{Acts, House};
use crate::acts::error::ActError;
use crate::acts::policy;
use crate::acts::referrals::load;
use crate::store::Read;
use crate::store::cases::CaseTable as _;
use crate::store::referrals::ReferralTable as _;

/// Makes a slip of what a worker allows now; with a case, only of the unions to which a referral of that case was written.
///
/// # Errors
/// When she said that a paper is not safe for her, nothing is in force, the unions are too many, she is not there, or the store fails.
pub fn make(acts: &Acts, whose: Whose, case_id: Option<CaseId>) -> Result<wire::MakeSlipResponse, ActError> {
    let (house, view) = (&acts.house, acts.store.view());
    let now = house.ambient.now();
    let ledger = policy::ledger(&view, &subject_of(house, &view, whose)?)?;
    let said = safety_of_paper(&ledger, now);
    if said == Some(ReceiptGiven::NoUnsafe) {
        return Err(ActError::PaperUnsafe);
    }
    let unions = case_id.map(|case_id| unions_of_case(&view, whose, case_id)).transpose()?;
    let entries = Slip::entries_of(&ledger, now, |union| unions.as_ref().is_none_or(|unions| unions.contains(union)));
    if entries.is_empty() {
        return Err(ActError::NotFound { what: "consent in force" });
    }
    if entries.len() > Slip::ENTRIES_MAX {
        return Err(ActError::LimitReached { what: "unions and days on one slip; make one for each case", limit: Slip::ENTRIES_MAX });
    }
    let slip = Slip { reference: SlipReference(house.ambient.random()), issuer: house.node_id().clone(), issued_on: now.date(), entries };
    let named: BTreeSet<&NodeId> = slip.entries.iter().map(|entry| &entry.recipient).filter(|union| *union != house.node_id()).collect();
    let unions = std::iter::once(house.node_id()).chain(named).map(|union| union_of(house, union)).collect();
    let explained = ledger.grants.iter().max_by_key(|grant| grant.sequence);
    let language = explained.map(|grant| grant.notice_language.clone()).unwrap_or_default();
    Ok(wire::MakeSlipResponse { text: slip.sign(&house.own().signer)?, unions, receipt_not_said: said.is_none(), language })
}

/// What she said of carrying a paper. One consent that says it is not safe counts for all that are in force, until a later version of it says otherwise.
fn safety_of_paper(ledger: &Ledger, now: Instant) -> Option<ReceiptGiven> {
    let newest = |grant: &&Grant| ledger.latest(grant.consent_id).is_some_and(|latest| latest.reference() == grant.reference());
    let in_force = ledger.grants.iter().filter(newest).filter(|grant| grant.is_valid_at(now));
    in_force.filter_map(|grant| grant.receipt_given).max_by_key(|said| *said == ReceiptGiven::NoUnsafe)
}

/// The unions to which a referral of her case was written.
fn unions_of_case(read: &impl Read, whose: Whose, case_id: CaseId) -> Result<BTreeSet<NodeId>, ActError> {
    let hers = |worker| match whose {
        Whose::Worker(worker_id) => worker == Some(worker_id),
        Whose::Referral(_) => true,
    };
    read.case(case_id)?.filter(|case| hers(case.worker_id)).ok_or(ActError::NotFound { what: "case of this worker" })?;
    let mut unions = BTreeSet::new();
    for referral_id in read.referrals_of_case(case_id)? {
        let file = load(read, referral_id)?;
        unions.extend([file.sender, file.recipient]);
    }
    Ok(unions)
}

fn union_of(house: &House, union: &NodeId) -> wire::SlipUnion {
    let wired = |names: &[LocalText]| names.iter().map(LocalText::to_wire).collect();
    let names = if union == house.node_id() {
        wired(&house.own().descriptor().names)
    } else {
        house.with_peer(union, |known| known.map(|known| wired(&known.descriptor.names)).unwrap_or_default())
    };
    wire::SlipUnion { node_id: union.to_string(), names }
}
