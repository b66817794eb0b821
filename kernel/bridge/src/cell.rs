//! Runs one cell: gets a session, has its statement followed, and shows what it gives.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use jupyter_wire::{
    Frontend, Parent, Request,
    content::{DisplayData, ExecuteInput, Stream, Transient, UpdateDisplayData},
};
use livy_client::Output;
use serde_json::Map;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    agent::{Agent, presence::Policy},
    arguments::Asked,
    cause::{self, Amiss},
    earlier::Earlier,
    execution::Ending,
    failure::Failure,
    habits,
    history::History,
    keeper::{Keeper, State},
    kind::Kind,
    live::Live,
    notice::Notice,
    output::{self, Shown},
    own,
    panel::Panel,
    progress::{AtEnd, Board},
    query::{self, Author, Step},
    source::Source,
    transcript::{Audience, Transcript},
    vscode,
};

/// How long a cell waits for its statement to end after an interrupt.
const GIVE_UP: Duration = Duration::from_secs(2);
/// The same, where the agent may have to come first, and a Python for it.
const GIVE_UP_SCALA: Duration = Duration::from_secs(8);
/// How long a cell waits for an agent without which it cannot do.
const PATIENCE_OF_HABITS: Duration = Duration::from_secs(20);
/// Trouble that lasts longer is worth a word.
const WORTH_A_WORD: Duration = Duration::from_secs(5);

