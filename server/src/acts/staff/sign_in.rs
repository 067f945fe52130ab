//! Sign-in: name and password for a session. A wrong name and a wrong password get the same answer in about the same time, and are locked out alike.

use std::fmt;
use std::sync::PoisonError;

use titian_proto::model::date::Instant;
use titian_proto::model::id::Digest;
use titian_proto::model::staff::Role;

use crate::acts::error::ActError;
use crate::acts::staff::password::{NOBODY, Password};
use crate::acts::staff::session::{self, Caller, Token};
use crate::acts::staff::{Staff, account};
use crate::store::staff::{ReadStaff as _, SESSIONS_MAX, Session};

/// A session that was opened. The token is shown this once.
pub struct SignedIn {
    /// Sent with every further call.
    pub token: String,
    /// Ends then at the latest.
    pub expires_at: Instant,
    /// The account's role.
    pub role: Role,
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedIn({} until {})", self.role, self.expires_at)
    }
}

/// An open account whose password is about to be looked at.
struct Known {
    hash: String,
    pseudonym: String,
}

impl Staff {
    /// Opens a session. The ninth of an account ends its oldest.
    ///
    /// # Errors
    /// [`ActError::SignInFailed`] for a wrong name or password or a closed account, [`ActError::LockedOut`] after too many failures,
    /// [`ActError::Busy`] when too many sign in at once.
    pub async fn sign_in(&self, name: &str, password: Password) -> Result<SignedIn, ActError> {
        let turn = self.hashing.turn().await?;
        let known = self.charge(name).await?;
        let hash = known.as_ref().map_or_else(|| NOBODY.to_owned(), |known| known.hash.clone());
        let right = turn.matches(password, hash).await?;
        match known {
            Some(known) if right => {
                let signed_in = self.open(name, known.hash).await?;
                tracing::info!(staff = known.pseudonym, "signed in");
                Ok(signed_in)
            }
            Some(known) => {
                tracing::warn!(staff = known.pseudonym, "a sign-in failed");
                Err(ActError::SignInFailed)
            }
            None => {
                // Not the name: people type passwords into the wrong field.
                tracing::warn!("a sign-in under an unknown name failed");
                Err(ActError::SignInFailed)
            }
        }
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// When the store cannot write.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), ActError> {
        let (name, session) = (caller.actor.name.clone(), caller.session);
        self.store
            .write(move |unit| {
                if let Some(mut account) = unit.account(&name)? {
                    account.sessions.retain(|known| *known != session);
                    unit.put_account(&account)?;
                }
                unit.delete_session(&session)?;
                Ok::<(), ActError>(())
            })
            .await?;
        self.sessions.forget(&[session]);
        Ok(())
    }

    /// Counts the attempt as failed before the password is looked at; the account, or none if nobody has the name.
    async fn charge(&self, name: &str) -> Result<Option<Known>, ActError> {
        let now = self.ambient.now();
        let well_formed = account::check_name(name).is_ok();
        let wanted = name.to_owned();
        let charged = self
            .store
            .write(move |unit| {
                let known = if well_formed { unit.account(&wanted)? } else { None };
                let Some(mut account) = known else {
                    // A write here too: the answer takes as long as for a name that somebody has.
                    unit.count_stranger()?;
                    return Ok(None);
                };
                account.attempts.charge(now).map_err(|until| ActError::LockedOut { until })?;
                unit.put_account(&account)?;
                Ok::<_, ActError>(Some((Known { hash: account.password, pseudonym: account.pseudonym }, account.closed)))
            })
            .await?;
        match charged {
            Some((known, false)) => Ok(Some(known)),
            Some((_, true)) => Ok(None),
            None if well_formed => {
                let mut strangers = self.strangers.lock().unwrap_or_else(PoisonError::into_inner);
                strangers.charge(name, now).map_err(|until| ActError::LockedOut { until })?;
                Ok(None)
            }
            None => Ok(None),
        }
    }

    async fn open(&self, name: &str, hash: String) -> Result<SignedIn, ActError> {
        let now = self.ambient.now();
        let expires_at = Instant::from_millis(now.as_millis().saturating_add(session::LIFE_MS));
        let token = Token::new(&self.ambient);
        let (digest, name) = (token.digest(), name.to_owned());
        let (role, ended) = self
            .store
            .write(move |unit| {
                // The password may have been changed, or the account closed, while this one was hashed.
                let account = unit.account(&name)?.filter(|account| !account.closed && account.password == hash);
                let Some(mut account) = account else { return Err(ActError::SignInFailed) };
                account.attempts.forgive();
                let too_many = account.sessions.len().saturating_sub(SESSIONS_MAX - 1);
                let ended: Vec<Digest> = account.sessions.drain(..too_many).collect();
                for session in &ended {
                    unit.delete_session(session)?;
                }
                account.sessions.push(digest);
                unit.put_account(&account)?;
                unit.put_session(&digest, &Session { name: name.clone(), expires_at, used_at: now })?;
                Ok((account.role, ended))
            })
            .await?;
        self.sessions.forget(&ended);
        Ok(SignedIn { token: token.into_text(), expires_at, role })
    }
}
