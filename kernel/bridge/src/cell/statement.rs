//! Runs one statement: it is submitted, followed to its end, and what it gave is shown.

use std::{convert::Infallible, time::Duration};

use jupyter_wire::content::Stream;
use livy_client::{Output, Statement};
use serde_json::{Map, Value};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    cell::{
        interrupt,
        live_output::{self, AgentReports},
        poll,
        printed_echo::PrintedEcho,
        session_loss, silence,
        start_notice::Notice,
        statement_run::StatementRun,
        statement_state::Ending,
        submit::submit,
        transcript::Transcript,
        widget_text,
    },
    error::CellError,
    kind::Kind,
    language::scala::stack,
    output,
};

/// How long after Livy's answer the agent may go on reporting a statement that gave more than Livy can
/// pass on.
const LARGE_OUTPUT_LIMIT: Duration = Duration::from_secs(20);
/// How long the server may not answer before the cell says so.
const OUTAGE_NOTICE_DELAY: Duration = Duration::from_secs(5);

/// Runs a statement to its end, and shows what it gives. Returns its actions for the frontend.
///
/// # Errors
///
/// The statement fails, is interrupted, or is lost on its way to Spark or back.
pub async fn run(run: &StatementRun<'_>) -> Result<Vec<Value>, CellError> {
    let (ending, transcript) = follow(run).await?;
    conclude(run, ending, transcript).await
}

/// Runs a statement to its end, and shows only what the agent reports meanwhile.
///
/// # Errors
///
/// The statement is interrupted, or lost on its way to Spark or back.
pub async fn follow(run: &StatementRun<'_>) -> Result<(Ending, Transcript), CellError> {
    let submitted = async {
        let statement = submit(run).await?;
        follow_submitted(run, statement, 0).await
    };
    // On the heap, since it is large, and start-up code runs within the cell.
    Box::pin(with_displays(run, submitted)).await
}

/// Runs a statement whose outputs are for the kernel, and returns them by their types.
///
/// # Errors
///
/// The statement fails, is interrupted, or is lost on its way to Spark or back.
pub async fn outputs(run: &StatementRun<'_>) -> Result<Map<String, Value>, CellError> {
    match follow(run).await? {
        (Ending::Output(Output::Ok(data)), _) => Ok(data),
        (ending, transcript) => conclude(run, ending, transcript).await.map(|_| Map::new()),
    }
}

/// Follows a statement that Livy has to its end, and shows what it gives. The agent's events before the
/// one with this number were shown by another kernel. Returns its actions for the frontend.
///
/// # Errors
///
/// The statement fails, is interrupted, or is lost on its way back.
pub async fn resume(
    run: &StatementRun<'_>,
    statement: Statement,
    shown_until: u64,
) -> Result<Vec<Value>, CellError> {
    let following = Box::pin(follow_submitted(run, statement, shown_until));
    let (ending, transcript) = with_displays(run, following).await?;
    conclude(run, ending, transcript).await
}

/// Shows the statement's progress, and trouble with the server, while it is followed.
async fn with_displays<T>(
    run: &StatementRun<'_>,
    following: impl Future<Output = Result<T, CellError>>,
) -> Result<T, CellError> {
    // Before the statement is submitted: its events must not be read by the watch of threads.
    run.context.threads.pause(&run.handle.identity()).await;
    let mut notice = Notice::new(run.displays.panel());
    let progress = run.displays.panel().unless_never(run.after_run);
    let followed = tokio::select! {
        followed = following => followed,
        failure = interrupt::gave_up(run) => Err(failure),
        never = show_outage(run, &mut notice) => match never {},
        never = run.board.show_on(progress) => match never {},
    };
    run.context.threads.resume(run.agent.as_ref(), run.sink.frontend()).await;
    match followed {
        Ok(_) => notice.over().await,
        Err(_) => notice.not_over().await,
    }
    run.board.finish(run.after_run).await;
    followed
}

