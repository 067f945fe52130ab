//! What may be put to the gate, and how much each kind must show.

use std::fmt;

use bytes::Bytes;
use prost::Message as _;

use crate::envelope::EnvelopeKind;
use crate::gate::ask::Ask;
use crate::model::descriptor::CompromiseNotice;
use crate::model::malformed::{At, Malformed};
use crate::model::referral::{
    BreachNotice, ErasureReceipt, HandOver, HandOverStep, Offer, SharePut, ShareRetract, StateChange, WithdrawalNotice,
};
use crate::wire;
use crate::wire::body::Content as WireContent;

/// What would go to a peer.
#[derive(Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "one lives for the length of one decision; a box would only be opened again")]
pub enum Content {
    /// A referral is offered.
    Offer(Offer),
    /// Records are put into a share.
    Put(SharePut),
    /// Records are taken out of a share.
    Retract(ShareRetract),
    /// A referral changes its state.
    State(StateChange),
    /// An agreement text and statements.
    Agreement(wire::AgreementFile),
    /// A withdrawal.
    Withdrawal(WithdrawalNotice),
    /// A receipt of erasure.
    ErasureReceipt(ErasureReceipt),
    /// A breach.
    Breach(BreachNotice),
    /// The keys of a third node are in other hands.
    Compromise(CompromiseNotice),
    /// A step of handing a case over.
    HandOver(HandOver),
}

/// How much a message must show.
pub(super) enum Demand<'a> {
    /// An active peer of a permitted kind. For what keeps people safe and takes data away, in every state of an agreement.
    Peer,
    /// And an agreement that was once in force. For changes of state, which carry no personal data: what was begun can be closed.
    KnownAgreement,
    /// And everything else. For whatever says something about a person.
    Everything(Ask<'a>),
}

impl Content {
    /// Bytes of the salt in front of every content.
    pub const SALT_BYTES: usize = 32;

    /// Reads a body as it came from a peer: its salt and its content.
    ///
    /// # Errors
    /// When it cannot be read, its salt has another length, it holds a field that is not in the contract, or says nothing that this version understands.
    pub fn parse(kind: EnvelopeKind, body: &Bytes) -> Result<([u8; Self::SALT_BYTES], Self), Malformed> {
        let read = wire::Body::decode(body.clone()).map_err(|_| Malformed::new("cannot be read").at("body"))?;
        // A field outside the contract would be dropped silently: nobody would have decided about it.
        if read.encoded_len() != body.len() {
            return Err(Malformed::new("holds a field that is not in the contract").at("body"));
        }
        let salt = <[u8; Self::SALT_BYTES]>::try_from(read.salt.as_ref()).map_err(|_| Malformed::new("must be 32 bytes").at("salt"))?;
        Ok((salt, Self::from_wire(kind, &read)?))
    }

    /// Reads one from the wire. The salt is the caller's to read.
    ///
    /// # Errors
    /// When the content does not fit the kind in the header, breaks its form, or is of a kind that this version does not understand.
    pub fn from_wire(kind: EnvelopeKind, body: &wire::Body) -> Result<Self, Malformed> {
        let wire::Body { salt: _, content } = body;
        let content = match content.as_ref().ok_or_else(|| Malformed::missing("content"))? {
            WireContent::Offer(offer) => Self::Offer(Offer::from_wire(offer).at("offer")?),
            WireContent::State(change) => Self::State(StateChange::from_wire(change).at("state")?),
            WireContent::Put(put) => Self::Put(SharePut::from_wire(put).at("put")?),
            WireContent::Retract(retract) => Self::Retract(ShareRetract::from_wire(retract).at("retract")?),
            WireContent::Agreement(file) => Self::Agreement(file.clone()),
            WireContent::Withdrawal(notice) => Self::Withdrawal(WithdrawalNotice::from_wire(notice).at("withdrawal")?),
            WireContent::ErasureReceipt(receipt) => Self::ErasureReceipt(ErasureReceipt::from_wire(receipt).at("erasure_receipt")?),
            WireContent::Breach(notice) => Self::Breach(BreachNotice::from_wire(notice).at("breach")?),
            WireContent::Compromise(notice) => Self::Compromise(CompromiseNotice::from_wire(notice).at("compromise")?),
            WireContent::HandOver(hand_over) => Self::HandOver(HandOver::from_wire(hand_over).at("hand_over")?),
            WireContent::AttestationRequest(_) | WireContent::Attestation(_) => {
                return Err(Malformed::new("is of a kind that this version does not understand").at("content"));
            }
        };
        if content.kind() == kind { Ok(content) } else { Err(Malformed::new("does not fit the kind in the header").at("content")) }
    }

