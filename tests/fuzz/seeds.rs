//! Writes the inputs to start from: `corpus/<target>/seed-<number>`.

use std::fs;
use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    for target in titian_tests::fuzz::TARGETS {
        let folder = Path::new("corpus").join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
