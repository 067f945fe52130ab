//! Files that people exchange by mail, stick or messenger: bytes as base64 lines between a BEGIN and an END line, as in PEM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters of base64 in a line, as PEM has it.
const LINE: usize = 64;

/// What the files between unions are called in their first and last line.
pub mod label {
    /// A chain of descriptors.
    pub const DESCRIPTOR: &str = "TITIAN DESCRIPTOR";
    /// An agreement and its statements.
    pub const AGREEMENT: &str = "TITIAN AGREEMENT";
    /// A notice that a node's keys are in other hands.
    pub const COMPROMISE: &str = "TITIAN COMPROMISE";
}

/// Why an armoured file cannot be read. Never quotes the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmorError {
    /// Larger than its kind may be.
    #[error("the file is larger than {limit} bytes; it is not a {label} file")]
    TooLong {
        /// Largest size in bytes.
        limit: usize,
        /// What was expected.
        label: String,
    },
    /// The first line is missing, or is that of another kind of file.
    #[error("the file must begin with the line -----BEGIN {label}-----; check that it is the right file")]
    BeginMissing {
        /// What was expected.
        label: String,
    },
    /// The last line is missing, so the file was cut.
    #[error("the file must end with the line -----END {label}-----; it was cut, ask for it again")]
    EndMissing {
        /// What was expected.
        label: String,
    },
    /// A line is not base64, so the file was altered on its way.
    #[error("line {line} of the file was altered on its way; ask for it again")]
    Altered {
        /// The first bad line, from 1.
        line: usize,
    },
    /// Something stands behind the last line.
    #[error("line {line} stands behind the end of the file's content; remove what follows the END line")]
    Trailing {
        /// The first line behind the end, from 1.
        line: usize,
    },
}

/// Writes bytes as an armoured text.
#[must_use]
pub fn armor(label: &str, bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(LINE));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Reads the bytes of an armoured text. Forgives what mail programs do: another line end, blank lines, a byte order mark, spaces at a line's ends.
///
/// # Errors
/// When the text is over the limit, is of another kind, was cut or was altered.
pub fn dearmor(label: &str, text: &str, limit: usize) -> Result<Vec<u8>, ArmorError> {
    if text.len() > limit {
        return Err(ArmorError::TooLong { limit, label: label.to_owned() });
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().map(str::trim).enumerate().map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.is_empty());
    if lines.next().is_none_or(|(_, line)| line != format!("-----BEGIN {label}-----")) {
        return Err(ArmorError::BeginMissing { label: label.to_owned() });
    }
    let encoded = until_end(label, &mut lines)?;
    match lines.next() {
        None => decode(&encoded),
        Some((line, _)) => Err(ArmorError::Trailing { line }),
    }
}

fn until_end<'a>(label: &str, lines: &mut impl Iterator<Item = (usize, &'a str)>) -> Result<Vec<(usize, &'a str)>, ArmorError> {
    let end = format!("-----END {label}-----");
    let mut encoded = Vec::new();
    for (number, line) in lines {
        if line == end {
            return Ok(encoded);
        }
        if !line.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')) {
            return Err(ArmorError::Altered { line: number });
        }
        encoded.push((number, line));
    }
    Err(ArmorError::EndMissing { label: label.to_owned() })
}

fn decode(encoded: &[(usize, &str)]) -> Result<Vec<u8>, ArmorError> {
    let joined: String = encoded.iter().map(|(_, line)| *line).collect();
    let last = encoded.last().map_or(1, |(number, _)| *number);
    STANDARD.decode(joined).map_err(|_| ArmorError::Altered { line: last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_armoured_comes_back_also_after_a_mail_program() {
        for length in [0, 1, 47, 48, 49, 500] {
            let bytes: Vec<u8> = (0..length).map(|byte| u8::try_from(byte % 251).unwrap()).collect();
            let text = armor(label::DESCRIPTOR, &bytes);
            assert!(text.lines().all(|line| line.len() <= LINE));
            assert_eq!(dearmor(label::DESCRIPTOR, &text, 4096).unwrap(), bytes);
            let mailed = format!("\u{feff}\r\n{}\r\n\r\n", text.replace('\n', "  \r\n"));
            assert_eq!(dearmor(label::DESCRIPTOR, &mailed, 4096).unwrap(), bytes);
        }
    }

    #[test]
    fn a_cut_altered_or_mistaken_file_is_told_apart() {
        let text = armor(label::DESCRIPTOR, &[7; 200]);
        let read = |text: &str| dearmor(label::DESCRIPTOR, text, 4096).unwrap_err();
        assert!(matches!(read(&armor(label::AGREEMENT, &[7; 200])), ArmorError::BeginMissing { .. }));
        assert!(matches!(read(""), ArmorError::BeginMissing { .. }));
        assert!(matches!(read(&text[..text.len() - 30]), ArmorError::EndMissing { .. } | ArmorError::Altered { .. }));
        assert!(matches!(read(&text.replacen("Bw", "B\u{e9}", 1)), ArmorError::Altered { line: 2 }));
        assert!(matches!(read(&format!("{text}and my phone is")), ArmorError::Trailing { line: 8 }));
        assert!(matches!(dearmor(label::DESCRIPTOR, &text, 100), Err(ArmorError::TooLong { limit: 100, .. })));
    }
}
