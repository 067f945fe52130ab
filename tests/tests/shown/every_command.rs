//! No command of `titian` is missing from the golden pages.

use std::process::Command;

use titian_tests::node::run;
use titian_tests::programs;
use titian_tests::transcript::golden;

/// Commands that no page shows, and why.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("referral watch", "it goes on until it is stopped"),
    ("erasure lift", "it prints the referral, whose rest is being destroyed at that moment"),
];

#[test]
fn every_command_is_shown_on_a_page() {
    let pages: String = std::fs::read_dir(golden(""))
        .expect("the golden files")
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok())
        .collect();
    let is_shown = |command: &str| pages.contains(&format!("$ titian {command}")) || NOT_SHOWN.iter().any(|(one, _)| *one == command);
    let nouns = commands(&[]);
    assert!(nouns.len() > 10, "titian --help lists its nouns: {nouns:?}");
    let all = nouns.iter().flat_map(|noun| commands(&[noun.as_str()]).into_iter().map(move |verb| format!("{noun} {verb}")));
    let missing: Vec<String> = all.filter(|command| !is_shown(command)).collect();
    assert!(missing.is_empty(), "no golden page shows: {}", missing.join(", "));
}

/// What the help of a command lists.
fn commands(of: &[&str]) -> Vec<String> {
    let help = run("titian --help", Command::new(programs::titian()).args(of).arg("--help")).done().stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let named = listed.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.split_whitespace().next());
    named.filter(|name| *name != "help").map(str::to_owned).collect()
}
