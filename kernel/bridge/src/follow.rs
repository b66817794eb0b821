//! Follows a cell's statement: by polling Livy for its end, and by listening to the agent meanwhile.

use std::{
    convert::Infallible,
    fmt::Display,
    pin::pin,
    time::{Duration, Instant},
};

use livy_client::{
    Error, Fate, Id, PollPolicy, Polls, Statement,
    statement::{self, Page},
};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::{Agent, AgentError, Batch, CellKind, presence::Policy},
    ask::Asker,
    cell::{Cell, not_run},
    execution::{Ending, Execution},
    failure::Failure,
    journal::Running,
    kind::Kind,
    live::Live,
    progress::Board,
    transcript::Transcript,
};

/// How long a running cell bears a server that does not answer, unless the person says otherwise.
const PATIENCE: Duration = Duration::from_secs(3600);
/// A statement that waits longer is told how many come before it.
const QUICK: Duration = Duration::from_millis(300);
/// A cell that takes longer is worth a Python in a session that has none.
const LONG: Duration = Duration::from_secs(3);
/// How long the agent's last events may come after Livy's answer.
const LAST_EVENTS: Duration = Duration::from_secs(1);
/// How long between two attempts.
const PAUSE: Duration = Duration::from_millis(200);
/// How often an interrupt is tried while the network or Livy fails.
const ATTEMPTS: u32 = 50;
/// How often Livy is asked for a statement of which the agent tells: should the agent fall silent.
const SAFEGUARD: Duration = Duration::from_secs(5);

impl Cell {
    /// Submits the statement and follows it to its end, by the agent's events where there is one.
    pub async fn follow(
        &self,
        live: &Live,
        code: String,
        agent: Option<&Agent>,
        board: &Board,
    ) -> Result<(Ending, Transcript<'_>), Failure> {
        let first = agent.map(Agent::position);
        let statement = self.submit(live, code).await?;
        if let Some(request) = &self.request {
            self.keeper.journal.begins(Running {
                session: live.session.id.clone(),
                statement: statement.id.clone(),
                kind: self.source.kind,
                count: self.count,
                asked: request.envelope(),
                left: self.left,
                silent: self.silent,
                first,
                next: first.unwrap_or_default(),
            });
        }
        self.follow_on(live, statement, agent, board, 0).await
    }

    /// Follows a statement that Livy has; the agent's events before this one were shown.
    pub async fn follow_on(
        &self,
        live: &Live,
        statement: Statement,
        agent: Option<&Agent>,
        board: &Board,
        shown_until: u64,
    ) -> Result<(Ending, Transcript<'_>), Failure> {
        let id = statement.id.clone();
        let mut transcript =
            Transcript::new(self.audience(), id.clone(), self.source.kind, agent).from(shown_until);
        let (telling, ended) = (watch::Sender::new(false), CancellationToken::new());
        let told = telling.subscribe();
        let polled = async {
            let ending = tokio::select! {
                ending = self.poll(live, statement, board, told) => ending,
                never = count_those_ahead(live, &id, board) => match never {},
            };
            ended.cancel();
            ending
        };
        let listened = async {
            match (self.source.kind, agent) {
                (Kind::Pyspark, Some(agent)) => {
                    self.listen(agent, &mut transcript, board, &telling, &ended).await;
                    telling.send_replace(false);
                }
                (Kind::Pyspark | Kind::Sparkr, _) => {}
                (_, agent) => self.overhear(live, agent, &mut transcript, board, &ended).await,
            }
            Ok(())
        };
        let (ending, ()) = tokio::try_join!(polled, listened)?;
        Ok((ending, transcript))
    }

    /// Shows what the agent tells of a statement that does not run in its Python: it cannot tell
    /// when that has ended.
    async fn overhear(
        &self,
        live: &Live,
        agent: Option<&Agent>,
        transcript: &mut Transcript<'_>,
        board: &Board,
        ended: &CancellationToken,
    ) {
        let agent = match agent {
            Some(agent) => Some(agent.clone()),
            None => ended.run_until_cancelled(self.agent_in_need(live)).await.flatten(),
        };
        let Some(agent) = agent else { return };
        let cell = CellKind::Other(self.source.kind);
        while let Some(batch) =
            ended.run_until_cancelled(agent.events(transcript.statement(), cell)).await
        {
            match batch {
                Ok(batch) => self.see(&agent, batch, transcript, board).await,
                Err(error) => return tracing::warn!("a cell goes on without live output: {error}"),
            }
        }
        if let Ok(Some(progress)) = agent.end(transcript.statement()).await {
            board.agent(progress);
        }
    }

