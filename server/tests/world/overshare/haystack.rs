//! Looks for marked words wherever they may stand, as they are and in the guises in which bytes travel: hexadecimal, base64, UTF-16.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD as BASE64;

/// What every mark of these stories begins with; no other word does.
const BEGINS: &str = "QKENARIQ";

/// Digits after it.
const DIGITS: usize = 7;

/// A mark as a text.
pub fn mark(number: usize) -> String {
    format!("{BEGINS}{number:0DIGITS$}")
}

/// The numbers of the marks that stand in the clear.
pub fn in_the_clear(bytes: &[u8]) -> Vec<usize> {
    let text = String::from_utf8_lossy(bytes);
    let after = text.match_indices(BEGINS).map(|(at, _)| &text[at + BEGINS.len()..]);
    after.filter_map(|digits| digits.get(..DIGITS)?.parse().ok()).collect()
}

/// The guise in which a mark stands there, if one does.
pub fn disguised(bytes: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(bytes);
    guises().iter().find(|(_, needle)| text.contains(needle)).map(|(name, _)| *name)
}

/// How a mark stands there, in the clear or not.
pub fn anyhow(bytes: &[u8]) -> Option<&'static str> {
    if in_the_clear(bytes).is_empty() { disguised(bytes) } else { Some("the clear") }
}

fn guises() -> &'static [(&'static str, String)] {
    static GUISES: OnceLock<Vec<(&str, String)>> = OnceLock::new();
    GUISES.get_or_init(|| {
        let wide = |big: bool| BEGINS.chars().map(|letter| if big { format!("\0{letter}") } else { format!("{letter}\0") }).collect();
        let hexadecimal = hex::encode(BEGINS);
        let mut guises = vec![("UTF-16", wide(true)), ("UTF-16", wide(false)), ("hexadecimal", hexadecimal.to_uppercase())];
        guises.push(("hexadecimal", hexadecimal));
        // At each of the three places of a group of four letters; those that other bytes have a part in are left out.
        for before in 0..3_usize {
            let letters = BASE64.encode([vec![0; before], BEGINS.as_bytes().to_vec()].concat());
            let from = (before * 8).div_ceil(6);
            let until = (before + BEGINS.len()) * 8 / 6;
            guises.push(("base64", letters[from..until].to_owned()));
        }
        guises
    })
}

#[test]
fn a_mark_is_found_in_every_guise() {
    let mark = mark(42);
    assert_eq!(in_the_clear(format!("a{mark}b{mark}").as_bytes()), [42, 42]);
    let wide: Vec<u8> = mark.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for padding in ["", "1", "22", "333"] {
        let said = format!("{padding}{mark}");
        for guise in [BASE64.encode(&said), hex::encode(&said), hex::encode_upper(&said)] {
            assert!(disguised(guise.as_bytes()).is_some() && in_the_clear(guise.as_bytes()).is_empty(), "{guise}");
        }
    }
    assert_eq!(anyhow(&wide), Some("UTF-16"));
    assert_eq!(anyhow(b"nothing of the kind"), None);
}
