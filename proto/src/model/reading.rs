//! What every conversion from the wire needs: parts that must be there, parts that may, lists with a limit, numbers that start at 1.

use crate::model::malformed::{At, Malformed};

/// Longest list of small things in one record; a form on paper has no room for more.
pub(crate) const LIST_MAX: usize = 64;

/// A part that must be there.
pub(crate) fn required<W, T>(part: Option<&W>, name: &str, read: impl FnOnce(&W) -> Result<T, Malformed>) -> Result<T, Malformed> {
    read(part.ok_or_else(|| Malformed::missing(name))?).at(name)
}

/// A part that may be there.
pub(crate) fn optional<W, T>(part: Option<&W>, name: &str, read: impl FnOnce(&W) -> Result<T, Malformed>) -> Result<Option<T>, Malformed> {
    part.map(read).transpose().at(name)
}

/// A list of at most so many; each is named by its place.
pub(crate) fn list<W, T>(items: &[W], max: usize, name: &str, read: impl Fn(&W) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
    if items.len() > max {
        return Err(Malformed::new(format!("must have at most {max} entries")).at(name));
    }
    // Only of what is wrong the name is made.
    let read = |(place, item)| read(item).map_err(|problem| problem.at(&format!("{name}[{place}]")));
    items.iter().enumerate().map(read).collect()
}

/// As [`list`], with at least one.
pub(crate) fn filled_list<W, T>(
    items: &[W],
    max: usize,
    name: &str,
    read: impl Fn(&W) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    if items.is_empty() {
        return Err(Malformed::new("must have at least one entry").at(name));
    }
    list(items, max, name, read)
}

/// A number that counts from 1.
pub(crate) fn counted<N: PartialEq + From<u8>>(number: N, name: &str) -> Result<N, Malformed> {
    if number == N::from(0) { Err(Malformed::new("must be 1 or more").at(name)) } else { Ok(number) }
}

/// A code, a day or another value that shows itself, where none is no text.
pub(crate) fn shown<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(String::new, ToString::to_string)
}
