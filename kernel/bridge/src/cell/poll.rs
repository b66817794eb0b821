//! Asks Livy for a statement until it has ended.

use std::{
    convert::Infallible,
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

use livy_client::{
    Error, Id, PollPolicy, Polls, Statement, TroubleReport,
    statement::{self, Page},
};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use crate::{
    cell::{
        interrupt,
        live_output::{AgentReports, AgentVoice},
        session_loss,
        statement_run::StatementRun,
        statement_state::{Ending, Execution},
    },
    display::progress::ProgressBoard,
    error::CellError,
    session::{
        handle::SessionHandle,
        loss::{self, Liveness},
    },
};

/// How long a running cell waits for a server that does not answer, unless the settings say otherwise.
const OUTAGE_LIMIT: Duration = Duration::from_secs(3600);
/// How long a statement waits in the queue before the display says how many are ahead of it.
const QUEUE_DISPLAY_DELAY: Duration = Duration::from_millis(300);
/// How often the queue is counted: the answer has the outputs of other statements, and may be large.
const QUEUE_COUNT_INTERVAL: Duration = Duration::from_secs(2);
/// How often Livy is asked for a statement while the agent reports on it, should the agent fall silent.
const POLL_INTERVAL_WITH_AGENT: Duration = Duration::from_secs(10);
/// How often while the agent is about to report on it.
const POLL_INTERVAL_BEFORE_AGENT: Duration = Duration::from_millis(100);
/// What Livy's server answers, each time, if a statement's output has half of a surrogate pair.
const LONE_SURROGATE: &str = "Incomplete surrogate pair";

/// What the agent lets know of a statement while it is polled.
pub struct AgentSigns {
    voice: watch::Receiver<AgentVoice>,
    news: Arc<Notify>,
}

impl AgentSigns {
    /// Those of these reports.
    pub fn of(reports: &AgentReports) -> Self {
        Self { voice: reports.voice.subscribe(), news: reports.news.clone() }
    }
}

/// Polls a statement to its end, and stops it when the user interrupts. While the agent
/// reports on the statement, Livy is asked seldom, and at once when that ends.
///
/// # Errors
///
/// The session is lost, Livy does not know the statement, or the server has not answered for too long.
pub async fn poll(
    run: &StatementRun<'_>,
    statement: Statement,
    mut agent: AgentSigns,
) -> Result<Ending, CellError> {
    let (handle, id) = (run.handle, statement.id.clone());
    run.board.report_livy(&statement);
    if statement.is_finished() {
        run.end.ended(&statement, false);
    }
    let mut execution = Execution::begin(statement);
    let mut polls = PollPolicy::STATEMENT.start();
    let mut outage = Outage::new(run);
    loop {
        let cancelling = match execution {
            Execution::Done(ending) => return Ok(ending),
            Execution::Cancelling(_) => true,
            _ => false,
        };
        let polled = async {
            match cancelling {
                true => polls.wait().await,
                false => next_poll(&mut polls, &mut agent).await,
            }
            let asked = Instant::now();
            let polled = handle.client.send(statement::get(&handle.session.id, &id)).await;
            if polled.is_ok() {
                polls.note_answer_time(asked.elapsed());
            }
            polled
        };
        let polled = tokio::select! {
            () = run.asked.interrupt.cancelled(), if !cancelling => {
                handle.records().cancel(id.as_str());
                interrupt::stop(handle, &id, run.kind);
                execution = execution.interrupt();
                polls = PollPolicy::STATEMENT.start();
                continue;
            }
            polled = polled => polled,
        };
        match polled {
            Ok(statement) => {
                outage.ends();
                run.board.report_livy(&statement);
                if statement.is_finished() {
                    run.end.ended(&statement, cancelling);
                }
                execution = execution.observe(statement);
            }
            Err(error @ Error::TooLarge { .. }) => execution = execution.gives_too_much(&error),
            Err(error) => {
                polls.set_retry_after(error.retry_after());
                outage.goes_on(&error).await?;
            }
        }
    }
}

/// How long polls have failed, and whether to go on.
struct Outage<'a> {
    run: &'a StatementRun<'a>,
    last_answer: Instant,
    report: Option<TroubleReport<'a>>,
}

impl<'a> Outage<'a> {
    fn new(run: &'a StatementRun<'a>) -> Self {
        Self { run, last_answer: Instant::now(), report: None }
    }

    fn ends(&mut self) {
        (self.last_answer, self.report) = (Instant::now(), None);
    }

