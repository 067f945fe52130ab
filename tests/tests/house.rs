//! The house keeps its own order: the arrows between its parts, the sizes, the words that must not stand in it, and that the README's map is true.
//! Reads our own sources as tokens, so that what stands in macros counts too and what stands in comments and texts does not.
#![allow(clippy::panic, clippy::expect_used, reason = "a failing check is a failing test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use titian_tests::programs::project;

/// What each part of the server may use (`README.md`, the map). `ambient`, `config` and `telemetry` are the ground everybody
/// stands on; `crash` (points at which a test ends the node), `mutant` (faults a test switches on) and `testing` (what unit tests share) may be used by all.
const ARROWS: [(&str, &[&str]); 13] = [
    ("ambient", &[]),
    ("config", &["ambient"]),
    ("telemetry", &["ambient", "config"]),
    ("store", &["ambient", "config", "telemetry"]),
    ("acts", &["ambient", "config", "telemetry", "store"]),
    ("federation", &["ambient", "config", "telemetry", "store", "acts"]),
    ("desk", &["ambient", "config", "telemetry", "store", "acts"]),
    ("link", &["ambient", "config", "telemetry", "store", "federation"]),
    ("publish", &["ambient", "config", "telemetry", "store"]),
    ("init", &["ambient", "config", "exit", "federation"]),
    ("exit", &[]),
    ("crash", &[]),
    ("mutant", &[]),
];

/// Parts that may use everything: the composition root, the program, the list of modules, and what only unit tests use.
const ROOTS: [&str; 5] = ["node", "main", "arguments", "lib", "testing"];

/// A file holds one noun.
const FILE_LINES_MAX: usize = 500;
/// A function fits a head and a screen.
const FUNCTION_LINES_MAX: usize = 70;

/// Everything the top level may hold besides dotfiles and what git ignores.
const TOP_LEVEL: [&str; 14] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
    "rust-toolchain.toml",
    "proto",
    "server",
    "client",
    "tests",
    "deploy",
];

struct Source {
    /// Path from the top folder.
    path: String,
    text: String,
    tokens: Vec<TokenTree>,
}

