//! Follows a statement of a kernel that was killed, to its end.

use std::time::Duration;

use livy_client::{Id, Statement, statement::get};
use serde_json::Map;
use tokio::time::{sleep, timeout};

use crate::{
    cell::{
        context::KernelContext, end, end_report::EndReport, reply::CellReply, request::CellRequest,
        statement, statement_run::StatementRun,
    },
    display::{progress::ProgressBoard, sink::OutputSink},
    error::CellError,
    session::{State, handle::SessionHandle, journal::Running, loss::Loss},
    settings::choices::AfterRun,
};

/// How long the first frontend may take to connect again.
const FIRST_FRONTEND_LIMIT: Duration = Duration::from_secs(5);
/// How much later than the first the other frontends may connect.
const OTHER_FRONTENDS_DELAY: Duration = Duration::from_millis(300);

/// Shows the rest of what a cell of a killed kernel gives, until it has ended.
///
/// # Errors
///
/// The cell fails, or its session or its output is lost.
pub async fn resume(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    entry: &Running,
) -> Result<CellReply, CellError> {
    let result = follow(context, asked, sink, entry).await;
    end::show(context, asked, sink, result).await
}

async fn follow(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    entry: &Running,
) -> Result<CellReply, CellError> {
    asked.interrupt.run_until_cancelled(frontends_connect(sink)).await;
    let handle = recovered_session(context, asked, &entry.session).await?;
    let _in_use = handle.in_use();
    handle.note_sent(entry.statement.clone());
    let statement = fetch(&handle, entry).await?;
    let run = StatementRun {
        context,
        asked,
        handle: &handle,
        sink: sink.clone(),
        displays: sink.clone(),
        kind: entry.kind,
        code: statement.code.clone().unwrap_or_default(),
        statements_left: entry.left,
        after_run: AfterRun::Never,
        agent: match entry.first {
            Some(first) => handle.requested_agent().await.map(|agent| agent.reading_from(first)),
            None => None,
        },
        board: ProgressBoard::default(),
        // Its end is recorded with what else the killed kernel had sent.
        end: EndReport::default(),
    };
    let payload = statement::resume(&run, statement, entry.next).await?;
    match entry.left {
        0 => Ok(CellReply { payload, user_expressions: Map::new() }),
        left => Err(CellError::new(
            "KernelKilled",
            format!("the cell had {left} more to do when the kernel was killed"),
            "What comes after what it has shown did not run. Run that part again.",
        )),
    }
}

/// Frontends connect again some tenths of a second after the kernel's start.
async fn frontends_connect(sink: &OutputSink) {
    let _ = timeout(FIRST_FRONTEND_LIMIT, sink.frontend().subscribed()).await;
    sleep(OTHER_FRONTENDS_DELAY).await;
}

/// Waits for the killed kernel's session. If that is lost, this kernel may have another by now.
async fn recovered_session(
    context: &KernelContext,
    asked: &CellRequest,
    session: &Id,
) -> Result<SessionHandle, CellError> {
    let mut state = context.sessions.states();
    let settled = tokio::select! {
        biased;
        settled = state.wait_for(|state| !matches!(state, State::Starting(_))) => {
            settled.ok().map(|state| state.clone())
        }
        () = asked.interrupt.cancelled() => None,
    };
    match settled {
        Some(State::Ready(handle)) if handle.session.id == *session => Ok(handle),
        Some(State::Lost(loss)) => {
            context.sessions.acknowledge_loss();
            Err(loss.failure("The next cell that you run starts a new session."))
        }
        Some(State::Failed(failure)) => Err(failure),
        Some(State::Ready(_) | State::Absent) => {
            Err(Loss::unknown(session.clone()).failure("The next cell has a new session."))
        }
        Some(State::Starting(_)) | None => Err(CellError::interrupted(
            "the server could not be reached since the kernel was killed, and the cell may run on there",
        )),
    }
}

async fn fetch(handle: &SessionHandle, entry: &Running) -> Result<Statement, CellError> {
    let asked = handle.client.send(get(&handle.session.id, &entry.statement)).await;
    asked.map_err(|error| {
        let what = format!("What cell [{}] gave is not known: {error}", entry.count);
        CellError::new("LivyError", what, "Its variables may be there.")
    })
}
