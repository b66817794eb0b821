//! What happens to one kernel. Pure: the same seed, the same schedule.

use std::time::Duration;

use fastrand::Rng;

use crate::support::{Answer, Asked, Fault, Network};

/// In order, and one at a time.
#[derive(Debug)]
pub struct Schedule {
    pub steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub enum Step {
    /// A cell is sent, which takes so long. Its end is not awaited.
    Cell(Duration),
    /// A cell is sent that ends the session's interpreter.
    Die,
    /// Nothing.
    Wait(Duration),
    /// The network is so for a while.
    Outage(Network, Duration),
    /// The next request of this kind goes wrong.
    Once(Asked, Fault),
    /// The person presses the button.
    Interrupt,
    /// The kernel is killed, and started again. So many cells are sent to the new one before the
    /// frontend subscribes, which takes so long.
    Kill(usize, Duration),
    /// The kernel stands still, as on a machine that sleeps.
    Sleep(Duration),
    /// Somebody ends all sessions.
    EndSessions,
}

const LONGEST: u64 = 400;

impl Schedule {
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let count = rng.usize(3..9);
        let steps = (0..count).flat_map(|_| [step(&mut rng), Step::Wait(time(&mut rng, 150))]);
        Self { steps: steps.collect() }
    }
}

fn step(rng: &mut Rng) -> Step {
    match rng.u8(0..100) {
        0..40 => Step::Cell(time(rng, LONGEST)),
        40..43 => Step::Die,
        43..58 => Step::Outage(network(rng), time(rng, LONGEST)),
        58..75 => Step::Once(asked(rng), fault(rng)),
        75..80 => Step::Interrupt,
        80..91 => kill(rng),
        91..96 => Step::Sleep(time(rng, LONGEST)),
        _ => Step::EndSessions,
    }
}

pub fn kill(rng: &mut Rng) -> Step {
    Step::Kill(rng.usize(0..4), time(rng, 150))
}

pub fn time(rng: &mut Rng, longest: u64) -> Duration {
    Duration::from_millis(rng.u64(0..longest))
}

fn network(rng: &mut Rng) -> Network {
    let page = "<html><head><title>Sign in please</title></head></html>";
    let all = [
        Network::Refuses,
        Network::Hangs,
        Network::Resets,
        Network::LosesAnswers,
        Network::Answers(page),
    ];
    all[rng.usize(..all.len())]
}

fn asked(rng: &mut Rng) -> Asked {
    let all = [
        Asked::NewSession,
        Asked::Sessions,
        Asked::Session,
        Asked::NewStatement,
        Asked::Statements,
        Asked::Statement,
        Asked::Cancel,
        Asked::Connect,
    ];
    all[rng.usize(..all.len())]
}

/// All but those that hang, which take as long as a client's patience.
fn fault(rng: &mut Rng) -> Fault {
    match rng.u8(0..8) {
        0 => Fault::ResetUnread,
        1 => Fault::ResetRead,
        2 => Fault::LoseAnswer,
        3 => Fault::Truncate,
        4 => Fault::CloseAfter,
        5 => Fault::Answer(Answer::status(503)),
        6 => Fault::ReplaceAnswer(Answer::status(502)),
        _ => Fault::Answer(Answer::status(429).retry_after(1)),
    }
}
