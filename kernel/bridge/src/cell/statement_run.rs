//! One statement of a cell, and what its run needs.

use std::time::Duration;

use livy_client::Statement;

use crate::{
    agent::Agent,
    cell::{context::KernelContext, end_report::EndReport, request::CellRequest},
    display::{progress::ProgressBoard, sink::OutputSink},
    error::CellError,
    kind::Kind,
    language::{
        agent_need::{AgentNeed, AgentUse},
        cell_mark::CellMark,
        ipython_fallback, scala,
        sql::{Author, PlannedStatement},
    },
    session::{handle::SessionHandle, journal::Running},
    settings::choices::AfterRun,
};

/// How long a cell waits for the agent if it has syntax of IPython's that only the agent runs.
const NEEDED_AGENT_LIMIT: Duration = Duration::from_secs(20);
/// How long any other cell waits for an agent that is being installed. It takes some 0.2 s, and the first cell
/// would miss what it gives.
const USUAL_AGENT_LIMIT: Duration = Duration::from_secs(3);

/// One statement that runs in a session. Code that the kernel runs by itself is one, too.
pub struct StatementRun<'a> {
    /// The kernel that runs it.
    pub context: &'a KernelContext,
    /// The request that it is a part of.
    pub asked: &'a CellRequest,
    /// The session that runs it.
    pub handle: &'a SessionHandle,
    /// Where its outputs go.
    pub sink: OutputSink,
    /// Where its progress and trouble with the server are shown.
    pub displays: OutputSink,
    /// Its language.
    pub kind: Kind,
    /// Its code, as Livy gets it.
    pub code: String,
    /// How many statements of the cell come after it.
    pub statements_left: usize,
    /// What becomes of its progress display.
    pub after_run: AfterRun,
    /// The session's agent, if it has one by now.
    pub agent: Option<Agent>,
    /// How far it is, as Livy and the agent say.
    pub board: ProgressBoard,
    /// Where its end is reported for the records.
    pub end: EndReport,
}

impl<'a> StatementRun<'a> {
    /// A statement that is ready to be submitted.
    ///
    /// # Errors
    ///
    /// The code has syntax of IPython's, and the session has no agent to run it.
    pub async fn new(
        context: &'a KernelContext,
        asked: &'a CellRequest,
        handle: &'a SessionHandle,
        sink: OutputSink,
        step: PlannedStatement,
    ) -> Result<Self, CellError> {
        let agent = agent(handle, &step).await;
        let code = match (step.kind, step.author, &agent) {
            (Kind::Pyspark, Author::User, None) => {
                ipython_fallback::translate_for_livy(&step.code)?
            }
            (Kind::Pyspark, Author::User, Some(_)) => mark(context, asked).below(&step.code),
            (Kind::Spark, Author::User, _) => scala::for_the_repl(&step.code),
            _ => step.code,
        };
        let sink = if step.author == Author::Internal { sink.muted() } else { sink };
        Ok(Self {
            context,
            asked,
            handle,
            displays: sink.clone(),
            sink,
            kind: step.kind,
            code,
            statements_left: 0,
            after_run: context.progress,
            agent,
            board: ProgressBoard::default(),
            end: EndReport::default(),
        })
    }

    /// What the next kernel needs to resume the statement, should this kernel be killed.
    pub fn journal_entry(
        &self,
        statement: &Statement,
        first_event: Option<u64>,
    ) -> Option<Running> {
        Some(Running {
            session: self.handle.session.id.clone(),
            statement: statement.id.clone(),
            kind: self.kind,
            count: self.sink.execution_count(),
            asked: self.asked.request.as_ref()?.envelope(),
            left: self.statements_left,
            silent: self.sink.is_silent(),
            first: first_event,
            next: first_event.unwrap_or_default(),
        })
    }
}

fn mark<'a>(context: &'a KernelContext, asked: &'a CellRequest) -> CellMark<'a> {
    let request = asked.request.as_ref().map(|request| request.header().msg_id.as_str());
    CellMark { number: asked.number, kernel: &context.comms.addressee().kernel, request }
}

async fn agent(handle: &SessionHandle, step: &PlannedStatement) -> Option<Agent> {
    let has_ipython_syntax = step.kind == Kind::Pyspark
        && step.author == Author::User
        && ipython_fallback::needs_agent(&step.code);
    match handle.agent_need(AgentUse::Statement { has_ipython_syntax }, step.kind) {
        AgentNeed::Never => None,
        AgentNeed::Required => handle.agent_within(NEEDED_AGENT_LIMIT).await,
        AgentNeed::IfPresent | AgentNeed::OnDemand | AgentNeed::AtSessionStart => {
            handle.agent_within(USUAL_AGENT_LIMIT).await
        }
    }
}
