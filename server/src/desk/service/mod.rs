//! One file a noun, one short handler a call. How to add a service: implement its trait for [`Desk`] in `service/<noun>.rs`, each call as
//!
//! ```ignore
//! async fn get_case(&self, request: Request<wire::GetCaseRequest>) -> Answer<wire::GetCaseResponse> {
//!     self.act(request, |office, _, wire::GetCaseRequest { case_id }| async move {
//!         let case = cases::show(&office.acts, CaseId::from_wire(&case_id).at("case_id")?)?;
//!         Ok(wire::GetCaseResponse { case: Some(case) })
//!     })
//!     .await
//! }
//! ```
//!
//! and add it to [`routes`]. The table of roles has its rows already: `desk::roles`.

mod agreement;
mod audit;
mod breach;
mod bundle;
mod case;
mod consent;
mod document;
mod erasure;
mod import;
mod node;
mod peer;
mod record;
mod referral;
mod report;
mod session;
mod staff;
mod task;
mod watch;
mod worker;

use std::pin::Pin;
use std::time::Duration;

use titian_proto::model::id::ReferralId;
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::model::record::RecordContent;
use titian_proto::model::refusal::Refusal;
use titian_proto::wire;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

use crate::acts::actor::Actor;
use crate::acts::error::ActError;
use crate::acts::staff::{Caller, Staff};
use crate::desk::status::status;
use crate::desk::{MESSAGE_MAX, Office};

/// What a unary call answers.
pub(super) type Answer<R> = Result<Response<R>, Status>;
/// What a streaming call answers.
pub(super) type StreamAnswer<R> = Result<Response<Replies<R>>, Status>;
/// The replies of a streaming call.
pub(super) type Replies<R> = Pin<Box<dyn Stream<Item = Result<R, Status>> + Send>>;

/// Replies of a stream that may wait for a slow reader, who then holds up the writer and not the memory.
const REPLIES_WAITING_MAX: usize = 8;
/// Entries of a page when the caller does not say.
const PAGE_DEFAULT: u32 = 100;
/// Entries of a page at most: of workers with all their records they stay below the largest message.
const PAGE_MAX: u32 = 500;
/// Records in one reply of a stream: of the largest, they fill a message.
const RECORDS_A_REPLY: usize = 64;

/// How often a stream looks whether its session is still open.
const SESSION_CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long a reader may take for the reason why a stream ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// The handlers of every service. Clones share the office.
#[derive(Clone)]
pub(super) struct Desk {
    office: Office,
    stopping: CancellationToken,
}

/// Every service of the desk, each with its limits.
pub(super) fn routes(desk: Desk) -> Routes {
    /// Adds services under the one limit on messages.
    macro_rules! routes {
        ($($server:ident :: $service:ident),+ $(,)?) => {{
            let mut routes = Routes::builder();
            $( routes.add_service(
                wire::$server::$service::new(desk.clone()).max_decoding_message_size(MESSAGE_MAX).max_encoding_message_size(MESSAGE_MAX),
            ); )+
            routes.routes()
        }};
    }
    routes![
        session_service_server::SessionServiceServer,
        staff_service_server::StaffServiceServer,
        node_service_server::NodeServiceServer,
        audit_service_server::AuditServiceServer,
        worker_service_server::WorkerServiceServer,
        case_service_server::CaseServiceServer,
        record_service_server::RecordServiceServer,
        document_service_server::DocumentServiceServer,
        consent_service_server::ConsentServiceServer,
        referral_service_server::ReferralServiceServer,
        erasure_service_server::ErasureServiceServer,
        report_service_server::ReportServiceServer,
        breach_service_server::BreachServiceServer,
        task_service_server::TaskServiceServer,
        agreement_service_server::AgreementServiceServer,
        peer_service_server::PeerServiceServer,
        bundle_service_server::BundleServiceServer,
    ]
}

impl Desk {
    pub(super) fn new(office: Office, stopping: CancellationToken) -> Self {
        Self { office, stopping }
    }

    /// Runs one act for the actor who calls.
    async fn act<Q, R, F, A>(&self, request: Request<Q>, act: F) -> Answer<R>
    where
        F: FnOnce(Office, Actor, Q) -> A,
        A: Future<Output = Result<R, ActError>>,
    {
        self.act_in_session(request, |office, caller, request| act(office, caller.actor, request)).await
    }

    /// As [`Self::act`], for the acts that are about the session itself.
    async fn act_in_session<Q, R, F, A>(&self, request: Request<Q>, act: F) -> Answer<R>
    where
        F: FnOnce(Office, Caller, Q) -> A,
        A: Future<Output = Result<R, ActError>>,
    {
        let caller = caller(&request)?;
        act(self.office.clone(), caller, request.into_inner()).await.map(Response::new).map_err(|error| status(&error))
    }

