//! Follows what arrives or changes, for one desk.

use titian_proto::model::id::{RecordRef, ReferralId};
use titian_proto::model::malformed::At as _;
use titian_proto::model::referral::ReferralState;
use titian_proto::wire;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::{RECORDS_A_REPLY, Sender};
use crate::acts::context::Acts;
use crate::acts::error::ActError;
use crate::acts::referrals;
use crate::store::Topic;
use crate::store::referrals::ReferralTable as _;

/// Referrals looked at together when everything is told again.
const REFERRALS_A_PAGE: usize = 64;

/// One desk that follows.
pub(super) struct Watch {
    acts: Acts,
    changes: Receiver<Topic>,
    with_records: bool,
    replies: Sender<wire::WatchReferralsResponse>,
    /// A change that was read ahead and is told next.
    ahead: Option<Topic>,
}

impl Watch {
    pub(super) fn new(acts: Acts, changes: Receiver<Topic>, with_records: bool, replies: Sender<wire::WatchReferralsResponse>) -> Self {
        Self { acts, changes, with_records, replies, ahead: None }
    }

    /// Tells change after change, until the caller hangs up.
    pub(super) async fn run(mut self) -> Result<(), ActError> {
        loop {
            let topic = match self.ahead.take() {
                Some(topic) => Ok(topic),
                None => self.changes.recv().await,
            };
            match topic {
                Ok(Topic::Referral(referral_id)) => self.tell(referral_id, Vec::new()).await?,
                Ok(Topic::Record { referral, record_ref }) if self.with_records => self.tell_records(referral, record_ref).await?,
                Ok(Topic::Record { .. } | Topic::Documents | Topic::Peers | Topic::Agreements | Topic::Erasures) => {}
                Err(RecvError::Lagged(_)) => self.tell_open().await?,
                Err(RecvError::Closed) => return Ok(()),
            }
        }
    }

    /// A record that became readable, with those of the same referral that wait behind it.
    async fn tell_records(&mut self, referral: ReferralId, first: RecordRef) -> Result<(), ActError> {
        let mut record_refs = vec![first];
        while record_refs.len() < RECORDS_A_REPLY {
            match self.changes.try_recv() {
                Ok(Topic::Record { referral: same, record_ref }) if same == referral => record_refs.push(record_ref),
                Ok(other) => {
                    self.ahead = Some(other);
                    break;
                }
                // The next `recv` says what else there is to know.
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                Err(TryRecvError::Lagged(_)) => {
                    self.tell_open().await?;
                    break;
                }
            }
        }
        let view = self.acts.store.view();
        let frozen = view.referral(referral)?.is_none_or(|file| file.frozen);
        let mut records = Vec::with_capacity(record_refs.len());
        for record_ref in record_refs.into_iter().filter(|_| !frozen) {
            records.extend(view.held(referral, record_ref)?);
        }
        if records.is_empty() { Ok(()) } else { self.tell(referral, records).await }
    }

    /// The desk fell behind and missed some changes: every open referral is told again, so that it can look at those it cares about.
    async fn tell_open(&mut self) -> Result<(), ActError> {
        tracing::info!(event = "watch.fell-behind");
        let mut after = None;
        loop {
            let page = referrals::list(&self.acts, after, REFERRALS_A_PAGE)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(ReferralId::from_wire(&last.referral_id).at("referral_id")?);
            for referral in page {
                if ReferralState::from_wire(referral.state).is_ok_and(ReferralState::is_open) {
                    let wire::Referral { referral_id, state, .. } = referral;
                    self.replies.send(wire::WatchReferralsResponse { referral_id, state, records: Vec::new() }).await?;
                }
            }
        }
    }

    async fn tell(&self, referral_id: ReferralId, records: Vec<wire::SharedRecord>) -> Result<(), ActError> {
        let Some(file) = self.acts.store.view().referral(referral_id)? else { return Ok(()) };
        let reply = wire::WatchReferralsResponse { referral_id: referral_id.to_wire(), state: file.state.to_wire(), records };
        self.replies.send(reply).await
    }
}
