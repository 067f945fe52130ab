//! The generated code that is checked in is that of the contract.

use std::path::Path;

#[path = "../examples/generate.rs"]
mod generate;

#[test]
fn the_generated_code_is_what_the_contract_says() {
    // Given code generated now
    let fresh = tempfile::tempdir().unwrap();
    generate::generate(fresh.path()).unwrap();
    // Then it is byte for byte what is checked in
    let checked_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gen");
    for entry in std::fs::read_dir(fresh.path()).unwrap() {
        let name = entry.unwrap().file_name();
        let (now, then) = (std::fs::read(fresh.path().join(&name)).unwrap(), std::fs::read(checked_in.join(&name)).unwrap_or_default());
        assert!(now == then, "{} differs; run: cargo run -p titian-proto --example generate", name.display());
    }
}
