//! Finding a worker by what staff know of her: words of her name, a telephone number, the number of a paper. Whoever comes to the door has no id.
//!
//! - `words`: what of a record, and of a question, is compared.
//! - `index`: who stands under which of them, blind and in memory alone.

mod index;
mod words;

use titian_proto::model::id::{CaseId, RecordId};
use titian_proto::model::malformed::{At as _, Malformed};
use titian_proto::model::record::RecordContent;
use titian_proto::model::value::Text;
use titian_proto::wire;

pub use index::Index;
use index::Place;
use words::Question;

use super::context::{Acts, House};
use super::error::ActError;
use super::question::content_of;
use super::referrals::is_sender;
use crate::store::cases::CaseTable as _;
use crate::store::records::{Holder, RecordTable as _};
use crate::store::referrals::ReferralTable as _;
use crate::store::{Read, StoreError, View};

/// People in one answer: a screen. Whoever gets more says more words.
const FOUND_MAX: usize = 50;
/// Records that are read of one person: no intake has as many, and a share of a group is no person.
const RECORDS_MAX: usize = 256;

/// Everybody at this node whom the text is about: the union's own workers, and those whom another union shared. What is frozen is not shown. Each
/// is read and compared again, so nobody is found by what she has taken back.
///
/// # Errors
/// When the text has no word to look for, or the store cannot be read.
pub async fn find(acts: &Acts, text: &str) -> Result<wire::FindWorkersResponse, ActError> {
    let text = Text::parse(text, Text::NAME_BYTES).at("text")?;
    let question = Question::of(text.as_str());
    if question.is_empty() {
        return Err(ActError::Malformed(Malformed::new("has no letter and no number of three digits to look for").at("text")));
    }
    let (view, house) = (acts.store.view(), acts.house.clone());
    // The first question after a start reads every worker.
    let looking = tokio::task::spawn_blocking(move || {
        let places = house.index.places(&view, &question)?;
        answer(&house, &view, &question, &places)
    });
    looking.await.map_err(|_| ActError::Store(StoreError::Stopped))?
}

fn answer(house: &House, view: &View, question: &Question, places: &[Place]) -> Result<wire::FindWorkersResponse, ActError> {
    let mut found = Vec::new();
    for place in places {
        // A worker may be found by her name and by her papers.
        let Some(one) = look(house, view, question, *place)?.filter(|one| !found.contains(one)) else { continue };
        if found.len() == FOUND_MAX {
            return Ok(wire::FindWorkersResponse { found, more: true });
        }
        found.push(one);
    }
    Ok(wire::FindWorkersResponse { found, more: false })
}

fn look(house: &House, view: &View, question: &Question, place: Place) -> Result<Option<wire::FoundWorker>, StoreError> {
    let mut contents = contents_of(view, place)?;
    if !question.is_about(&contents) {
        return Ok(None);
    }
    let mut found = match place {
        Place::Worker(worker_id) => wire::FoundWorker { worker_id: worker_id.to_wire(), ..Default::default() },
        Place::Case(case_id) => {
            let Some(worker_id) = view.case(case_id)?.and_then(|case| case.worker_id) else { return Ok(None) };
            contents = contents_of(view, Place::Worker(worker_id))?;
            wire::FoundWorker { worker_id: worker_id.to_wire(), ..Default::default() }
        }
        Place::Held(referral_id) => {
            let Some(file) = view.referral(referral_id)?.filter(|file| !file.frozen) else { return Ok(None) };
            let shared_by = if is_sender(house, &file) { file.recipient } else { file.sender };
            wire::FoundWorker { referral_id: referral_id.to_wire(), shared_by: shared_by.to_string(), ..Default::default() }
        }
    };
    found.full_name = contents.iter().find_map(name).unwrap_or_default();
    Ok(Some(found))
}

fn name(content: &RecordContent) -> Option<String> {
    match content {
        RecordContent::Identity(identity) => Some(identity.full_name.to_wire()),
        _ => None,
    }
}

/// What is kept of a person at a place, as far as it can be read.
fn contents_of(read: &impl Read, place: Place) -> Result<Vec<RecordContent>, StoreError> {
    Ok(match place {
        Place::Worker(worker_id) => {
            let records = read.records_after(Holder::Worker(worker_id), None, RECORDS_MAX)?;
            records.iter().filter_map(|record| content_of(record.content.as_ref())).collect()
        }
        Place::Case(case_id) => papers_of(read, case_id)?,
        Place::Held(referral_id) => {
            let records = read.held_after(referral_id, None, RECORDS_MAX)?;
            records.iter().filter_map(|record| content_of(record.content.as_ref())).collect()
        }
    })
}

/// The identity documents of a case, which may have many records of other kinds.
fn papers_of(read: &impl Read, case_id: CaseId) -> Result<Vec<RecordContent>, StoreError> {
    let (mut papers, mut after) = (Vec::new(), None);
    loop {
        let page = read.records_after(Holder::Case(case_id), after, RECORDS_MAX)?;
        let contents = page.iter().filter_map(|record| content_of(record.content.as_ref()));
        papers.extend(contents.filter(|content| matches!(content, RecordContent::IdentityDocument(_))));
        match page.last().map(|last| RecordId::from_wire(&last.record_id)) {
            Some(Ok(last)) if page.len() == RECORDS_MAX => after = Some(last),
            Some(_) | None => return Ok(papers),
        }
    }
}
