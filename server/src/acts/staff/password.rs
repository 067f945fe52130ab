//! Passwords: their rule, their hash, and the narrow gate that keeps a flood of sign-ins from taking the node's memory.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use titian_proto::model::malformed::Malformed;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use crate::acts::error::ActError;

/// Fewest characters of a new password: what guessing at the desk, slowed by lock-out, cannot reach.
pub const CHARACTERS_MIN: usize = 12;
/// Longest password in bytes: room for a long sentence in any script; more would only cost time.
pub const BYTES_MAX: usize = 512;

/// Memory of one hash in KiB, and passes over it: of the figures that OWASP gives as equally strong, those with little memory. A node has 150 MB.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Hashes at the same time: 38 MiB at most, and both cores of a small machine.
const HASHING_MAX: usize = 2;
/// Sign-ins that may wait for those: about a second of waiting; more is a flood.
const WAITING_MAX: usize = 16;

/// Hashed when the name is unknown, so that the answer takes as long as for a wrong password. No password has this hash.
pub(super) const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password on its way through; wiped from memory afterwards.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes it as it came.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Whether it may be set.
    ///
    /// # Errors
    /// When it is shorter than [`CHARACTERS_MIN`] or longer than [`BYTES_MAX`].
    pub fn check_rule(&self) -> Result<(), Malformed> {
        if self.0.chars().count() < CHARACTERS_MIN {
            return Err(Malformed::new("must have at least 12 characters").at("password"));
        }
        if self.0.len() > BYTES_MAX {
            return Err(Malformed::new("must have at most 512 bytes").at("password"));
        }
        Ok(())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Lets few hash at a time.
#[derive(Clone)]
pub(super) struct HashingRoom {
    places: Arc<Semaphore>,
    benches: Arc<Semaphore>,
}

impl HashingRoom {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(HASHING_MAX)), benches: Arc::new(Semaphore::new(HASHING_MAX + WAITING_MAX)) }
    }

    /// Waits for a turn to hash once; answers `Busy` at once when too many wait already.
    pub(super) async fn turn(&self) -> Result<Turn, ActError> {
        let bench = Arc::clone(&self.benches).try_acquire_owned().map_err(|_| ActError::Busy)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| ActError::Busy)?;
        Ok(Turn { _place: place, _bench: bench })
    }
}

/// The right to hash once. It goes along into the hashing thread, so that a caller who hangs up does not free a place that is still in use.
pub(super) struct Turn {
    _place: OwnedSemaphorePermit,
    _bench: OwnedSemaphorePermit,
}

impl Turn {
    /// The hash of a new password as a PHC string.
    pub(super) async fn hash(self, password: Password, salt: [u8; 16]) -> Result<String, ActError> {
        self.run(move || {
            let hash: PasswordHash =
                argon2id().map_err(internal)?.hash_password_with_salt(password.0.as_bytes(), &salt).map_err(internal)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password has this hash.
    pub(super) async fn matches(self, password: Password, hash: String) -> Result<bool, ActError> {
        self.run(move || {
            let hash = PasswordHash::new(&hash).map_err(internal)?;
            let too_long = password.0.len() > BYTES_MAX;
            let given = if too_long { b"" } else { password.0.as_bytes() };
            Ok(argon2id().map_err(internal)?.verify_password(given, &hash).is_ok() && !too_long)
        })
        .await
    }

    async fn run<T: Send + 'static>(self, work: impl FnOnce() -> Result<T, ActError> + Send + 'static) -> Result<T, ActError> {
        let hashing = tokio::task::spawn_blocking(move || {
            let turn = self;
            let done = work();
            drop(turn);
            done
        });
        hashing.await.map_err(internal)?
    }
}

fn argon2id() -> Result<Argon2<'static>, argon2::Error> {
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(MEMORY_KIB, PASSES, 1, Some(32))?))
}

fn internal(cause: impl std::error::Error + Send + Sync + 'static) -> ActError {
    ActError::Internal(Box::new(cause))
}
