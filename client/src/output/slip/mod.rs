//! The worker's slip as a page, and what a check of one says.
//!
//! The page holds what the signed text holds and nothing else about her.

mod code;
pub mod words;

use titian_proto::model::descriptor::Descriptor;
use titian_proto::model::slip::{Slip, SlipEntry};
use titian_proto::wire;

use self::words::Words;
use crate::output::block::Block;
use crate::output::table::table;
use crate::output::text::clean;

/// How the page is set: black on white, on A5 and on A4, with nothing that a printer leaves out.
const STYLE: &str = "@page{size:A5;margin:12mm}body{font:12pt/1.4 sans-serif;max-width:124mm;margin:0 auto;color:#000;background:#fff}\
    h1{font-size:16pt;margin:0 0 4mm}table{width:100%;border-collapse:collapse;margin:4mm 0}\
    th,td{text-align:left;vertical-align:top;border-top:.3mm solid #000;padding:1.5mm 2mm 1.5mm 0}\
    .day{white-space:nowrap}svg{display:block;width:55mm;height:55mm;margin:2mm auto}small{font-size:9pt}";

/// A slip, ready to be set.
pub struct Page<'a> {
    slip: Slip,
    made: &'a wire::MakeSlipResponse,
    words: &'static Words,
}

impl<'a> Page<'a> {
    /// Reads what the node made. A language without words is set in English.
    ///
    /// # Errors
    /// When it is no slip.
    pub fn of(made: &'a wire::MakeSlipResponse, language: &str) -> Result<Self, titian_proto::model::malformed::Malformed> {
        let words = words::of(language).unwrap_or_else(words::english);
        Ok(Self { slip: Slip::read(&made.text)?, made, words })
    }

    /// As a page to print.
    #[must_use]
    pub fn html(&self) -> String {
        let Words { language, title, holds, withdraw, keep, proves, union, what, until, written_by, date, number, .. } = self.words;
        let row = |entry: &SlipEntry| {
            let (union, what) = (escape(&self.name(entry.recipient.as_str())), escape(&self.categories(entry)));
            format!("<tr><td>{union}</td><td>{what}</td><td class=\"day\">{}</td></tr>\n", entry.until)
        };
        let rows: String = self.slip.entries.iter().map(row).collect();
        let code = code::of(&self.made.text).map(|code| code::svg(&code)).unwrap_or_default();
        let Slip { reference, issuer, issued_on, .. } = &self.slip;
        format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\n<style>{STYLE}</style></head>\n<body>\n\
             <h1>{title}</h1>\n<p>{holds}</p>\n\
             <table>\n<tr><th>{union}</th><th>{what}</th><th>{until}</th></tr>\n{rows}</table>\n\
             <p><strong>{withdraw}</strong></p>\n<p>{keep}</p>\n{code}\n\
             <p><small>{proves}<br>{written_by}: {}<br>{date}: {issued_on}<br>{number}: {reference}</small></p>\n</body>\n</html>\n",
            escape(&self.name(issuer.as_str())),
        )
    }

    /// As text, for a terminal or a printer without pages; the signed lines stand at its end.
    #[must_use]
    pub fn text(&self) -> String {
        let Words { title, holds, withdraw, keep, proves, union, what, until, written_by, date, number, .. } = self.words;
        let entry = |entry: &SlipEntry| {
            Block::new()
                .row(union, self.name(entry.recipient.as_str()))
                .row(what, self.categories(entry))
                .row(until, entry.until.to_string())
                .to_string()
        };
        let entries: Vec<String> = self.slip.entries.iter().map(entry).collect();
        let Slip { reference, issuer, issued_on, .. } = &self.slip;
        let foot =
            Block::new().row(written_by, self.name(issuer.as_str())).row(date, issued_on.to_string()).row(number, reference.to_string());
        let code = code::of(&self.made.text).map(|code| code::blocks(&code)).unwrap_or_default();
        let head = format!("{title}\n\n{holds}\n\n{}\n{withdraw}\n\n{keep}\n", entries.join("\n"));
        format!("{head}\n{code}\n{proves}\n{foot}\n{}", self.made.text)
    }

    /// The name of a union in the language of the page, else in English, else the first; its id where it is not known.
    fn name(&self, node_id: &str) -> String {
        let known = self.made.unions.iter().find(|union| union.node_id == node_id);
        name_in(known.map_or(&[], |union| &union.names), self.words.language).unwrap_or_else(|| node_id.to_owned())
    }

    fn categories(&self, entry: &SlipEntry) -> String {
        entry.categories.iter().map(|category| self.words.category(*category)).collect::<Vec<_>>().join("; ")
    }
}

/// What a check of a slip found, for the person who made the check.
#[must_use]
pub fn verified(slip: &Slip, issuer: &Descriptor, fingerprint_words: &str) -> String {
    let Slip { reference, issuer: node_id, issued_on, entries } = slip;
    let names: Vec<wire::LocalText> = issuer.names.iter().map(|name| name.to_wire()).collect();
    let head = Block::new()
        .row("written by", node_id.to_string())
        .row("name", name_in(&names, "en").unwrap_or_default())
        .row("fingerprint", fingerprint_words)
        .row("on", issued_on.to_string())
        .row("number", reference.to_string());
    let row = |entry: &SlipEntry| {
        let categories: Vec<&str> = entry.categories.iter().map(|category| category.code()).collect();
        vec![entry.recipient.to_string(), categories.join(", "), entry.until.to_string()]
    };
    let rows = table(&["union", "may hold", "until"], entries.iter().map(row), "nothing");
    format!(
        "the slip is as the union wrote it\n{head}\n{rows}Compare the fingerprint with the paper agreement. The slip does not show what she took back since.\n"
    )
}

/// The same for scripts.
#[must_use]
pub fn verified_json(slip: &Slip) -> serde_json::Value {
    let Slip { reference, issuer, issued_on, entries } = slip;
    let entry = |entry: &SlipEntry| {
        let categories: Vec<&str> = entry.categories.iter().map(|category| category.code()).collect();
        serde_json::json!({ "recipient": entry.recipient, "until": entry.until, "categories": categories })
    };
    serde_json::json!({
        "verified": true,
        "reference": reference.to_string(),
        "issuer": issuer,
        "issuedOn": issued_on,
        "entries": entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn name_in(names: &[wire::LocalText], language: &str) -> Option<String> {
    let spoken = |wanted: &str| names.iter().find(|name| name.language.split('-').next() == Some(wanted));
    spoken(language).or_else(|| spoken("en")).or_else(|| names.first()).map(|name| clean(&name.text))
}

/// A text as it may stand in a page. Names come from other unions.
fn escape(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
