//! A statement that the user does not see: the start-up code, and what the kernel asks of Scala or of Python.

use livy_client::Output;
use serde_json::Value;

use crate::{
    cell::{
        context::KernelContext, request::CellRequest, statement, statement_run::StatementRun,
        statement_state::Ending,
    },
    display::sink::OutputSink,
    error::CellError,
    language::sql::PlannedStatement,
    session::handle::SessionHandle,
    settings::choices::AfterRun,
};

/// Returns the text that the statement gives, or why it fails.
///
/// # Errors
///
/// It fails, is interrupted, or is lost.
pub async fn run(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    handle: &SessionHandle,
    step: PlannedStatement,
) -> Result<String, String> {
    let run = StatementRun::new(context, asked, handle, sink.muted(), step).await;
    let mut run = run.map_err(|failure| failure.evalue)?;
    run.after_run = AfterRun::Never;
    let (ending, _) = statement::follow(&run).await.map_err(|failure| failure.evalue)?;
    match ending {
        Ending::Output(Output::Ok(data)) => {
            Ok(data.get("text/plain").and_then(Value::as_str).unwrap_or_default().to_owned())
        }
        Ending::Output(Output::Error { ename, evalue, .. }) => Err(format!("{ename}: {evalue}")),
        // It has run, and its text is of no use.
        Ending::TooLarge(_) => Ok(String::new()),
        Ending::Interrupted(_) | Ending::WithoutOutput => Err("it was cancelled".to_owned()),
    }
}

/// Returns what the statement gives by `%json`, if anything, while its progress is shown.
///
/// # Errors
///
/// It fails, is interrupted, or is lost.
pub async fn json(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    handle: &SessionHandle,
    step: PlannedStatement,
) -> Result<Value, CellError> {
    let mut run = StatementRun::new(context, asked, handle, sink.muted(), step).await?;
    run.displays = sink.clone();
    Ok(statement::outputs(&run).await?.remove("application/json").unwrap_or_default())
}
