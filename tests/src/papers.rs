//! A worker's papers: her referral selects documents, and their bytes go from MTUC to KSBSI.

use std::path::Path;
use std::time::Duration;

use crate::account::Account::{Caseworker, FocalPoint};
use crate::answer::Answer;
use crate::road::{self, Intake};
use crate::wait::{PATIENCE, wait_until};
use crate::world::{World, objects_with, sign_agreement};

/// Her consent and the referral select documents besides.
const CATEGORIES: &str = "CASE_CORE,DEMOGRAPHIC,IDENTITY,CONTACT,SAFETY,EMPLOYER,CLAIM,DOCUMENTS";

/// A PDF as far as its start tells, of so many bytes, no two chunks alike.
#[must_use]
pub fn pdf(size: usize) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    bytes.extend((0..size.saturating_sub(bytes.len())).map(|place| (place % 253 + place / 4099) as u8));
    bytes
}

/// A JPEG as far as its segments tell, with what a camera wrote beside the picture, and a scan of these bytes.
#[must_use]
pub fn jpeg(beside: &[u8], scan: &[u8]) -> Vec<u8> {
    let segment = |marker: u8, content: &[u8]| {
        let length = u16::try_from(content.len() + 2).unwrap_or(u16::MAX).to_be_bytes();
        [&[0xff, marker], &length[..], content].concat()
    };
    let beside = if beside.is_empty() { Vec::new() } else { segment(0xe1, beside) };
    let picture = [segment(0xdb, &[7; 65]), segment(0xc0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]), segment(0xda, &[1, 1, 0, 0, 63, 0])].concat();
    [&[0xff, 0xd8][..], &beside, &picture, scan, &[0xff, 0xd9]].concat()
}

/// MTUC referred a worker with her documents, and KSBSI accepted.
#[derive(Debug)]
pub struct Papers {
    /// The two unions.
    pub world: World,
    /// The worker and her case at MTUC.
    pub intake: Intake,
    /// The referral.
    pub referral: String,
}

impl Papers {
    /// Between two new unions.
    ///
    /// # Panics
    /// When a step fails.
    #[must_use]
    pub fn begin() -> Self {
        Self::referred(World::befriended(), &[])
    }

    /// Between two unions that trust each other, with an agreement and a worker of the sample in which some texts are replaced.
    ///
    /// # Panics
    /// When a step fails.
    #[must_use]
    pub fn referred(world: World, changes: &[(&str, &str)]) -> Self {
        let consented = "\"EMPLOYER\", \"CLAIM\"]\nmethod";
        let changes = [&[(consented, "\"EMPLOYER\", \"CLAIM\", \"DOCUMENTS\"]\nmethod")], changes].concat();
        let file = world.variant("documents.toml", &changes);
        sign_agreement(&world.mtuc, &world.ksbsi, Path::new(&file));
        let intake = road::intake_from(&world.mtuc, &file);
        road::consent_from(&world.mtuc, &intake, &file).done();
        let referral = road::request(&world.mtuc, &intake, CATEGORIES).done().id("referral_id");
        road::arrive(&world.ksbsi, &referral);
        road::act(&world.ksbsi, &["referral", "accept", &referral]).done();
        road::held(&world.ksbsi, &referral);
        Self { world, intake, referral }
    }

    /// Puts a record of a document at MTUC; gives its id.
    ///
    /// # Panics
    /// When it is not put.
    #[must_use]
    pub fn record(&self, document_type: &str) -> String {
        let words = format!("document_type={document_type}");
        self.world.mtuc.json(Caseworker, &["record", "put", &self.intake.case, "document", &words]).done().id("record_id")
    }

    /// Writes a file to attach; gives its path.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.world.ground.path().join(name);
        match std::fs::write(&path, bytes) {
            Ok(()) => path.display().to_string(),
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }

    /// Attaches a file to a record at MTUC.
    pub fn attach(&self, record: &str, file: &str) -> Answer {
        self.world.mtuc.json(Caseworker, &["document", "attach", &self.intake.case, record, file])
    }

    /// The documents that KSBSI holds from MTUC; none while its node is away.
    #[must_use]
    pub fn held(&self) -> Vec<serde_json::Value> {
        let listing = self.world.ksbsi.json(FocalPoint, &["document", "list", "--referral", &self.referral]);
        if listing.exit == 0 { objects_with(&listing.json(), "state") } else { Vec::new() }
    }

    /// Waits until the one document that KSBSI holds is all there, and gives its id.
    ///
    /// # Panics
    /// When it does not come.
    #[must_use]
    pub fn whole(&self, limit: Duration) -> String {
        wait_until("every byte of the document is at KSBSI", limit, || {
            let held = self.held();
            let [document] = held.as_slice() else { return None };
            let told = |stdout: String| Answer { command: "document list".to_owned(), exit: 0, stdout, stderr: String::new() };
            (document["state"] == "DOCUMENT_STATE_WHOLE").then(|| told(document.to_string()).id("record"))
        })
    }

    /// Waits for the bytes of the one document that KSBSI holds, and gives them.
    ///
    /// # Panics
    /// When they do not come.
    #[must_use]
    pub fn pulled(&self) -> Vec<u8> {
        let out = self.world.ground.path().join("pulled");
        self.get(&self.whole(PATIENCE), &out);
        match std::fs::read(&out) {
            Ok(bytes) => bytes,
            Err(error) => panic!("{}: {error}", out.display()),
        }
    }

    /// Writes the bytes of a document that KSBSI holds into a file.
    ///
    /// # Panics
    /// When it is refused.
    pub fn get(&self, record: &str, out: &Path) {
        let out = out.display().to_string();
        self.world.ksbsi.titian(FocalPoint, &["document", "get", record, "--referral", &self.referral, "--out", &out]).done();
    }
}
