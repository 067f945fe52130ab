//! Tables whose columns stand in every script.

use comfy_table::{ContentArrangement, Table, TableStyle};

use crate::output::text::clean;

/// A table; without rows, the sentence that there is nothing.
#[must_use]
pub fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>, nothing: &str) -> String {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)));
    }
    if table.is_empty() {
        return format!("{nothing}\n");
    }
    let lines = table.lines().map(|line| line.trim_end().strip_prefix(' ').unwrap_or(line.trim_end()).to_owned());
    lines.collect::<Vec<_>>().join("\n") + "\n"
}
