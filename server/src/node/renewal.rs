//! The node goes on with newer keys, while it runs.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::NodeError;
use super::own::{own, tls_identity};
use crate::acts::context::Acts;
use crate::acts::descriptors;
use crate::config::NodeConfig;
use crate::federation::keys::KeyFolder;
use crate::federation::tls::Tls;
use crate::telemetry::with_causes;

/// Reads descriptor and keys again whenever the process is told to (SIGHUP). What cannot be used changes nothing.
pub(super) async fn follow_own(config: NodeConfig, acts: Acts, tls: Tls, shutdown: CancellationToken) {
    let mut told = match signal(SignalKind::hangup()) {
        Ok(told) => told,
        Err(error) => return tracing::error!(event = "node.renewal-unheard", kind = ?error.kind()),
    };
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            told = told.recv() => if told.is_none() { return },
        }
        match renew(&config, &acts, &tls).await {
            Ok(()) => tracing::info!(event = "node.renewed", sequence = acts.house.own().descriptor().sequence),
            Err(problem) => {
                tracing::error!(event = "node.not-renewed", problem = with_causes(&problem), "the node goes on with the keys it has");
            }
        }
    }
}

/// In this order: what peers are shown, then who signs. Streams on which a peer was shown the old descriptor are cut at once, so that nobody is sent
/// anything signed with a key it has not heard of; what was under way on them is sent again.
async fn renew(config: &NodeConfig, acts: &Acts, tls: &Tls) -> Result<(), NodeError> {
    let (keys, now) = (KeyFolder::at(config.key_folder()), acts.house.ambient.now());
    let own = own(config, &keys, now)?;
    if !own.chain.continues(&acts.house.own().chain) {
        return Err(NodeError::OtherDescriptors);
    }
    tls.show(tls_identity(&own.chain, &keys, now)?)?;
    crate::crash::point("renewal.before-signer");
    Ok(descriptors::take_own(acts, own).await?)
}
