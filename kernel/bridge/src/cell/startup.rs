//! The user's start-up code (`LIVY_STARTUP`), which each new session runs before its first cell.

use std::path::Path;

use crate::{
    cell::{context::KernelContext, hidden, request::CellRequest},
    display::{panel::Text, sink::OutputSink},
    error::CellError,
    language::{cell_source, sql::PlannedStatement},
    session::handle::SessionHandle,
};

/// How many lines of its output are shown.
const LINES_SHOWN: usize = 5;

/// Runs the start-up code, if this is the session's first cell. If the code fails, the cell says so and
/// runs all the same.
///
/// # Errors
///
/// The user interrupts.
pub async fn run_startup_code(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    handle: &SessionHandle,
) -> Result<(), CellError> {
    let Some(path) = context.sessions.options().startup.as_ref().filter(|_| handle.take_new())
    else {
        return Ok(());
    };
    let path_shown = path.display();
    let mut panel = sink.panel();
    panel.show(Text::plain(&format!("Running the start-up code of {path_shown}"))).await;
    let output = run(context, asked, sink, handle, path).await;
    if asked.interrupt.is_cancelled() {
        return Err(CellError::not_run());
    }
    let (done, text) = match &output {
        Ok(text) => (format!("The start-up code of {path_shown} has run"), text.as_str()),
        Err(_) => (format!("The start-up code of {path_shown} has failed"), ""),
    };
    panel.show(in_short(&done, text)).await;
    if let Err(why) = output {
        let warning = format!("LIVY_STARTUP: {path_shown}: {why}\nThe cell runs all the same.\n");
        sink.warn(warning).await;
    }
    Ok(())
}

/// Returns the text that the code gives, or why it fails.
async fn run(
    context: &KernelContext,
    asked: &CellRequest,
    sink: &OutputSink,
    handle: &SessionHandle,
    path: &Path,
) -> Result<String, String> {
    let code = tokio::fs::read_to_string(path)
        .await
        .map_err(|error| format!("it cannot be read ({error})"))?;
    let source = cell_source::parse(&code, context.kind);
    let step = PlannedStatement::of_user(source.kind, source.code);
    hidden::run(context, &asked.internal(code), sink, handle, step).await
}

/// The first lines of the code's output.
fn in_short(done: &str, text: &str) -> Text {
    let mut lines = text.trim_end().lines();
    let mut shown: Vec<&str> =
        std::iter::once(done).chain(lines.by_ref().take(LINES_SHOWN)).collect();
    if lines.next().is_some() {
        shown.push("…");
    }
    match shown[..] {
        [only] => Text::plain(only),
        _ => Text::lines(&shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_lines_of_the_output_are_shown() {
        assert_eq!(in_short("done", "").plain, "done");
        assert_eq!(in_short("done", "a\nb\n").plain, "done\na\nb");
        assert_eq!(in_short("done", "1\n2\n3\n4\n5\n6").plain, "done\n1\n2\n3\n4\n5\n…");
    }
}
