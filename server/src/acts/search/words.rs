//! What of a record, and of a question, is compared. Names come from paper, in any script, order and case; numbers with and without what is
//! around them.

use std::collections::BTreeSet;
use std::fmt;

use titian_proto::model::record::{ContactKind, RecordContent};
use titian_proto::model::value::Text;
use unicode_normalization::UnicodeNormalization as _;

/// Digits of a telephone number that are compared, the last ones: before them stand country and area, which people write in many ways or not at all.
const TELEPHONE_DIGITS: usize = 8;
/// Digits that make a number: a hotline has four, and fewer than three are a word's.
const NUMBER_DIGITS_MIN: usize = 3;

/// A word as it is compared, with what kind it is. Personal: never shown.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word(String);

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Word(redacted)")
    }
}

impl Word {
    /// Its bytes, for the blind index alone.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn of_name(word: &str) -> Self {
        Self(format!("name {word}"))
    }

    fn of_telephone(digits: &str) -> Self {
        Self(format!("telephone {}", &digits[digits.len().saturating_sub(TELEPHONE_DIGITS)..]))
    }

    fn of_paper(number: &str) -> Self {
        Self(format!("paper {number}"))
    }
}

/// The words under which a record is found.
pub(super) fn words_of(content: &RecordContent) -> BTreeSet<Word> {
    let mut words = BTreeSet::new();
    match content {
        RecordContent::Identity(identity) => {
            words.extend(names(identity.full_name.as_str()));
            words.extend(identity.name_native_script.iter().flat_map(|name| names(name.as_str())));
        }
        RecordContent::Safety(safety) => words.extend(safety.safe_name.iter().flat_map(|name| names(name.as_str()))),
        RecordContent::Contact(contact) => {
            for point in &contact.contacts {
                words.extend(words_of_contact(point.kind, &point.value));
            }
        }
        RecordContent::IdentityDocument(document) => {
            words.extend(document.number.iter().map(|number| Word::of_paper(&joined(number.as_str()))));
        }
        _ => {}
    }
    words
}

fn words_of_contact(kind: ContactKind, value: &Text) -> Vec<Word> {
    match kind {
        ContactKind::Phone | ContactKind::Sms | ContactKind::Whatsapp => {
            let digits = digits(value.as_str());
            if digits.len() < NUMBER_DIGITS_MIN { Vec::new() } else { vec![Word::of_telephone(&digits)] }
        }
        ContactKind::Messenger | ContactKind::Facebook | ContactKind::Email => names(value.as_str()).collect(),
        // Somebody else's name or a place.
        ContactKind::InPerson | ContactKind::ViaPerson => Vec::new(),
    }
}

/// What staff ask: each way in which the text may be meant, as the words that all must be there.
#[derive(Clone, Debug)]
pub(super) struct Question {
    ways: Vec<Vec<Word>>,
}

impl Question {
    pub(super) fn of(text: &str) -> Self {
        let mut ways = Vec::new();
        let name: BTreeSet<Word> = names(text).collect();
        if !name.is_empty() {
            ways.push(name.into_iter().collect());
        }
        let digits = digits(text);
        if digits.len() >= NUMBER_DIGITS_MIN {
            if !text.chars().any(char::is_alphabetic) {
                ways.push(vec![Word::of_telephone(&digits)]);
            }
            ways.push(vec![Word::of_paper(&joined(text))]);
        }
        Self { ways }
    }

    /// Nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// The ways in which it may be meant.
    pub(super) fn ways(&self) -> &[Vec<Word>] {
        &self.ways
    }

    /// Whether one of the ways fits what is kept of a person.
    pub(super) fn is_about(&self, contents: &[RecordContent]) -> bool {
        let known: BTreeSet<Word> = contents.iter().flat_map(words_of).collect();
        self.ways.iter().any(|way| way.iter().all(|word| known.contains(word)))
    }
}

/// The words of a name: small letters, without accents, in Western digits. A script without spaces is one word.
fn names(text: &str) -> impl Iterator<Item = Word> {
    let plain = plain(text);
    let words: Vec<Word> =
        plain.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(Word::of_name).collect();
    words.into_iter()
}

