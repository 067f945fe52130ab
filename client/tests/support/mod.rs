//! Golden files: `UPDATE_GOLDEN=1 cargo test -p titian-client` writes them anew; look at the difference before you keep it.

use std::path::Path;

/// Compares with the golden file of this name.
pub(crate) fn check_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{name} is not as agreed. Now:\n{text}");
}
