//! The other side is told what was destroyed, under this node's signature.

use titian_proto::gate::Content;
use titian_proto::log::leaf::{Event, Leaf, LeafDraft};
use titian_proto::model::date::{Date, Instant};
use titian_proto::model::id::{Digest, ReferralId};
use titian_proto::model::referral::{Erasure, ErasureException, ErasureReceipt};
use titian_proto::model::vocabulary::Category;

use super::destroy::{Fate, OwnConsent};
use super::retention;
use crate::acts::context::House;
use crate::acts::error::ActError;
use crate::acts::{outgoing, referrals, shares};
use crate::store::erasures::{ErasureFile, ErasureTable as _, Here};
use crate::store::referrals::{ReferralFile, ReferralTable as _};
use crate::store::{LogTable as _, StoreError, Topic, Unit};

/// Commitments in one receipt: the envelope stays well below what may be stored.
const COMMITMENTS: usize = 1_000;

/// Days after which somebody looks again at what was adopted.
const REVIEW_DAYS: i64 = 180;

/// Logs what was destroyed, once, and queues the receipt. Where the peer is not active the receipt stays owed.
///
/// # Errors
/// When the store fails.
pub(super) fn say(house: &House, unit: &mut Unit, referral_id: ReferralId) -> Result<(), ActError> {
    let Some(mut erasure) = unit.erasure(referral_id)? else { return Ok(()) };
    if matches!(erasure.here, Here::Asked | Here::Told(_)) {
        return Ok(());
    }
    let mut file = referrals::load(unit, referral_id)?;
    let fate = Fate::of(house, unit, &file, &erasure)?;
    let through = match &erasure.spared {
        Some(spared) => spared.came,
        None => unit.progress(referral_id)?.came,
    };
    let came = Came::under(unit, referral_id, &fate, through)?;
    if erasure.here == Here::Removed {
        log_destroyed(house, unit, &erasure, &came)?;
    }
    let outcome = match (fate.held, came.kept.is_empty()) {
        (true, _) => Erasure::LegalHold,
        (false, false) => Erasure::Adopted,
        (false, true) => Erasure::Erased,
    };
    let told = receipts(&file, &erasure, &came, outcome, unit.now());
    erasure.here = Here::Told(outcome);
    for receipt in told {
        let peer = erasure.peer.clone();
        if let Err(refusal) = shares::send_about(house, unit, &file, &peer, Content::ErasureReceipt(receipt))? {
            tracing::warn!(event = "erasure.receipt-owed", peer = %peer, code = refusal.code.code());
            erasure.here = Here::Destroyed(outcome);
            break;
        }
    }
    file.erasure = Some(erasure.both());
    if outcome == Erasure::Adopted {
        let own = OwnConsent::now(house, unit, &file)?;
        retention::look_again(unit, &mut erasure, &own)?;
    }
    unit.put_referral(&file)?;
    unit.put_erasure(&erasure)?;
    unit.publish(Topic::Referral(referral_id));
    Ok(())
}

/// What came under a referral, as this node's own log says: each with its commitment.
struct Came {
    /// Indexes of the leaves of what was destroyed.
    leaves: Vec<u64>,
    /// Commitments of what was destroyed.
    destroyed: Vec<Digest>,
    /// Commitments of what stays, whole or in part.
    kept: Vec<Digest>,
}

impl Came {
    fn under(unit: &Unit, referral_id: ReferralId, fate: &Fate, through: u64) -> Result<Self, StoreError> {
        let mut came = Self { leaves: Vec::new(), destroyed: Vec::new(), kept: Vec::new() };
        for index in unit.came_under(referral_id, through)? {
            let Some(bytes) = unit.leaf(index)? else { continue };
            let leaf = Leaf::parse(&bytes).map_err(|problem| StoreError::unreadable("log/", problem))?;
            let Some(commitment) = leaf.commit else { continue };
            let categories: Vec<Category> = leaf.fields.iter().flatten().filter_map(|code| Category::from_code(code).ok()).collect();
            let mut concerned = categories.iter().filter(|category| fate.concerns(**category)).peekable();
            if concerned.peek().is_none() {
                continue;
            }
            if concerned.all(|category| fate.takes(Some(*category))) {
                came.leaves.push(index);
                came.destroyed.push(commitment);
            } else {
                came.kept.push(commitment);
            }
        }
        Ok(came)
    }
}

fn log_destroyed(house: &House, unit: &mut Unit, erasure: &ErasureFile, came: &Came) -> Result<(), StoreError> {
    for leaves in came.leaves.chunks(LeafDraft::LIST_MAX) {
        let mut draft = LeafDraft::new(Event::EraseDone);
        draft.peer = Some(outgoing::log_name(house, &erasure.peer));
        draft.code = Some(erasure.ground.code().to_owned());
        draft.targets = Some(leaves.iter().map(u64::to_string).collect());
        unit.append_leaf(draft)?;
    }
    Ok(())
}

/// The receipts: one, or several where a share had very many parts.
fn receipts(file: &ReferralFile, erasure: &ErasureFile, came: &Came, outcome: Erasure, now: Instant) -> Vec<ErasureReceipt> {
    let review_on: Date = file.legal_hold.as_ref().map_or_else(|| now.plus_days(REVIEW_DAYS).date(), |hold| hold.review_on);
    let erased = erasure.onward.iter().filter(|onward| onward.erased);
    let one = |destroyed: &[Digest], kept: &[Digest]| ErasureReceipt {
        commitments: destroyed.to_vec(),
        // Each says that something stays, if it does: none of them may be read as if all were gone.
        exceptions: match outcome {
            Erasure::LegalHold | Erasure::Adopted => vec![ErasureException { ground: outcome, commitments: kept.to_vec(), review_on }],
            _ => Vec::new(),
        },
        onward: erasure.onward.iter().map(|onward| onward.peer.clone()).collect(),
        onward_erased: erased.clone().map(|onward| onward.peer.clone()).collect(),
        categories: erasure.categories.clone(),
        own_sequence: erasure.own_sequence,
        ..ErasureReceipt::of_nothing(erasure.withdrawal_sequence, vec![erasure.referral_id], now)
    };
    let mut receipts: Vec<ErasureReceipt> = came.destroyed.chunks(COMMITMENTS).map(|destroyed| one(destroyed, &[])).collect();
    receipts.extend(came.kept.chunks(COMMITMENTS).map(|kept| one(&[], kept)));
    if receipts.is_empty() {
        receipts.push(one(&[], &[]));
    }
    receipts
}