    /// Runs the one act that needs no session.
    async fn open<Q, R, F, A>(&self, request: Request<Q>, act: F) -> Answer<R>
    where
        F: FnOnce(Office, Q) -> A,
        A: Future<Output = Result<R, ActError>>,
    {
        act(self.office.clone(), request.into_inner()).await.map(Response::new).map_err(|error| status(&error))
    }

    /// Answers with a stream: `act` sends reply after reply and ends by returning. It is cut off when the caller hangs up, the session ends or the
    /// node stops; so it may also follow what happens without an end.
    fn stream<Q, R, F, A>(&self, request: Request<Q>, act: F) -> StreamAnswer<R>
    where
        Q: Send + 'static,
        R: Send + 'static,
        F: FnOnce(Office, Actor, Q, Sender<R>) -> A + Send + 'static,
        A: Future<Output = Result<(), ActError>> + Send + 'static,
    {
        self.stream_of(REPLIES_WAITING_MAX, request, act)
    }

    /// As [`Self::stream`], with so many replies that may wait: small ones travel together.
    fn stream_of<Q, R, F, A>(&self, waiting_max: usize, request: Request<Q>, act: F) -> StreamAnswer<R>
    where
        Q: Send + 'static,
        R: Send + 'static,
        F: FnOnce(Office, Actor, Q, Sender<R>) -> A + Send + 'static,
        A: Future<Output = Result<(), ActError>> + Send + 'static,
    {
        let caller = caller(&request)?;
        let (sender, replies) = mpsc::channel(waiting_max);
        let sender = Sender { replies: sender };
        let (office, stopping) = (self.office.clone(), self.stopping.clone());
        tokio::spawn(async move {
            let work = act(office.clone(), caller.actor.clone(), request.into_inner(), sender.clone());
            let done = tokio::select! {
                done = work => done,
                () = session_ended(&office.staff, &caller) => Err(ActError::SessionEnded),
                () = stopping.cancelled() => Err(ActError::Stopping),
                () = sender.replies.closed() => Ok(()),
            };
            if let Err(error) = done {
                sender.fail(&error).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(replies))))
    }
}

/// Sends the replies of a stream.
pub(super) struct Sender<R> {
    replies: mpsc::Sender<Result<R, Status>>,
}

impl<R> Sender<R> {
    /// Sends one reply; waits while the reader is slow.
    ///
    /// # Errors
    /// [`ActError::HungUp`] when nobody reads any more.
    pub(super) async fn send(&self, reply: R) -> Result<(), ActError> {
        self.replies.send(Ok(reply)).await.map_err(|_| ActError::HungUp)
    }

    async fn fail(&self, error: &ActError) {
        // A reader who has hung up does not need the reason; nor does one who reads nothing for so long.
        let _ = tokio::time::timeout(FAREWELL, self.replies.send(Err(status(error)))).await;
    }
}

impl<R> Clone for Sender<R> {
    fn clone(&self) -> Self {
        Self { replies: self.replies.clone() }
    }
}

/// Who calls, as the door has found out.
fn caller<Q>(request: &Request<Q>) -> Result<Caller, Status> {
    request.extensions().get::<Caller>().cloned().ok_or_else(|| status(&ActError::SessionEnded))
}

async fn session_ended(staff: &Staff, caller: &Caller) {
    while staff.is_open(caller) {
        tokio::time::sleep(SESSION_CHECK_EVERY).await;
    }
}

/// Entries of a page: 0 is the default, and nobody gets more than the most.
#[must_use]
pub(super) fn page(limit: u32) -> usize {
    let limit = if limit == 0 { PAGE_DEFAULT } else { limit.min(PAGE_MAX) };
    usize::try_from(limit).unwrap_or(1)
}

/// Records as staff write them down.
///
/// # Errors
/// The first that breaks a rule, named by its place.
pub(super) fn contents(records: &[wire::RecordContent]) -> Result<Vec<RecordContent>, Malformed> {
    records.iter().enumerate().map(|(place, record)| RecordContent::from_wire(record).at(&format!("records[{place}]"))).collect()
}

/// Referrals under which something may not go, for the wire.
#[must_use]
pub(super) fn blocked(blocked: Vec<(ReferralId, Refusal)>) -> Vec<wire::BlockedReferral> {
    let one = |(referral_id, refusal): (ReferralId, Refusal)| wire::BlockedReferral {
        referral_id: referral_id.to_wire(),
        refusal: Some(refusal.to_wire()),
    };
    blocked.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests;
