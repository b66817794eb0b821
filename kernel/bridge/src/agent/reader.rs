//! Reads the agent's events, one run after the other.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use livy_client::{Id, PollPolicy, Polls};
use serde_json::{Value, json};
use tokio::{sync::Notify, time::sleep};

use crate::{
    agent::{
        client::{AGENT_ANSWER_LIMIT, Agent},
        error::AgentError,
        event::{Addressee, Batch},
        job::Pauses,
        pace::Pace,
        waiting::Waited,
    },
    kind::Kind,
};

/// A call for events waits this long in the session for one to happen.
const EVENT_WAIT: Duration = Duration::from_secs(10);
/// A job that has something to answer ends within milliseconds.
const SOON: Duration = Duration::from_millis(10);
/// How often it is asked for at such intervals.
const SOON_POLLS: u32 = 5;
/// How often a statement in another language than Python is asked about, since it is polled as well.
const OTHER_POLLS: PollPolicy =
    PollPolicy::new(Duration::from_millis(100), Duration::from_millis(500));
/// How often something is asked about for which nobody waits.
const BACKGROUND_POLLS: PollPolicy =
    PollPolicy::new(Duration::from_secs(1), Duration::from_secs(1));

/// Decides what the agent reports about a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Everything, since the cell is Python.
    Python,
    /// Spark's progress, and what Scala and R print.
    Other(Kind),
}

/// Reads the events of one cell.
#[derive(Debug)]
pub struct EventReader {
    agent: Agent,
    cell: CellKind,
    begun: Instant,
    pace: Pace,
    /// Where no request waits.
    polls: Polls,
    /// Notified when something has happened, which may be the cell's end.
    news: Arc<Notify>,
    /// The kernel whose own events are read, too.
    addressee: Option<Addressee>,
}

impl EventReader {
    /// Reads the events of a cell that begins.
    pub fn of_cell(agent: &Agent, cell: CellKind) -> Self {
        let policy = match cell {
            CellKind::Python => PollPolicy::STATEMENT,
            CellKind::Other(_) => OTHER_POLLS,
        };
        Self::new(agent, cell, Pace::of_cell(), policy)
    }

    /// Reads the events of a cell that has ended.
    pub fn in_background(agent: &Agent) -> Self {
        Self::new(agent, CellKind::Python, Pace::in_background(), BACKGROUND_POLLS)
    }

    /// Notifies this as soon as something has happened, before it is known what.
    pub fn notifying(self, news: Arc<Notify>) -> Self {
        Self { news, ..self }
    }

    /// Reads also what is addressed to this kernel.
    pub fn addressed_to(self, addressee: &Addressee) -> Self {
        Self { addressee: Some(addressee.clone()), ..self }
    }

    fn new(agent: &Agent, cell: CellKind, pace: Pace, policy: PollPolicy) -> Self {
        Self {
            agent: agent.clone(),
            cell,
            begun: Instant::now(),
            pace,
            polls: policy.start(),
            news: Arc::default(),
            addressee: None,
        }
    }

    /// Returns what has happened since the last call.
    ///
    /// The call waits for an event, but not for ever, and also while the network or Livy fails,
    /// since the agent keeps its events. If this future is dropped, the next call returns the same
    /// events. The agent learns that `statement` belongs to the cell: the value of cell 17 is `_17`.
    ///
    /// # Errors
    ///
    /// Fails if the agent is gone, or if the session's Python answers something else.
    pub async fn events(&mut self, statement: &Id) -> Result<Batch, AgentError> {
        loop {
            match self.read(statement).await {
                Err(error) if error.is_temporary() => sleep(error.retry_pause()).await,
                events => return events,
            }
        }
    }

    async fn read(&mut self, statement: &Id) -> Result<Batch, AgentError> {
        let linger = self.pace.linger(self.begun.elapsed());
        let (agent, since) = (self.agent.clone(), self.agent.position());
        let other = match self.cell {
            CellKind::Python => Value::Null,
            CellKind::Other(kind) => json!([statement.as_str(), kind.as_str()]),
        };
        let reader = self.addressee.as_ref().map(Addressee::args);
        let args = json!([since, EVENT_WAIT.as_secs_f64(), other, linger.as_secs_f64(), reader]);
        let mut polls = JobPolls::new(self, since, linger);
        let limit = EVENT_WAIT + AGENT_ANSWER_LIMIT;
        let batch: Batch = agent.call_with_pauses("events", &args, limit, &mut polls).await?;
        agent.set_position(batch.next);
        Ok(batch)
    }

    /// Waits as long as is usual where no request waits, or until an event is expected.
    async fn wait_for_poll(&mut self) {
        let stir = Arc::clone(&self.agent.stir);
        tokio::select! {
            () = self.polls.wait() => {}
            () = stir.expected() => self.polls = PollPolicy::STATEMENT.start(),
        }
    }

    fn count_request(&mut self) {
        self.pace.count(1.0, self.begun.elapsed());
    }
}

/// The questions whether a job that waits for events has ended.
struct JobPolls<'a> {
    reader: &'a mut EventReader,
    /// The first event that is waited for.
    event: u64,
    linger: Duration,
    begun: Instant,
    next: NextPoll,
}

/// What comes before the next question.
enum NextPoll {
    /// A request that waits for an event.
    Wait,
    /// A few milliseconds, since there is an event: this is the number of the question.
    Soon(u32),
    /// What the polls of something of this age have between them.
    Later,
}

impl<'a> JobPolls<'a> {
    fn new(reader: &'a mut EventReader, event: u64, linger: Duration) -> Self {
        reader.count_request();
        let waits = reader.cell == CellKind::Python && reader.agent.waiting.is_able();
        let next = if waits { NextPoll::Wait } else { NextPoll::Later };
        Self { reader, event, linger, begun: Instant::now(), next }
    }

    async fn pause_briefly(&mut self, number: u32) {
        sleep(SOON * number).await;
        self.next = NextPoll::Soon(number + 1);
        if number == SOON_POLLS {
            self.reader.agent.waiting.note_doubt();
            self.next = match self.reader.agent.waiting.is_able() {
                true => NextPoll::Wait,
                false => NextPoll::Later,
            };
        }
    }

    /// The job ends now. Whether the statement does is asked at the same time, if requests need not be saved.
    fn has_event(&mut self) {
        if !self.reader.pace.is_thrifty() {
            self.reader.count_request();
            self.reader.news.notify_one();
        }
        self.next = NextPoll::Soon(1);
    }

    /// Lets requests wait, one after the other, until there is an event or the job must have ended.
    async fn wait_for_event(&mut self) {
        while self.begun.elapsed() < EVENT_WAIT {
            let agent = self.reader.agent.clone();
            let wait = self.reader.pace.wait(self.reader.begun.elapsed(), agent.stir.is_expected());
            tokio::select! {
                () = sleep(wait.pause) => {}
                () = agent.stir.expected() => {}
            }
            self.reader.count_request();
            match agent.wait(self.event, wait.time, self.linger).await {
                Waited::InVain(delay) => self.reader.pace.note_silence(delay),
                Waited::Early => return self.has_event(),
                Waited::Failed(pause) => {
                    sleep(pause).await;
                    return self.next = NextPoll::Later;
                }
            }
        }
        self.next = NextPoll::Soon(1);
    }
}

impl Pauses for JobPolls<'_> {
    async fn pause(&mut self) {
        match self.next {
            NextPoll::Wait => self.wait_for_event().await,
            NextPoll::Soon(number) => self.pause_briefly(number).await,
            NextPoll::Later => self.reader.wait_for_poll().await,
        }
        self.reader.count_request();
    }
}
