//! The door of the desk: nobody comes in without a session and a role that may make the call. Denied by default.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{HeaderMap, Request, Response, header};
use tower::Layer;

use crate::acts::error::ActError;
use crate::acts::staff::{Caller, Staff};
use crate::desk::roles::{Permission, allows};
use crate::desk::status::status;

/// Calls at work at the same time, over all connections: half a group of the store, and at 4 MiB each half a gigabyte at the very most. Further calls
/// wait at the door, where they take no memory for their messages yet.
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

    /// Who makes this call, if it may be made; nobody where no session is needed.
    fn admit(&self, path: &str, headers: &HeaderMap) -> Result<Option<Caller>, ActError> {
        if path.starts_with(REFLECTION) {
            return Ok(None);
        }
        let permission = Permission::of_path(path).ok_or(ActError::NoSuchCall)?;
        if !permission.needs_session() {
            return Ok(None);
        }
        let caller = self.staff.check(bearer(headers)?)?;
        if !allows(caller.actor.role, permission) {
            let (staff, role) = (&caller.actor.pseudonym, caller.actor.role.code());
            tracing::warn!(staff, role, call = permission.code(), "the role forbids the call");
            return Err(ActError::RoleForbids);
        }
        Ok(Some(caller))
    }
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
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inside.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let admitted = self.layer.admit(request.uri().path(), request.headers());
        // Nothing behind the door needs the token.
        request.headers_mut().remove(header::AUTHORIZATION);
        let places = Arc::clone(&self.layer.places);
        // The one that was asked whether it is ready is the one that is called.
        let next = self.inside.clone();
        let mut inside = std::mem::replace(&mut self.inside, next);
        Box::pin(async move {
            match admitted {
                Ok(caller) => {
                    if let Some(caller) = caller {
                        request.extensions_mut().insert(caller);
                    }
                    let Ok(_place) = places.acquire().await else { return Ok(status(&ActError::Stopping).into_http()) };
                    inside.call(request).await
                }
                Err(error) => Ok(status(&error).into_http()),
            }
        })
    }
}