/// A cell that is to run.
#[derive(Clone)]
pub struct Cell {
    /// The kernel's language, which is its session's.
    pub kernel: Kind,
    /// What to run.
    pub source: Source,
    /// Whoever wrote that.
    pub author: Author,
    /// How many statements of it come after that.
    pub left: usize,
    /// The answer, where the frontend's own code is not for Livy.
    pub unasked: Option<vscode::Answer>,
    /// The text as the frontend sent it.
    pub input: String,
    /// Its number.
    pub count: u32,
    /// Nothing is to be shown.
    pub silent: bool,
    /// The request; none for code that the kernel runs by itself.
    pub request: Option<Arc<Request>>,
    /// Cells that come first, since they ran when the kernel was killed.
    pub earlier: Vec<Arc<Earlier>>,
    /// Its frontend lets itself be asked.
    pub may_ask: bool,
    /// What becomes of the display of its progress.
    pub progress: AtEnd,
    /// Where its result is remembered, if it is.
    pub history: Option<History>,
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
        self.show_end(result).await
    }

    /// Shows what it has failed of; all it shows has left the kernel then.
    pub(crate) async fn show_end(&self, result: Result<(), Failure>) -> Result<(), Failure> {
        if let (Err(failure), false) = (&result, self.silent) {
            self.frontend.publish(&self.parent, &failure.message()).await;
        }
        self.frontend.flush().await;
        if let Some(request) = self.request.clone() {
            self.keeper.note_departure(move |journal| journal.all_is_shown(&request.envelope()));
        }
        result
    }

    async fn execute(&self) -> Result<(), Failure> {
        for earlier in &self.earlier {
            let shown = earlier.show(&self.frontend, &self.parent);
            if self.interrupt.run_until_cancelled(shown).await.is_none() {
                return Err(not_run());
            }
        }
        if let Some(answer) = &self.unasked {
            self.answer_unasked(answer).await;
            return Ok(());
        }
        let help = match own::read(&self.input) {
            Some(asked) => match asked? {
                Asked::Do(own) => return self.answer(&own).await,
                Asked::Help(help) => help,
            },
            None => match query::plan(&self.source, self.kernel)? {
                Asked::Do(plan) => {
                    self.show(plan.word.into_iter().map(Shown::Warning).collect()).await;
                    return self.take_steps(plan.steps).await;
                }
                Asked::Help(help) => help,
            },
        };
        self.show(vec![Shown::Stream(help + "\n")]).await;
        Ok(())
    }

    /// Runs statements one after the other, until one fails.
    async fn take_steps(&self, steps: Vec<Step>) -> Result<(), Failure> {
        if steps.is_empty() {
            return Ok(());
        }
        let live = self.session().await?;
        let _in_use = live.in_use();
        self.tell_return(&live).await;
        self.start_up(&live).await?;
        self.warn_if_out_of_step(&live).await;
        let count = steps.len();
        for (step, number) in steps.into_iter().zip(1..) {
            let step = self.step(step, count - number);
            step.take(&live).await.map_err(|failure| match count {
                1 => failure,
                _ => failure.with_lines([format!(
                    "It is part {number} of {count} of the cell; the cell ends here."
                )]),
            })?;
        }
        Ok(())
    }

    async fn take(&self, live: &Live) -> Result<(), Failure> {
        let (code, ending, transcript) = self.run_in(live).await?;
        self.conclude(live, &code, ending, transcript).await
    }

    /// The part of this cell that is one statement.
    fn step(&self, step: Step, left: usize) -> Self {
        let silent = self.silent || step.author == Author::Unseen;
        let source = Source { kind: step.kind, head: None, code: step.code };
        Self { source, author: step.author, left, silent, ..self.clone() }
    }

    /// Runs the code in a session, and shows meanwhile what comes and how that goes. Yields the
    /// code as it was sent, too.
    pub(crate) async fn run_in(
        &self,
        live: &Live,
    ) -> Result<(String, Ending, Transcript<'_>), Failure> {
        let agent = self.agent(live).await;
        let code = match (self.source.kind, &agent) {
            (Kind::Pyspark, None) if self.author == Author::Person => {
                habits::without_agent(&self.source.code)?
            }
            _ => self.source.code.clone(),
        };
        let board = Board::default();
        let following = self.follow(live, code.clone(), agent.as_ref(), &board);
        let (ending, transcript) = self.attended(live, following, &board).await?;
        Ok((code, ending, transcript))
    }

    /// Shows how it goes with a statement while it is being followed.
    pub(crate) async fn attended<T>(
        &self,
        live: &Live,
        following: impl Future<Output = Result<T, Failure>>,
        board: &Board,
    ) -> Result<T, Failure> {
        let mut notice = self.notice();
        let (began, mut panel) = (Instant::now(), self.panel());
        let followed = tokio::select! {
            followed = following => followed,
            failure = self.given_up(live) => Err(failure),
            never = self.tell_trouble(live, &mut notice) => match never {},
            never = board.show(began, &mut panel) => match never {},
        };
        notice.over().await;
        board.end(self.progress, began, panel).await;
        followed
    }

    async fn agent(&self, live: &Live) -> Option<Agent> {
        match self.source.kind {
            Kind::Pyspark
                if self.author == Author::Person && habits::has_any(&self.source.code) =>
            {
                live.agent_within(PATIENCE_OF_HABITS).await
            }
            Kind::Sparkr => None,
            _ => live.agent().await,
        }
    }

    /// Shows what the statement gave, as far as it has not been shown while it ran.
    pub(crate) async fn conclude(
        &self,
        live: &Live,
        code: &str,
        ending: Ending,
        mut transcript: Transcript<'_>,
    ) -> Result<(), Failure> {
        transcript.finish().await;
        match ending {
            Ending::Output(Output::Ok(data)) => {
                let data = transcript.left_of(data);
                self.show(output::show(self.source.kind, code, data)?).await;
                Ok(())
            }
            Ending::Output(Output::Error { ename, evalue, .. })
                if transcript.is_whole()
                    && cause::of_answer(&ename, &evalue) == Some(Amiss::TooLarge) =>
            {
                Ok(())
            }
            Ending::Output(Output::Error { ename, evalue, traceback }) => {
                let (evalue, traceback) = transcript.left_of_error(evalue, traceback);
                let livys = output::failure(self.source.kind, ename, evalue, &traceback);
                Err(self.failed(live, transcript.failure().unwrap_or(livys)).await)
            }
            Ending::Interrupted => Err(Failure::interrupted("the cell was cancelled")),
            Ending::WithoutOutput => Err(Failure::new(
                "StatementCancelled",
                "Livy says that the cell was cancelled, but not from here",
                "Somebody else who uses the session may have done it. Run the cell again.",
            )),
        }
    }

    async fn answer_unasked(&self, answer: &vscode::Answer) {
        if let (vscode::Answer::Background { display, update }, false) = (answer, self.silent) {
            let transient = Transient::id(Uuid::new_v4().to_string());
            let (data, metadata) = (display.clone(), Map::new());
            let first = DisplayData { data, metadata, transient: transient.clone() };
            self.frontend.publish(&self.parent, &first).await;
            let then = UpdateDisplayData { data: update.clone(), transient, ..Default::default() };
            self.frontend.publish(&self.parent, &then).await;
        }
    }

    /// Waits for a session, and says meanwhile how its start goes.
    async fn session(&self) -> Result<Live, Failure> {
        tokio::select! {
            () = self.settle_doubt() => {}
            () = self.interrupt.cancelled() => return Err(not_run()),
        }
        let mut state = self.keeper.want();
        let mut notice = self.notice();
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
                    self.replace_lost(&loss).await?;
                    state = self.keeper.want();
                    continue;
                }
                State::Starting(starting) => notice.starting(&starting).await,
                // Another cell has told of a loss.
                State::Absent => {
                    state = self.keeper.want();
                    continue;
                }
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

    /// A display that stays away from silent cells.
    fn notice(&self) -> Notice {
        Notice::new(self.onlookers())
    }

    fn panel(&self) -> Panel {
        Panel::new(self.onlookers().filter(|_| self.progress != AtEnd::Never))
    }

    pub(crate) fn onlookers(&self) -> Option<(Frontend, Parent)> {
        (!self.silent).then(|| (self.frontend.clone(), self.parent.clone()))
    }

    /// Says that the server does not answer, when that lasts.
    async fn tell_trouble(&self, live: &Live, notice: &mut Notice) -> Infallible {
        let mut troubles = live.client.troubles();
        loop {
            let now = troubles.borrow_and_update().longest().cloned();
            match now {
                Some(trouble) if trouble.since.elapsed() >= WORTH_A_WORD => {
                    notice.trouble(&trouble).await;
                }
                Some(_) => {}
                None => notice.over().await,
            }
            tokio::select! {
                _ = troubles.changed() => {}
                () = sleep(Duration::from_secs(1)) => {}
            }
        }
    }

    pub(crate) fn audience(&self) -> Audience<'_> {
        Audience {
            frontend: &self.frontend,
            parent: &self.parent,
            count: self.count,
            silent: self.silent,
            history: self.history.as_ref(),
        }
    }

    /// An interrupt whose statement does not end.
    async fn given_up(&self, live: &Live) -> Failure {
        self.interrupt.cancelled().await;
        let by_agent = self.source.kind == Kind::Spark && live.agent_policy() != Policy::Never;
        sleep(if by_agent { GIVE_UP_SCALA } else { GIVE_UP }).await;
        Failure::interrupted(&format!(
            "Livy has not stopped the cell yet. It may run on in session {}, and the next cell waits for it.",
            live.session.id
        ))
    }

    pub(crate) async fn show(&self, shown: Vec<Shown>) {
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
                    self.audience().result(data, Map::new()).await;
                }
            }
        }
    }
}

/// An interrupt before there was anything to cancel.
pub(crate) fn not_run() -> Failure {
    Failure::interrupted("the cell did not run")
}
