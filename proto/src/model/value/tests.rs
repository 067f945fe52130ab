//! Small values: what has the form is kept as it was written, all else is refused without being shown.

use super::*;

#[test]
fn text_keeps_every_script_and_refuses_what_disturbs_the_text_around_it() {
    for text in ["မြန်မာ", "ខ្មែរ", "می\u{200c}خواهم", "👩🏽\u{200d}🌾", "a b"] {
        assert_eq!(Text::parse(text, 64).unwrap().as_str(), text);
    }
    for text in ["a\nb", "a\tb", "a\0", "\u{1b}[31m", "\u{202e}a", "\u{2066}a", "a\u{2028}b"] {
        assert_eq!(Text::parse(text, 64).unwrap_err().to_string(), "must not hold control characters");
    }
    // Also where the rest of the text is in another script than ASCII.
    for text in ["é\nb", "é\0", "é\u{7f}", "a\u{85}"] {
        assert_eq!(Text::parse(text, 64).unwrap_err().to_string(), "must not hold control characters");
    }
    assert!(Text::parse("a\u{7f}", 64).is_err());
    assert!(Text::parse_lines("é\n\tb", 64).is_ok());
    assert!(Text::parse_lines("a\n\tb", 64).is_ok());
    assert!(Text::parse_lines("a\r\nb", 64).is_err());
}

#[test]
fn text_is_measured_in_bytes() {
    assert!(Text::parse(&"é".repeat(32), 64).is_ok());
    assert_eq!(Text::parse(&"é".repeat(33), 64).unwrap_err().to_string(), "must be at most 64 bytes of UTF-8");
    assert_eq!(Text::parse("\u{3000}", 64).unwrap_err().to_string(), "must not be blank");
    assert!(Text::parse_optional("", 64).unwrap().is_none());
}

#[test]
fn countries_are_those_of_the_list_in_capitals() {
    for code in ["MY", "ID", "KH", "JO", "BD", "NP", "MM", "VN"] {
        assert_eq!(Country::parse(code).unwrap().code(), code);
    }
    for code in ["", "my", "MYS", "ZZ", "458"] {
        assert!(Country::parse(code).is_err());
    }
    assert_eq!(serde_json::to_string(&Country::parse("MY").unwrap()).unwrap(), "\"MY\"");
    assert!(serde_json::from_str::<Country>("\"ZZ\"").is_err());
}

#[test]
fn languages_have_the_form_of_a_tag() {
    for tag in ["id", "jv", "zh-Hant", "pt-BR", "bjn", "sr-Latn-RS", "de-1996"] {
        assert_eq!(Language::parse(tag).unwrap().as_str(), tag);
    }
    for tag in ["", "i", "Indonesian", "ID", "id-", "id_ID", "id-toolongtag", "id "] {
        assert!(Language::parse(tag).is_err());
    }
}

#[test]
fn days_months_and_times_are_real() {
    assert_eq!(Month::parse("2026-02").unwrap().to_string(), "2026-02");
    for month in ["2026-13", "2026-2", "02-2026", ""] {
        assert!(Month::parse(month).is_err());
    }
    assert_eq!(ClockTime::parse("06:05").unwrap().to_string(), "06:05");
    for time in ["6:05", "24:00", "12:60", "1205", ""] {
        assert!(ClockTime::parse(time).is_err());
    }
}

#[test]
fn a_rate_is_kept_as_it_was_written() {
    for rate in ["4.046", "4.1300", "1", "0.00012"] {
        assert_eq!(Decimal::parse(rate).unwrap().to_string(), rate);
    }
    for rate in ["", "0", "0.0", ".5", "4.", "-1", "1e3", "4,046", "4.0.1"] {
        assert!(Decimal::parse(rate).is_err());
    }
}

#[test]
fn money_and_periods_are_not_shown() {
    let money = Money::new(600_000, Currency::MYR).unwrap();
    assert_eq!(format!("{money:?}"), "Money(..)");
    assert_eq!(Money::new(-1, Currency::MYR).unwrap_err().to_string(), "minor_units: must not be negative");
    assert_eq!((money.minor_units(), money.currency()), (600_000, Currency::MYR));
}
