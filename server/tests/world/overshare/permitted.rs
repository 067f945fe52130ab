//! What may leave a union and what may be kept of it elsewhere, in the words of `domain.md` 2.0, 2.6 and 2.8 and in none of the gate's: the agreement's
//! newest version names it, the worker's latest word allows it, staff selected it, the referral is one under which records flow, nobody has suspended
//! anything. While somebody is saying something, what was said before may count still.

use std::collections::{BTreeMap, BTreeSet};

use titian_proto::model::vocabulary::{Category, Tier};

use crate::word::Moment;

/// Something of one worker.
#[derive(Clone, Debug)]
pub struct Thing {
    /// The union that keeps it.
    pub home: usize,
    /// The worker, by her number in the world.
    pub worker: usize,
    /// Its category.
    pub category: Category,
    /// The path of its marked field; none: of the whole.
    pub field: Option<&'static str>,
}

/// What a version of an agreement names in one direction.
#[derive(Clone, Debug)]
pub struct Scope {
    pub categories: Vec<Category>,
    pub max_tier: Tier,
    pub denied: Option<&'static str>,
    pub for_wages: bool,
}

impl Scope {
    fn names(&self, category: Category, field: Option<&str>) -> bool {
        let denied = field.is_some() && self.denied == field;
        self.for_wages && self.categories.contains(&category) && tier(category) <= self.max_tier && !denied
    }
}

/// What a worker said about one union.
#[derive(Clone, Debug)]
pub enum Word {
    /// She allows these until then, and keeps these back.
    Allows { categories: Vec<Category>, until: Moment, withheld: Vec<Category>, withheld_field: Option<&'static str> },
    /// She takes these back; none named: everything.
    TakesBack(Vec<Category>),
}

/// A referral as far as it counts here.
#[derive(Clone, Debug, Default)]
pub struct Share {
    /// What staff selected, or put under it by name.
    pub selected: BTreeSet<Category>,
    /// The latter.
    pub by_name: BTreeSet<Category>,
    /// It was accepted, and has not ended.
    pub flows: bool,
}

/// Everything that was said, as of one moment.
#[derive(Clone, Default)]
pub struct Rules {
    /// By who sends and who receives.
    pub scopes: BTreeMap<(usize, usize), Scope>,
    /// Agreements, by who suspended and with whom.
    pub suspended: BTreeSet<(usize, usize)>,
    /// Peers, by who suspended whom.
    pub shut_out: BTreeSet<(usize, usize)>,
    /// By worker and union, in her order.
    pub words: BTreeMap<(usize, usize), Vec<Word>>,
    /// By worker and union.
    pub shares: BTreeMap<(usize, usize), Share>,
    /// Whom a worker prohibited.
    pub prohibited: BTreeSet<(usize, usize)>,
}

impl Rules {
    /// Why something may not leave its union for another now.
    pub fn why_not_sent(&self, from: usize, to: usize, thing: &Thing, now: Moment) -> Option<&'static str> {
        let whom = (thing.worker, to);
        let share = self.shares.get(&whom);
        if thing.home != from {
            Some("it is another union's")
        } else if !share.is_some_and(|share| share.flows && share.selected.contains(&thing.category)) {
            Some("no referral under which records flow selects it")
        } else {
            self.why_not_told(from, to, thing, now)
        }
    }

    /// Why not even an offer may tell of it.
    pub fn why_not_told(&self, from: usize, to: usize, thing: &Thing, now: Moment) -> Option<&'static str> {
        if self.shut_out.contains(&(from, to)) {
            Some("the peer is suspended")
        } else if self.suspended.contains(&(from, to)) {
            Some("the agreement is suspended")
        } else if !self.scopes.get(&(from, to)).is_some_and(|scope| scope.names(thing.category, thing.field)) {
            Some("the agreement does not name it")
        } else if self.prohibited.contains(&(thing.worker, to)) {
            Some("she prohibited this union")
        } else if stays(thing) {
            Some("it never leaves")
        } else {
            self.why_not_allowed((thing.worker, to), thing, now)
        }
    }

    /// Why a union that received it may not keep it, as far as that union can know.
    pub fn why_not_kept(&self, at: usize, thing: &Thing) -> Option<&'static str> {
        let named = |word: &Word| matches!(word, Word::Allows { categories, .. } if categories.contains(&thing.category));
        if self.shut_out.contains(&(at, thing.home)) {
            Some("the peer is suspended here")
        } else if self.suspended.contains(&(at, thing.home)) {
            Some("the agreement is suspended here")
        } else if !self.scopes.get(&(thing.home, at)).is_some_and(|scope| scope.names(thing.category, thing.field)) {
            Some("the agreement does not name it")
        } else if !self.words.get(&(thing.worker, at)).is_some_and(|words| words.iter().any(named)) {
            Some("she never allowed it")
        } else {
            None
        }
    }

    /// Her latest word on a category counts; what she keeps back, she keeps back whatever else she says.
    fn why_not_allowed(&self, whom: (usize, usize), thing: &Thing, now: Moment) -> Option<&'static str> {
        let mut why = Some("she never allowed it");
        for word in self.words.get(&whom).into_iter().flatten() {
            match word {
                Word::Allows { withheld, withheld_field, .. }
                    if withheld.contains(&thing.category) || (thing.field.is_some() && thing.field == *withheld_field) =>
                {
                    return Some("she withholds it");
                }
                Word::Allows { categories, until, .. } if categories.contains(&thing.category) => {
                    why = (now >= *until).then_some("what she allowed has ended");
                }
                Word::TakesBack(categories) if why.is_none() && (categories.is_empty() || categories.contains(&thing.category)) => {
                    why = Some("she took it back");
                }
                Word::Allows { .. } | Word::TakesBack(_) => {}
            }
        }
        why
    }
}

/// A number of an identity document is nobody else's.
fn stays(thing: &Thing) -> bool {
    thing.field == Some("identity_document.number")
}

/// `domain.md` 2.0; of a document, what it is and not its bytes.
fn tier(category: Category) -> Tier {
    match category {
        Category::Directory => Tier::T0,
        Category::CaseCore | Category::Demographic => Tier::T1,
        Category::Identity | Category::Contact | Category::Safety | Category::Employer | Category::Claim | Category::Documents => Tier::T2,
        Category::Narrative | Category::ImmigrationStatus | Category::UnionMembership | Category::Family => Tier::T3,
        Category::Health | Category::GbvTrafficking | Category::AllegedOffence => Tier::T4,
    }
}
