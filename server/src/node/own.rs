//! Who this node is, read from its folder: the descriptor says which of the keys there it uses.

use titian_proto::bundle::SealingKey;
use titian_proto::envelope::Signer;
use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::{DescriptorChain, key_id_of};

use super::NodeError;
use crate::acts::context::Own;
use crate::config::NodeConfig;
use crate::federation::carrier::carrier;
use crate::federation::keys::{KeyError, KeyFolder, KeyName, TlsIdentity};

/// Reads it.
///
/// # Errors
/// When the descriptor or the key that it names cannot be read.
pub(super) fn own(config: &NodeConfig, keys: &KeyFolder, now: Instant) -> Result<Own, NodeError> {
    let (chain, descriptor_file) = descriptors(config)?;
    let key = keys.newest(KeyName::Signing, &chain.newest().signing_keys, now).map_err(|error| match error {
        KeyError::Other { .. } => NodeError::OtherKey,
        error => NodeError::Key(error),
    })?;
    let signer = Signer::new(key_id_of(&key.public_bytes()), key.signing_key().clone());
    let (sealing, ends) = (sealing(&chain, keys), ends(&chain, keys, now));
    Ok(Own { chain, descriptor_file, signer, sealing, ends, policy: config.policy.local() })
}

/// The descriptors, and the text of their file.
pub(super) fn descriptors(config: &NodeConfig) -> Result<(DescriptorChain, String), NodeError> {
    let file = config.descriptor_file();
    let text = std::fs::read_to_string(&file).map_err(|source| NodeError::DescriptorFile(file, source))?;
    Ok((DescriptorChain::from_file(&text)?, text))
}

/// The certificate that the node shows, and beside it its newest descriptors.
pub(super) fn tls_identity(chain: &DescriptorChain, keys: &KeyFolder, now: Instant) -> Result<TlsIdentity, KeyError> {
    Ok(keys.newest_tls(chain.newest(), now)?.with(carrier(chain)?))
}

/// When the first of what the node uses ends: the newest key of each kind, the certificate, the descriptor itself.
fn ends(chain: &DescriptorChain, keys: &KeyFolder, now: Instant) -> Instant {
    let newest = chain.newest();
    let certificate = keys.newest_tls(newest, now).ok().and_then(|identity| identity.facts()).map(|facts| facts.not_after);
    let kinds = [&newest.signing_keys, &newest.log_keys, &newest.witness_keys, &newest.sealing_keys];
    let ends = kinds.into_iter().filter_map(|kind| kind.last()).map(|key| key.not_after);
    let pin = newest.tls_pins.last().map(|pin| pin.not_after);
    ends.chain(certificate).chain(pin).min().unwrap_or(newest.not_after).min(newest.not_after)
}

/// The keys that bundles are sealed to, if the descriptor names any. A node without them lacks bundles and nothing else, so it runs, with an alarm.
fn sealing(chain: &DescriptorChain, keys: &KeyFolder) -> Vec<SealingKey> {
    let (here, missing) = keys.all_sealing(&chain.newest().sealing_keys);
    if missing > 0 {
        tracing::error!(
            event = "keys.sealing-missing",
            missing,
            "a sealing key of descriptor.txt is not in keys/ or cannot be read: bundles sealed to it cannot be opened"
        );
    }
    here
}
