//! Every crate we build with has a licence on the list, and comes from crates.io. `deny.toml` says the same to `cargo deny`, for those who have it.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::process::Command;

use serde_json::Value;
use titian_tests::programs::project;

/// Licences that ask for nothing more than naming their authors (MPL-2.0: and for changes to the crate's own files).
const ALLOWED: [&str; 13] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Zlib",
    "CC0-1.0",
    "MPL-2.0",
    "BSL-1.0",
];
/// Further ones, of data and of code put into the public domain.
const ALLOWED_DATA: [&str; 2] = ["CDLA-Permissive-2.0", "Unlicense"];

#[test]
fn every_crate_has_an_allowed_licence_and_a_known_source() {
    let mut wrong = Vec::new();
    for package in packages() {
        let text = |name: &str| package[name].as_str().unwrap_or_default().to_owned();
        let (name, licence, source) = (text("name"), text("license"), text("source"));
        if !is_allowed(&licence) {
            wrong.push(format!("{name}: licence {licence:?}"));
        }
        if !source.is_empty() && !source.starts_with("registry+https://github.com/rust-lang/crates.io-index") {
            wrong.push(format!("{name}: comes from {source}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn licence_expressions_are_read_as_spdx_says() {
    assert!(is_allowed("MIT OR GPL-3.0-only"), "one of two is enough");
    assert!(is_allowed("MIT/Apache-2.0"), "the old way of writing OR");
    assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(!is_allowed("(MIT OR Apache-2.0) AND GPL-2.0-only"), "both must be allowed");
    assert!(!is_allowed("AGPL-3.0-only"));
    assert!(!is_allowed(""), "no licence is no permission");
}

fn packages() -> Vec<Value> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["metadata", "--format-version", "1", "--locked"]).current_dir(project());
    let output = command.output().expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata speaks JSON");
    metadata["packages"].as_array().cloned().unwrap_or_default()
}

/// SPDX: AND binds tighter than OR, brackets tighter than both.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    split(&expression, " OR ").iter().any(|choice| split(choice, " AND ").iter().all(|part| is_term_allowed(part)))
}

fn is_term_allowed(term: &str) -> bool {
    let term = term.trim();
    match term.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => is_allowed(inner),
        None => ALLOWED.contains(&term) || ALLOWED_DATA.contains(&term),
    }
}

/// Splits at a word that stands outside of brackets.
fn split<'a>(text: &'a str, word: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 && text[at..].starts_with(word) => {
                parts.push(&text[start..at]);
                start = at + word.len();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}
