//! The first descriptor of a node, signed by its root key.

use titian_proto::model::date::Instant;
use titian_proto::model::descriptor::rotation::{BACKDATED_DAYS, LIFE_DAYS};
use titian_proto::model::descriptor::{Descriptor, DescriptorChain, Endpoint, RootKey, TlsPin, VerifyingKey, sign_descriptor};
use titian_proto::model::id::Digest;
use titian_proto::model::value::Text;

use super::{InitError, NewKeys, Plan};
use crate::federation::keys::{SecretKey, TlsIdentity};

/// The protocol version this program speaks.
const PROTOCOL: u32 = 1;

/// Describes the node and signs.
pub(super) fn first_descriptor(
    plan: &Plan,
    endpoints: &[Endpoint],
    keys: &NewKeys,
    tls: &TlsIdentity,
    now: Instant,
) -> Result<DescriptorChain, InitError> {
    let (not_before, not_after) = (now.plus_days(-BACKDATED_DAYS), now.plus_days(LIFE_DAYS));
    let pin = |pin: [u8; 32]| TlsPin { spki_sha256: Digest(pin), not_before, not_after };
    let key = |key: &SecretKey| vec![VerifyingKey::new(key.public_bytes(), not_before, not_after)];
    let descriptor = Descriptor {
        node_id: plan.node_id.clone(),
        sequence: 1,
        previous_digest: None,
        names: plan.names.clone(),
        root_keys: vec![RootKey { organisation: organisation(plan)?, public_key: keys.root.public_bytes() }],
        root_threshold: 1,
        kind: plan.kind,
        country: plan.country,
        endpoints: endpoints.to_vec(),
        tls_pins: tls.facts().map(|facts| pin(*facts.pin.as_bytes())).into_iter().collect(),
        signing_keys: key(&keys.signing),
        log_keys: key(&keys.log),
        witness_keys: key(&keys.witness),
        sealing_keys: vec![VerifyingKey::new(keys.sealing.public_bytes(), not_before, not_after)],
        protocol_min: PROTOCOL,
        protocol_max: PROTOCOL,
        issued_at: now,
        not_after,
        state_linked: plan.state_linked,
        log_origin: log_origin(plan, now),
        service_precondition: plan.service_precondition,
    };
    descriptor.check().map_err(InitError::Descriptor)?;
    DescriptorChain::begin(&sign_descriptor(&descriptor, &[keys.root.signing_key()])).map_err(InitError::DescriptorChain)
}

/// The owner of a node with one owner is the union itself, under its first name.
fn organisation(plan: &Plan) -> Result<Text, InitError> {
    let name = plan.names.first().map_or(plan.node_id.as_str(), |name| name.text.as_str());
    Text::parse(name, Text::NAME_BYTES).map_err(|malformed| InitError::Descriptor(malformed.at("names")))
}

/// A log's origin names the node and the year it began; a log that cannot be continued gets another.
fn log_origin(plan: &Plan, now: Instant) -> String {
    let began = now.date().to_string();
    let year = began.split('-').next().unwrap_or_default();
    format!("{}/titian/log/{year}a", plan.node_id)
}
