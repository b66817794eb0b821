//! Runs code that no user has sent beside the cells, by the agent. It is never a statement, and starts no
//! session; without an agent it has an empty answer.

use jupyter_wire::content::{
    DisplayData, ExecuteInput, ExecuteRequest, Stream, StreamName, Transient, UpdateDisplayData,
};
use livy_client::Identity;
use serde_json::Map;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    agent::{Agent, AgentError, EventKind},
    cell::{context::KernelContext, event_output, expressions, reply::CellReply},
    display::sink::OutputSink,
    error::CellError,
    kind::Kind,
    language::unasked_code::{EmptyAnswer, UnaskedCode},
};

/// Tools define what they need in a few pieces; of more, the newest are kept.
const DEFINITIONS_LIMIT: usize = 8;

/// What runs the code that no user has sent.
pub struct UnaskedCells {
    context: KernelContext,
    definitions: Mutex<Definitions>,
}

/// What tools have defined, and where.
#[derive(Default)]
struct Definitions {
    codes: Vec<String>,
    /// The session that has them.
    session: Option<Identity>,
}

impl UnaskedCells {
    /// Begins without definitions.
    pub fn new(context: KernelContext) -> Self {
        Self { context, definitions: Mutex::default() }
    }

    /// Runs the code of a request and shows what it gives.
    ///
    /// # Errors
    ///
    /// The code's error, which has been shown.
    pub async fn run(
        &self,
        asked: &ExecuteRequest,
        code: &UnaskedCode,
        sink: &OutputSink,
    ) -> Result<CellReply, CellError> {
        let execution_count = sink.execution_count();
        sink.publish(&ExecuteInput { code: asked.code.clone(), execution_count }).await;
        let shown = self.show(asked, code, sink).await;
        if let Err(failure) = &shown {
            sink.publish(&failure.message()).await;
        }
        sink.flush().await;
        shown?;
        let (expressions, interrupt) = (&asked.user_expressions, CancellationToken::new());
        let user_expressions = expressions::evaluate(&self.context, expressions, &interrupt).await;
        Ok(CellReply { payload: Vec::new(), user_expressions })
    }

    /// Runs the code once more and shows what it gives now.
    pub async fn run_again(&self, asked: &ExecuteRequest, code: &UnaskedCode, sink: &OutputSink) {
        if let Err(failure) = self.show(asked, code, sink).await {
            tracing::debug!("code of a tool failed: {failure:?}");
        }
        sink.flush().await;
    }

    async fn show(
        &self,
        asked: &ExecuteRequest,
        code: &UnaskedCode,
        sink: &OutputSink,
    ) -> Result<(), CellError> {
        if asked.code.trim().is_empty() {
            return Ok(());
        }
        match self.events_of(asked, code).await {
            Some(Ok(events)) => show_events(sink, events).await,
            Some(Err(error)) => Err(not_answered(&error)),
            None => {
                tracing::debug!("code that no user has sent does not run: no agent is there");
                show_empty_answer(sink, &code.empty_answer).await;
                Ok(())
            }
        }
    }

    /// What the code gives; `None` without an agent.
    async fn events_of(
        &self,
        asked: &ExecuteRequest,
        code: &UnaskedCode,
    ) -> Option<Result<Vec<EventKind>, AgentError>> {
        let mut definitions = self.definitions.lock().await;
        if code.defines {
            definitions.add(&asked.code);
        }
        let (session, agent) = self.agent().await?;
        if definitions.session.as_ref() != Some(&session) {
            if let Err(error) = definitions.run(&agent, &asked.code).await {
                return Some(Err(error));
            }
            definitions.session = Some(session);
        }
        drop(definitions);
        Some(agent.beside(&asked.code).await)
    }

    async fn agent(&self) -> Option<(Identity, Agent)> {
        if self.context.kind != Kind::Pyspark {
            return None;
        }
        let handle = self.context.sessions.ready_session()?;
        Some((handle.identity(), handle.agent().await?))
    }
}

impl Definitions {
    fn add(&mut self, code: &str) {
        self.codes.retain(|known| known != code);
        self.codes.push(code.to_owned());
        let surplus = self.codes.len().saturating_sub(DEFINITIONS_LIMIT);
        self.codes.drain(..surplus);
    }

    /// Runs them in a session that does not have them, except for this code, which runs next.
    async fn run(&self, agent: &Agent, next: &str) -> Result<(), AgentError> {
        for code in self.codes.iter().filter(|code| *code != next) {
            agent.beside(code).await?;
        }
        Ok(())
    }
}

async fn show_events(sink: &OutputSink, events: Vec<EventKind>) -> Result<(), CellError> {
    let mut shown = Ok(());
    for event in events {
        match event {
            EventKind::Stream { name, text } => {
                let name = match name.as_str() {
                    "stderr" => StreamName::Stderr,
                    _ => StreamName::Stdout,
                };
                sink.publish(&Stream { name, text }).await;
            }
            EventKind::Error { ename, evalue, traceback } => {
                shown = Err(CellError { ename, evalue, traceback });
            }
            output => event_output::show(sink, output).await,
        }
    }
    shown
}

async fn show_empty_answer(sink: &OutputSink, answer: &EmptyAnswer) {
    let EmptyAnswer::Background { display, update } = answer else { return };
    let transient = Transient::id(Uuid::new_v4().to_string());
    let (data, metadata) = (display.clone(), Map::new());
    sink.publish(&DisplayData { data, metadata, transient: transient.clone() }).await;
    let data = update.clone();
    sink.publish(&UpdateDisplayData { data, transient, ..Default::default() }).await;
}

fn not_answered(error: &AgentError) -> CellError {
    let what = format!("the session did not run the code of a tool: {error}");
    CellError::new("RuntimeError", &what, "Cells are not affected.")
}
