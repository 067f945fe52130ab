//! What an actor may do, one file a noun; each act loads, decides and writes once.
//!
//! - [`actor`] is who acts.
//! - [`error`]: why not.
//! - [`context`]: what every act stands on; [`shelf`]: what it has parsed already.
//! - [`workers`], [`cases`], [`records`], [`consents`], [`agreements`], [`peers`], [`referrals`]: the nouns.
//! - [`groups`]: a group's case, split by country of origin; [`outcomes`]: what came of it, confirmed by its leaders.
//! - [`hand_over`]: a case gets a new owner, and never two.
//! - [`reports`]: a period in numbers, for a donor, with nobody in them.
//! - [`documents`]: their bytes: attached, pulled, swept up.
//! - [`erasures`]: what was delivered is destroyed, at both ends, and proved.
//! - [`breaches`]: who must know that somebody saw what nobody should have seen.
//! - [`candidates`]: what may go under a referral; [`shares`]: what a peer holds, kept in step by put and retract.
//! - [`projection`]: shares follow agreement, consent and the day.
//! - [`in_turn`]: many things, of which one cannot be read.
//! - [`policy`], [`question`], [`prohibited`]: what the gate is asked; [`outgoing`]: from a permit to the outbox.
//! - [`dispatch`], [`arrivals`], [`settlement`]: what leaves, what comes, what was answered; [`undelivered`]: what the peer does not have;
//!   `narrowed`: what was taken out of a share before it left.
//! - [`parked`]: cases that a peer parked; [`quarantine`]: peers that told two stories; [`compromise`]: peers whose keys are in other
//!   hands.
//! - [`passed`]: what time it has been, whatever a clock says later.
//! - [`restore`]: what peers give back to a node that was restored from a backup; [`displaced`]: what was done on an older copy before.
//! - [`search`]: finding a worker by what staff know of her.
//! - [`staff`]: accounts and sessions.
//! - [`node`]: how the node is, and the export of its store.
//! - [`log`]: what auditors read.

pub mod actor;
pub mod agreements;
pub mod arrivals;
pub mod breaches;
pub mod candidates;
pub mod cases;
pub mod compromise;
pub mod consents;
pub mod context;
pub mod descriptors;
pub mod dispatch;
pub mod displaced;
pub mod documents;
pub mod erasures;
pub mod error;
pub mod groups;
pub mod hand_over;
pub mod in_turn;
pub mod log;
mod narrowed;
pub mod node;
pub mod outcomes;
pub mod outgoing;
pub mod parked;
pub mod passed;
pub mod peers;
pub mod policy;
pub mod prohibited;
pub mod projection;
pub mod quarantine;
pub mod question;
pub mod records;
pub mod referrals;
pub mod reports;
pub mod restore;
pub mod search;
pub mod settlement;
pub mod shares;
pub mod shelf;
pub mod staff;
pub mod tasks;
pub mod undelivered;
pub mod workers;