    /// A poll has failed: returns `Ok` if the next one may succeed.
    async fn goes_on(&mut self, error: &Error) -> Result<(), CellError> {
        let handle = self.run.handle;
        let reason = match loss::is_session_missing(error) {
            true => format!("Livy does not know session {} at the moment", handle.session.id),
            false => error.to_string(),
        };
        self.report.get_or_insert_with(|| handle.client.trouble_report()).update(reason);
        let limit = self.run.context.sessions.options().patience.unwrap_or(OUTAGE_LIMIT);
        let is_over = self.last_answer.elapsed() >= limit;
        match self.liveness(error).await {
            Liveness::Gone(loss) => {
                return Err(session_loss::lost(&self.run.context.sessions, handle, &loss));
            }
            Liveness::Alternates if !is_over => return Ok(()),
            Liveness::Alternates | Liveness::Alive | Liveness::Unknown => {}
        }
        match without_output(error) {
            Some(failure) => Err(failure),
            None if !is_over => Ok(()),
            None => Err(self.give_up(error)),
        }
    }

    /// Asks whether the session is still there, if the error leaves that open.
    async fn liveness(&self, error: &Error) -> Liveness {
        let handle = self.run.handle;
        let may_be_gone = error.refusal().is_some() || loss::is_session_missing(error);
        match may_be_gone || handle.connection.is_gone().await {
            true => loss::probe(handle).await,
            false => Liveness::Unknown,
        }
    }

    fn give_up(&self, error: &Error) -> CellError {
        self.run.context.sessions.set_in_doubt(self.run.handle, true);
        let what = format!("{error}, so what the cell gave is not known");
        let next = "It may still run there. Run a cell when the server is back: the session may have survived.";
        CellError::new("LivyError", what, next)
    }
}

/// The cell's error, if Livy will never give the statement's output.
fn without_output(error: &Error) -> Option<CellError> {
    let (what, next) = if error.to_string().contains(LONE_SURROGATE) {
        (
            "Livy cannot pass on what the cell gave, in which is half of a character (a lone surrogate)",
            "The cell has run. Print it with repr().",
        )
    } else if error.is_not_found() {
        (
            "Livy no longer has what the cell gave: it keeps the newest statements only",
            "The cell has run, and its variables are there.",
        )
    } else {
        return None;
    };
    Some(CellError::new("LivyError", what, next))
}

/// Waits until Livy is to be asked again: at once when the agent has reported the end, and seldom while it
/// reports.
async fn next_poll(polls: &mut Polls, agent: &mut AgentSigns) {
    loop {
        let before = *agent.voice.borrow_and_update();
        tokio::select! {
            () = polls.wait_at_least(least_interval(before)) => return,
            () = agent.news.notified() => return polls.count_request(),
            () = another_voice(&mut agent.voice) => {}
        }
        if *agent.voice.borrow() == AgentVoice::Silent {
            *polls = PollPolicy::ENDED_STATEMENT.start();
            return polls.count_request();
        }
    }
}

async fn another_voice(voice: &mut watch::Receiver<AgentVoice>) {
    if voice.changed().await.is_err() {
        pending::<()>().await; // The sender outlives the receiver.
    }
}

fn least_interval(agent: AgentVoice) -> Duration {
    match agent {
        AgentVoice::Silent => Duration::ZERO,
        AgentVoice::Expected => POLL_INTERVAL_BEFORE_AGENT,
        AgentVoice::Reports => POLL_INTERVAL_WITH_AGENT,
    }
}

/// While the statement waits in the session's queue, counts the statements ahead of it. The list has
/// their outputs, so only its newest page is asked for, and not often.
pub async fn count_queue(handle: &SessionHandle, id: &Id, board: &ProgressBoard) -> Infallible {
    let page = Page { size: Some(20), newest_first: true, ..Default::default() };
    sleep(QUEUE_DISPLAY_DELAY).await;
    loop {
        board.until_waiting().await;
        if let Ok(list) = handle.client.send(statement::list(&handle.session.id, page)).await {
            board.report_ahead(ahead_of(id, &list.statements));
        }
        sleep(QUEUE_COUNT_INTERVAL).await;
    }
}

/// How many of these statements have not ended and came before this one; Livy counts ids up.
fn ahead_of(id: &Id, statements: &[Statement]) -> usize {
    let number = |id: &Id| id.as_str().parse::<u64>().ok();
    let before =
        |statement: &&Statement| !statement.is_finished() && number(&statement.id) < number(id);
    statements.iter().filter(before).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_unfinished_statements_with_smaller_ids_are_ahead() {
        let all = [("3", "cancelled"), ("4", "running"), ("9", "waiting"), ("10", "waiting")];
        let statements = all
            .map(|(id, state)| serde_json::from_value(json!({"id": id, "state": state})).unwrap());
        assert_eq!(ahead_of(&"10".into(), &statements), 2);
    }
}
