//! Runs one cell: gets a session, submits the statement, follows it, and shows what it gives.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jupyter_wire::{
    Frontend, Parent,
    content::{DisplayData, ExecuteInput, ExecuteResult, Stream},
};
use livy_client::{Error, Output, PollPolicy, Statement, statement};
use serde_json::Map;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{
    execution::{Ending, Execution},
    failure::Failure,
    keeper::{Keeper, Live, State, examine},
    kind::Kind,
    notice::Notice,
    output::{self, Shown},
    source::Source,
};

/// How long a cell waits for its statement to end after an interrupt.
const GIVE_UP: Duration = Duration::from_secs(2);
/// How long a running cell bears a server that does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A cell that is to run.
pub struct Cell {
    /// The kernel's language, which is its session's.
    pub kernel: Kind,
    /// What to run.
    pub source: Source,
    /// The text as the frontend sent it.
    pub input: String,
    /// Its number.
    pub count: u32,
    /// Nothing is to be shown.
    pub silent: bool,
    /// Where from.
    pub keeper: Arc<Keeper>,
    /// Where to.
    pub frontend: Frontend,
    /// The request.
    pub parent: Parent,
    /// Cancelled when the person interrupts.
    pub interrupt: CancellationToken,
}

impl Cell {
    /// Runs it; all it shows has left the kernel when this returns.
    pub async fn run(self) -> Result<(), Failure> {
        if !self.silent {
            let input = ExecuteInput { code: self.input.clone(), execution_count: self.count };
            self.frontend.publish(&self.parent, &input).await;
        }
        let result = self.execute().await;
        if let (Err(failure), false) = (&result, self.silent) {
            self.frontend.publish(&self.parent, &failure.message()).await;
        }
        self.frontend.flush().await;
        result
    }

    async fn execute(&self) -> Result<(), Failure> {
        if self.source.code.trim().is_empty() {
            return Ok(());
        }
        let live = self.session().await?;
        let ending = tokio::select! {
            ending = self.follow(&live) => ending?,
            failure = self.given_up(&live) => return Err(failure),
        };
        match ending {
            Ending::Output(Output::Ok(data)) => {
                self.show(output::show(self.source.kind, &self.source.code, data)).await;
                Ok(())
            }
            Ending::Output(Output::Error { ename, evalue, traceback }) => Err(self
                .failed(&live, output::failure(self.source.kind, ename, evalue, &traceback))
                .await),
            Ending::Interrupted => Err(Failure::interrupted("the cell was cancelled")),
            Ending::WithoutOutput => Err(Failure::new(
                "StatementCancelled",
                "Livy says that the cell was cancelled, but not from here",
                "Somebody else who uses the session may have done it. Run the cell again.",
            )),
        }
    }

    /// Waits for a session, and says meanwhile how its start goes.
    async fn session(&self) -> Result<Live, Failure> {
        tokio::select! {
            () = self.settle_doubt() => {}
            () = self.interrupt.cancelled() => return Err(not_run()),
        }
        let mut state = self.keeper.want();
        let mut notice = Notice::new(self.frontend.clone(), self.parent.clone());
        loop {
            let now = state.borrow_and_update().clone();
            match now {
                State::Ready(live) => {
                    notice.ready(&live).await;
                    return Ok(live);
                }
                State::Failed(failure) => {
                    notice.failed().await;
                    return Err(failure);
                }
                State::Lost(loss) => {
                    self.keeper.loss_was_told();
                    return Err(loss.failure());
                }
                State::Starting(starting) if !self.silent => notice.starting(&starting).await,
                State::Starting(_) | State::Absent => {}
            }
            tokio::select! {
                _ = state.changed() => {}
                () = sleep(Duration::from_secs(1)) => {}
                () = self.interrupt.cancelled() => {
                    notice.left().await;
                    return Err(not_run());
                }
            }
        }
    }

    /// After trouble with the server, whose cell has failed: a session that did not survive it is
    /// replaced for this one.
    async fn settle_doubt(&self) {
        let Some(live) = self.keeper.live().filter(|live| live.in_doubt) else {
            return;
        };
        let Some(loss) = examine(&live).await else {
            return;
        };
        self.keeper.lose(&live, &loss);
        self.keeper.loss_was_told();
        let text =
            format!("Livy session {} is gone: {}. Its variables are lost.\n", loss.id, loss.why);
        self.show(vec![Shown::Warning(text)]).await;
    }

