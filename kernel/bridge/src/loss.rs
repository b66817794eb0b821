//! A session that has ended without the kernel's doing: how that is noticed, and what a person reads.

use std::time::{Duration, SystemTime};

use livy_client::{Client, Id, SessionState, session};
use tokio::time::sleep;

use crate::{
    cause::{self, Amiss},
    cell::Cell,
    failure::Failure,
    live::Live,
    output::Shown,
};

/// How much of its log may tell why it ended; Livy keeps 200 lines of each stream.
const LOG: i64 = 200;
/// How long its last lines may take.
const LAST_LINES: Duration = Duration::from_millis(700);
/// How many lines of it are shown.
const SHOWN: usize = 10;

/// What becomes of the next cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// It has a new session.
    #[default]
    Restart,
    /// It says that the session is gone, and has a new one when it is run again.
    Ask,
}

/// A session that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Which.
    pub id: Id,
    /// Why, as far as the server says.
    pub why: String,
    /// What to do about that.
    next: &'static str,
    /// Of its log, what may be of use.
    log: Vec<String>,
}

impl Loss {
    /// A session in this state, or one that Livy does not know any more, and its log.
    fn new(id: Id, state: Option<&SessionState>, log: &[String]) -> Self {
        let mut shown = cause::worth_reading(log, SHOWN);
        let told = cause::of_end(log);
        if let Some((_, line)) = told
            && !shown.iter().any(|shown| shown == line.trim_end())
        {
            shown.insert(0, line.trim_end().to_owned());
        }
        let cause = told.map(|(cause, _)| cause);
        let why = cause.map_or_else(|| of_state(state), |cause| cause.what.to_owned());
        Self {
            id,
            why: with_state(why, state),
            next: cause.map_or("", |cause| cause.next),
            log: shown,
        }
    }

    /// One that its server does not know.
    pub fn unknown(id: Id) -> Self {
        Self::new(id, None, &[])
    }

    /// One that has ended with the process of Spark on this machine.
    pub fn with_server(id: Id) -> Self {
        let why = "the process that runs Spark on this machine was killed".to_owned();
        Self { id, why, next: "Perhaps memory ran out.", log: Vec::new() }
    }

    /// What happened, in a sentence.
    pub fn sentence(&self) -> String {
        format!("Livy session {} is gone: {}. Its variables are lost.", self.id, self.why)
    }

    /// As the error of the cell that ran, or was to run.
    pub fn failure(&self, next: &str) -> Failure {
        let next = format!("{} {next}", self.next);
        Failure::new("SessionLost", self.sentence(), next.trim_start())
            .with_lines(self.log.iter().cloned())
    }

    /// As a word before a cell that has another session.
    pub fn warning(&self) -> String {
        let lines = [
            self.sentence(),
            format!("{} This cell has a new session.", self.next).trim_start().to_owned(),
        ];
        let all: Vec<String> = lines.into_iter().chain(self.log.iter().cloned()).collect();
        all.join("\n") + "\n"
    }
}

fn of_state(state: Option<&SessionState>) -> String {
    match state {
        None => "Livy does not know it any more, so it was deleted or has expired, or Livy was started anew",
        Some(SessionState::Dead) => "its driver has ended, and its log does not say why",
        Some(SessionState::Error) => "its interpreter has ended",
        Some(SessionState::Killed) => "its application was killed",
        Some(SessionState::ShuttingDown) => "somebody or something ends it",
        Some(SessionState::Success) => "its application has ended",
        Some(_) => "it has ended",
    }
    .to_owned()
}

fn with_state(why: String, state: Option<&SessionState>) -> String {
    match state {
        Some(state) => format!("{why} (its state is {state})"),
        None => why,
    }
}

/// What a server says when it is asked whether a session is still there.
pub enum Verdict {
    /// It is.
    Alive,
    /// It is not.
    Gone(Loss),
    /// The server does not say.
    Unknown,
}

/// Asks whether a session is still there.
pub async fn examine(live: &Live) -> Verdict {
    let id = &live.session.id;
    match live.client.send(session::get(id)).await {
        Ok(session) if session.state.is_over() => {
            let log = log_to_its_end(&live.client, id).await;
            Verdict::Gone(Loss::new(id.clone(), Some(&session.state), &log))
        }
        Ok(_) => {
            live.lifespan().is_heard(SystemTime::now());
            Verdict::Alive
        }
        Err(error) if error.is_not_found() => {
            let loss = Loss::unknown(id.clone());
            let over = live.lifespan().over(SystemTime::now());
            Verdict::Gone(over.map_or(loss.clone(), |why| Loss { why, ..loss }))
        }
        Err(_) if live.connection.is_gone().await => Verdict::Gone(Loss::with_server(id.clone())),
        Err(_) => Verdict::Unknown,
    }
}

