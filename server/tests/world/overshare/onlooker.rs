//! Sees what leaves every node and what every node writes down, and holds each marked word and each record in it against [`Rules`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prost::Message as _;
use titian_proto::model::id::ReferralId;
use titian_proto::model::record::RecordContent;
use titian_proto::model::vocabulary::Category;
use titian_proto::wire::{self, body, frame};
use titian_server::store::engine::Pair;

use super::haystack;
use super::permitted::{Rules, Thing};
use crate::word::Moment;

/// Whose a referral is: the worker, who sends, who receives.
pub type Whose = (usize, usize, usize);

/// The eyes of one story. Clones see the same.
#[derive(Clone)]
pub struct Onlooker(Arc<Mutex<Seen>>);

/// What was said and seen.
pub struct Seen {
    began: tokio::time::Instant,
    /// What holds.
    pub rules: Rules,
    /// What held before somebody began to say something else.
    before: Option<Rules>,
    things: Vec<Thing>,
    referrals: BTreeMap<ReferralId, Whose>,
    /// Whose referral is being written down at this moment.
    asking: Option<Whose>,
    /// The first thing that stood where it must not.
    pub violation: Option<String>,
    /// Categories of which something left.
    pub came_over: BTreeSet<Category>,
    /// Marks that were looked up.
    pub looked_up: usize,
}

impl Onlooker {
    /// Begins to look, while these rules hold.
    pub fn new(rules: Rules) -> Self {
        Self(Arc::new(Mutex::new(Seen {
            began: tokio::time::Instant::now(),
            rules,
            before: None,
            things: Vec::new(),
            referrals: BTreeMap::new(),
            asking: None,
            violation: None,
            came_over: BTreeSet::new(),
            looked_up: 0,
        })))
    }

    /// What was seen.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new mark.
    pub fn mark(&self, thing: Thing) -> String {
        let mut seen = self.seen();
        seen.things.push(thing);
        haystack::mark(seen.things.len() - 1)
    }

    /// Somebody begins to say something. Until it is [settled](Self::settled), what held before may count still.
    pub fn saying(&self, change: impl FnOnce(&mut Rules)) {
        let mut seen = self.seen();
        seen.before = Some(seen.rules.clone());
        change(&mut seen.rules);
    }

    /// What was being said counts from now on, or never did.
    pub fn settled(&self, done: bool) {
        let mut seen = self.seen();
        let before = seen.before.take();
        if let Some(before) = before.filter(|_| !done) {
            seen.rules = before;
        }
    }

    /// A referral is being written down.
    pub fn asks(&self, whose: Whose) {
        self.seen().asking = Some(whose);
    }

    /// It was, under this id.
    pub fn asked(&self, referral_id: Option<ReferralId>) {
        let mut seen = self.seen();
        if let (Some(whose), Some(referral_id)) = (seen.asking.take(), referral_id) {
            seen.referrals.insert(referral_id, whose);
        }
    }

    /// Something leaves a node for another, by the line or on a stick.
    pub fn left(&self, from: usize, to: usize, frame: &wire::Frame) {
        let bytes = frame.encode_to_vec();
        let mut seen = self.seen();
        if let Some(guise) = haystack::disguised(&bytes) {
            seen.violated(&format!("a mark leaves {from} for {to} in {guise}"));
        }
        for thing in seen.marked(&bytes) {
            seen.may_be_sent(from, to, &thing);
        }
        if let Some(frame::Frame::Deliveries(deliveries)) = &frame.frame {
            let bodies = deliveries.deliveries.iter().filter_map(|delivery| delivery.envelope.as_ref());
            bodies.for_each(|envelope| seen.body_left(from, to, &envelope.body));
        }
    }

