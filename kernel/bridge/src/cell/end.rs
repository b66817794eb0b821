//! The end of a cell: its error is shown, and the journal notes that everything was.

use crate::{
    cell::{context::KernelContext, request::CellRequest},
    display::sink::OutputSink,
    error::CellError,
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
    sink.flush().await;
    if let Some(request) = asked.request.clone() {
        let note = move |journal: &Journal| journal.all_is_shown(&request.envelope());
        context.sessions.journal.note_departure(sink.frontend(), note);
    }
    result
}
