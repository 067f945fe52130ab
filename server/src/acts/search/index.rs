//! Who stands under which word. The index is never stored: words under a key that stays would let whoever has the keys try every telephone number
//! against it, also those of people who were erased long ago. It is made again at the first question after a start, and before each question what
//! has changed since is read again. In memory, too, words stand only under what this node's own key makes of them.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use titian_proto::model::id::{CaseId, ReferralId, WorkerId};

use super::contents_of;
use super::words::{Question, Word, words_of};
use crate::store::records::RecordTable as _;
use crate::store::referrals::{Progress, ReferralTable as _};
use crate::store::workers::WorkerTable as _;
use crate::store::{Read, StoreError};

/// Read in one look at the store.
const PAGE: usize = 1024;

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// A worker of this union.
    Worker(WorkerId),
    /// A case in which her papers are written down.
    Case(CaseId),
    /// What another union shared under a referral.
    Held(ReferralId),
}

/// What changes whenever the records of a place do.
#[derive(Clone, PartialEq, Eq)]
enum Mark {
    /// The tag of a worker's records, or of the papers of a case.
    Tag(Option<Bytes>),
    /// Messages that came under a referral, and records held.
    Came(u64, u64),
}

/// A word as this node's key makes it.
type Blind = [u8; 16];

/// Who stands under which word: some three hundred bytes a person, so thirty megabytes for a hundred thousand.
#[derive(Default)]
pub struct Index {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    places: HashMap<Place, (Mark, Box<[Blind]>)>,
    by_word: HashMap<Blind, Vec<Place>>,
}

impl Index {
    /// Everybody under all words of one of the ways in which the question may be meant, in the order of their ids, brought up to date first.
    pub(super) fn places(&self, read: &impl Read, question: &Question) -> Result<Vec<Place>, StoreError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.follow_workers(read)?;
        known.follow_papers(read)?;
        known.follow_shares(read)?;
        let mut found = BTreeSet::new();
        for way in question.ways() {
            found.extend(known.under_all(read, way));
        }
        Ok(found.into_iter().collect())
    }
}

impl Known {
    fn under_all(&self, read: &impl Read, words: &[Word]) -> HashSet<Place> {
        let mut under = words.iter().map(|word| self.by_word.get(&blind(read, word)).map(Vec::as_slice).unwrap_or_default());
        let first: HashSet<Place> = under.next().unwrap_or_default().iter().copied().collect();
        under.fold(first, |found, places| places.iter().copied().filter(|place| found.contains(place)).collect())
    }

    fn follow_workers(&mut self, read: &impl Read) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = read.workers(after, PAGE)?;
            for worker in &page {
                // The tag first: what is written in between is then read again the next time.
                let mark = Mark::Tag(read.worker_records_tag(worker.worker_id)?);
                self.follow(read, Place::Worker(worker.worker_id), mark)?;
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(last.worker_id),
                Some(_) | None => return Ok(()),
            }
        }
    }

    fn follow_papers(&mut self, read: &impl Read) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = read.cases_with_papers(after, PAGE)?;
            for (case_id, tag) in &page {
                self.follow(read, Place::Case(*case_id), Mark::Tag(Some(tag.clone())))?;
            }
            match page.last() {
                Some((last, _)) if page.len() == PAGE => after = Some(*last),
                Some(_) | None => return Ok(()),
            }
        }
    }

    fn follow_shares(&mut self, read: &impl Read) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = read.progress_after(after, PAGE)?;
            for (referral_id, Progress { came, records_held, .. }) in &page {
                let place = Place::Held(*referral_id);
                if *records_held > 0 {
                    self.follow(read, place, Mark::Came(*came, *records_held))?;
                } else {
                    self.forget(place);
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == PAGE => after = Some(*last),
                Some(_) | None => return Ok(()),
            }
        }
    }

    fn follow(&mut self, read: &impl Read, place: Place, mark: Mark) -> Result<(), StoreError> {
        if self.places.get(&place).is_some_and(|(known, _)| *known == mark) {
            return Ok(());
        }
        self.forget(place);
        let words: BTreeSet<Word> = contents_of(read, place)?.iter().flat_map(words_of).collect();
        let blinds: Box<[Blind]> = words.iter().map(|word| blind(read, word)).collect();
        for blind in &blinds {
            self.by_word.entry(*blind).or_default().push(place);
        }
        self.places.insert(place, (mark, blinds));
        Ok(())
    }

    fn forget(&mut self, place: Place) {
        let Some((_, blinds)) = self.places.remove(&place) else { return };
        for blind in blinds {
            if let Some(places) = self.by_word.get_mut(&blind) {
                places.retain(|known| *known != place);
                if places.is_empty() {
                    self.by_word.remove(&blind);
                }
            }
        }
    }
}

fn blind(read: &impl Read, word: &Word) -> Blind {
    read.blind("search/", word.as_bytes())
}
