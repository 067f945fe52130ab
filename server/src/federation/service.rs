//! The gRPC service that peers call: it turns a call of an admitted peer into a [`Connection`] and hands it to the link.

use std::pin::Pin;

use titian_proto::wire;
use titian_proto::wire::federation_service_server::{FederationService, FederationServiceServer};
use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt as _};
use tonic::codec::CompressionEncoding;
use tonic::{Request, Response, Status, Streaming};

use super::FRAME_BYTES_MAX;
use super::barred::Doorkeeper;
use super::connection::{self, Connection};
use super::pins::PinTable;
use super::stream::Admitted;

/// The service. Nothing in its answers tells a refused caller why.
pub(super) struct Federation {
    pins: PinTable,
    doorkeeper: Doorkeeper,
    connections: mpsc::Sender<Connection>,
}

impl Federation {
    /// Hands every connection to `connections`.
    pub(super) fn serve(pins: PinTable, doorkeeper: Doorkeeper, connections: mpsc::Sender<Connection>) -> FederationServiceServer<Self> {
        FederationServiceServer::new(Self { pins, doorkeeper, connections })
            .max_decoding_message_size(FRAME_BYTES_MAX)
            .max_encoding_message_size(FRAME_BYTES_MAX)
            .accept_compressed(CompressionEncoding::Zstd)
    }
}

#[tonic::async_trait]
impl FederationService for Federation {
    type LinkStream = Pin<Box<dyn Stream<Item = Result<wire::LinkResponse, Status>> + Send>>;

    async fn link(&self, request: Request<Streaming<wire::LinkRequest>>) -> Result<Response<Self::LinkStream>, Status> {
        let Some(admitted) = request.extensions().get::<Admitted>().cloned() else {
            return Err(Status::unauthenticated("")); // cannot happen over our listener
        };
        if let Err(reason) = self.pins.still_admits(&admitted.identity) {
            self.doorkeeper.record(reason, Some(admitted.identity.pin));
            return Err(Status::permission_denied(""));
        }
        let Ok(seat) = self.connections.try_reserve() else { return Err(Status::unavailable("")) };
        let (sender, outgoing, close) = connection::outgoing(&admitted, &self.pins);
        let incoming = connection::incoming(request.into_inner(), (), &admitted, &self.pins, close.clone());
        let Admitted { identity, line, .. } = admitted;
        let peer = identity.node_id;
        tracing::info!(event = "federation.connected", peer = %peer, dialled_by_us = false);
        seat.send(Connection { peer, dialled_by_us: false, incoming, outgoing: sender, line, close });
        let answers = outgoing.map(|frame| Ok(wire::LinkResponse { frame: Some(frame) }));
        Ok(Response::new(Box::pin(answers)))
    }
}
