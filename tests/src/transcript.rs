//! Commands and outputs as a golden text: everything that differs from run to run is replaced by a name for it.

use std::path::PathBuf;

use crate::answer::Answer;
use crate::programs;

/// Collects commands and outputs, and compares them with a file of `tests/golden`. `UPDATE_GOLDEN=1` rewrites the file instead.
#[derive(Debug, Default)]
pub struct Transcript {
    text: String,
    names: Vec<(String, String)>,
}

impl Transcript {
    /// Says that this text of the run is to be read as `<name>`: an id, a folder, an address.
    pub fn name(&mut self, text: &str, name: &str) {
        if !text.is_empty() {
            self.names.push((text.to_owned(), format!("<{name}>")));
        }
    }

    /// Adds a line that explains what follows.
    pub fn heading(&mut self, text: &str) {
        self.text.push_str(&format!("\n# {text}\n"));
    }

    /// Adds a command with its output.
    pub fn add(&mut self, who: &str, answer: &Answer) {
        let Answer { command, exit, stdout, stderr } = answer;
        self.text.push_str(&format!("{who}$ {command}\n{stdout}{stderr}[exit {exit}]\n"));
    }

    /// As [`Self::add`], for records in the order of their random names: block by block, sorted by what they say. So many blocks at the beginning stay
    /// where they are.
    pub fn add_unordered(&mut self, who: &str, answer: &Answer, first: usize) {
        if answer.stdout.is_empty() {
            return self.add(who, answer);
        }
        let mut blocks: Vec<&str> = answer.stdout.trim_end().split("\n\n").collect();
        let first = first.min(blocks.len());
        blocks[first..].sort_by_key(|block| self.sorted_by(block));
        let stdout = blocks.join("\n\n") + "\n";
        self.add(who, &Answer { command: answer.command.clone(), exit: answer.exit, stdout, stderr: answer.stderr.clone() });
    }

    /// What a block says once everything random has its name.
    fn sorted_by(&self, block: &str) -> String {
        Self { text: block.to_owned(), names: self.names.clone() }.normalised()
    }

    /// Compares with the golden file.
    ///
    /// # Panics
    /// When they differ, with the first line that does.
    pub fn compare(&self, file: &str) {
        let path = golden(file);
        let text = self.normalised();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            if let Err(error) = std::fs::write(&path, &text) {
                panic!("{}: {error}", path.display());
            }
            return;
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = expected.lines().zip(text.lines()).position(|(want, got)| want != got);
        let line = differs.unwrap_or_else(|| expected.lines().count().min(text.lines().count()));
        assert!(
            expected == text,
            "{file} differs from line {}:\n  golden: {}\n  now:    {}\nIf the change is meant: UPDATE_GOLDEN=1 and read the diff.",
            line + 1,
            expected.lines().nth(line).unwrap_or("(end)"),
            text.lines().nth(line).unwrap_or("(end)"),
        );
    }

    /// The text with names for everything that differs from run to run.
    #[must_use]
    pub fn normalised(&self) -> String {
        let named = self.names.iter().fold(self.text.clone(), |text, (from, to)| text.replace(from.as_str(), to));
        let lines: Vec<String> = named.lines().map(|line| normalise_line(line).trim_end().to_owned()).collect();
        lines.join("\n") + "\n"
    }
}

/// The place of a golden file.
#[must_use]
pub fn golden(file: &str) -> PathBuf {
    programs::project().join("tests/golden").join(file)
}

/// Replaces ids, hashes, times and ports in one line. Column widths may follow from them, so runs of spaces become one.
fn normalise_line(line: &str) -> String {
    let words: Vec<String> = line.split(' ').filter(|word| !word.is_empty()).map(normalise_word).collect();
    words.join(" ")
}

fn normalise_word(word: &str) -> String {
    let (before, core, after) = trimmed(word);
    let name = match core {
        _ if is_uuid(core) => "<id>",
        _ if core.strip_prefix("S-").is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())) => {
            "<staff>"
        }
        _ if core.len() >= 16 && core.bytes().all(|byte| byte.is_ascii_hexdigit()) && core.bytes().any(|byte| byte.is_ascii_digit()) => {
            "<hex>"
        }
        _ if is_time(core) => "<time>",
        _ if core.strip_prefix("http://127.0.0.1:").or_else(|| core.strip_prefix("127.0.0.1:")).is_some_and(is_number) => "<address>",
        _ => return word.to_owned(),
    };
    format!("{before}{name}{after}")
}

/// Splits quotes, brackets and commas off both ends.
fn trimmed(word: &str) -> (&str, &str, &str) {
    let edge = |letter: char| !letter.is_ascii_alphanumeric() && letter != '<' && letter != '>';
    let from_start = word.trim_start_matches(edge);
    let core = from_start.trim_end_matches(edge);
    let (start, end) = (word.len() - from_start.len(), word.len() - from_start.len() + core.len());
    (&word[..start], core, &word[end..])
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_time(text: &str) -> bool {
    let shape = |pattern: &str| {
        text.len() >= pattern.len()
            && pattern.bytes().zip(text.bytes()).all(|(want, got)| if want == b'0' { got.is_ascii_digit() } else { want == got })
    };
    shape("0000-00-00T00:00") || shape("00:00:00")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_times_and_addresses_are_named_and_words_stay() {
        let line = "referral 0198c0de-1111-7222-8333-444455556666,  queued 2026-03-02T02:00:00Z at http://127.0.0.1:40123 for id.ksbsi";
        assert_eq!(normalise_line(line), "referral <id>, queued <time> at <address> for id.ksbsi");
        assert_eq!(normalise_line("digest \"0123456789abcdef0123\" 600000 W01"), "digest \"<hex>\" 600000 W01");
    }
}
