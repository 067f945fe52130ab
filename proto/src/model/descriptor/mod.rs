//! Who a node is: the descriptor that its owners' root keys sign.

mod key;

pub use key::{VerifyingKey, key_id_of};