    /// The agent of a session without Python, once it is worth a Python there: when a cell takes
    /// long, or is to be stopped.
    async fn agent_in_need(&self, live: &Live) -> Option<Agent> {
        if self.source.kind != Kind::Spark || live.agent_policy() == Policy::Never {
            return None;
        }
        self.interrupt.run_until_cancelled(sleep(LONG)).await;
        live.invited_agent().await
    }

    /// Shows what the agent tells, until it has told all, or until some time after Livy's answer.
    async fn listen(
        &self,
        agent: &Agent,
        transcript: &mut Transcript<'_>,
        board: &Board,
        telling: &watch::Sender<bool>,
        ended: &CancellationToken,
    ) {
        let cell = CellKind::Python(self.count);
        let mut late = pin!(async {
            ended.cancelled().await;
            sleep(LAST_EVENTS).await;
        });
        while !transcript.has_ended() {
            let batch = tokio::select! {
                batch = agent.events(transcript.statement(), cell) => batch,
                () = &mut late => return,
            };
            match batch {
                Ok(batch) => self.see(agent, batch, transcript, board).await,
                Err(error) => return tracing::warn!("a cell goes on without live output: {error}"),
            }
            if transcript.has_started() {
                board.runs();
                telling.send_replace(true);
            }
        }
    }

    async fn see(
        &self,
        agent: &Agent,
        batch: Batch,
        transcript: &mut Transcript<'_>,
        board: &Board,
    ) {
        transcript.see(batch).await;
        self.frontend.flush().await;
        let (statement, next) = (transcript.statement().clone(), agent.position());
        self.keeper.note_departure(move |journal| journal.shown(&statement, next));
        if let Some(progress) = transcript.progress() {
            board.agent(progress);
        }
        for question in transcript.questions() {
            tokio::spawn(self.asker().answer(agent.clone(), question));
        }
    }

    fn asker(&self) -> Asker {
        Asker {
            frontend: self.frontend.clone(),
            request: self.request.clone().filter(|_| self.may_ask),
            interrupt: self.interrupt.clone(),
        }
    }

    /// Polls a statement to its end.
    async fn poll(
        &self,
        live: &Live,
        statement: Statement,
        board: &Board,
        mut told: watch::Receiver<bool>,
    ) -> Result<Ending, Failure> {
        let id = statement.id.clone();
        board.livy(&statement);
        let mut execution = Execution::begin(statement);
        let mut polls = PollPolicy::STATEMENT.start();
        let mut heard = Instant::now();
        loop {
            let cancelling = match execution {
                Execution::Done(ending) => return Ok(ending),
                Execution::Cancelling(_) => true,
                _ => false,
            };
            let polled = async {
                match cancelling {
                    true => polls.wait().await,
                    false => turn(&mut polls, &mut told).await,
                }
                live.client.send(statement::get(&live.session.id, &id)).await
            };
            let polled = tokio::select! {
                () = self.interrupt.cancelled(), if !cancelling => {
                    tokio::spawn(cancel(live.clone(), id.clone()));
                    tokio::spawn(raise(live.clone(), id.clone(), self.source.kind));
                    execution = execution.interrupt();
                    polls = PollPolicy::STATEMENT.start();
                    continue;
                }
                polled = polled => polled,
            };
            match polled {
                Ok(statement) => {
                    heard = Instant::now();
                    board.livy(&statement);
                    execution = execution.observe(statement);
                }
                Err(error) => {
                    polls.obey(error.refusal().and_then(|refusal| refusal.retry_after));
                    self.bear(live, error, heard).await?;
                }
            }
        }
    }

