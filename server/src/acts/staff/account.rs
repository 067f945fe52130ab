//! Accounts: add, close, set a new password, list.

use titian_proto::model::id::Digest;
use titian_proto::model::malformed::Malformed;
use titian_proto::model::staff::Role;

use crate::acts::actor::Actor;
use crate::acts::error::ActError;
use crate::acts::staff::Staff;
use crate::acts::staff::password::{HashingRoom, Password};
use crate::ambient::Ambient;
use crate::store::staff::{ACCOUNTS_MAX, Account, Attempts, ReadStaff as _};
use crate::store::{Store, Unit};

/// Longest name of an account.
pub const NAME_LENGTH_MAX: usize = 64;

/// Whether an account may have this name.
///
/// # Errors
/// When it is not 2 to 64 of a-z, 0-9, dot and hyphen.
pub fn check_name(name: &str) -> Result<(), Malformed> {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
    if (2..=NAME_LENGTH_MAX).contains(&name.len()) && name.chars().all(known) {
        Ok(())
    } else {
        Err(Malformed::new("must be 2 to 64 of a-z, 0-9, dot and hyphen").at("name"))
    }
}

/// Adds the first admin of a fresh node.
///
/// # Errors
/// [`ActError::Conflict`] when the node has an account already; [`ActError::Malformed`] for a name or password against the rules.
pub async fn create_first_admin(store: &Store, ambient: &Ambient, name: &str, password: Password) -> Result<Account, ActError> {
    add(store, ambient, &HashingRoom::new(), New { name, password, role: Role::Admin, first: true }).await
}

impl Staff {
    /// Adds an account.
    ///
    /// # Errors
    /// [`ActError::Conflict`] when the name was ever given; [`ActError::Malformed`] for a name or password against the rules;
    /// [`ActError::LimitReached`] at [`ACCOUNTS_MAX`].
    pub async fn add(&self, name: &str, password: Password, role: Role) -> Result<Account, ActError> {
        let account = add(&self.store, &self.ambient, &self.hashing, New { name, password, role, first: false }).await?;
        self.strangers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).forget(name);
        Ok(account)
    }

    /// Sets a new password, ends the account's sessions and its lock. An empty name is one's own; only an admin sets somebody else's.
    ///
    /// # Errors
    /// [`ActError::RoleForbids`], [`ActError::NotFound`], [`ActError::Malformed`], or [`ActError::WrongState`] for a closed account.
    pub async fn set_password(&self, actor: &Actor, name: &str, password: Password) -> Result<(), ActError> {
        let name = if name.is_empty() { actor.name.clone() } else { name.to_owned() };
        if name != actor.name && actor.role != Role::Admin {
            return Err(ActError::RoleForbids);
        }
        password.check_rule()?;
        let hash = self.hashing.turn().await?.hash(password, self.ambient.random()).await?;
        self.change(name, move |account, _| {
            if account.closed {
                return Err(ActError::WrongState { state: "closed", wanted: "an open account" });
            }
            account.password.clone_from(&hash);
            account.attempts.forgive();
            Ok(())
        })
        .await?;
        Ok(())
    }

    /// Closes an account for ever and ends its sessions. Closing twice is the same as once.
    ///
    /// # Errors
    /// [`ActError::NotFound`], or [`ActError::WrongState`] for the last open admin: nobody could open the node again.
    pub async fn close(&self, name: &str) -> Result<Account, ActError> {
        self.change(name.to_owned(), |account, unit| {
            let is_admin = |account: &Account| account.role == Role::Admin && !account.closed;
            if is_admin(account) && unit.accounts()?.iter().filter(|other| is_admin(other)).count() == 1 {
                return Err(ActError::WrongState { state: "the last open admin", wanted: "another admin beside it" });
            }
            account.closed = true;
            Ok(())
        })
        .await
    }

    /// Every account, in order of the names.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn list(&self) -> Result<Vec<Account>, ActError> {
        Ok(self.store.view().accounts()?)
    }

    /// Changes an account and ends its sessions.
    async fn change<F>(&self, name: String, mut change: F) -> Result<Account, ActError>
    where
        F: FnMut(&mut Account, &Unit) -> Result<(), ActError> + Send + 'static,
    {
        check_name(&name)?;
        let (account, ended) = self
            .store
            .write(move |unit| {
                let mut account = unit.account(&name)?.ok_or(ActError::NotFound { what: "staff account" })?;
                change(&mut account, unit)?;
                let ended: Vec<Digest> = std::mem::take(&mut account.sessions);
                for session in &ended {
                    unit.delete_session(session)?;
                }
                unit.put_account(&account)?;
                Ok::<_, ActError>((account, ended))
            })
            .await?;
        self.sessions.forget(&ended);
        Ok(account)
    }
}

struct New<'a> {
    name: &'a str,
    password: Password,
    role: Role,
    first: bool,
}

async fn add(store: &Store, ambient: &Ambient, hashing: &HashingRoom, new: New<'_>) -> Result<Account, ActError> {
    let New { name, password, role, first } = new;
    check_name(name)?;
    password.check_rule()?;
    let password = hashing.turn().await?.hash(password, ambient.random()).await?;
    let account = Account {
        name: name.to_owned(),
        pseudonym: String::new(),
        role,
        password,
        closed: false,
        attempts: Attempts::default(),
        sessions: Vec::new(),
    };
    let ambient = ambient.clone();
    store
        .write(move |unit| {
            let others = unit.accounts()?;
            if first && !others.is_empty() {
                return Err(ActError::Conflict { what: "this node has accounts already" });
            }
            if others.iter().any(|other| other.name == account.name) {
                return Err(ActError::Conflict { what: "an account has or had this name, and a name is never given twice" });
            }
            if others.len() >= ACCOUNTS_MAX {
                return Err(ActError::LimitReached { what: "staff accounts", limit: ACCOUNTS_MAX });
            }
            let pseudonym = pseudonym(&ambient, &others).ok_or(ActError::Conflict { what: "no pseudonym is free" })?;
            let account = Account { pseudonym, ..account.clone() };
            unit.put_account(&account)?;
            Ok(account)
        })
        .await
}

/// A random pseudonym that no other account has. Among a thousand accounts a draw meets another once in four million; sixteen draws never do.
fn pseudonym(ambient: &Ambient, others: &[Account]) -> Option<String> {
    let drawn = (0..16).map(|_| format!("S-{}", hex::encode(ambient.random::<4>())));
    drawn.into_iter().find(|drawn| others.iter().all(|other| other.pseudonym != *drawn))
}