/// Says that the server does not answer, if that lasts.
async fn show_outage(run: &StatementRun<'_>, notice: &mut Notice) -> Infallible {
    let mut troubles = run.handle.client.troubles();
    loop {
        let now = troubles.borrow_and_update().longest().cloned();
        match now {
            Some(trouble) if trouble.since.elapsed() >= OUTAGE_NOTICE_DELAY => {
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

/// Polls the statement to its end, and shows what the agent reports.
async fn follow_submitted(
    run: &StatementRun<'_>,
    statement: Statement,
    shown_until: u64,
) -> Result<(Ending, Transcript), CellError> {
    let id = statement.id.clone();
    let echo = PrintedEcho::of(run.kind, &run.asked.code);
    let mut transcript = Transcript::new(run.sink.clone(), id.clone(), echo, run.agent.as_ref());
    transcript.skip_until(shown_until);
    run.context.comms.note_cell(&run.handle.identity(), &id, run.sink.parent());
    let (reports, ended) = (AgentReports::new(), CancellationToken::new());
    let polled = async {
        let ending = tokio::select! {
            ending = poll::poll(run, statement, poll::AgentSigns::of(&reports)) => ending?,
            never = poll::count_queue(run.handle, &id, &run.board) => match never {},
            never = silence::warn_of_silence(run, reports.last.subscribe()) => match never {},
        };
        if ending.is_too_large() && run.kind == Kind::Pyspark && run.agent.is_some() {
            // Only the agent can tell how it ended.
            let _ = timeout(LARGE_OUTPUT_LIMIT, reports.all_heard.cancelled()).await;
        }
        ended.cancel();
        Ok::<_, CellError>(ending)
    };
    let shown = async {
        live_output::show(run, &mut transcript, &reports, &ended).await;
        Ok(())
    };
    let (ending, ()) = tokio::try_join!(polled, shown)?;
    Ok((ending, transcript))
}

/// Shows what a statement of Scala has printed before its exception, which Livy takes for a part of it.
async fn show_printed(
    run: &StatementRun<'_>,
    evalue: String,
    traceback: Vec<String>,
) -> (String, Vec<String>) {
    let text = format!("{evalue}\n{}", traceback.concat());
    match stack::printed_before(&text) {
        ("", _) => (evalue, traceback),
        (printed, exception) => {
            run.sink.publish(&Stream::stdout(printed.to_owned())).await;
            let (first, below) = exception.split_once('\n').unwrap_or((exception, ""));
            (first.to_owned(), below.split_inclusive('\n').map(str::to_owned).collect())
        }
    }
}

/// What a statement's text is about: Scala's compiler quotes the cell.
fn shown_code<'r>(run: &'r StatementRun<'_>) -> &'r str {
    match run.kind {
        Kind::Spark => &run.asked.code,
        _ => &run.code,
    }
}

/// Shows what the statement gave, as far as it was not shown while it ran.
async fn conclude(
    run: &StatementRun<'_>,
    ending: Ending,
    mut transcript: Transcript,
) -> Result<Vec<Value>, CellError> {
    transcript.finish().await;
    if ending.is_too_large() && transcript.has_ended() {
        // The agent has reported how it ended, and as much of its output as is shown.
        return match transcript.take_failure() {
            Some(failure) => Err(session_loss::explain(run, failure).await),
            None => Ok(transcript.take_payload()),
        };
    }
    let (ending, raised) = match run.kind {
        Kind::Sparkr => read_r(run, ending),
        _ => (ending, None),
    };
    match ending {
        Ending::Output(Output::Ok(data)) => {
            transcript.show_failure().await;
            let data = transcript.not_shown_of(data);
            let text = data.get("text/plain").and_then(Value::as_str).map(str::to_owned);
            run.sink.show(output::render(run.kind, shown_code(run), data)?).await;
            widget_text::explain(run, text.as_deref()).await;
            match raised {
                Some(failure) => Err(session_loss::explain(run, failure).await),
                None => Ok(transcript.take_payload()),
            }
        }
        Ending::Output(Output::Error { ename, evalue, traceback }) => {
            let (evalue, traceback) = transcript.not_shown_of_error(evalue, traceback);
            let (evalue, traceback) = match run.kind {
                Kind::Spark => show_printed(run, evalue, traceback).await,
                _ => (evalue, traceback),
            };
            let reported =
                transcript.take_failure().or_else(|| transcript.take_shown_failure(&ename));
            let cell = &run.asked.code;
            let livys = || output::statement_error(run.kind, cell, ename, evalue, &traceback);
            let failure = reported.unwrap_or_else(livys);
            Err(session_loss::explain(run, failure).await)
        }
        Ending::Interrupted(_) => Err(interrupted()),
        Ending::TooLarge(what) => Err(CellError::new(
            "OutputTooLarge",
            format!("the cell has run, but what it gave cannot be shown: {what}"),
            "Write it to a file or a table, or print less.",
        )),
        Ending::WithoutOutput => Err(CellError::new(
            "StatementCancelled",
            "Livy says that the cell was cancelled, but not from here",
            "Somebody else who uses the session may have done it. Run the cell again.",
        )),
    }
}

/// Separates the error of a statement in R from what it has printed. An interrupted one ends without an error.
fn read_r(run: &StatementRun<'_>, ending: Ending) -> (Ending, Option<CellError>) {
    let (Ending::Output(output) | Ending::Interrupted(Some(output))) = ending else {
        return (ending, None);
    };
    let (output, raised) = output::r::read(output);
    let interrupted = run.asked.interrupt.is_cancelled().then(interrupted);
    match output {
        Output::Error { .. } => (Ending::Output(output), None),
        Output::Ok(_) => (Ending::Output(output), interrupted.or(raised)),
    }
}

fn interrupted() -> CellError {
    CellError::interrupted("the cell was cancelled")
}
