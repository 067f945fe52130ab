//! Who a node is: the descriptor that its owners' root keys sign, and that two unions exchange as a file and confirm by its fingerprint.
//!
//! - [`content`]: what a descriptor says.
//! - [`chain`]: a node's descriptors from the first to the newest, each signed by the owners named in the one before.
//! - [`fingerprint`]: the words that two officers read to each other.
//! - [`rotation`]: the next descriptor, with new keys beside the present ones.
//! - [`compromise`]: the owners' word that the node's keys are in other hands.
//! - [`endpoint`], [`key`]: where the link can be dialled; a key and its time.

pub mod chain;
pub mod compromise;
pub mod content;
pub mod endpoint;
pub mod fingerprint;
pub mod key;
pub mod rotation;

pub use chain::{DescriptorChain, DescriptorError, Followed, sign_descriptor};
pub use compromise::{CompromiseError, CompromiseNotice};
pub use content::{Descriptor, RootKey, ServicePrecondition, TlsPin};
pub use endpoint::Endpoint;
pub use fingerprint::Fingerprint;
pub use key::{VerifyingKey, key_id_of};
pub use rotation::Rotation;

#[cfg(test)]
mod tests;
