//! Reports.

use titian_proto::wire;

use crate::output::block::Block;
use crate::output::table::table;
use crate::output::text::{clean, grouped, money, time};

/// What stands for a number that is withheld.
const WITHHELD: &str = "*";

/// A report to be read.
#[must_use]
pub fn report(report: &wire::DonorReport) -> String {
    let wire::DonorReport {
        node_id,
        from,
        until,
        made_at_ms,
        workers,
        tables,
        compensation,
        referrals,
        small_below,
        small_below_t4,
        left_out,
    } = report;
    let head = Block::new()
        .row("union", node_id)
        .row("period", format!("{from} to {until}"))
        .row("made", time(*made_at_ms))
        .row(WITHHELD, format!("<{small_below} (of T4 <{small_below_t4}), or a number from which such a number could be computed"));
    let mut text = format!("{head}\nI2, I3  cases and workers\n{}", table(&WORKERS, workers.iter().map(involved), "nothing"));
    for one in tables.iter().filter(|one| has_rows(one)) {
        let wire::ReportTable { indicator, title, rows, total } = one;
        text.push_str(&format!("\n{}  {}\n{}", clean(indicator), clean(title), rows_of_table(rows, total.as_ref())));
    }
    if !compensation.is_empty() {
        text.push_str(&format!("\nI6  compensation recovered\n{}", table(&COMPENSATION, compensation.iter().map(recovered), "")));
    }
    if !referrals.is_empty() {
        text.push_str(&format!("\nI12  referrals\n{}", table(&REFERRALS, referrals.iter().map(referred), "")));
    }
    let notes = left_out.iter().map(|sentence| format!("- {}\n", clean(sentence))).collect::<String>();
    format!("{text}\nLeft out\n{notes}")
}

const WORKERS: [&str; 4] = ["cases", "number", "clients", "represented"];
const COMPENSATION: [&str; 4] = ["currency", "amount", "workers paid", "converted"];
const REFERRALS: [&str; 6] = ["union", "sent", "received", "accepted", "completed", "median days"];
const ROWS: [&str; 6] = ["", "number", "women", "men", "other or not stated", "groups"];

fn involved(row: &wire::ReportedWorkers) -> Vec<String> {
    let withheld = |text: String| if row.withheld { WITHHELD.to_owned() } else { text };
    vec![format!("{} ({})", row.what, row.indicator), withheld(grouped(row.cases)), withheld(clients(row)), grouped(row.represented)]
}

/// Leaders of groups and further clients: "5 (+3)".
fn clients(row: &wire::ReportedWorkers) -> String {
    let wire::ReportedWorkers { clients_of_groups, clients_of_own_cases, .. } = row;
    match (clients_of_groups, clients_of_own_cases) {
        (groups, 0) => grouped(*groups),
        (0, own) => grouped(*own),
        (groups, own) => format!("{} (+{})", grouped(*groups), grouped(*own)),
    }
}

fn has_rows(table: &wire::ReportTable) -> bool {
    !table.rows.is_empty()
}

fn rows_of_table(rows: &[wire::ReportRow], total: Option<&wire::ReportCell>) -> String {
    let by_sex = rows.iter().any(|row| row.by_sex.is_some());
    let width = if by_sex { ROWS.len() } else { 2 };
    let row = |row: &wire::ReportRow| {
        let wire::ReportRow { name, count, by_sex } = row;
        let parts = by_sex.map_or_else(
            || vec![String::new(); 4],
            |wire::ReportSexes { female, male, other, groups }| [female, male, other, groups].map(grouped).to_vec(),
        );
        let mut columns = vec![name.clone(), cell(count.as_ref())];
        columns.extend(parts);
        columns.truncate(width);
        columns
    };
    let last = total.map(|total| {
        let mut last = vec!["all".to_owned(), cell(Some(total))];
        last.resize(width, String::new());
        last
    });
    table(&ROWS[..width], rows.iter().map(row).chain(last), "")
}

fn recovered(one: &wire::ReportedCompensation) -> Vec<String> {
    let wire::ReportedCompensation { amount, currency, workers_paid, converted } = one;
    let converted = converted.iter().map(|wire::Conversion { amount, rate, rate_date, source }| {
        format!("{} at {rate} ({rate_date}, {source})", amount.as_ref().map(money).unwrap_or_default())
    });
    vec![
        currency.clone(),
        amount.as_ref().map_or_else(|| WITHHELD.to_owned(), money),
        cell(workers_paid.as_ref()),
        converted.collect::<Vec<_>>().join("; "),
    ]
}