    /// Submits the statement and polls it to its end.
    async fn follow(&self, live: &Live) -> Result<Ending, Failure> {
        let statement = self.submit(live).await?;
        let id = statement.id.clone();
        let mut execution = Execution::begin(statement);
        let mut polls = PollPolicy::STATEMENT.start();
        let mut trouble = None;
        loop {
            let cancelling = match execution {
                Execution::Done(ending) => return Ok(ending),
                Execution::Cancelling(_) => true,
                _ => false,
            };
            tokio::select! {
                () = self.interrupt.cancelled(), if !cancelling => {
                    tokio::spawn(cancel(live.clone(), id.clone()));
                    execution = execution.interrupt();
                    polls = PollPolicy::STATEMENT.start();
                    continue;
                }
                () = polls.wait() => {}
            }
            match live.client.send(statement::get(&live.session.id, &id)).await {
                Ok(statement) => {
                    trouble = None;
                    execution = execution.observe(statement);
                }
                Err(error) => {
                    polls.obey(error.refusal().and_then(|refusal| refusal.retry_after));
                    let since = *trouble.get_or_insert_with(Instant::now);
                    self.bear(live, error, since).await?;
                }
            }
        }
    }

    /// Posts the statement, once. The post outlives this cell's patience, so that a statement which
    /// arrives after an interrupt is cancelled all the same.
    async fn submit(&self, live: &Live) -> Result<Statement, Failure> {
        let kind = (self.source.kind != self.kernel).then(|| self.source.kind.as_str().to_owned());
        let new = statement::NewStatement { code: self.source.code.clone(), kind };
        let request = statement::run(&live.session.id, &new);
        let (posting, interrupt) = (live.clone(), self.interrupt.clone());
        let post = tokio::spawn(async move {
            let result = posting.client.send(request).await;
            if let (Ok(statement), true) = (&result, interrupt.is_cancelled()) {
                cancel(posting, statement.id.clone()).await;
            }
            result
        });
        match post.await {
            Ok(Ok(statement)) => Ok(statement),
            Ok(Err(error)) => Err(self.not_submitted(live, error).await),
            Err(panic) => {
                Err(Failure::new("KernelError", panic.to_string(), "Please report this."))
            }
        }
    }

    async fn not_submitted(&self, live: &Live, error: Error) -> Failure {
        if let Some(failure) = self.loss(live).await {
            return failure;
        }
        let next = match &error {
            Error::Lost { .. } => {
                self.keeper.doubt(live);
                "It is not known whether Livy runs the cell. Look at its effects before you run it again."
            }
            Error::Unreachable { .. } => {
                self.keeper.doubt(live);
                "The cell did not run. Run it again when the server is back."
            }
            _ => "The cell did not run.",
        };
        Failure::new("LivyError", error.to_string(), next)
    }

    /// Whether trouble while a statement runs is to be borne for a while longer.
    async fn bear(&self, live: &Live, error: Error, since: Instant) -> Result<(), Failure> {
        if error.refusal().is_some()
            && let Some(failure) = self.loss(live).await
        {
            return Err(failure);
        }
        let hopeless = error.is_not_found() || since.elapsed() > PATIENCE;
        if !hopeless {
            return Ok(());
        }
        self.keeper.doubt(live);
        let what = format!("{error}, so what the cell gave is not known");
        let next = "It may still run there. Run a cell when the server is back: the session may have survived.";
        Err(Failure::new("LivyError", what, next))
    }

    /// If the session has ended, this is said here and the next cell may start another.
    async fn loss(&self, live: &Live) -> Option<Failure> {
        let loss = examine(live).await?;
        self.keeper.lose(live, &loss);
        self.keeper.loss_was_told();
        Some(loss.failure())
    }

    /// Livy's answer when the process that runs the code is gone, for good.
    async fn failed(&self, live: &Live, failure: Failure) -> Failure {
        if !failure.evalue.starts_with("Interpreter died") {
            return failure;
        }
        match self.loss(live).await {
            Some(loss) => loss.with_lines(failure.traceback),
            None => failure,
        }
    }

    /// An interrupt whose statement does not end.
    async fn given_up(&self, live: &Live) -> Failure {
        self.interrupt.cancelled().await;
        sleep(GIVE_UP).await;
        Failure::interrupted(&format!(
            "Livy has not stopped the cell yet. It may run on in session {}, and the next cell waits for it.",
            live.session.id
        ))
    }

    async fn show(&self, shown: Vec<Shown>) {
        if self.silent {
            return;
        }
        let (frontend, parent) = (&self.frontend, &self.parent);
        for shown in shown {
            match shown {
                Shown::Stream(text) => frontend.publish(parent, &Stream::stdout(text)).await,
                Shown::Warning(text) => frontend.publish(parent, &Stream::stderr(text)).await,
                Shown::Display(data) => {
                    let display = DisplayData { data, ..Default::default() };
                    frontend.publish(parent, &display).await;
                }
                Shown::Result(data) => {
                    let metadata = Map::new();
                    let result = ExecuteResult { execution_count: self.count, data, metadata };
                    frontend.publish(parent, &result).await;
                }
            }
        }
    }
}

/// An interrupt before there was anything to cancel.
fn not_run() -> Failure {
    Failure::interrupted("the cell did not run")
}

/// Asks for a statement's end; that it came is seen by polling.
async fn cancel(live: Live, id: livy_client::Id) {
    if let Err(error) = live.client.send(statement::cancel(&live.session.id, &id)).await {
        tracing::warn!("statement {id} could not be cancelled: {error}");
    }
}
