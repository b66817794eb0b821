//! The cell that ran when the kernel was killed: the kernel that was started in its place goes on
//! with it.
//!
//! Its outputs are answers to the old request, for whoever still waits. A frontend that has begun
//! anew with this kernel, as JupyterLab does, does not listen to them any more: then the next cell
//! shows them first. Which of the two it is tells `kernel_info_request`, by which frontends begin.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, SystemTime},
};

use jupyter_wire::{Copies, Frontend, Parent, Request, content::Stream};
use livy_client::{Id, statement};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    cell::Cell, failure::Failure, journal::Running, keeper::State, live::Live, loss::Loss,
    output::Shown, panel::Text, progress::Board,
};

/// How long frontends may take to connect anew.
const RECONNECTION: Duration = Duration::from_secs(5);
/// How much later than the first the others may come.
const STRAGGLERS: Duration = Duration::from_millis(300);

/// A cell of the kernel before this one.
pub struct Earlier {
    request: Request,
    /// Its number.
    count: u32,
    /// Its frontend listens to it no more.
    is_forgotten: AtomicBool,
    /// Another cell shows what it gives.
    is_shown: AtomicBool,
    /// What it gives; closed when it has ended.
    outputs: Mutex<Copies>,
    interrupt: CancellationToken,
    /// When this kernel began to go on with it.
    since: SystemTime,
}

impl Earlier {
    /// One that somebody asked for with this request.
    pub fn new(
        request: Request,
        count: u32,
        outputs: Copies,
        interrupt: CancellationToken,
    ) -> Self {
        let outputs = Mutex::new(outputs);
        Self {
            request,
            count,
            is_forgotten: AtomicBool::new(false),
            is_shown: AtomicBool::new(false),
            outputs,
            interrupt,
            since: SystemTime::now(),
        }
    }

    /// A frontend begins to speak with this kernel.
    pub fn frontend_begins(&self, request: &Request) {
        if request.header().session == self.request.header().session {
            self.is_forgotten.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a cell that is asked for so has to show what this one gives. One does.
    pub fn is_news_to(&self, request: &Request) -> bool {
        let is_news = self.is_forgotten.load(Ordering::Relaxed)
            || request.header().session != self.request.header().session;
        is_news && !self.is_shown.swap(true, Ordering::Relaxed)
    }

    /// Stops it, unless the interrupt was meant for the kernel that was killed: Jupyter sends one
    /// before it starts another, which gets it.
    pub fn interrupt(&self, asked: Option<SystemTime>) {
        if asked.is_none_or(|asked| asked > self.since) {
            self.interrupt.cancel();
        }
    }

    /// Shows what it gives until it has ended, in answer to another request.
    pub async fn show(&self, frontend: &Frontend, parent: &Parent) {
        let mut outputs = self.outputs.lock().await;
        let mut is_first = true;
        while let Some(output) = outputs.recv().await {
            if std::mem::take(&mut is_first) {
                frontend.publish(parent, &Stream::stderr(self.heading())).await;
            }
            frontend.publish_copy(parent, &output).await;
        }
    }

    fn heading(&self) -> String {
        format!("Cell [{}], which ran when the kernel was killed, has given:\n", self.count)
    }
}

impl Cell {
    /// Follows a statement of an earlier kernel's to its end.
    pub async fn resume(self, running: Running) -> Result<(), Failure> {
        let result = self.follow_earlier(&running).await;
        self.show_end(result).await
    }

    async fn follow_earlier(&self, running: &Running) -> Result<(), Failure> {
        self.interrupt.run_until_cancelled(self.reconnection()).await;
        let live = self.taken_back(&running.session).await?;
        let _in_use = live.in_use();
        let agent = match running.first {
            Some(first) => live.invited_agent().await.map(|agent| agent.at(first)),
            None => None,
        };
        let asked = live.client.send(statement::get(&live.session.id, &running.statement)).await;
        let statement = asked.map_err(|error| {
            let what = format!("What cell [{}] gave is not known: {error}", self.count);
            Failure::new("LivyError", what, "Its variables may be there.")
        })?;
        let code = statement.code.clone().unwrap_or_default();
        let board = Board::default();
        let following = self.follow_on(&live, statement, agent.as_ref(), &board, running.next);
        let (ending, transcript) = self.attended(&live, following, &board).await?;
        self.conclude(&live, &code, ending, transcript).await?;
        match self.left {
            0 => Ok(()),
            left => Err(Failure::new(
                "KernelKilled",
                format!("the cell had {left} more to do when the kernel was killed"),
                "What comes after what it has shown did not run. Run that part again.",
            )),
        }
    }

    /// Frontends connect anew, each some tenths of a second after the kernel's start.
    async fn reconnection(&self) {
        let _ = timeout(RECONNECTION, self.frontend.subscribed()).await;
        sleep(STRAGGLERS).await;
    }

    /// Its session, once it is back. If that is lost, there may be another already.
    async fn taken_back(&self, session: &Id) -> Result<Live, Failure> {
        let mut state = self.keeper.states();
        let settled = tokio::select! {
            biased;
            settled = state.wait_for(|state| !matches!(state, State::Starting(_))) => {
                settled.ok().map(|state| state.clone())
            }
            () = self.interrupt.cancelled() => None,
        };
        match settled {
            Some(State::Ready(live)) if live.session.id == *session => Ok(live),
            Some(State::Lost(loss)) => {
                self.keeper.loss_was_told();
                Err(loss.failure("The next cell that you run starts a new session."))
            }
            Some(State::Failed(failure)) => Err(failure),
            Some(State::Ready(_) | State::Absent) => {
                Err(Loss::unknown(session.clone()).failure("The next cell has a new session."))
            }
            Some(State::Starting(_)) | None => Err(Failure::interrupted(
                "the server could not be reached since the kernel was killed, and the cell may run on there",
            )),
        }
    }

    /// Says once that the session is an earlier kernel's.
    pub(crate) async fn tell_return(&self, live: &Live) {
        if self.silent || !live.is_just_back() {
            return;
        }
        let what = format!(
            "Livy session {} is back: the kernel was killed and started again. All variables are there.",
            live.session.id
        );
        self.show(vec![Shown::Display(Text::plain(&what).bundle())]).await;
    }
}
