//! Where staff work: the gRPC services of the desk.
//!
//! - [`roles`]: what each role may call.
//! - `connections` and `door`: how many, and session and role before every call.
//! - `bundles`: what the desk asks of the link.
//! - [`status`]: an act's error as a gRPC status.
//! - `service`: one file a noun; each call is one act.
//!
//! Only on loopback until the desk has TLS of its own; from elsewhere staff come through SSH or a tunnel that union IT sets up.

mod bundles;
mod connections;
mod door;
mod office;
pub mod roles;
mod service;
pub mod status;

use std::net::SocketAddr;
use std::time::Duration;

use titian_proto::wire;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

pub use bundles::{BundleWork, Bundles};
pub use office::Office;
use service::Desk;

/// Largest message in bytes that the desk reads or writes: a record is at most 64 KiB, and pages hold at most 64 of them.
const MESSAGE_MAX: usize = 4 * 1024 * 1024;
/// Streams on one connection: a desk's screens, and an import that keeps many calls under way.
const STREAMS_MAX: u32 = 64;
/// Bytes of headers: a token and the metadata of gRPC are under 1 KiB.
const HEADERS_MAX: u32 = 16 * 1024;
/// Finds connections whose other end is gone.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(20);
/// How long the answer to that may take.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long calls may finish after a stop: longer than any act, shorter than systemd's patience.
const DRAIN: Duration = Duration::from_secs(5);

/// Why the desk could not open or had to close.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// Another address than loopback, without TLS.
    #[error(
        "the desk listens on loopback only until it has TLS, not on {0}; set [desk] listen to 127.0.0.1:PORT and reach it through a tunnel"
    )]
    NotLoopback(SocketAddr),
    /// The listener does not say where it listens.
    #[error("the desk's listener cannot be used")]
    Listener(#[source] std::io::Error),
    /// The contract's descriptors cannot be served.
    #[error("the contract's descriptors cannot be read")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The server ended with an error.
    #[error("the desk's server ended")]
    Server(#[from] tonic::transport::Error),
}

/// Serves the desk until `stopping`; then calls under way may finish within [`DRAIN`].
///
/// # Errors
/// When the address is not loopback or the server fails.
pub async fn serve(listener: TcpListener, office: Office, stopping: CancellationToken) -> Result<(), DeskError> {
    let address = listener.local_addr().map_err(DeskError::Listener)?;
    if !address.ip().is_loopback() {
        return Err(DeskError::NotLoopback(address));
    }
    let reflection = roles::services()
        .fold(tonic_reflection::server::Builder::configure(), tonic_reflection::server::Builder::with_service_name)
        .register_encoded_file_descriptor_set(wire::DESCRIPTORS)
        .build_v1()?;
    let door = door::DoorLayer::new(office.staff.clone());
    let server = Server::builder()
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_header_list_size(HEADERS_MAX)
        .http2_keepalive_interval(Some(KEEPALIVE_EVERY))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .layer(door)
        .add_routes(service::routes(Desk::new(office, stopping.clone())))
        .add_service(reflection)
        .serve_with_incoming_shutdown(connections::Connections::new(listener), stopping.clone().cancelled_owned());
    tokio::select! {
        served = server => Ok(served?),
        () = async { stopping.cancelled().await; tokio::time::sleep(DRAIN).await } => {
            tracing::warn!("calls at the desk did not finish in time and were cut off");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