#[test]
fn arrows_inside_the_server_point_one_way() {
    let mut wrong = Vec::new();
    for source in sources("server/src") {
        let part = part_of(&source.path, "server/src");
        if ROOTS.contains(&part.as_str()) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == part) else {
            wrong.push(format!("{}: {part} is not a part of the house", source.path));
            continue;
        };
        let depth = module_depth(&source.path);
        for used in used_parts(&source.tokens, depth) {
            if used != part
                && !["crash", "mutant", "testing"].contains(&used.as_str())
                && is_part(&used)
                && !allowed.contains(&used.as_str())
            {
                wrong.push(format!("{}: {part} uses {used}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point the wrong way:\n{}", wrong.join("\n"));
}

#[test]
fn members_depend_one_way() {
    let ours = |member: &str| -> BTreeSet<String> {
        let manifest: toml::Table = toml::from_str(&read(&format!("{member}/Cargo.toml"))).expect("a manifest");
        let table = manifest.get("dependencies").and_then(|value| value.as_table()).cloned().unwrap_or_default();
        table.keys().filter(|name| name.starts_with("titian-")).cloned().collect()
    };
    assert_eq!(ours("proto"), BTreeSet::new(), "the contract stands alone");
    assert_eq!(ours("server"), BTreeSet::from(["titian-proto".to_owned()]));
    assert_eq!(ours("client"), BTreeSet::from(["titian-proto".to_owned()]));
    assert!(!ours("tests").contains("titian-server"), "the stories see the node from outside");
}

#[test]
fn only_the_engine_names_the_database() {
    let named: Vec<String> = all_sources()
        .into_iter()
        .filter(|source| !source.path.starts_with("server/src/store/engine"))
        .filter(|source| identifiers(&source.tokens).contains("sled"))
        .map(|source| source.path)
        .collect();
    assert!(named.is_empty(), "sled is named outside server/src/store/engine: {named:?}");
    let manifests = ["proto", "client", "tests"].map(|member| read(&format!("{member}/Cargo.toml")));
    assert!(manifests.iter().all(|manifest| !manifest.contains("sled")), "only the server depends on the database");
}

#[test]
fn the_contract_reads_no_clock_no_disk_and_no_network() {
    let banned = ["tokio", "SystemTime", "TcpStream", "TcpListener", "UdpSocket", "fs", "getrandom"];
    let mut wrong = Vec::new();
    for source in sources("proto/src").into_iter().filter(|source| !is_generated(&source.path) && !source.path.ends_with("tests.rs")) {
        let found = identifiers(&without_tests(&source.tokens));
        wrong.extend(banned.iter().filter(|word| found.contains(**word)).map(|word| format!("{}: {word}", source.path)));
    }
    assert!(wrong.is_empty(), "the contract is pure:\n{}", wrong.join("\n"));
}

#[test]
fn files_and_functions_stay_small() {
    let mut wrong = Vec::new();
    for source in all_sources().into_iter().filter(|source| !is_generated(&source.path)) {
        let lines = source.text.lines().count();
        if lines > FILE_LINES_MAX {
            wrong.push(format!("{}: {lines} lines", source.path));
        }
        wrong.extend(long_functions(&source.tokens).into_iter().map(|long| format!("{}: {long}", source.path)));
    }
    assert!(wrong.is_empty(), "too long (files over {FILE_LINES_MAX}, functions over {FUNCTION_LINES_MAX} lines):\n{}", wrong.join("\n"));
}

#[test]
fn nothing_unfinished_and_nothing_skipped_stands_in_the_sources() {
    let mut wrong = Vec::new();
    for source in all_sources() {
        for macro_name in ["todo", "unimplemented", "dbg"] {
            if calls_macro(&source.tokens, macro_name) {
                wrong.push(format!("{}: {macro_name}!", source.path));
            }
        }
        if has_attribute(&source.tokens, "ignore") {
            wrong.push(format!("{}: #[ignore]", source.path));
        }
        if source.path.starts_with("tests/") && source.path != "tests/src/wait.rs" && identifiers(&source.tokens).contains("sleep") {
            wrong.push(format!("{}: sleeps; waiting is for titian_tests::wait", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    let workspace: toml::Table = toml::from_str(&read("Cargo.toml")).expect("a manifest");
    let level = workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str();
    assert_eq!(level, Some("forbid"));
    for member in ["proto", "server", "client", "tests"] {
        let manifest: toml::Table = toml::from_str(&read(&format!("{member}/Cargo.toml"))).expect("a manifest");
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{member} takes the lints of the workspace");
    }
}

#[test]
fn the_top_level_holds_the_house_and_nothing_else() {
    let strange: Vec<String> = fs::read_dir(project())
        .expect("the top folder")
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !["target", "demo", "demo.check"].contains(&name.as_str()))
        .filter(|name| !TOP_LEVEL.contains(&name.as_str()))
        .collect();
    assert!(strange.is_empty(), "does not belong at the top level: {strange:?}");
}

#[test]
fn every_path_of_the_readme_map_exists() {
    let readme = read("README.md");
    let map = readme.split("\n## ").find(|section| section.starts_with("The map")).expect("README.md has a section \"The map\"");
    let paths: Vec<&str> = map.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(paths.len() > 10, "the map names its places in the first column");
    let gone: Vec<&&str> = paths.iter().filter(|path| !project().join(path).exists()).collect();
    assert!(gone.is_empty(), "the README's map names what is not there: {gone:?}");
}

#[test]
fn the_checks_see_what_they_look_for() {
    let tokens = |text: &str| list(text.parse().expect("tokens"));
    let used = used_parts(&tokens("use crate::{acts::x, desk}; fn f() { assert!(super::super::node::go()); super::near(); }"), 2);
    assert_eq!(used, ["acts", "desk", "node"].map(String::from).into());
    assert!(calls_macro(&tokens("fn f() { todo!() }"), "todo") && !calls_macro(&tokens("fn todo() {}"), "todo"));
    assert!(has_attribute(&tokens("mod m { #[ignore] fn f() {} }"), "ignore"));
    assert_eq!(long_functions(&tokens(&format!("impl X {{ fn f() {{ {} }} }}", "\n".repeat(FUNCTION_LINES_MAX)))).len(), 1);
    assert!(!identifiers(&without_tests(&tokens("#[cfg(test)] mod tests { use std::fs; }"))).contains("fs"));
}

/// Functions of these tokens that are too long, with their lines from `fn` to the closing brace.
fn long_functions(tokens: &[TokenTree]) -> Vec<String> {
    let mut long: Vec<String> = groups(tokens).flat_map(|inner| long_functions(&inner)).collect();
    for at in 0..tokens.len().saturating_sub(1) {
        let TokenTree::Ident(name) = &tokens[at + 1] else { continue };
        if !is_word(&tokens[at], "fn") {
            continue;
        }
        let body = tokens[at..].iter().take_while(|token| !is_mark(token, ';')).find_map(brace);
        let lines = body.map_or(1, |group| group.span_close().end().line - name.span().start().line + 1);
        if lines > FUNCTION_LINES_MAX {
            long.push(format!("fn {name} has {lines} lines"));
        }
    }
    long
}

fn brace(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
        TokenTree::Group(_) | TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    }
}

/// The tokens without `#[cfg(test)] mod name { ... }`.
fn without_tests(tokens: &[TokenTree]) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_test =
            is_mark(&tokens[at], '#') && tokens.get(at + 1).is_some_and(|token| token.to_string().replace(' ', "") == "[cfg(test)]");
        if is_test && tokens.get(at + 2).is_some_and(|token| is_word(token, "mod")) {
            at += 5;
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// Parts that a token sequence reaches through `crate::` or a chain of `super::` that ends at the root of the crate.
fn used_parts(tokens: &[TokenTree], depth: usize) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut at = 0;
    while at < tokens.len() {
        if let TokenTree::Group(group) = &tokens[at] {
            found.extend(used_parts(&list(group.stream()), depth));
        }
        let supers =
            (at..tokens.len()).step_by(3).take_while(|place| is_word(&tokens[*place], "super") && is_path(tokens, place + 1)).count();
        let start = match supers {
            0 if is_word(&tokens[at], "crate") && is_path(tokens, at + 1) => Some(at + 3),
            steps if steps > 0 && steps >= depth => Some(at + 3 * steps),
            _ => None,
        };
        found.extend(start.and_then(|place| tokens.get(place)).map(first_words).unwrap_or_default());
        at += (3 * supers).max(1);
    }
    found
}

/// The first word of a path, or of each path of a `{...}` group.
fn first_words(token: &TokenTree) -> Vec<String> {
    match token {
        TokenTree::Ident(word) => vec![word.to_string()],
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            let inner = list(group.stream());
            inner.split(|token| is_mark(token, ',')).filter_map(<[_]>::first).flat_map(first_words).collect()
        }
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => Vec::new(),
    }
}

fn is_path(tokens: &[TokenTree], at: usize) -> bool {
    let colon = |place: usize| tokens.get(place).is_some_and(|token| is_mark(token, ':'));
    colon(at) && colon(at + 1)
}

fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

fn identifiers(tokens: &[TokenTree]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) => found.extend([word.to_string()]),
            TokenTree::Group(group) => found.extend(identifiers(&list(group.stream()))),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

fn calls_macro(tokens: &[TokenTree], name: &str) -> bool {
    let called = tokens.windows(2).any(|pair| is_word(&pair[0], name) && is_mark(&pair[1], '!'));
    called || groups(tokens).any(|inner| calls_macro(&inner, name))
}

fn has_attribute(tokens: &[TokenTree], name: &str) -> bool {
    let here = tokens.windows(2).any(|pair| match (&pair[0], &pair[1]) {
        (TokenTree::Punct(mark), TokenTree::Group(group)) if mark.as_char() == '#' => {
            list(group.stream()).first().is_some_and(|first| is_word(first, name))
        }
        _ => false,
    });
    here || groups(tokens).any(|inner| has_attribute(&inner, name))
}

fn groups(tokens: &[TokenTree]) -> impl Iterator<Item = Vec<TokenTree>> {
    tokens.iter().filter_map(|token| match token {
        TokenTree::Group(group) => Some(list(group.stream())),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    })
}

fn list(stream: TokenStream) -> Vec<TokenTree> {
    stream.into_iter().collect()
}

fn is_part(name: &str) -> bool {
    ROOTS.contains(&name) || ARROWS.iter().any(|(part, _)| *part == name)
}

fn is_generated(path: &str) -> bool {
    path.contains("/gen/")
}

/// The part of the house a file belongs to: the first name below the folder.
fn part_of(path: &str, folder: &str) -> String {
    let below = path.trim_start_matches(folder).trim_start_matches('/');
    below.split('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned()
}

/// How many `super` lead from a file's module to the root of its crate.
fn module_depth(path: &str) -> usize {
    let below = path.split("/src/").nth(1).unwrap_or_default();
    below.split('/').filter(|name| *name != "mod.rs").count()
}

fn all_sources() -> Vec<Source> {
    ["proto", "server", "client", "tests"].into_iter().flat_map(sources).collect()
}

fn sources(folder: &str) -> Vec<Source> {
    let mut files = Vec::new();
    collect(&project().join(folder), &mut files);
    files.sort();
    files.iter().map(|file| source(file)).collect()
}

fn source(file: &Path) -> Source {
    let text = fs::read_to_string(file).expect("our own source");
    let tokens = text.parse::<TokenStream>().map(list).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let path = file.strip_prefix(project()).unwrap_or(file).display().to_string();
    Source { path, text, tokens }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(project().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