fn referred(one: &wire::ReportedReferrals) -> Vec<String> {
    let wire::ReportedReferrals { peer, sent, received, accepted, completed, median_days } = one;
    let mut row = vec![if peer == "OTHER" { "other unions".to_owned() } else { peer.clone() }];
    row.extend([sent, received, accepted, completed].map(|one| cell(one.as_ref())));
    row.push(median_days.map(|days| days.to_string()).unwrap_or_default());
    row
}

fn cell(cell: Option<&wire::ReportCell>) -> String {
    match cell {
        Some(wire::ReportCell { withheld: true, .. }) => WITHHELD.to_owned(),
        Some(wire::ReportCell { count, .. }) => grouped(*count),
        None => String::new(),
    }
}

/// A report as lines of comma-separated values: indicator, row, column, value.
#[must_use]
pub fn csv(report: &wire::DonorReport) -> String {
    let mut lines = Lines(vec!["indicator,row,column,value".to_owned()]);
    lines.add("period", "", "from", &report.from);
    lines.add("period", "", "until", &report.until);
    for row in &report.workers {
        let number = |count: u64| if row.withheld { WITHHELD.to_owned() } else { count.to_string() };
        lines.add(&row.indicator, &row.what, "cases", &number(row.cases));
        lines.add(&row.indicator, &row.what, "clients_of_groups", &number(row.clients_of_groups));
        lines.add(&row.indicator, &row.what, "clients_of_own_cases", &number(row.clients_of_own_cases));
        lines.add(&row.indicator, &row.what, "represented", &row.represented.to_string());
    }
    report.tables.iter().filter(|table| has_rows(table)).for_each(|table| lines.add_table(table));
    for one in &report.compensation {
        let amount = one.amount.as_ref().map_or_else(|| WITHHELD.to_owned(), |amount| amount.minor_units.to_string());
        lines.add("I6", &one.currency, "minor_units", &amount);
        lines.add("I6", &one.currency, "workers_paid", &plain(one.workers_paid.as_ref()));
        for conversion in &one.converted {
            let Some(amount) = &conversion.amount else { continue };
            let column = format!("{}_minor_units_at_{}_on_{}", amount.currency, conversion.rate, conversion.rate_date);
            lines.add("I6", &one.currency, &column, &amount.minor_units.to_string());
        }
    }
    for one in &report.referrals {
        let columns = [("sent", &one.sent), ("received", &one.received), ("accepted", &one.accepted), ("completed", &one.completed)];
        for (column, cell) in columns {
            lines.add("I12", &one.peer, column, &plain(cell.as_ref()));
        }
        if let Some(days) = one.median_days {
            lines.add("I12", &one.peer, "median_days", &days.to_string());
        }
    }
    for sentence in &report.left_out {
        lines.add("left out", "", "", sentence);
    }
    lines.0.join("\n") + "\n"
}

struct Lines(Vec<String>);

impl Lines {
    fn add(&mut self, indicator: &str, row: &str, column: &str, value: &str) {
        self.0.push([indicator, row, column, value].map(quoted).join(","));
    }

    fn add_table(&mut self, table: &wire::ReportTable) {
        for row in &table.rows {
            self.add(&table.indicator, &row.name, "number", &plain(row.count.as_ref()));
            if let Some(wire::ReportSexes { female, male, other, groups }) = row.by_sex {
                for (column, count) in [("female", female), ("male", male), ("other_or_not_stated", other), ("groups", groups)] {
                    self.add(&table.indicator, &row.name, column, &count.to_string());
                }
            }
        }
        if table.total.is_some() {
            self.add(&table.indicator, "all", "number", &plain(table.total.as_ref()));
        }
    }
}

fn plain(cell: Option<&wire::ReportCell>) -> String {
    match cell {
        Some(wire::ReportCell { withheld: false, count }) => count.to_string(),
        Some(_) | None => WITHHELD.to_owned(),
    }
}

/// A value as RFC 4180 has it. A program for spreadsheets takes what begins with one of these signs for a formula.
fn quoted(value: &str) -> String {
    let value = clean(value);
    let value = if value.starts_with(['=', '+', '-', '@']) { format!("'{value}") } else { value };
    if value.contains([',', '"']) { format!("\"{}\"", value.replace('"', "\"\"")) } else { value }
}
