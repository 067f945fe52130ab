//! Which tables are sealed, and why the others need not be. Every table of the store stands in one of the two lists; a test finds those that do not.

/// Tables whose every value is sealed: they hold what is known of workers, their cases and their contacts, or of staff by name, or a secret.
const SEALED: [&str; 15] = [
    "worker/",
    "worker-record/",
    "case/",
    "case-record/",
    "held/",
    "referral/",
    "ledger/",
    "ledger-known-through/",
    "ledger-told-by/",
    "document/",
    "document-held/",
    "staff/account/",
    "staff/named/",
    "staff/session/",
    "name-secret/",
];

/// Tables with a part of each row sealed: the bodies of envelopes. What is around a body keeps the place of the envelope when its body is destroyed, and
/// holds nothing personal.
const SEALED_IN_PART: [&str; 1] = ["outbox/"];

/// Tables in the clear, and why.
const CLEAR: [(&str, &str); 60] = [
    ("meta/", "what the store knows of itself"),
    ("released/", "numbers of slots whose keys are to be destroyed"),
    ("log/", "leaves, which auditors and peers read; personal data is never in them"),
    ("log-count/", "a number"),
    ("channel/", "numbers by agreement and union"),
    ("settled/", "receipts: signed hashes and codes"),
    ("inbox/", "receipts: signed hashes and codes"),
    ("inbox-envelope/", "headers, seals and leaves of what was received, never a body"),
    ("inbox-lane/", "cursors"),
    ("outbox-lane/", "cursors"),
    ("returned/", "receipts: signed hashes and codes"),
    ("peer-settled/", "cursors"),
    ("peer-left/", "cursors"),
    ("peer-epoch/", "random ids of databases"),
    ("told-epoch/", "random ids of databases"),
    ("heard-epoch/", "random ids of databases"),
    ("case-sequence/", "cursors by a random name"),
    ("parked-here/", "codes, cursors and random names"),
    ("parked-there/", "codes, cursors and random names"),
    ("quarantine/", "headers and receipts with which a peer contradicts itself, without bodies"),
    ("peer/", "descriptors of unions, which they publish"),
    ("agreement/", "texts that unions publish to each other"),
    ("statement/", "what a union signed about an agreement"),
    ("agreements-tag/", "random bytes"),
    ("activated/", "digests of texts of agreements"),
    ("tag/", "random bytes by random ids"),
    ("passed/", "times"),
    ("subject/", "random names, by random ids"),
    ("known-as/", "random ids, by random names"),
    ("case-ref/", "random names, by random ids"),
    ("case-number/", "a number"),
    ("given/", "random ids and revisions"),
    ("progress/", "codes and counts"),
    ("referral-of-case/", "random ids"),
    ("referral-of-worker/", "random ids"),
    ("referral-of-subject/", "random ids, by random names"),
    ("subjects-listed/", "a number"),
    ("referral-due/", "random ids and times"),
    ("document-chunk/", "bytes that are sealed with the key in the row of their document"),
    ("document-hashes/", "hashes of those bytes, made with the salt in the row of their document"),
    ("document-roots/", "hashes of those hashes"),
    ("document-offered/", "random ids, sizes, and digests made with such a salt"),
    ("document-attaching/", "random ids"),
    ("document-wanted/", "random ids"),
    ("document-waste/", "random ids"),
    ("staff/strangers/", "a number"),
    ("erasure/", "codes, times and random ids"),
    ("erasure-owed/", "random ids"),
    ("erasure-due/", "random ids and times"),
    ("erasure-early/", "as erasure-receipt/"),
    ("erasure-receipt/", "what a union signed about a destruction: random ids, codes and commitments"),
    ("retention-due/", "random ids and times"),
    ("tenure/", "codes, numbers and times, by random ids"),
    ("leader/", "random ids, by random ids"),
    ("confirmed/", "random ids, revisions, times and staff pseudonyms, by random ids"),
    ("report/", "numbers that were given out, with what is small left out"),
    ("breach/", "codes, times, random ids and pseudonyms of staff"),
    ("heard/", "random ids, times, names of unions and pseudonyms of staff"),
    ("heard-open/", "the same"),
    ("came-under/", "indexes of leaves by random ids"),
];

/// Whether the value of a key is sealed whole.
pub(crate) fn is_sealed(key: &[u8]) -> bool {
    SEALED.iter().any(|table| key.first() == table.as_bytes().first() && key.starts_with(table.as_bytes()))
}

/// How the values of a table are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Sealed.
    Sealed,
    /// A part of each row is sealed.
    SealedInPart,
    /// In the clear.
    Clear(&'static str),
}

/// Every table, and how its values are stored.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, Kept)> {
    let sealed = SEALED.iter().map(|table| (*table, Kept::Sealed));
    let in_part = SEALED_IN_PART.iter().map(|table| (*table, Kept::SealedInPart));
    sealed.chain(in_part).chain(CLEAR.iter().map(|(table, why)| (*table, Kept::Clear(why))))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    /// Every text of a source that looks like the name of a table.
    fn named_in(source: &str, found: &mut BTreeSet<String>) {
        let is_name = |text: &&str| {
            let form = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            text.strip_suffix('/').is_some_and(|name| name.split('/').all(form))
        };
        found.extend(source.split('"').filter(is_name).map(str::to_owned));
    }

    fn named_under(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().filter_map(Result::ok) {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() && name != "tests" && name != "engine" && name != "sealing" {
                named_under(&path, found);
            } else if path.is_file() {
                let source = std::fs::read_to_string(&path).unwrap();
                named_in(source.split("#[cfg(test)]\nmod tests").next().unwrap(), found);
            }
        }
    }

    #[test]
    fn every_table_is_sealed_or_says_why_it_need_not_be() {
        // Not tables: how values of several tables are called in errors.
        const NAMES: [&str; 2] = ["record/", "referral-of/"];
        let mut named = BTreeSet::new();
        named_under(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"), &mut named);
        let known: BTreeSet<String> = all().map(|(table, _)| table.to_owned()).collect();
        let unknown: Vec<_> = named.iter().filter(|name| !known.contains(*name) && !NAMES.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "say in one of the lists whether these tables are sealed: {unknown:?}");
        assert!(named.len() > 40, "the names are found: {named:?}");
        assert_eq!(known.len(), SEALED.len() + SEALED_IN_PART.len() + CLEAR.len(), "no table stands in both lists");
    }

    #[test]
    fn no_table_begins_with_the_name_of_another() {
        for (table, _) in all() {
            assert!(all().filter(|(other, _)| other.starts_with(table)).count() == 1, "{table}");
            assert_eq!(is_sealed(table.as_bytes()), SEALED.contains(&table));
        }
    }
}
