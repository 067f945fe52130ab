//! Port 0 means: a free one. It is chosen once, at init, because the descriptor names it.

use std::io;
use std::net::{SocketAddr, TcpListener};

use super::InitError;

/// Both addresses with their ports. Both sockets are held until both are known, so that they differ.
pub(super) fn resolve(federation: SocketAddr, desk: SocketAddr) -> Result<(SocketAddr, SocketAddr), InitError> {
    let failed = |what, address| move |source| InitError::NoPort { what, address, source };
    let (federation_address, _federation_socket) = one(federation).map_err(failed("the federation", federation))?;
    let (desk_address, _desk_socket) = one(desk).map_err(failed("the desk", desk))?;
    Ok((federation_address, desk_address))
}

fn one(address: SocketAddr) -> io::Result<(SocketAddr, Option<TcpListener>)> {
    if address.port() != 0 {
        return Ok((address, None));
    }
    let socket = TcpListener::bind(address)?;
    Ok((socket.local_addr()?, Some(socket)))
}
