//! From numbers to a report: what is small is taken out, and what stands in it is named, so that it is remembered.

use std::collections::BTreeMap;

use titian_proto::model::record::{Assistance, ComplaintCode, Route, Sex};
use titian_proto::model::vocabulary::Tier;
use titian_proto::wire;

use super::cases::T4;
use super::difference::Cells;
use super::suppress::{self, Matter, Published, Split};
use super::tally::{BySex, Involved, Recovered, Referred, Tally};

/// A report, and the published numbers in it by the names of their cells.
pub(super) struct Written {
    /// Without the period and whose it is.
    pub(super) report: wire::DonorReport,
    /// Its numbers.
    pub(super) cells: Cells,
}

/// Unions with fewer referrals than this are not named.
const FEW_REFERRALS: u64 = Matter::General.small_below();

/// The row of unions that are not named.
const OTHER: &str = "OTHER";

/// Writes a report.
pub(super) fn write(tally: Tally) -> Written {
    let mut cells = Cells::new();
    let workers = [("I2", "opened", &tally.opened), ("I2", "settled", &tally.settled), ("I3", "resolved", &tally.resolved)];
    let workers = workers.map(|(indicator, what, involved)| self::workers(indicator, what, involved, &mut cells)).to_vec();
    let tables = tables(&tally, &mut cells);
    let compensation = tally.recovered.iter().map(|(currency, one)| compensation(currency, one, &mut cells)).collect();
    let referrals = referrals(tally.referrals, &mut cells);
    let report = wire::DonorReport {
        workers,
        tables,
        compensation,
        referrals,
        small_below: u32::try_from(Matter::General.small_below()).unwrap_or(0),
        small_below_t4: u32::try_from(Matter::T4.small_below()).unwrap_or(0),
        left_out: LEFT_OUT.map(str::to_owned).to_vec(),
        ..wire::DonorReport::default()
    };
    Written { report, cells }
}

/// What a report does not say, said in it.
const LEFT_OUT: [&str; 7] = [
    "Numbers below 5 are withheld, and so is what they could be computed from; of complaints of tier T4 (violence, trafficking, health) below 11, and zero too.",
    "Clients who did not say that they may be counted outside the union are not counted.",
    "Complaints of tier T4 are one number, never by code and never by sex. Nothing is reported by office.",
    "Compensation is what was confirmed: by the client, her bank or a receipt, and of a group by all of its leaders.",
    "Clients and represented workers are two series: the one is people with a record of their own, the other a head-count that leaders claim.",
    "Percentages are not printed. Unions with few referrals are one row.",
    "Not recorded here, and so not reported: reach of information, materials, new members, emergency support of others, refused consents, programmes.",
];

/// A row of cases and workers. What is protected is people, so the row is withheld when it is about few clients, or about few represented workers and no
/// client. The two ways in which clients came to be registered are parts of one number and are both said (`domain.md` 5, AT-2 2.11: "5 (+3)"): they tell
/// nothing about anybody.
fn workers(indicator: &str, what: &str, involved: &Involved, cells: &mut Cells) -> wire::ReportedWorkers {
    let (leaders, own) = involved.clients();
    let withheld = Matter::General.is_small(leaders + own) || (leaders + own == 0 && Matter::General.is_small(involved.represented));
    let kept = |count| if withheld { 0 } else { count };
    if !withheld {
        cells.insert(format!("{indicator}/{what}/clients"), leaders + own);
    }
    let represented = if Matter::General.is_small(involved.represented) { 0 } else { involved.represented };
    if represented == involved.represented {
        cells.insert(format!("{indicator}/{what}/represented"), represented);
    }
    wire::ReportedWorkers {
        indicator: indicator.to_owned(),
        what: what.to_owned(),
        cases: kept(involved.cases),
        clients_of_groups: kept(leaders),
        clients_of_own_cases: kept(own),
        represented,
        withheld,
    }
}

fn tables(tally: &Tally, cells: &mut Cells) -> Vec<wire::ReportTable> {
    let codes = ComplaintCode::all().filter(|code| code.tier() != Tier::T4).map(ComplaintCode::code);
    let by_code = [
        ("I4", "complaints, each code once a case", rows(codes, &tally.complaints)),
        ("I5", "assistance asked for, each once a case", rows(Assistance::ALL.iter().map(|one| one.code()), &tally.assistance)),
        ("I7", "road taken", rows(Route::ALL.iter().map(|one| one.code()), &tally.routes)),
    ];
    let sexes = [Sex::Female, Sex::Male, Sex::Other].map(|sex| {
        let count = tally.counselled.values().filter(|place| **place == super::tally::place(Some(sex))).count();
        Row::plain(if sex == Sex::Other { "OTHER_OR_NOT_STATED" } else { sex.code() }, count as u64)
    });
    let mut tables = vec![table("I1", "clients counselled, each once", &sexes, cells)];
    tables.extend(by_code.iter().map(|(indicator, title, rows)| table(indicator, title, rows, cells)));
    let t4 = tally.complaints.get(T4).map_or(0, |by_sex| by_sex.iter().sum());
    let t4 = table("I4", "cases with a complaint of tier T4", &[Row { matter: Matter::T4, ..Row::plain(T4, t4) }], cells);
    tables.push(wire::ReportTable { total: None, ..t4 });
    let consents = ["GIVEN", "WITHDRAWN"].map(|what| Row::plain(what, tally.consents.get(what).copied().unwrap_or(0)));
    tables.push(table("I13", "consents to share with another union", &consents, cells));
    let refusals: Vec<Row> = tally.refusals.iter().map(|(code, count)| Row::plain(code, *count)).collect();
    tables.push(table("I14", "refusals by code", &refusals, cells));
    tables
}

