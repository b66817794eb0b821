//! One `execute_request`: its cell is read, gets a session, runs as one statement or more, and what
//! they give is shown.

mod allowed;
mod comms;
mod context;
mod end;
mod end_report;
mod event_output;
mod expressions;
mod hidden;
mod interrupt;
mod live_output;
mod part;
mod plan;
mod poll;
mod prepared_session;
mod printed_echo;
mod recording;
mod reply;
mod request;
mod resume;
mod resumed_cell;
mod scala_output;
mod scala_stack;
mod session_loss;
mod session_wait;
mod silence;
mod start_notice;
mod startup;
mod statement;
mod statement_run;
mod statement_state;
mod stdin;
mod submit;
mod thread_output;
mod transcript;
mod unasked;
mod variables;
mod widget_text;

pub use comms::{CommRequests, Comms, Place};
pub use context::KernelContext;
pub use reply::CellReply;
pub use request::CellRequest;
pub use resume::resume;
pub use resumed_cell::ResumedCell;
pub use thread_output::ThreadOutput;
pub use unasked::UnaskedCells;
pub use variables::KeptVariables;

use std::time::{Duration, Instant};

use jupyter_wire::content::ExecuteInput;
use serde_json::Value;

use crate::{
    cell::{
        part::Part,
        plan::Plan,
        prepared_session::{agent_of, prepared},
    },
    display::{panel::Text, sink::OutputSink},
    error::CellError,
    kind::Kind,
    language::sql::{self, PlannedStatement, StatementPlan},
    local_python::LocalCell,
    magics,
    output::CellOutput,
    packages::{self, FromHere},
    transfer::{self, FileMagic},
};

/// Runs a cell, and then the expressions of its request. Everything that it shows has been handed to the
/// sockets when this returns.
///
/// # Errors
///
/// The cell's error, which has been shown.
pub async fn run(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
) -> Result<CellReply, CellError> {
    let execution_count = sink.execution_count();
    // A kernel in this one's place, should there be one, counts on from this cell.
    context.sessions.journal.written().await;
    sink.publish(&ExecuteInput { code: asked.code.clone(), execution_count }).await;
    let result = match execute(context, asked, sink).await {
        Ok(payload) => reply(context, asked, payload).await,
        Err(failure) => Err(failure),
    };
    end::show(context, asked, sink, result).await
}

async fn reply(
    context: &KernelContext,
    asked: &CellRequest,
    payload: Vec<Value>,
) -> Result<CellReply, CellError> {
    let user_expressions =
        expressions::evaluate(context, &asked.user_expressions, &asked.interrupt).await;
    let reply = CellReply { payload, user_expressions };
    // A program such as papermill would go on with the next cell.
    match reply.asks_exit() && !asked.allow_stdin {
        true => Err(CellError::new(
            "SystemExit",
            "the cell has called exit()",
            "The session goes on with all variables.",
        )),
        false => Ok(reply),
    }
}

/// Returns the cell's actions for the frontend.
async fn execute(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
) -> Result<Vec<Value>, CellError> {
    show_banner(context, sink).await;
    for resumed in &asked.resumed {
        let shown = asked.interrupt.run_until_cancelled(resumed.show(sink)).await;
        shown.ok_or_else(CellError::not_run)?;
    }
    let plan = plan::of(&asked.code, context.kind)?;
    allowed::check(context.sessions.policy(), &plan)?;
    match plan {
        Plan::Magic(magic) => {
            magics::run(&magic, &context.sessions, context.kind, sink, &asked.interrupt).await?;
            Ok(Vec::new())
        }
        Plan::Help(help) => {
            sink.show(vec![CellOutput::Stream(help + "\n")]).await;
            Ok(Vec::new())
        }
        Plan::File(magic) => transfer_file(context, asked, sink, &magic).await,
        Plan::Packages(request) => install_from_here(context, asked, sink, &request).await,
        Plan::Passing(passing) => {
            variables::pass(context, asked, sink, &passing).await.map(|()| Vec::new())
        }
        Plan::Local(code) => run_here(context, asked, sink, &code).await,
        Plan::Statements { plan, is_timed } => {
            let began = Instant::now();
            let ran = run_plan(context, asked, sink, plan).await;
            if is_timed {
                sink.show(vec![CellOutput::Stream(wall_time(began.elapsed()))]).await;
            }
            ran
        }
    }
}