    /// Posts the statement, once. The post outlives this cell's patience, so that a statement which
    /// arrives after an interrupt is cancelled all the same.
    async fn submit(&self, live: &Live, code: String) -> Result<Statement, Failure> {
        let kind = self.source.kind.as_str();
        let sessions = live.session.kind.as_deref().unwrap_or(self.kernel.as_str());
        let kind = (kind != sessions).then(|| kind.to_owned());
        let new = statement::NewStatement { code, kind };
        let (posting, interrupt) = (live.clone(), self.interrupt.clone());
        let post = tokio::spawn(async move {
            let result = posting.submit(&new, interrupt.clone()).await;
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
        if self.interrupt.is_cancelled() && error.fate() != Fate::Unknown {
            return not_run();
        }
        if let Some(failure) = self.loss(live).await {
            return failure;
        }
        let next = match error.fate() {
            Fate::Unknown => {
                self.keeper.doubt(live, true);
                "It is not known whether Livy runs the cell. Look at its effects before you run it again."
            }
            Fate::NeverArrived => {
                self.keeper.doubt(live, true);
                "The cell did not run. Run it again when the server is back."
            }
            _ => "The cell did not run.",
        };
        Failure::new("LivyError", error.to_string(), next)
    }

    /// Whether trouble while a statement runs is to be borne for a while longer.
    async fn bear(&self, live: &Live, error: Error, heard: Instant) -> Result<(), Failure> {
        if (error.refusal().is_some() || live.connection.is_gone().await)
            && let Some(failure) = self.loss(live).await
        {
            return Err(failure);
        }
        if matches!(error, Error::TooLarge { .. }) {
            let next =
                "The cell has ended. Write what it gives to a file or a table, or print less.";
            return Err(Failure::new("OutputTooLarge", error.to_string(), next));
        }
        if error.is_not_found() {
            let what =
                "Livy keeps what the cell gave no more: it remembers the newest statements only";
            let next = "The cell has run, and its variables are there.";
            return Err(Failure::new("LivyError", what, next));
        }
        if heard.elapsed() < self.keeper.terms.patience.unwrap_or(PATIENCE) {
            return Ok(());
        }
        self.keeper.doubt(live, true);
        let what = format!("{error}, so what the cell gave is not known");
        let next = "It may still run there. Run a cell when the server is back: the session may have survived.";
        Err(Failure::new("LivyError", what, next))
    }
}

/// Waits until Livy is to be asked for the statement: as soon as the agent has told its end, and
/// seldom while the agent tells of it.
async fn turn(polls: &mut Polls, told: &mut watch::Receiver<bool>) {
    let was_told = *told.borrow_and_update();
    let changed = async {
        // The sender outlives the receiver.
        let _ = told.wait_for(|is_told| *is_told != was_told).await;
    };
    let wait = async {
        match was_told {
            true => sleep(SAFEGUARD).await,
            false => polls.wait().await,
        }
    };
    tokio::select! {
        () = wait => {}
        () = changed => {}
    }
    if was_told {
        *polls = PollPolicy::STATEMENT.start();
    }
}

/// A statement that waits learns how many come before it. The list has their outputs, so it is not
/// asked for often, and only its newest page.
async fn count_those_ahead(live: &Live, id: &Id, board: &Board) -> Infallible {
    let page = Page { size: Some(20), newest_first: true, ..Default::default() };
    sleep(QUICK).await;
    loop {
        board.waits().await;
        if let Ok(list) = live.client.send(statement::list(&live.session.id, page)).await {
            board.ahead(ahead(&list.statements, id));
        }
        sleep(Duration::from_secs(2)).await;
    }
}

/// How many of these have not ended and came before this one; Livy counts them up.
fn ahead(statements: &[Statement], id: &Id) -> usize {
    let number = |id: &Id| id.as_str().parse::<u64>().ok();
    let before =
        |statement: &&Statement| !statement.is_finished() && number(&statement.id) < number(id);
    statements.iter().filter(before).count()
}

/// Livy's cancel ends Spark jobs, and this what the language does itself.
async fn raise(live: Live, id: Id, kind: Kind) {
    let agent = match kind {
        Kind::Pyspark => live.agent().await,
        Kind::Spark => live.invited_agent().await,
        Kind::Sparkr | Kind::Sql => None,
    };
    let Some(agent) = agent else { return };
    insist("interrupted", &id, AgentError::may_pass, || agent.interrupt(&id, kind)).await;
}

/// Asks for a statement's end; that it came is seen by polling. To cancel twice does no harm.
async fn cancel(live: Live, id: Id) {
    let ask = || live.client.send(statement::cancel(&live.session.id, &id));
    insist("cancelled", &id, Error::is_temporary, ask).await;
}

/// Asks until it is answered, or refused for good.
async fn insist<T, E: Display, Asked: Future<Output = Result<T, E>>>(
    what: &str,
    id: &Id,
    may_pass: fn(&E) -> bool,
    ask: impl Fn() -> Asked,
) {
    for _ in 0..ATTEMPTS {
        match ask().await {
            Ok(_) => return,
            Err(error) if may_pass(&error) => sleep(PAUSE).await,
            Err(error) => {
                return tracing::warn!("statement {id} could not be {what}: {error}");
            }
        }
    }
}
