//! The table of staff accounts and their sessions.

use std::fmt;

use serde::{Deserialize, Serialize};
use titian_proto::model::date::Instant;
use titian_proto::model::id::Digest;
use titian_proto::model::staff::Role;

use crate::store::value::stored_json;
use crate::store::{Key, Read, StoreError, Unit};

/// Accounts a node may have; the largest union confederation of the region has some hundred caseworkers. Listing reads them all.
pub const ACCOUNTS_MAX: usize = 1000;
/// Sessions an account may have at a time: some desks and a telephone; the ninth sign-in ends the oldest.
pub const SESSIONS_MAX: usize = 8;

/// Where accounts stood by their names, in the clear. They are read there, and move when they are written again.
const ACCOUNT: &str = "staff/account/";
/// Accounts by what only this node can make of their names.
const NAMED: &str = "staff/named/";
const SESSION: &str = "staff/session/";
const STRANGERS: &str = "staff/strangers/";

/// One account. Its name is never given to somebody else, even when it is closed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Name it signs in with.
    pub name: String,
    /// Stands in records and approvals.
    pub pseudonym: String,
    /// What it may do.
    pub role: Role,
    /// The password's hash as a PHC string.
    pub password: String,
    /// Closed for ever.
    pub closed: bool,
    /// Failed sign-ins.
    pub attempts: Attempts,
    /// Digests of the tokens of its sessions, oldest first.
    pub sessions: Vec<Digest>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({} {})", self.pseudonym, self.role)
    }
}

/// One session, known by the digest of its token.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Whose.
    pub name: String,
    /// Ends then whatever happens.
    pub expires_at: Instant,
    /// Last seen in use, to the minute.
    pub used_at: Instant,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session(until {})", self.expires_at)
    }
}

/// Failed sign-ins under one name, and the lock-out that follows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempts {
    /// Failures since the last success or lock.
    pub failures: u32,
    /// Locks since the last success.
    pub locks: u32,
    /// Locked until then.
    pub locked_until: Option<Instant>,
}

impl Attempts {
    /// Failures that lock: more than a person needs who has forgotten which password it was.
    pub const FAILURES_MAX: u32 = 5;
    /// The first lock in milliseconds; each further one is twice as long. 15 minutes make guessing slow and cost a caseworker one tea.
    pub const LOCK_FIRST_MS: i64 = 15 * 60 * 1000;
    /// The longest lock in milliseconds: one day, so that nobody can be kept out for ever by guessing.
    pub const LOCK_MAX_MS: i64 = 24 * 60 * 60 * 1000;

    /// Counts an attempt as failed before it is looked at, so that many attempts at once count as many. A success forgives it.
    ///
    /// # Errors
    /// Until when the name is locked; such an attempt does not count.
    pub fn charge(&mut self, now: Instant) -> Result<(), Instant> {
        if let Some(until) = self.locked_until
            && now < until
        {
            return Err(until);
        }
        self.locked_until = None;
        self.failures += 1;
        if self.failures >= Self::FAILURES_MAX {
            let doubled = Self::LOCK_FIRST_MS << self.locks.min(16);
            self.locked_until = Some(Instant::from_millis(now.as_millis().saturating_add(doubled.min(Self::LOCK_MAX_MS))));
            self.locks += 1;
            self.failures = 0;
        }
        Ok(())
    }

    /// Forgets all failures.
    pub fn forgive(&mut self) {
        *self = Self::default();
    }
}

/// Reads accounts and sessions.
pub trait ReadStaff: Read + Sized {
    /// The account with this name.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn account(&self, name: &str) -> Result<Option<Account>, StoreError> {
        match self.load(&named_key(self, name))? {
            Some(account) => Ok(Some(account)),
            None => self.load(&account_key(name)),
        }
    }

    /// Every account, in order of the names.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let mut accounts: Vec<Account> = Vec::new();
        for table in [NAMED, ACCOUNT] {
            accounts.extend(self.load_all(table.as_bytes(), None, ACCOUNTS_MAX)?.into_iter().map(|(_, account)| account));
        }
        accounts.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        Ok(accounts)
    }

    /// The session whose token has this digest.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn session(&self, token: &Digest) -> Result<Option<Session>, StoreError> {
        self.load(&session_key(token))
    }
}

impl<R: Read> ReadStaff for R {}

impl Unit {
    /// Writes an account, new or changed.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_account(&mut self, account: &Account) -> Result<(), StoreError> {
        if self.get(&account_key(&account.name))?.is_some() {
            self.delete(account_key(&account.name))?;
        }
        self.save(named_key(self, &account.name), account)
    }

    /// Writes a session under the digest of its token.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn put_session(&mut self, token: &Digest, session: &Session) -> Result<(), StoreError> {
        self.save(session_key(token), session)
    }

    /// Removes a session; one that is not there is no error.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn delete_session(&mut self, token: &Digest) -> Result<(), StoreError> {
        self.delete(session_key(token))
    }

    /// Counts a sign-in under a name that nobody has.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub fn count_stranger(&mut self) -> Result<(), StoreError> {
        let key = Key::of(STRANGERS);
        let before: u64 = self.load(&key)?.unwrap_or(0);
        self.save(key, &before.saturating_add(1))
    }
}

fn account_key(name: &str) -> Key {
    Key::of(ACCOUNT).text(name)
}

fn named_key(read: &impl Read, name: &str) -> Key {
    Key::of(NAMED).id(&read.blind(NAMED, name.as_bytes()))
}

fn session_key(token: &Digest) -> Key {
    Key::of(SESSION).id(&token.0)
}

stored_json!(Account, "staff/account/");
stored_json!(Session, "staff/session/");
