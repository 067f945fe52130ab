//! The door of the desk: nobody comes in without a session and a role that may make the call. Denied by default.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{HeaderMap, Request, Response, header};
use tower::Layer;

use crate::acts::error::ActError;
use crate::acts::staff::{Caller, Staff};
use crate::desk::roles::{Permission, allows};
use crate::desk::status::status;

/// Calls at work at the same time, over all connections: more than a union's staff at once, less than what would exhaust memory at 4 MiB each.
const CALLS_MAX: usize = 128;

/// The one service beside ours: it shows the contract, which is public, and nothing else.
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/";

/// Puts the door before every service.
#[derive(Clone)]
pub(super) struct DoorLayer {
    staff: Staff,
    places: Arc<Semaphore>,
}

impl DoorLayer {
    pub(super) fn new(staff: Staff) -> Self {
        Self { staff, places: Arc::new(Semaphore::new(CALLS_MAX)) }
    }

    /// Who may make this call.
    fn admit(&self, path: &str, headers: &HeaderMap) -> Result<Admission, ActError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| ActError::Busy)?;
        if path.starts_with(REFLECTION) {
            return Ok(Admission { caller: None, place });
        }
        let permission = Permission::of_path(path).ok_or(ActError::NoSuchCall)?;
        if !permission.needs_session() {
            return Ok(Admission { caller: None, place });
        }
        let caller = self.staff.check(bearer(headers)?)?;
        if !allows(caller.actor.role, permission) {
            tracing::warn!(
                staff = caller.actor.pseudonym,
                role = caller.actor.role.code(),
                call = permission.code(),
                "the role forbids the call"
            );
            return Err(ActError::RoleForbids);
        }
        Ok(Admission { caller: Some(caller), place })
    }
}

struct Admission {
    caller: Option<Caller>,
    place: OwnedSemaphorePermit,
}

fn bearer(headers: &HeaderMap) -> Result<&str, ActError> {
    let value = headers.get(header::AUTHORIZATION).ok_or(ActError::SessionEnded)?;
    value.to_str().ok().and_then(|text| text.strip_prefix("Bearer ")).ok_or(ActError::SessionEnded)
}

impl<S> Layer<S> for DoorLayer {
    type Service = Door<S>;

    fn layer(&self, inside: S) -> Door<S> {
        Door { layer: self.clone(), inside }
    }
}

/// A service behind the door.
#[derive(Clone)]
pub(super) struct Door<S> {
    layer: DoorLayer,
    inside: S,
}

impl<S> Service<Request<Body>> for Door<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inside.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match self.layer.admit(request.uri().path(), request.headers()) {
            Ok(Admission { caller, place }) => {
                // Nothing behind the door needs the token.
                request.headers_mut().remove(header::AUTHORIZATION);
                if let Some(caller) = caller {
                    request.extensions_mut().insert(caller);
                }
                let answer = self.inside.call(request);
                Box::pin(async move {
                    let answer = answer.await;
                    drop(place);
                    answer
                })
            }
            Err(error) => {
                let refused = status(&error).into_http();
                Box::pin(async move { Ok(refused) })
            }
        }
    }
}
