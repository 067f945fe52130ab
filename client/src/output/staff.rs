//! Accounts and sessions.

use titian_proto::wire;

use crate::codes::words;
use crate::output::block::Block;
use crate::output::table::table;
use crate::output::text::time;

/// A session that was opened. Never its token.
#[must_use]
pub fn session(session: &wire::SignInResponse) -> String {
    let wire::SignInResponse { token: _, expires_at_ms, role, node_id } = session;
    Block::new().row("signed in at", node_id).row("role", words::<wire::StaffRole>(*role)).row("until", time(*expires_at_ms)).to_string()
}

/// An account.
#[must_use]
pub fn account(account: &wire::Staff) -> String {
    let wire::Staff { name, pseudonym, role, locked_until_ms, closed } = account;
    Block::new()
        .row("account", name)
        .row("pseudonym", pseudonym)
        .row("role", words::<wire::StaffRole>(*role))
        .row("state", state(*locked_until_ms, *closed))
        .to_string()
}

/// Accounts, one a line.
#[must_use]
pub fn list(accounts: &[wire::Staff]) -> String {
    let row = |one: &wire::Staff| {
        vec![one.name.clone(), one.pseudonym.clone(), words::<wire::StaffRole>(one.role), state(one.locked_until_ms, one.closed)]
    };
    table(&["account", "pseudonym", "role", "state"], accounts.iter().map(row), "no accounts")
}

fn state(locked_until_ms: i64, closed: bool) -> String {
    match (closed, locked_until_ms) {
        (true, _) => "closed".to_owned(),
        (false, 0) => "open".to_owned(),
        (false, until) => format!("locked until {}", time(until)),
    }
}
