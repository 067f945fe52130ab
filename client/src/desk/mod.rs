//! `Desk`: a typed connection to one node's desk. One method for each call of the contract, grouped by noun. No rules live here.

mod agreement;
mod audit;
mod breach;
mod bundle;
mod case;
mod consent;
mod document;
mod erasure;
mod error;
mod flow;
mod node;
mod peer;
mod record;
mod referral;
mod report;
mod session;
mod staff;
mod task;
mod worker;

use std::time::Duration;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Request, Response, Status};

pub use error::{DeskError, ErrorKind};
pub use flow::Flow;

/// How long one call may take. A node that is busy with a disk sync answers within a second; a person does not wait longer than this.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(20);
/// How long connecting may take: the desk is on this machine or behind a tunnel.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer that is read: 64 records of 64 KiB each, and as much again for a page of workers.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// A connection to the desk of one node. Cheap to clone; calls may run at the same time.
#[derive(Clone)]
pub struct Desk {
    channel: Channel,
    bearer: Option<MetadataValue<Ascii>>,
}

impl Desk {
    /// Connects to the desk at `node_url`, such as `http://127.0.0.1:4710`; `session` is the token of an open session, where there is one.
    ///
    /// # Errors
    /// `NODE_ADDRESS` when the address is not one of this machine (the desk speaks without TLS, so a token must not leave it);
    /// `NODE_UNREACHABLE` when nobody answers there.
    pub async fn connect(node_url: &str, session: Option<&str>) -> Result<Self, DeskError> {
        let endpoint = endpoint(node_url)?;
        let channel = endpoint.connect().await.map_err(|_| DeskError::local("NODE_UNREACHABLE", ErrorKind::Unreachable))?;
        let mut desk = Self { channel, bearer: None };
        if let Some(token) = session {
            desk.use_session(token)?;
        }
        Ok(desk)
    }

    /// Makes every later call in this session.
    ///
    /// # Errors
    /// `NOT_SIGNED_IN` when the token cannot be one.
    pub fn use_session(&mut self, token: &str) -> Result<(), DeskError> {
        let mut bearer =
            MetadataValue::try_from(format!("Bearer {token}")).map_err(|_| DeskError::local("NOT_SIGNED_IN", ErrorKind::SignIn))?;
        bearer.set_sensitive(true);
        self.bearer = Some(bearer);
        Ok(())
    }

    /// A call that is answered once.
    fn call<T>(&self, message: T) -> Request<T> {
        let mut request = self.stream(message);
        request.set_timeout(CALL_TIMEOUT);
        request
    }

    /// A call that is answered by a stream, which may last.
    fn stream<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(bearer) = &self.bearer {
            request.metadata_mut().insert("authorization", bearer.clone());
        }
        request
    }
}

/// The message of an answer, or what went wrong.
fn answer<T>(result: Result<Response<T>, Status>) -> Result<T, DeskError> {
    Ok(result.map_err(DeskError::from)?.into_inner())
}

fn endpoint(node_url: &str) -> Result<Endpoint, DeskError> {
    let wrong = || DeskError::local("NODE_ADDRESS", ErrorKind::Usage);
    let uri: Uri = node_url.parse().map_err(|_| wrong())?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if uri.scheme_str() != Some("http") || !here || uri.port_u16().is_none() {
        return Err(wrong());
    }
    Ok(Endpoint::from(uri).connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true))
}
