use std::collections::{HashSet, VecDeque};

use super::{HandOverStep, Tenure, TenureState, Turn};

type Said = Vec<(HandOverStep, u64)>;

/// Two nodes and what is on its way between them, in order.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Pair {
    at: [(bool, u64, u64, u8); 2],
    on_its_way: [Vec<(u8, u64)>; 2],
}

#[derive(Clone)]
struct World {
    at: [Tenure; 2],
    on_its_way: [Said; 2],
}

impl World {
    fn seen(&self) -> Pair {
        let said = |said: &Said| said.iter().map(|(step, term)| (step.to_wire() as u8, *term)).collect();
        Pair {
            at: self.at.map(|one| (one.own, one.term, one.highest, one.state.to_wire() as u8)),
            on_its_way: [said(&self.on_its_way[0]), said(&self.on_its_way[1])],
        }
    }

    fn turn(&self, who: usize, turn: Turn) -> Self {
        let mut next = self.clone();
        next.at[who] = turn.tenure;
        next.on_its_way[who].extend(turn.tell);
        next
    }

    fn next(&self) -> Vec<Self> {
        let mut all = Vec::new();
        for who in 0..2 {
            let here = self.at[who];
            let by_staff = [here.offer(), here.accept(), here.abort(false), here.abort(true)];
            all.extend(by_staff.into_iter().flatten().map(|turn| self.turn(who, turn)));
            let other = 1 - who;
            if let Some((step, term)) = self.on_its_way[other].first().copied() {
                let mut heard = self.clone();
                heard.on_its_way[other].remove(0);
                all.push(here.heard(step, term).map_or(heard.clone(), |turn| heard.turn(who, turn)));
            }
        }
        all
    }
}

#[test]
fn at_no_time_do_two_nodes_own_the_case_whatever_crosses_what() {
    // Given every order of offers, acceptances, cancellations and takings-back of two nodes, up to four messages on the way and term 5
    let first = World { at: [Tenure::first(true), Tenure::first(false)], on_its_way: [Vec::new(), Vec::new()] };
    let (mut seen, mut waiting) = (HashSet::from([first.seen()]), VecDeque::from([first]));
    let mut handed_over = 0;
    while let Some(world) = waiting.pop_front() {
        // Then there is never a second owner
        assert!(!(world.at[0].own && world.at[1].own), "{:?} {:?}", world.at, world.on_its_way);
        handed_over += usize::from(world.at[1].own);
        // And with nothing on its way there is one
        let quiet = world.on_its_way.iter().all(Vec::is_empty);
        assert!(!quiet || world.at[0].own || world.at[1].own, "nobody owns it: {:?}", world.at);
        for next in world.next() {
            let small = next.on_its_way.iter().all(|said| said.len() <= 4) && next.at.iter().all(|one| one.highest <= 5);
            if small && seen.insert(next.seen()) {
                waiting.push_back(next);
            }
        }
    }
    assert!(handed_over > 0 && seen.len() > 100, "{}", seen.len());
}

#[test]
fn a_lower_term_is_stale_for_whoever_knows_a_higher() {
    let owner = Tenure { own: true, term: 4, highest: 4, state: TenureState::Settled };
    for step in [HandOverStep::Offer, HandOverStep::Accept, HandOverStep::Commit, HandOverStep::Abort] {
        assert!(owner.heard(step, 3).is_err(), "{step}");
    }
    assert!(owner.heard_acceptance_again(3).is_err());
}

#[test]
fn what_was_committed_stays_committed_after_a_restore() {
    // Given an owner restored to before it offered, and to after
    for restored in [Tenure::first(true), Tenure::first(true).offer().unwrap().tenure] {
        // When the acceptance that it had applied comes back, then it commits again and owns nothing
        let turn = restored.heard_acceptance_again(2).unwrap();
        assert!(!turn.tenure.own && turn.tell == Some((HandOverStep::Commit, 2)));
    }
}
