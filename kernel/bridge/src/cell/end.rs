//! The end of a cell: its error is shown, and the journal notes that everything was.

use crate::{
    cell::{context::KernelContext, request::CellRequest},
    display::sink::OutputSink,
    error::CellError,
    records::Count,
    session::journal::Journal,
};

/// Shows the cell's error, if it has one. Everything that the cell shows has been handed to the sockets
/// when this returns.
///
/// # Errors
///
/// The error that was shown.
pub async fn show<T>(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    result: Result<T, CellError>,
) -> Result<T, CellError> {
    if let Err(failure) = &result
        && !failure.traceback.is_empty()
    {
        sink.publish(&failure.message()).await;
    }
    count(context, result.as_ref().err());
    sink.flush().await;
    if let Some(request) = asked.request.clone() {
        let note = move |journal: &Journal| journal.all_is_shown(&request.envelope());
        context.sessions.journal.note_departure(sink.frontend(), note);
    }
    result
}

fn count(context: &KernelContext, failure: Option<&CellError>) {
    let end = match failure.map(|failure| failure.ename.as_str()) {
        None => "ok",
        Some("KeyboardInterrupt") => "cancelled",
        Some(_) => "error",
    };
    context.sessions.records.count(Count::Cell { language: context.kind.as_str(), end });
}
