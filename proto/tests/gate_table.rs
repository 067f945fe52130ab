//! The gate's decisions as a table that can be read without reading code: `vectors/gate-table.txt`. Written anew with `UPDATE_GOLDEN=1`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up must fail")]

mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use titian_proto::model::agreement::{AgreementState, Role};
use titian_proto::model::consent::ConsentGiver;
use titian_proto::model::vocabulary::{Category, Purpose, Tier};
use world::{World, approval, node, types_of, withdrawal};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/gate-table.txt");

const HEAD: &str = "\
# What the gate decides about one record that one union would send to another.
#
# Read a line as: where the receiving union has this ROLE in the agreement, the agreement is in this STATE, its ANNEX for this direction is this,
# and the worker's CONSENT is this, then a record of these CATEGORIES gets this DECISION. \"any\": it makes no difference.
# PERMIT lets it go. Everything else is the one reason why the whole message is refused.
#
# In every line both unions are confirmed, active peers; a second person has approved; the safe-contact rules are with the receiver; the record
# is the sender's own; the worker has prohibited nobody. DOCUMENTS stands for what a document is, not for its bytes.
#
# ANNEX    none: the agreement has no annex.  other way: it has one for the opposite direction only.
#          ordinary: wage recovery; CASE_CORE, DEMOGRAPHIC, IDENTITY, CONTACT, SAFETY, EMPLOYER, CLAIM, DOCUMENTS; up to tier T3.
#          up to T2: names all sixteen categories, but nothing above tier T2.  full: all sixteen, up to T4.
# CONSENT  none.  other union: she allowed it to another union only.  guardian: somebody gave it as guardian of an adult.
#          withdrawn, expired.  other purpose: for legal aid, not for wage recovery.
#          ordinary: the categories of the ordinary annex but DOCUMENTS.  full: all sixteen.
";

/// One column: its values, and how a value changes the world.
struct Column {
    values: Vec<String>,
    apply: fn(World, &str) -> World,
}

const ORDINARY: &[Category] = &[
    Category::CaseCore,
    Category::Demographic,
    Category::Identity,
    Category::Contact,
    Category::Safety,
    Category::Employer,
    Category::Claim,
];

fn columns() -> Vec<Column> {
    let words = |text: &str| text.split(", ").map(str::to_owned).collect();
    vec![
        Column { values: words("not a party, observer, implementing"), apply: with_role },
        Column { values: AgreementState::ALL.iter().map(|one| one.code().to_owned()).collect(), apply: with_state },
        Column { values: words("none, other way, ordinary, up to T2, full"), apply: with_annex },
        Column { values: words("none, other union, guardian, withdrawn, expired, other purpose, ordinary, full"), apply: with_consent },
        Column { values: Category::ALL.iter().map(|one| one.code().to_owned()).collect(), apply: with_category },
    ]
}

fn with_role(world: World, role: &str) -> World {
    world.with(|w| {
        let parties = &mut w.agreement.as_mut().unwrap().parties;
        match role {
            "implementing" => {}
            "observer" => parties[1].role = Role::Observer,
            "not a party" => parties[1].node_id = node("id.sbmi"),
            _ => panic!("no such role"),
        }
    })
}

fn with_state(world: World, state: &str) -> World {
    world.with(|w| w.state = AgreementState::from_code(state).unwrap())
}

fn with_annex(world: World, annex: &str) -> World {
    let ordinary: Vec<Category> = ORDINARY.iter().copied().chain([Category::Documents]).collect();
    let scope =
        |world: World, categories: &[Category], tier: Tier| world.annex(|a| (a.categories, a.max_tier) = (categories.to_vec(), tier));
    match annex {
        "none" => world.with(|w| w.agreement.as_mut().unwrap().annexes.clear()),
        "other way" => world.annex(|a| std::mem::swap(&mut a.from, &mut a.to)),
        "ordinary" => scope(world, &ordinary, Tier::T3),
        "up to T2" => scope(world, Category::ALL, Tier::T2),
        "full" => scope(world, Category::ALL, Tier::T4),
        _ => panic!("no such annex"),
    }
}

fn with_consent(world: World, consent: &str) -> World {
    let full = world.grant(|g| g.categories = Category::ALL.to_vec());
    match consent {
        "none" => full.with(|w| w.ledger.grants.clear()).put_with(|p| p.grant = None),
        "other union" => full.grant(|g| g.recipient = node("kh.clc")),
        "guardian" => full.grant(|g| g.given_by = ConsentGiver::Guardian),
        "withdrawn" => full.with(|w| w.ledger.withdrawals = vec![withdrawal(2, &[])]),
        "expired" => full.with(|w| w.now = w.now.plus_days(90)),
        "other purpose" => full.grant(|g| g.purposes = vec![Purpose::LegalAid]),
        "ordinary" => full.grant(|g| g.categories = ORDINARY.to_vec()),
        "full" => full,
        _ => panic!("no such consent"),
    }
}

fn with_category(world: World, category: &str) -> World {
    let types = types_of(Category::from_code(category).unwrap());
    world.put_with(|p| p.records = vec![world::shared(0, world::record(types[0]))])
}

/// All decisions below some values, as lines: values that make no difference are written once.
fn lines(world: &World, columns: &[Column], chosen: &[String], table: &mut String) {
    let verdicts = verdicts(world, columns);
    if verdicts.len() == 1 {
        let any = std::iter::repeat_n("any", columns.len());
        return line(chosen.iter().map(String::as_str).chain(any), verdicts.first().unwrap(), table);
    }
    let (column, rest) = columns.split_first().unwrap();
    if rest.is_empty() {
        // The last column groups its values by decision.
        for verdict in &verdicts {
            let gives = |value: &&String| (column.apply)(world.clone(), value).verdict() == *verdict;
            let values: Vec<&str> = column.values.iter().filter(gives).map(String::as_str).collect();
            line(chosen.iter().map(String::as_str).chain([values.join(" ").as_str()]), verdict, table);
        }
    } else {
        for value in &column.values {
            let chosen = [chosen, std::slice::from_ref(value)].concat();
            lines(&(column.apply)(world.clone(), value), rest, &chosen, table);
        }
    }
}

fn verdicts(world: &World, columns: &[Column]) -> BTreeSet<String> {
    let Some((column, rest)) = columns.split_first() else { return BTreeSet::from([world.verdict()]) };
    column.values.iter().flat_map(|value| verdicts(&(column.apply)(world.clone(), value), rest)).collect()
}

fn line<'a>(values: impl Iterator<Item = &'a str>, verdict: &str, table: &mut String) {
    let values: Vec<&str> = values.collect();
    let (head, categories) = values.split_at(4);
    let [role, state, annex, consent] = head else { panic!("four columns stand before the categories") };
    writeln!(table, "{role:<13} {state:<18} {annex:<10} {consent:<14} {verdict:<28} {}", categories[0]).unwrap();
}

#[test]
fn the_table_of_decisions_is_as_it_was_agreed() {
    let world = World::put(&[]).with(|w| {
        w.approval = Some(approval("staff-1", "staff-2"));
        w.subject.safety_already_held = true;
    });
    let mut table =
        format!("{HEAD}\n{:<13} {:<18} {:<10} {:<14} {:<28} {}\n", "ROLE", "STATE", "ANNEX", "CONSENT", "DECISION", "CATEGORIES");
    lines(&world, &columns(), &[], &mut table);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors")).unwrap();
        std::fs::write(PATH, &table).unwrap();
    }
    let agreed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        agreed == table,
        "the gate decides otherwise than proto/vectors/gate-table.txt says; look at the difference after UPDATE_GOLDEN=1"
    );
}
