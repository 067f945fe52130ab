//! One seed, played from the founding to the last check. The same seed gives the same story.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Founds the unions. To be called before a fault is switched on: everybody begins from one sound founding.
pub fn prepare() {
    founding::disks();
}

/// Plays one seed.
pub fn play(seed: u64) -> Outcome {
    prepare();
    founding::runtime().block_on(async {
        let mut world = World::new(seed);
        world.play(STEPS).await;
        world.heal().await;
        world.settles().await;
        let trace = &world.watch.eyes().trace;
        Outcome { digest: trace.digest(), violation: trace.violation(), story: trace.last_lines() }
    })
}

/// Plays the seeds from 1 to `count`, on as many threads as the machine has processors, and stops at the first that breaks an invariant.
///
/// # Panics
/// With the seed, its story and the way to see it again, when one does.
pub fn play_all(count: u64) {
    let (next, failed) = (AtomicU64::new(1), Mutex::new(BTreeMap::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while failed.lock().unwrap().is_empty() {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed > count {
                        return;
                    }
                    let outcome = play(seed);
                    if let Some(violation) = outcome.violation {
                        failed.lock().unwrap().insert(seed, (violation, outcome.story));
                    }
                }
            });
        }
    });
    if let Some((seed, (violation, story))) = failed.into_inner().unwrap().pop_first() {
        panic!("seed {seed}: {violation}\n{story}\nsee it again: TITIAN_WORLD_SEED={seed} {AGAIN}");
    }
}

/// Replays one seed.
const AGAIN: &str = "cargo test -p titian-server --features simulation --test world one_seed -- --nocapture";