/// A row of a table.
struct Row {
    name: String,
    count: u64,
    matter: Matter,
    by_sex: Option<BySex>,
}

impl Row {
    fn plain(name: &str, count: u64) -> Self {
        Self { name: name.to_owned(), count, matter: Matter::General, by_sex: None }
    }
}

fn rows(codes: impl Iterator<Item = &'static str>, counted: &BTreeMap<&'static str, BySex>) -> Vec<Row> {
    let row = |code: &'static str| {
        let by_sex = counted.get(code).copied().unwrap_or_default();
        Row { name: code.to_owned(), count: by_sex.iter().sum(), matter: Matter::General, by_sex: Some(by_sex) }
    };
    codes.map(row).collect()
}

/// One table: rows with nobody in them are not printed, and are remembered all the same.
fn table(indicator: &str, title: &str, rows: &[Row], cells: &mut Cells) -> wire::ReportTable {
    let counted: Vec<u64> = rows.iter().map(|row| row.count).collect();
    let matter = rows.iter().map(|row| row.matter).max().unwrap_or(Matter::General);
    let Published { cells: published, total } = suppress::publish(&counted, matter);
    let splits: Vec<Split> = rows
        .iter()
        .zip(&published)
        .map(|(row, cell)| Split { published: cell.is_some(), matter: row.matter, columns: row.by_sex.unwrap_or_default().to_vec() })
        .collect();
    let shown = suppress::shown(&splits);
    let mut table =
        wire::ReportTable { indicator: indicator.to_owned(), title: title.to_owned(), rows: Vec::new(), total: Some(cell(total)) };
    for ((row, published), shown) in rows.iter().zip(&published).zip(shown) {
        if let Some(count) = published {
            cells.insert(format!("{indicator}/{}", row.name), *count);
        }
        if *published == Some(0) {
            continue;
        }
        let by_sex = row.by_sex.filter(|_| shown && published.is_some());
        let by_sex = by_sex.map(|[female, male, other, groups]| wire::ReportSexes { female, male, other, groups });
        table.rows.push(wire::ReportRow { name: row.name.clone(), count: Some(cell(*published)), by_sex });
    }
    table
}

fn cell(published: Option<u64>) -> wire::ReportCell {
    wire::ReportCell { count: published.unwrap_or(0), withheld: published.is_none() }
}

/// A sum of few payments is somebody's payment; so is what is left of a sum when the rest of it was converted.
fn compensation(currency: &str, recovered: &Recovered, cells: &mut Cells) -> wire::ReportedCompensation {
    let is_small = |workers| Matter::General.is_small(workers);
    let withheld = is_small(recovered.workers);
    let money = |minor_units, currency: &str| wire::Money { minor_units, currency: currency.to_owned() };
    let open = recovered.converted.values().all(|one| !is_small(one.workers) && !is_small(recovered.workers.saturating_sub(one.workers)));
    let converted = recovered.converted.iter().filter(|_| !withheld && open);
    if !withheld {
        cells.insert(format!("I6/{currency}/workers"), recovered.workers);
    }
    wire::ReportedCompensation {
        amount: (!withheld).then(|| money(recovered.minor_units, currency)),
        currency: currency.to_owned(),
        workers_paid: Some(cell((!withheld).then_some(recovered.workers))),
        converted: converted
            .map(|((currency, rate, rate_date, source), one)| wire::Conversion {
                amount: Some(money(one.minor_units, currency)),
                rate: rate.clone(),
                rate_date: rate_date.clone(),
                source: source.clone(),
            })
            .collect(),
    }
}

/// One row a union. That there is a referral with a small peer may say whose it is, so those with few are one row, of two unions at least.
fn referrals(counted: BTreeMap<String, Referred>, cells: &mut Cells) -> Vec<wire::ReportedReferrals> {
    let mut named: Vec<(String, Referred)> = counted.into_iter().collect();
    named.sort_by_key(|(_, one)| one.all());
    let few = named.iter().filter(|(_, one)| one.all() < FEW_REFERRALS).count();
    let joined = if few == 1 { 2 } else { few }.min(named.len());
    let mut other = Referred::default();
    for (_, one) in named.drain(..joined) {
        other.join(one);
    }
    named.sort_by(|(one, _), (two, _)| one.cmp(two));
    if joined > 0 {
        named.push((OTHER.to_owned(), other));
    }
    let column =
        |of: fn(&Referred) -> u64| suppress::publish(&named.iter().map(|(_, one)| of(one)).collect::<Vec<_>>(), Matter::General).cells;
    let columns = [column(|one| one.sent), column(|one| one.received), column(|one| one.accepted), column(|one| one.completed)];
    for (name, column) in ["sent", "received", "accepted", "completed"].iter().zip(&columns) {
        for ((peer, _), count) in named.iter().zip(column) {
            // Which unions are joined changes from report to report, so their row connects nothing.
            if let Some(count) = count.filter(|_| peer != OTHER) {
                cells.insert(format!("I12/{peer}/{name}"), count);
            }
        }
    }
    let row = |(at, (peer, one)): (usize, &(String, Referred))| wire::ReportedReferrals {
        peer: peer.clone(),
        sent: Some(cell(columns[0][at])),
        received: Some(cell(columns[1][at])),
        accepted: Some(cell(columns[2][at])),
        completed: Some(cell(columns[3][at])),
        median_days: median(&one.days),
    };
    named.iter().enumerate().map(row).collect()
}

/// The middle one; nothing of few, of which it would be somebody's.
fn median(days: &[u32]) -> Option<u32> {
    let mut days = days.to_vec();
    days.sort_unstable();
    if (days.len() as u64) < Matter::General.small_below() { None } else { days.get(days.len() / 2).copied() }
}
