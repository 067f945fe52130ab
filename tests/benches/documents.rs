//! A large document, measured: attached at MTUC until every byte of it is at KSBSI, and what it takes of memory at both ends.
//!
//! `cargo bench -p titian-tests --bench documents -- 5120` sends 5 GiB and prints the table; without a number it is 512 MiB. Without `--bench` (as
//! `cargo test` calls it) it is 1 MiB, so that the bench itself is tested.
#![allow(clippy::panic, clippy::print_stdout, reason = "a bench prints its table, and stops when a step fails")]

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use titian_tests::meter;
use titian_tests::papers::{Papers, pdf};
use titian_tests::union::Union;
use titian_tests::world::World;

const MIB: u64 = 1 << 20;
/// What is measured when nothing is said.
const USUAL_MIB: u64 = 512;
/// A line that is slower than this has failed.
const BYTES_A_SECOND_MIN: u64 = MIB;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let told = arguments.iter().find_map(|argument| argument.parse::<u64>().ok());
    let mebibytes = if arguments.iter().any(|argument| argument == "--bench") { told.unwrap_or(USUAL_MIB) } else { 1 };
    let caps = format!("retention_days = 365\nlargest_document_mib = {mebibytes}\ndocuments_per_referral_mib = {mebibytes}\n");
    let papers = Papers::referred(World::befriended(), &[("retention_days = 365\n", &caps)]);
    let file = papers.world.ground.path().join("large.pdf");
    write(&file, mebibytes * MIB);
    let before = memory(&papers);
    let start = Instant::now();
    let record = papers.record("CONTRACT");
    papers.attach(&record, &file.display().to_string()).done();
    let attached = start.elapsed();
    let held = papers.whole(Duration::from_secs(60 + mebibytes * MIB / BYTES_A_SECOND_MIN));
    let whole = start.elapsed();
    let after = memory(&papers);
    let out = papers.world.ground.path().join("came.pdf");
    papers.get(&held, &out);
    assert!(same(&file, &out), "KSBSI holds other bytes than MTUC attached");
    let rate = |time: Duration| mebibytes as f64 / time.as_secs_f64();
    println!("one document of {mebibytes} MiB, {}", meter::machine(papers.world.ground.path()));
    println!("attached at MTUC, on stable storage        {:8.1} s  {:7.1} MiB/s", attached.as_secs_f64(), rate(attached));
    println!("and every byte proved and stored at KSBSI  {:8.1} s  {:7.1} MiB/s", whole.as_secs_f64(), rate(whole));
    for (place, name) in ["MTUC", "KSBSI"].into_iter().enumerate() {
        println!("most memory at {name:<6} {:4} MiB before, {:4} MiB with the document", before[place] / MIB, after[place] / MIB);
    }
}

fn memory(papers: &Papers) -> [u64; 2] {
    let most = |union: &Union| union.node.pid().map_or(0, meter::peak_memory);
    [most(&papers.world.mtuc), most(&papers.world.ksbsi)]
}

/// Writes a file of so many bytes, a MiB at a time.
fn write(path: &Path, size: u64) {
    let first = pdf(usize::try_from(MIB).unwrap_or(usize::MAX));
    let written = File::create(path).and_then(|file| {
        let mut file = BufWriter::new(file);
        (0..size / MIB).try_for_each(|number| {
            let mut part = first.clone();
            if number > 0 {
                part[..8].copy_from_slice(&number.to_be_bytes());
            }
            file.write_all(&part)
        })?;
        file.flush()
    });
    if let Err(error) = written {
        panic!("{}: {error}", path.display());
    }
}

fn same(one: &Path, other: &Path) -> bool {
    let open = |path: &Path| match File::open(path) {
        Ok(file) => BufReader::new(file).bytes(),
        Err(error) => panic!("{}: {error}", path.display()),
    };
    let (mut one, mut other) = (open(one), open(other));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return true,
            (Some(Ok(one)), Some(Ok(other))) if one == other => {}
            _ => return false,
        }
    }
}
