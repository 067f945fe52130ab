//! Regenerates `src/gen` from the `.proto` files: `cargo run -p titian-proto --example generate`. With a folder as argument it writes there instead,
//! which is how the drift check compares.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::{Path, PathBuf};

use prost::Message;
use prost_types::FileDescriptorSet;

/// Every file of the contract.
const FILES: [&str; 13] = [
    "vocabulary",
    "descriptor",
    "agreement",
    "consent",
    "record",
    "referral",
    "envelope",
    "federation",
    "bundle",
    "desk",
    "administration",
    "audit",
    "report",
];

#[allow(dead_code, reason = "the drift test has a main of its own")]
fn main() -> Result<(), Box<dyn Error>> {
    let target = std::env::args().nth(1).map_or_else(|| root().join("src/gen"), PathBuf::from);
    generate(&target)?;
    println!("wrote {}", target.display());
    Ok(())
}

/// Writes everything that is generated into a folder.
pub(crate) fn generate(target: &Path) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(target)?;
    let descriptors = compile(root())?;
    write_messages(target, descriptors.clone())?;
    write_json(target, &descriptors)?;
    std::fs::write(target.join("titian.v1.descriptors.bin"), without_comments(descriptors).encode_to_vec())?;
    Ok(())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn compile(root: &Path) -> Result<FileDescriptorSet, Box<dyn Error>> {
    let files = FILES.iter().map(|name| format!("titian/v1/{name}.proto"));
    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    Ok(compiler.file_descriptor_set())
}

fn write_messages(target: &Path, descriptors: FileDescriptorSet) -> Result<(), Box<dyn Error>> {
    tonic_prost_build::configure()
        .out_dir(target)
        .bytes(".")
        .skip_debug(["."])
        .client_mod_attribute(".", "#[cfg(feature = \"services\")]")
        .server_mod_attribute(".", "#[cfg(feature = \"services\")]")
        .compile_fds(descriptors)?;
    Ok(())
}

fn write_json(target: &Path, descriptors: &FileDescriptorSet) -> Result<(), Box<dyn Error>> {
    pbjson_build::Builder::new().register_descriptors(&descriptors.encode_to_vec())?.out_dir(target).build(&[".titian"])?;
    Ok(())
}

/// What server reflection needs: names and types, not the comments.
fn without_comments(mut descriptors: FileDescriptorSet) -> FileDescriptorSet {
    for file in &mut descriptors.file {
        file.source_code_info = None;
    }
    descriptors
}
