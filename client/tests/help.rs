//! The help, as agreed.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails shall fail")]

mod support;

use clap::{CommandFactory, Parser};
use titian_client::commands::Arguments;

/// A terminal as most are.
const WIDTH: usize = 100;

#[test]
fn the_help_is_as_agreed() {
    let help = Arguments::command().term_width(WIDTH).render_help().to_string();
    support::check_golden("help.txt", &help);
}

#[test]
fn every_noun_and_verb_says_what_it_does() {
    let mut command = Arguments::command();
    command.build();
    command.clone().debug_assert();
    let mut lines = String::new();
    for noun in command.get_subcommands() {
        for verb in noun.get_subcommands() {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty(), "{} {} says nothing", noun.get_name(), verb.get_name());
            lines.push_str(&format!("titian {} {}: {about}\n", noun.get_name(), verb.get_name()));
        }
    }
    support::check_golden("verbs.txt", &lines);
}

/// Every command line of the demo and the harness, in short; the last takes an id as it stands in `--json`.
const LINES: &str = "\
staff sign-in amina --password-file f
staff sign-out
staff add amina --role CASEWORKER --new-password-file f
staff password amina
staff close amina
staff list
node status
node export --out f
peer descriptor --out f
peer add f
peer confirm id.ksbsi --words words
peer suspend id.ksbsi --reason SAFETY
peer resume id.ksbsi
peer list
bundle export --peer id.ksbsi --out f
bundle import f
breach tell --categories IDENTITY,CONTACT --referral ID --peer id.ksbsi --found-at 2026-03-02T01:00:00Z
breach list --open
breach settle ID
agreement draft f
agreement propose AG --version 2
agreement sign AG
agreement accede AG
agreement suspend AG --reason SAFETY
agreement resume AG
agreement resume AG --reason REHEARSAL
agreement terminate AG --on 2026-08-31 --reason UNION_DECISION
agreement reject AG --reason LAW
agreement show AG --text
agreement export AG --out f
agreement import f
agreement list
worker add --from f
worker show ID
worker list
worker find Siti Aminah
worker find -
case open --worker ID --from f
case open --from f --leader ID --leader ID
case split ID --part BD=4200 --part NP=1500
case confirm ID --leader ID --outcome ID
case hand-over ID
case accept-hand-over ID
case cancel-hand-over ID
case owner ID
case show ID
case list
record put ID --from f --only outcome
record put ID immigration_status status=EXPIRED --share-under ID
record put ID --record ID --revision 1 claim currency=MYR amount_minor_units=1
record list ID
document attach ID ID f
document get ID --out f --referral ID
document list --case ID
record remove ID ID
consent record --worker ID --from f
consent record --referral ID --from f
consent withdraw --worker ID --recipient id.ksbsi --purposes WAGE_RECOVERY,LEGAL_AID --categories CLAIM --action ERASE
consent reporting --worker ID GIVEN
consent list --worker ID
consent slip --worker ID --case ID --out f --language id
consent verify-slip f --descriptor f
report donor --from 2026-01-01 --until 2026-06-30
referral request --case ID --to id.ksbsi --purpose WAGE_RECOVERY --categories CASE_CORE,CLAIM
referral request --case ID --to id.ksbsi --purpose WAGE_RECOVERY --categories CLAIM --kind SERVICE --priority URGENT --services LEGAL_ADVICE --agreement AG
referral send ID
referral amend ID --categories CLAIM
referral approve ID
referral accept ID
referral reject ID --reason NO_CAPACITY
referral return ID --reason NEEDS_INFORMATION
referral start ID
referral hold ID
referral complete ID --outcome SERVICE_GIVEN
referral fail ID --outcome TIME_BARRED
referral cancel ID
referral enter-in-error ID
referral show ID
referral list --case ID
referral share ID
referral watch
task list
task close ID
log list --from 3 --limit 10
log show 3
log status
agreement approve AG --authority A --reference R --date 2026-01-31 --scan-digest DIGEST --office O
referral show AYkKXayWd0u8zrMCCZqAVw==";

#[test]
fn the_command_lines_that_demo_and_harness_use_are_understood() {
    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
    let digest = "ab".repeat(32);
    for line in LINES.lines() {
        let line = line
            .split(" ")
            .map(|word| match word {
                "ID" => ID,
                "DIGEST" => &digest,
                other => other,
            })
            .collect::<Vec<_>>()
            .join(" ");
        let words = ["titian", "--node", "http://127.0.0.1:1", "--json"].into_iter().chain(line.split(' '));
        if let Err(error) = Arguments::try_parse_from(words) {
            panic!("{line}: {error}");
        }
    }
}

#[test]
fn wrong_use_is_exit_code_2() {
    for line in [
        "",
        "referral",
        "referral accept",
        "referral reject x",
        "worker show not-an-id",
        "consent list",
        "record put 01890a5d-ac96-774b-bcce-b302099a8057",
    ] {
        let words = std::iter::once("titian").chain(line.split(' ').filter(|word| !word.is_empty()));
        let error = Arguments::try_parse_from(words).err().unwrap();
        assert_eq!(error.exit_code(), 2, "{line}");
    }
}
