//! Statements, agreement texts, and the file that carries both.

use prost::Message as _;
use titian_proto::envelope::KeyRing;
use titian_proto::model::agreement::Agreement;
use titian_proto::model::statement::{SignedStatement, Statement, joined, state};
use titian_proto::wire;

use super::{NOW, assert_same, seeds};

/// Takes the bytes as a signed statement, and as the statement inside one.
pub fn enter_statement(bytes: &[u8]) -> bool {
    let signed = wire::SignedStatement::decode(bytes).ok().and_then(|signed| read_signed(&signed));
    let inside = wire::Statement::decode(bytes).is_ok_and(|statement| read_statement(&statement));
    signed.is_some() || inside
}

/// Takes the bytes as an agreement file.
pub fn enter_file(bytes: &[u8]) -> bool {
    wire::AgreementFile::decode(bytes).is_ok_and(|file| read_file(&file))
}

/// Takes the bytes as the text of an agreement, as officers write it.
pub fn enter_text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let read = [Agreement::from_toml_among_others(text), Agreement::from_toml(text)];
    read.iter().flatten().for_each(check);
    read.iter().any(Result::is_ok)
}

/// Reads the text, every statement, and what all of them make of the agreement.
pub(super) fn read_file(file: &wire::AgreementFile) -> bool {
    let wire::AgreementFile { text, statements } = file;
    let statements: Vec<Statement> = statements.iter().filter_map(read_signed).collect();
    let Ok(agreement) = Agreement::parse_canonical(text) else { return false };
    check(&agreement);
    drop(statements.iter().try_for_each(|statement| statement.check_about(&agreement)));
    let _ = state(&agreement, &statements, NOW, false);
    assert!(joined(&agreement, &agreement.reference(), &statements).parties.len() >= agreement.parties.len());
    true
}

fn check(agreement: &Agreement) {
    let canonical = agreement.to_canonical_toml();
    assert_same(agreement, Agreement::parse_canonical(canonical.as_bytes()));
    assert!(agreement.digest() == agreement.reference().digest);
}

fn read_signed(signed: &wire::SignedStatement) -> Option<Statement> {
    let read = SignedStatement::from_wire(signed).ok()?;
    assert_same(&read, SignedStatement::from_wire(&read.to_wire()));
    drop(read.verify(&KeyRing::from_descriptor_chain(&seeds::golden_chain()), NOW));
    let statement = read.statement().ok()?;
    read_statement(&statement.to_wire());
    Some(statement)
}

fn read_statement(statement: &wire::Statement) -> bool {
    let Ok(read) = Statement::from_wire(statement) else { return false };
    assert_same(&read, Statement::from_wire(&read.to_wire()));
    true
}
