//! Sessions as the node knows them between calls: a check costs one look into memory, so that imports may call often.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use titian_proto::model::date::Instant;
use titian_proto::model::id::Digest;

use crate::acts::actor::Actor;
use crate::acts::error::ActError;
use crate::ambient::Ambient;
use crate::store::staff::{ReadStaff as _, Session};
use crate::store::{Store, StoreError};

/// A session ends so long after sign-in: one working day with overtime.
pub const LIFE_MS: i64 = 12 * 60 * 60 * 1000;
/// A session ends when it was not used for so long: a desk left alone.
pub const IDLE_MS: i64 = 60 * 60 * 1000;
/// The last use is written at most this often: a call must not cost a write, and idle time is judged to the minute.
const WRITE_USE_EVERY_MS: i64 = 60 * 1000;
/// Characters of a token: 32 bytes in hexadecimal.
const TOKEN_LENGTH: usize = 64;

/// The secret that opens a session; only its digest is kept.
pub(super) struct Token(String);

impl Token {
    /// A new one.
    pub(super) fn new(ambient: &Ambient) -> Self {
        Self(hex::encode(ambient.random::<32>()))
    }

    pub(super) fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// Who calls, and in which session.
#[derive(Clone)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// The digest of the session's token.
    pub(super) session: Digest,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.actor.fmt(f)
    }
}

/// The sessions that were seen in use. Bounded by what the store holds: eight for each account.
#[derive(Clone)]
pub(super) struct Sessions {
    store: Store,
    ambient: Ambient,
    open: Arc<Mutex<HashMap<Digest, Open>>>,
}

#[derive(Clone)]
struct Open {
    actor: Actor,
    expires_at: Instant,
    used_at: Instant,
    written_at: Instant,
}

impl Open {
    fn ended(&self, now: Instant) -> bool {
        now >= self.expires_at || now.as_millis().saturating_sub(self.used_at.as_millis()) >= IDLE_MS
    }
}

impl Sessions {
    pub(super) fn new(store: Store, ambient: Ambient) -> Self {
        Self { store, ambient, open: Arc::default() }
    }

    /// Who holds this token; counts as use.
    pub(super) fn check(&self, token: &str) -> Result<Caller, ActError> {
        if token.len() != TOKEN_LENGTH {
            return Err(ActError::SessionEnded);
        }
        let digest = Digest::of(token.as_bytes());
        let now = self.ambient.now();
        let mut open = self.lock();
        let session = match open.entry(digest) {
            Entry::Occupied(known) => known.into_mut(),
            // Read under the lock: a session that is being ended is taken out after its row is gone, so it cannot come back in here.
            Entry::Vacant(place) => place.insert(self.load(&digest)?.ok_or(ActError::SessionEnded)?),
        };
        if session.ended(now) {
            open.remove(&digest);
            return Err(ActError::SessionEnded);
        }
        session.used_at = session.used_at.max(now);
        if now.as_millis().saturating_sub(session.written_at.as_millis()) >= WRITE_USE_EVERY_MS {
            session.written_at = now;
            self.write_use(digest, now);
        }
        Ok(Caller { actor: session.actor.clone(), session: digest })
    }

    /// Whether the caller's session is still open; does not count as use. For calls that last, such as following referrals.
    pub(super) fn is_open(&self, caller: &Caller) -> bool {
        let now = self.ambient.now();
        self.lock().get(&caller.session).is_some_and(|session| !session.ended(now))
    }

    /// Forgets sessions whose rows are gone.
    pub(super) fn forget(&self, ended: &[Digest]) {
        let mut open = self.lock();
        for digest in ended {
            open.remove(digest);
        }
    }

    fn load(&self, digest: &Digest) -> Result<Option<Open>, StoreError> {
        let view = self.store.view();
        let Some(Session { name, expires_at, used_at }) = view.session(digest)? else { return Ok(None) };
        let Some(account) = view.account(&name)?.filter(|account| !account.closed) else { return Ok(None) };
        let actor = Actor { name, pseudonym: account.pseudonym, role: account.role };
        Ok(Some(Open { actor, expires_at, used_at, written_at: used_at }))
    }

    /// Writes the last use behind the call. If it fails, the session only seems idle for longer after a restart.
    fn write_use(&self, digest: Digest, now: Instant) {
        let store = self.store.clone();
        tokio::spawn(async move {
            let written = store
                .write(move |unit| {
                    // A session that has ended in between stays ended.
                    if let Some(mut session) = unit.session(&digest)? {
                        session.used_at = session.used_at.max(now);
                        unit.put_session(&digest, &session)?;
                    }
                    Ok::<(), StoreError>(())
                })
                .await;
            if let Err(cause) = written {
                tracing::warn!(cause = %cause, "the last use of a session was not written");
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Open>> {
        // What is in the map is right at every step, so a panic elsewhere does not spoil it.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
