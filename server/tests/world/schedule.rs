//! One seed, played from the founding to the last check. The same seed gives the same story.

use crate::founding;
use crate::world::World;

/// Things that happen in one schedule.
const STEPS: u64 = 40;

/// How a schedule ended.
pub struct Outcome {
    /// A digest over everything that happened.
    pub digest: String,
    /// The first invariant that did not hold.
    pub violation: Option<String>,
    /// The last of what happened, in words.
    pub story: String,
}

/// Plays one seed.
pub fn play(seed: u64) -> Outcome {
    founding::disks();
    founding::runtime().block_on(async {
        let mut world = World::new(seed);
        world.play(STEPS).await;
        world.heal().await;
        world.settles().await;
        let trace = &world.watch.eyes().trace;
        Outcome { digest: trace.digest(), violation: trace.violation(), story: trace.last_lines() }
    })
}

/// Plays seeds from `first` on, and stops at the first that breaks an invariant.
///
/// # Panics
/// With the seed, its story and the way to see it again, when one does.
pub fn play_all(first: u64, count: u64) {
    for seed in first..first + count {
        let outcome = play(seed);
        if let Some(violation) = outcome.violation {
            panic!(
                "seed {seed}: {violation}\n{}\nsee it again: TITIAN_WORLD_SEED={seed} cargo test -p titian-server --features simulation --test world one_seed",
                outcome.story
            );
        }
    }
}
