//! Many kernels, each with faults that a seed has chosen: the network fails, Livy ends sessions, the
//! kernel is killed or stopped. Whatever happens, no statement runs twice, no output is shown twice
//! or elsewhere, each cell ends, and no session stays.
//!
//! A thousand seeds are in `make test`, as far as three minutes go. `make soak` runs ten thousand;
//! `LIVY_SOAK_SEED=17 make soak` that one, and says what happens in it.

#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]
#![allow(clippy::print_stdout, reason = "whoever runs one seed reads what happens in it")]

mod schedule; // what happens: chosen by a seed
#[path = "../support/mod.rs"]
mod support;
mod verdict; // what must be true whatever happened
mod world; // lets it happen

use std::{
    env,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;

use self::{schedule::Schedule, world::World};

/// So many at once: most of the time each waits.
const AT_ONCE: usize = 32;
/// As many as are in `make test`, and how long they may take there.
const SHORT: (u64, Duration) = (1000, Duration::from_secs(180));

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_no_cell_runs_twice_hangs_or_shows_what_is_not_its_own() {
    let number = |name| env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    if let Some(seed) = number("LIVY_SOAK_SEED") {
        println!("{:#?}", Schedule::of(seed));
        return run(seed).await;
    }
    match number("LIVY_SOAK") {
        Some(count) => run_all(0..count, None).await,
        None => run_all(0..SHORT.0, Some(Instant::now() + SHORT.1)).await,
    }
}

async fn run_all(seeds: impl Iterator<Item = u64>, until: Option<Instant>) {
    let (mut running, mut done) = (JoinSet::new(), 0);
    for seed in seeds {
        if until.is_some_and(|until| Instant::now() > until) {
            break;
        }
        if running.len() >= AT_ONCE {
            done += has_passed(running.join_next().await);
        }
        running.spawn(run(seed));
    }
    while let Some(ended) = running.join_next().await {
        done += has_passed(Some(ended));
    }
    println!("{done} schedules of faults");
    assert!(done > 0);
}

fn has_passed(ended: Option<Result<(), tokio::task::JoinError>>) -> u32 {
    ended.unwrap().expect("the message above names the seed");
    1
}

async fn run(seed: u64) {
    let schedule = Schedule::of(seed);
    let mut world = World::begin(seed).await;
    for step in &schedule.steps {
        world.let_happen(step).await;
    }
    world.end().await;
}