/// Shows in the first cell what the administrators want every user to read.
async fn show_banner(context: &KernelContext, sink: &OutputSink) {
    if sink.is_silent() {
        return;
    }
    if let Some(banner) = context.sessions.take_banner() {
        let lines: Vec<&str> = banner.lines().collect();
        sink.show(vec![CellOutput::Display(Text::lines(&lines).bundle())]).await;
    }
}

async fn transfer_file(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    magic: &FileMagic,
) -> Result<Vec<Value>, CellError> {
    let (handle, _in_use) = prepared(context, asked, sink, &[]).await?;
    let agent = agent_of(asked, &handle).await?;
    transfer::run(magic, &agent, sink, &asked.interrupt, &handle.records())
        .await
        .map(|()| Vec::new())
}

async fn install_from_here(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    request: &FromHere,
) -> Result<Vec<Value>, CellError> {
    let (handle, _in_use) = prepared(context, asked, sink, &[]).await?;
    let agent = agent_of(asked, &handle).await?;
    let local = &context.local_python;
    let records = handle.records();
    let code = packages::bring(request, &agent, local, sink, &asked.interrupt, &records).await?;
    let step = PlannedStatement::of_user(Kind::Pyspark, code);
    run_statements(context, asked, sink, vec![step]).await
}

async fn run_here(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    code: &str,
) -> Result<Vec<Value>, CellError> {
    variables::fetch_for(context, asked, sink, code).await?;
    let questions = asked.request.as_ref().filter(|_| asked.allow_stdin);
    let cell = LocalCell { code, sink, questions, interrupt: &asked.interrupt };
    context.local_python.run(cell).await
}

/// The line that `%%time` prints, of which the time on the driver's processor is not known.
fn wall_time(elapsed: Duration) -> String {
    match elapsed.as_secs_f64() {
        short if short < 1.0 => format!("Wall time: {:.0} ms\n", short * 1e3),
        long => format!("Wall time: {long:.3} s\n"),
    }
}

async fn run_plan(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    plan: StatementPlan,
) -> Result<Vec<Value>, CellError> {
    sink.show(plan.note.into_iter().map(CellOutput::Warning).collect()).await;
    let payload = run_statements(context, asked, sink, plan.statements).await?;
    if let Some(output) = plan.output {
        variables::keep(context, asked, sink, output).await?;
    }
    Ok(payload)
}

/// Runs statements one after the other, until one fails. Returns their actions for the frontend.
async fn run_statements(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    steps: Vec<PlannedStatement>,
) -> Result<Vec<Value>, CellError> {
    let mut payload = Vec::new();
    if steps.is_empty() {
        return Ok(payload);
    }
    let (handle, _in_use) = prepared(context, asked, sink, &steps).await?;
    let (count, queries) = (steps.len(), sql::queries_of(&steps));
    for (step, number) in steps.into_iter().zip(1..) {
        let part = Part { context, asked, handle: &handle, sink, statements_left: count - number };
        let ran = part.run(step).await.map_err(|failure| with_query(failure, number, &queries))?;
        payload.extend(ran.payload);
        if ran.has_shown_all {
            break;
        }
    }
    Ok(payload)
}

/// Says which of the cell's queries has failed, if it has more than one. A query may take several statements,
/// the last of which have these numbers.
fn with_query(failure: CellError, statement: usize, queries: &[usize]) -> CellError {
    let number = 1 + queries.iter().filter(|&&last| last < statement).count();
    match queries.len() {
        0 | 1 => failure,
        count => failure.with_lines([format!(
            "It is part {number} of {count} of the cell; the cell ends here."
        )]),
    }
}
