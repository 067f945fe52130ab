//! The square code on a slip, for paper and for a terminal.

use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of nothing around the code; readers need them.
const QUIET: i32 = 4;

/// The code of a text; none for a text that no code holds.
#[must_use]
pub(super) fn of(text: &str) -> Option<QrCode> {
    // Paper is folded: a medium correction reads with a fifth of it gone or dirty.
    QrCode::encode_text(text, QrCodeEcc::Medium).ok()
}

/// As a picture for a page: one path, so that it prints sharp at any size.
#[must_use]
pub(super) fn svg(code: &QrCode) -> String {
    let (size, mut path) = (code.size(), String::new());
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    let side = size + 2 * QUIET;
    format!(
        "<svg viewBox=\"0 0 {side} {side}\" xmlns=\"http://www.w3.org/2000/svg\" shape-rendering=\"crispEdges\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{path}\"/></svg>"
    )
}

/// As blocks of text, two rows a line, dark on light as a printer has it.
#[must_use]
pub(super) fn blocks(code: &QrCode) -> String {
    let (size, mut text) = (code.size(), String::new());
    for y in (-QUIET..size + QUIET).step_by(2) {
        let line: String = (-QUIET..size + QUIET)
            .map(|x| match (code.get_module(x, y), code.get_module(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
