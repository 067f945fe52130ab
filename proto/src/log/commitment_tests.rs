use super::*;

const SALT: [u8; 32] = [1; 32];
const TRANSFER: TransferId = TransferId([2; 16]);

fn fields() -> Vec<(String, &'static [u8])> {
    vec![("claim#0".to_owned(), b"wages".as_slice()), ("identity#0".to_owned(), b"name".as_slice())]
}

#[test]
fn both_ends_commit_alike_in_whatever_order_and_to_nothing_else() {
    let commit = commitment(&SALT, TRANSFER, &fields());
    let reversed: Vec<_> = fields().into_iter().rev().collect();
    assert_eq!(commit, commitment(&SALT, TRANSFER, &reversed));
    assert_ne!(commit, commitment(&[3; 32], TRANSFER, &fields()));
    assert_ne!(commit, commitment(&SALT, TRANSFER, &fields()[..1]));
    let renamed = vec![("claim#1".to_owned(), b"wages".as_slice()), fields()[1].clone()];
    assert_ne!(commit, commitment(&SALT, TRANSFER, &renamed));
}

#[test]
fn an_auditor_opens_one_field_without_seeing_the_other() {
    let shown = open_field(&field_key(&SALT, "claim#0"), b"wages");
    let hidden = open_field(&field_key(&SALT, "identity#0"), b"name");
    assert_eq!(commitment_of_tags(&[("claim#0", shown), ("identity#0", hidden)]), commitment(&SALT, TRANSFER, &fields()));
    let wrong = open_field(&field_key(&SALT, "claim#0"), b"other wages");
    assert_ne!(commitment_of_tags(&[("claim#0", wrong), ("identity#0", hidden)]), commitment(&SALT, TRANSFER, &fields()));
}

#[test]
fn every_transfer_of_a_record_has_its_own_salt() {
    assert_ne!(transfer_salt(&SALT, TRANSFER), transfer_salt(&SALT, TransferId([3; 16])));
}
