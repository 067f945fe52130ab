//! Stories that are written down as they are told: what staff typed and what they read, for the golden files.

use crate::account::Account;
use crate::answer::Answer;
use crate::road;
use crate::sample;
use crate::transcript::Transcript;
use crate::union::Union;
use crate::wait::{PATIENCE, wait_until};
use crate::world::World;

/// A story that is written down as it is told.
#[derive(Debug)]
pub struct Teller {
    /// Where it happens.
    pub world: World,
    /// What has been written down.
    pub transcript: Transcript,
}

impl Teller {
    /// Begins one. What differs from run to run has a name.
    ///
    /// # Panics
    /// When a node does not tell its words.
    #[must_use]
    pub fn new(world: World) -> Self {
        let mut transcript = Transcript::default();
        transcript.name(&world.ground.path().display().to_string(), "folder");
        transcript.name(&sample::returnee(), "deploy/sample/returnee.toml");
        for (union, name) in [(&world.mtuc, "words of MTUC"), (&world.ksbsi, "words of KSBSI")] {
            transcript.name(&union.words(), name);
        }
        Self { world, transcript }
    }

    /// A line that explains what follows.
    pub fn heading(&mut self, text: &str) {
        self.transcript.heading(text);
    }

    /// Somebody at MTUC types this.
    ///
    /// # Panics
    /// When she cannot sign in.
    pub fn mtuc(&mut self, account: Account, arguments: &[&str]) -> Answer {
        let answer = self.world.mtuc.titian(account, arguments);
        self.write(self.world.mtuc.id().to_owned().as_str(), account, arguments, &answer);
        answer
    }

    /// Somebody at KSBSI types this.
    ///
    /// # Panics
    /// When she cannot sign in.
    pub fn ksbsi(&mut self, account: Account, arguments: &[&str]) -> Answer {
        let answer = self.world.ksbsi.titian(account, arguments);
        self.write(self.world.ksbsi.id().to_owned().as_str(), account, arguments, &answer);
        answer
    }

    fn write(&mut self, union: &str, account: Account, arguments: &[&str], answer: &Answer) {
        let who = format!("{union}, {}", account.name());
        match arguments {
            ["referral", "share", ..] | ["record", "list", ..] => self.transcript.add_unordered(&who, answer, 0),
            ["worker", "add" | "show", ..] | ["case", "open" | "show" | "split", ..] => self.transcript.add_unordered(&who, answer, 1),
            _ => self.transcript.add(&who, answer),
        }
    }
}

/// The first id of an output that is none of these.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn first_id(answer: &Answer, known: &[&str]) -> String {
    let is_id = |word: &&str| word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    let mut words = answer.stdout.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    match words.find(|word| is_id(word) && !known.contains(word)) {
        Some(id) => id.to_owned(),
        None => panic!("no new id:\n{}", answer.told()),
    }
}

/// Waits until everything a union sent under a referral has its receipt, so that a transcript does not depend on who was quicker.
///
/// # Panics
/// When they do not come.
pub fn settled(union: &Union, referral: &str) {
    wait_until("the receipts are back", PATIENCE, || {
        let shown = road::show(union, referral);
        (shown.has_code("delivery", "APPLIED") || shown.find("delivery").is_none()).then_some(())
    });
}
