//! Identity and peer: is the other side who it says, of a kind that may have this, and active.

use crate::gate::ask::{Ask, Piece};
use crate::gate::{Question, refuse_if, refuse_paths};
use crate::model::refusal::{Refusal, RefusalCode};
use crate::model::vocabulary::{Category, PartnerKind, Tier};

pub(super) fn check(question: &Question<'_>, ask: Option<&Ask<'_>>) -> Result<(), Refusal> {
    let unknown = || Refusal::new(RefusalCode::PeerIdentity);
    let peer = question.peer.ok_or_else(unknown)?;
    let takes_part = peer.node_id == *question.sender || peer.node_id == *question.recipient;
    refuse_if(!takes_part || question.sender == question.recipient, RefusalCode::PeerIdentity)?;
    refuse_if(!peer.kind.may_be_peer(), RefusalCode::RecipientKindForbidden)?;
    // The other side's kind is known here; our own is what the other side asks about.
    if let Some(ask) = ask.filter(|_| peer.node_id == *question.recipient) {
        refuse_if(ask.welfare_check && !may_check_welfare(peer.kind), RefusalCode::RecipientKindForbidden)?;
        refuse_paths(RefusalCode::RecipientKindForbidden, ask.paths_where(|piece| !may_have(peer.kind, piece)))?;
    }
    refuse_if(!peer.active, RefusalCode::PeerSuspended)
}

/// Kinds that may have a piece (`domain.md` 2.0): immigration status goes to unions alone, T4 to those who care for survivors.
fn may_have(kind: PartnerKind, piece: &Piece<'_>) -> bool {
    if piece.category == Category::ImmigrationStatus {
        is_union(kind)
    } else if piece.tier >= Tier::T4 {
        is_union(kind) || cares_for_survivors(kind) || kind == PartnerKind::LegalAid
    } else {
        true
    }
}

/// Kinds that may be asked to see whether somebody is safe (`domain.md` 2.7).
fn may_check_welfare(kind: PartnerKind) -> bool {
    is_union(kind) || matches!(kind, PartnerKind::WomensOrganisation | PartnerKind::Shelter)
}

fn is_union(kind: PartnerKind) -> bool {
    matches!(
        kind,
        PartnerKind::NationalUnion
            | PartnerKind::SectoralUnion
            | PartnerKind::SectoralNetwork
            | PartnerKind::RegionalUnionBody
            | PartnerKind::GlobalUnion
    )
}

fn cares_for_survivors(kind: PartnerKind) -> bool {
    matches!(kind, PartnerKind::WomensCrisisCentre | PartnerKind::WomensOrganisation | PartnerKind::Shelter)
}