    /// A node writes this down, as it understands it.
    pub fn stored(&self, at: usize, puts: &[Pair]) {
        let mut seen = self.seen();
        for (key, value) in puts {
            if haystack::anyhow(key).is_some() || (key.starts_with(b"log/") && haystack::anyhow(value).is_some()) {
                seen.violated(&format!("a mark stands in the log of {at}, or in a key"));
            }
            for thing in seen.marked(value) {
                seen.may_be_kept(at, &thing);
            }
        }
    }

    /// A place where nobody's words may stand.
    pub fn silent(&self, place: &str, bytes: &[u8]) {
        if let Some(guise) = haystack::anyhow(bytes) {
            self.seen().violated(&format!("{place} repeats what a worker said, in {guise}"));
        }
    }
}

impl Seen {
    /// Milliseconds since the story began.
    pub fn now(&self) -> Moment {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn marked(&mut self, bytes: &[u8]) -> Vec<Thing> {
        let things: Vec<Thing> = haystack::in_the_clear(bytes).iter().filter_map(|number| self.things.get(*number)).cloned().collect();
        self.looked_up += things.len();
        things
    }

    fn body_left(&mut self, from: usize, to: usize, body: &[u8]) {
        let Ok(body) = wire::Body::decode(body) else { return self.violated("a body that cannot be read leaves") };
        match body.content {
            Some(body::Content::Put(put)) => {
                let whose = ReferralId::from_wire(&put.referral_id).ok().and_then(|id| self.referrals.get(&id).copied());
                for record in put.records {
                    let content = record.content.as_ref().and_then(|content| RecordContent::from_wire(content).ok());
                    let (Some((worker, home, _)), Some(content)) = (whose, content) else {
                        return self.violated("a record of nobody's referral leaves");
                    };
                    self.may_be_sent(from, to, &Thing { home, worker, category: content.category(), field: None });
                    self.came_over.insert(content.category());
                }
            }
            Some(body::Content::Offer(offer)) => self.offer_left(from, to, &offer),
            _ => {}
        }
    }

    /// An offer tells the facts of the case, sex and age where they may be told, and which categories would follow.
    fn offer_left(&mut self, from: usize, to: usize, offer: &wire::Offer) {
        let known = ReferralId::from_wire(&offer.referral_id).ok().and_then(|id| self.referrals.get(&id).copied());
        let Some((worker, home, _)) = known.or(self.asking) else { return self.violated("an offer of nobody's leaves") };
        let selected = offer.categories.iter().filter_map(|category| Category::from_wire(*category).ok());
        let told = [Category::CaseCore].into_iter().chain(selected).chain(offer.demographic.as_ref().map(|_| Category::Demographic));
        for category in told {
            let thing = Thing { home, worker, category, field: None };
            let now = self.now();
            let why = |rules: &Rules| rules.why_not_told(from, to, &thing, now);
            if let Some(reason) = self.why_not(why) {
                self.violated(&format!("an offer of {from} tells {to} of {thing:?}, though {reason}"));
            }
        }
    }

    fn may_be_sent(&mut self, from: usize, to: usize, thing: &Thing) {
        let now = self.now();
        if let Some(reason) = self.why_not(|rules| rules.why_not_sent(from, to, thing, now)) {
            self.violated(&format!("{from} sends {thing:?} to {to}, though {reason}"));
        }
    }

    fn may_be_kept(&mut self, at: usize, thing: &Thing) {
        if thing.home != at
            && let Some(reason) = self.why_not(|rules| rules.why_not_kept(at, thing))
        {
            self.violated(&format!("{at} stores {thing:?}, though {reason}"));
        }
    }

    /// By what holds; while something is being said, also by what held before.
    fn why_not(&self, why: impl Fn(&Rules) -> Option<&'static str>) -> Option<&'static str> {
        let reason = why(&self.rules)?;
        match &self.before {
            Some(before) if why(before).is_none() => None,
            _ => Some(reason),
        }
    }

    fn violated(&mut self, what: &str) {
        let what = format!("after {} ms: {what}", self.now());
        self.violation.get_or_insert(what);
    }
}