/// Why a session did not come.
pub async fn at_start(client: &Client, session: &session::Session) -> Failure {
    let log = log_to_its_end(client, &session.id).await;
    let Loss { id, why, next, log } = Loss::new(session.id.clone(), Some(&session.state), &log);
    let what = format!("Livy session {id} ended while it started: {why}");
    let next = format!("{next} Run the cell again to start another.");
    Failure::new("SessionStartError", what, next.trim_start()).with_lines(log)
}

/// The log of a session that has ended, in which Livy may be slow to write why.
async fn log_to_its_end(client: &Client, id: &Id) -> Vec<String> {
    let soon = log(client, id).await;
    if cause::of_end(&soon).is_some() {
        return soon;
    }
    sleep(LAST_LINES).await;
    log(client, id).await
}

/// The end of a session's log, if the server has one.
async fn log(client: &Client, id: &Id) -> Vec<String> {
    let page = client.send(session::log(id, Some(-1), Some(LOG))).await;
    page.map(|page| page.log).unwrap_or_default()
}

/// What a person must know of each cell from then on.
fn out_of_step(id: &Id) -> String {
    format!(
        "What cells show in session {id} may belong to earlier ones now, or be missing. They still \
         run: save what you need, and restart the kernel."
    )
}

impl Cell {
    /// Says it once more of a session whose answers are not to be relied on.
    pub(crate) async fn warn_if_out_of_step(&self, live: &Live) {
        if live.is_out_of_step() {
            self.show(vec![Shown::Warning(out_of_step(&live.session.id) + "\n")]).await;
        }
    }

    /// After trouble with the server, whose cell has failed, or on this machine, where asking costs
    /// nothing: whether the session has survived.
    pub(crate) async fn settle_doubt(&self) {
        let Some(live) = self.keeper.live() else { return };
        if !live.in_doubt && !live.connection.is_gone().await {
            return;
        }
        match examine(&live).await {
            Verdict::Gone(loss) => self.keeper.lose(&live, &loss),
            Verdict::Alive => self.keeper.doubt(&live, false),
            Verdict::Unknown => {}
        }
    }

    /// Lets a new session take a lost one's place, with a word or, where the person wants to be
    /// asked, by the next cell.
    pub(crate) async fn replace_lost(&self, loss: &Loss) -> Result<(), Failure> {
        // A silent cell tells nobody.
        if self.silent {
            return Err(loss.failure(""));
        }
        self.keeper.loss_was_told();
        match self.keeper.terms.on_loss {
            OnLoss::Restart => self.show(vec![Shown::Warning(loss.warning())]).await,
            OnLoss::Ask => return Err(loss.failure("Run the cell again to start a new session.")),
        }
        Ok(())
    }

    /// If the session has ended, this is said here and the next cell may start another.
    pub(crate) async fn loss(&self, live: &Live) -> Option<Failure> {
        let Verdict::Gone(loss) = examine(live).await else {
            return None;
        };
        self.keeper.lose(live, &loss);
        if self.keeper.terms.on_loss == OnLoss::Ask {
            return Some(loss.failure("The next cell asks you whether to start a new session."));
        }
        self.keeper.loss_was_told();
        Some(loss.failure("The next cell that you run starts a new session."))
    }

    /// A failed statement; some answers are not the code's but Livy's, about itself.
    pub(crate) async fn failed(&self, live: &Live, failure: Failure) -> Failure {
        match cause::of_answer(&failure.ename, &failure.evalue) {
            None => failure,
            Some(Amiss::TooLarge) => Failure::new(
                "OutputTooLarge",
                format!(
                    "the cell has run, but Livy cannot pass on what it gave: {}",
                    failure.evalue
                ),
                "Write it to a file or a table, or print less.",
            ),
            Some(Amiss::OutOfStep) => {
                live.gets_out_of_step();
                Failure::new(
                    "OutOfStepError",
                    "something other than Python has written to Livy's own pipe, as os.system does",
                    &out_of_step(&live.session.id),
                )
            }
            Some(Amiss::Died) => match self.loss(live).await {
                Some(loss) => loss.with_lines(cause::worth_reading(&failure.traceback, SHOWN)),
                None => failure,
            },
        }
    }
}