/// A number of a paper without what people put between its parts.
fn joined(text: &str) -> String {
    plain(text).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

fn digits(text: &str) -> String {
    text.chars().filter_map(western).collect()
}

fn plain(text: &str) -> String {
    /// Accents over Latin, Greek and Cyrillic letters. The vowels of other scripts are marks, too, and stay.
    const ACCENTS: std::ops::RangeInclusive<char> = '\u{300}'..='\u{36f}';
    let letters = text.nfkd().filter(|letter| !ACCENTS.contains(letter));
    letters.flat_map(char::to_lowercase).map(|letter| western(letter).unwrap_or(letter)).collect()
}

/// The Western digit of a digit in any script of the corridors.
fn western(digit: char) -> Option<char> {
    /// The zeros of Arabic, Persian and Urdu, Devanagari, Bengali, Tamil, Sinhala, Thai, Lao, Burmese and Khmer; nine digits follow each.
    const ZEROS: [u32; 10] = [0x660, 0x6f0, 0x966, 0x9e6, 0xbe6, 0xde6, 0xe50, 0xed0, 0x1040, 0x17e0];
    if digit.is_ascii_digit() {
        return Some(digit);
    }
    let value = ZEROS.iter().find_map(|zero| u32::from(digit).checked_sub(*zero).filter(|value| *value < 10))?;
    char::from_digit(value, 10)
}

#[cfg(test)]
mod tests {
    use titian_proto::wire;

    use super::*;

    fn identity(full_name: &str, native: &str) -> RecordContent {
        let identity = wire::Identity { full_name: full_name.to_owned(), name_native_script: native.to_owned(), ..Default::default() };
        content(wire::record_content::Content::Identity(identity))
    }

    fn telephone(number: &str) -> RecordContent {
        let point = wire::ContactPoint { kind: 1, value: number.to_owned(), device_held_by: 1, safe: true };
        content(wire::record_content::Content::Contact(wire::Contact { contacts: vec![point], ..Default::default() }))
    }

    fn passport(number: &str) -> RecordContent {
        let document = wire::IdentityDocument { kind: 1, number: number.to_owned(), country: "ID".to_owned(), ..Default::default() };
        content(wire::record_content::Content::IdentityDocument(document))
    }

    fn content(content: wire::record_content::Content) -> RecordContent {
        RecordContent::from_wire(&wire::RecordContent { content: Some(content) }).unwrap()
    }

    fn finds(text: &str, content: RecordContent) -> bool {
        Question::of(text).is_about(&[content])
    }

    #[test]
    fn a_name_is_found_by_its_words_in_any_order_case_and_accent() {
        let siti = || identity("Siti Aminah", "");
        assert!(finds("aminah", siti()) && finds("AMINAH Siti", siti()) && finds("  siti,aminah ", siti()));
        assert!(!finds("Siti Aminat", siti()) && !finds("Amin", siti()) && !finds("Siti Aminah Rahma", siti()));
        assert!(finds("nguyen thi hoa", identity("Nguyễn Thị Hoa", "")), "without the accents of Vietnamese");
        assert!(finds("Nguyễn", identity("Nguye\u{302}\u{303}n", "")), "however they were typed");
        assert!(finds("សុភា", identity("Sophea", "សុភា")), "in its own script");
        assert!(!finds("សុភ", identity("Sophea", "សុភា")), "where vowels are marks, they count");
    }

    #[test]
    fn a_telephone_number_is_found_with_and_without_its_country() {
        let number = || telephone("+62 812-8123-0001");
        assert!(finds("081281230001", number()) && finds("0062 812 8123 0001", number()) && finds("(0812) 81230001", number()));
        assert!(finds("٠٨١٢٨١٢٣٠٠٠١", number()), "in Arabic digits");
        assert!(!finds("081281230002", number()) && !finds("12", telephone("1300")));
        assert!(finds("1300", telephone("1300")));
    }

    #[test]
    fn a_paper_is_found_by_its_number_however_it_is_spaced() {
        assert!(finds("b 765-4321", passport("B7654321")) && finds("B7654321", passport("b 7654321")));
        assert!(!finds("7654321", passport("B7654321")), "part of a number is another number");
    }

    #[test]
    fn nothing_of_a_question_is_shown() {
        assert!(!format!("{:?}", Question::of("Siti 0812 8123 0001")).contains("iti"));
        assert!(Question::of("--").is_empty());
    }
}
