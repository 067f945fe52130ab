//! Passwords: from a file, from the environment, or typed; never an argument, which other people on the machine could read.

use std::path::Path;

use crate::desk::ErrorKind;
use crate::failure::Failure;

/// The password of who signs in.
pub(super) const PASSWORD: &str = "TITIAN_PASSWORD";
/// The password that is set.
pub(super) const NEW_PASSWORD: &str = "TITIAN_NEW_PASSWORD";

/// The password one has.
pub(super) fn present(file: Option<&Path>) -> Result<String, Failure> {
    match stored(file, PASSWORD)? {
        Some(password) => Ok(password),
        None => typed("Password: "),
    }
}

/// A new password, typed twice.
pub(super) fn new(file: Option<&Path>) -> Result<String, Failure> {
    if let Some(password) = stored(file, NEW_PASSWORD)? {
        return Ok(password);
    }
    let password = typed("New password (at least 12 characters): ")?;
    if typed("The same again: ")? == password { Ok(password) } else { Err(missing()) }
}

fn stored(file: Option<&Path>, variable: &str) -> Result<Option<String>, Failure> {
    let Some(path) = file else {
        return Ok(std::env::var(variable).ok().filter(|password| !password.is_empty()));
    };
    let text = std::fs::read_to_string(path).map_err(|source| Failure::File { path: path.to_owned(), source })?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn typed(prompt: &str) -> Result<String, Failure> {
    rpassword::prompt_password(prompt).map_err(|_| missing())
}

fn missing() -> Failure {
    Failure::local("PASSWORD", ErrorKind::Usage)
}