    /// What it is on the wire.
    #[must_use]
    pub fn kind(&self) -> EnvelopeKind {
        match self {
            Self::Offer(_) => EnvelopeKind::Offer,
            Self::Put(_) => EnvelopeKind::SharePut,
            Self::Retract(_) => EnvelopeKind::ShareRetract,
            Self::State(_) => EnvelopeKind::State,
            Self::Agreement(_) => EnvelopeKind::Agreement,
            Self::Withdrawal(_) => EnvelopeKind::Withdrawal,
            Self::ErasureReceipt(_) => EnvelopeKind::ErasureReceipt,
            Self::Breach(_) => EnvelopeKind::Breach,
            Self::Compromise(_) => EnvelopeKind::Compromise,
            Self::HandOver(_) => EnvelopeKind::HandOver,
        }
    }

    /// The content without what no peer gets.
    pub(super) fn for_peer(mut self) -> Self {
        let grant = match &mut self {
            Self::Offer(offer) => offer.grant.as_mut(),
            Self::Put(put) => put.grant.as_mut(),
            Self::HandOver(hand_over) => hand_over.grant.as_mut(),
            Self::Retract(_)
            | Self::State(_)
            | Self::Agreement(_)
            | Self::Withdrawal(_)
            | Self::ErasureReceipt(_)
            | Self::Breach(_)
            | Self::Compromise(_) => None,
        };
        if let Some(grant) = grant {
            grant.keep_from_peer();
        }
        self
    }

    /// Writes it for the wire. Only a permit does.
    pub(super) fn to_wire(&self) -> WireContent {
        match self {
            Self::Offer(offer) => WireContent::Offer(offer.to_wire()),
            Self::Put(put) => WireContent::Put(put.to_wire()),
            Self::Retract(retract) => WireContent::Retract(retract.to_wire()),
            Self::State(change) => WireContent::State(change.to_wire()),
            Self::Agreement(file) => WireContent::Agreement(file.clone()),
            Self::Withdrawal(notice) => WireContent::Withdrawal(notice.to_wire()),
            Self::ErasureReceipt(receipt) => WireContent::ErasureReceipt(receipt.to_wire()),
            Self::Breach(notice) => WireContent::Breach(notice.to_wire()),
            Self::Compromise(notice) => WireContent::Compromise(notice.to_wire()),
            Self::HandOver(hand_over) => WireContent::HandOver(hand_over.to_wire()),
        }
    }

    /// How much it must show.
    pub(super) fn demand(&self) -> Demand<'_> {
        match self {
            Self::Offer(offer) => Demand::Everything(Ask::of_offer(offer)),
            Self::Put(put) => Demand::Everything(Ask::of_put(put)),
            // To offer a case is to ask for everything that giving it would ask. What answers an offer carries no data: what was begun can be closed.
            Self::HandOver(hand_over) if hand_over.step == HandOverStep::Offer => Demand::Everything(Ask::of_hand_over(hand_over)),
            Self::State(_) | Self::HandOver(_) => Demand::KnownAgreement,
            Self::Retract(_)
            | Self::Agreement(_)
            | Self::Withdrawal(_)
            | Self::ErasureReceipt(_)
            | Self::Breach(_)
            | Self::Compromise(_) => Demand::Peer,
        }
    }
}

impl fmt::Debug for Content {
    /// The kind and nothing it says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({})", self.kind())
    }
}
