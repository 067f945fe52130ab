//! 2.1 and 2.2: a group with five leaders, thirteen subcontractors and workers of five countries.

use titian_tests::account::Account::Caseworker;
use titian_tests::answer::{Answer, BAD_INPUT};
use titian_tests::programs;
use titian_tests::road;
use titian_tests::world::{World, objects_with};

/// Counts by country of origin: together 10,455.
pub(crate) const PARTS: [(&str, u32); 5] = [("BD", 4_200), ("ID", 2_900), ("MM", 1_555), ("NP", 1_500), ("VN", 300)];

/// What five leaders told, in the words of the field's own figures.
const GROUP: &str = r#"
[case]
kind = "GROUP"
intake_kind = "COMPLAINT"
intake_channel = "NETWORK_LEADER"
complaints = ["W04"]
primary = "W04"
client_decision = "MEDIATION"
route = "INFORMAL_MEDIATION"

[case.claim]
amount_minor_units = 1254600000
currency = "MYR"

[case.group_count]
parent_group_ref = "019cac46-0000-7000-8000-000000000001"
represented_count = 10455
registered_count = 5
"#;

/// The group at MTUC.
pub(crate) struct Group {
    /// Its case.
    pub(crate) case: String,
    /// Its leaders, workers of MTUC.
    pub(crate) leaders: Vec<String>,
    /// Its sub-cases, in the order of [`PARTS`].
    pub(crate) parts: Vec<String>,
}

impl Group {
    /// The sub-case of a country.
    pub(crate) fn part(&self, country: &str) -> &str {
        PARTS.iter().position(|(one, _)| *one == country).map_or("", |at| &self.parts[at])
    }
}

/// Opens the group and splits it.
pub(crate) fn open(world: &World) -> Group {
    // 2.1 The group is opened with its five leaders
    let leaders: Vec<String> = PARTS.iter().map(|(country, _)| leader(world, country)).collect();
    let file = world.ground.file("group.toml", &format!("{GROUP}{}", employers())).display().to_string();
    let named = leaders.iter().flat_map(|leader| ["--leader", leader]);
    let open: Vec<&str> = ["case", "open", "--from", &file].into_iter().chain(named).collect();
    let opened = world.mtuc.json(Caseworker, &open).done();
    assert_eq!((opened.count("represented_count"), opened.count("registered_count")), (10_455, 5));
    assert_eq!(opened.find("leaders").and_then(|leaders| leaders.as_array().map(Vec::len)), Some(5), "{}", opened.told());
    let case = opened.id("case_id");
    // The parts must be the whole
    split(world, &case, &PARTS[..4]).failed(BAD_INPUT, "MALFORMED");
    assert_eq!(objects_with(&world.mtuc.json(Caseworker, &["case", "list"]).done().json(), "case_number").len(), 1, "nothing was opened");
    // 2.2 Five sub-cases, of one group, each with its own count and all thirteen employers
    let answer = split(world, &case, &PARTS).done();
    let parts = objects_with(&answer.json(), "case_number");
    assert_eq!(parts.len(), 5, "{}", answer.told());
    let parts = parts.into_iter().map(|part| Answer { stdout: part.to_string(), ..answer.clone() });
    let parts: Vec<String> = parts.zip(PARTS).map(|(part, (country, count))| checked(&part, &opened, country, count)).collect();
    Group { case, leaders, parts }
}

fn checked(part: &Answer, whole: &Answer, country: &str, count: u32) -> String {
    assert_eq!(part.text("parent_group_ref"), whole.text("parent_group_ref"));
    assert_eq!((part.text("country"), part.count("represented_count")), (country.to_owned(), u64::from(count)));
    assert_eq!(part.stdout.matches("Pembinaan Contoh").count(), 13, "{}", part.told());
    part.id("case_id")
}

fn split(world: &World, case: &str, parts: &[(&str, u32)]) -> Answer {
    let parts: Vec<String> = parts.iter().map(|(country, count)| format!("{country}={count}")).collect();
    let named = parts.iter().flat_map(|part| ["--part", part]);
    world.mtuc.json(Caseworker, &["case", "split", case].into_iter().chain(named).collect::<Vec<_>>())
}

/// A leader is a worker with a record of her own.
fn leader(world: &World, country: &str) -> String {
    let changes =
        [("Siti Aminah", format!("Leader of {country}")), ("country_of_origin = \"ID\"", format!("country_of_origin = \"{country}\""))];
    let changes = changes.each_ref().map(|(from, to)| (*from, to.as_str()));
    let file = world.variant(&format!("leader-{country}.toml"), &changes);
    world.mtuc.json(Caseworker, &["worker", "add", "--from", &file]).done().id("worker_id")
}

/// A member with a case of her own; gives her and it.
pub(crate) fn member(world: &World, name: &str) -> (road::Intake, String) {
    let file = world.variant(&format!("{name}.toml"), &[("Siti Aminah", name)]);
    (road::intake_from(&world.mtuc, &file), file)
}

/// The thirteen subcontractors of the sample.
fn employers() -> String {
    let path = programs::project().join("deploy/sample/mrt/subcontractors.csv");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let one = |line: &str| {
        let parts: Vec<&str> = line.splitn(4, ',').collect();
        format!(
            "\n[[case.employer]]\nrole = \"SUBCONTRACTOR\"\nlegal_name = \"{}\"\nregistration_no = \"{}\"\ncountry = \"MY\"\nsector = \"CONSTRUCTION\"\nparent_party = {}\n",
            parts[1], parts[2], parts[3]
        )
    };
    text.lines().skip(1).map(one).collect()
}
