//! Many kernels, each with faults that a seed has chosen: the network fails, Livy ends sessions, the
//! kernel is killed or stopped. Whatever happens, no statement runs twice, no output is shown twice
//! or elsewhere, each cell ends, and no session stays.
//!
//! At most a thousand seeds run, for `LIVY_SOAK_SECONDS` (20 by default, 120 in `make test`).
//! `make soak` runs ten thousand. `LIVY_SOAK_SEED=17 make soak` runs that one and prints its steps.

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

use tokio::{sync::Mutex, task::JoinSet};

use self::{
    schedule::{Schedule, Step},
    world::World,
};

/// So many at once: most of the time each waits.
const AT_ONCE: usize = 32;
/// At most this many seeds run unless `LIVY_SOAK` says how many.
const SHORT_SOAK_SEEDS: u64 = 1000;
/// They start for this long unless `LIVY_SOAK_SECONDS` says how long.
const SHORT_SOAK_SECONDS: u64 = 20;

/// Each test starts as many kernels at once as two cores can run, so the tests take turns.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn no_cell_runs_twice_hangs_or_shows_foreign_output() {
    let _turn = TURN.lock().await;
    let number = |name| env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    if let Some(seed) = number("LIVY_SOAK_SEED") {
        println!("{:#?}", Schedule::of(seed));
        return run(seed).await;
    }
    match number("LIVY_SOAK") {
        Some(count) => run_all(0..count, None).await,
        None => {
            let seconds = number("LIVY_SOAK_SECONDS").unwrap_or(SHORT_SOAK_SECONDS);
            let until = Instant::now() + Duration::from_secs(seconds);
            run_all(0..SHORT_SOAK_SEEDS, Some(until)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_lose_no_output_and_run_nothing_twice() {
    let _turn = TURN.lock().await;
    // Ten each: Livy remembers the newest hundred statements of a session.
    (0..10).map(killed_ten_times).collect::<JoinSet<()>>().join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_cells_are_each_told_once_though_kernels_are_killed() {
    let _turn = TURN.lock().await;
    let (mut running, mut statements) = (JoinSet::new(), 0);
    for seed in 0..50 {
        if running.len() >= 8 {
            statements += running.join_next().await.unwrap().unwrap();
        }
        running.spawn(cells_of_killed_kernels(1000 + seed));
    }
    statements += running.join_all().await.iter().sum::<usize>();
    println!("{statements} statements are told once each");
    assert!(statements >= 1000);
}

/// They run in kernels that are killed while one runs or right before one is sent, until Livy has got twenty.
async fn cells_of_killed_kernels(seed: u64) -> usize {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut world = World::begin(seed).await;
    while world.statements() < 20 {
        for _ in 0..5 {
            world.let_happen(&Step::Cell(Duration::ZERO)).await;
        }
        world.until_all_have_ended().await;
        world.let_happen(&Step::Cell(schedule::time(&mut rng, 100))).await;
        world.let_happen(&Step::Wait(schedule::time(&mut rng, 100))).await;
        world.let_happen(&schedule::kill(&mut rng)).await;
    }
    let statements = world.statements();
    world.end().await;
    statements
}

async fn killed_ten_times(seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut world = World::begin(seed).await;
    for _ in 0..10 {
        world.let_happen(&schedule::kill(&mut rng)).await;
        world.let_happen(&Step::Wait(schedule::time(&mut rng, 400))).await;
    }
    world.end().await;
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
