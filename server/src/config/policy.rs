//! What a union allows of itself, within what its agreements allow: it narrows and never widens.

use serde::{Deserialize, Serialize};
use titian_proto::gate::LocalPolicy;

/// `[policy]`. Everything in it is off unless the union turned it on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyConfig {
    /// Welfare checks (`domain.md` 2.7), from here and to here, where an annex allows them too.
    #[serde(default)]
    pub welfare_check: bool,
}

impl PolicyConfig {
    /// As the gate asks for it.
    #[must_use]
    pub fn local(self) -> LocalPolicy {
        LocalPolicy { welfare_checks: self.welfare_check }
    }

    /// Whether the file need not say it.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
