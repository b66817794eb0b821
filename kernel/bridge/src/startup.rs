//! The person's own code (`LIVY_STARTUP`), which each new session runs before its first cell.

use std::path::Path;

use livy_client::Output;
use serde_json::Value;

use crate::{
    cell::{Cell, not_run},
    execution::Ending,
    failure::Failure,
    live::Live,
    output::Shown,
    panel::{Panel, Text},
    progress::AtEnd,
    source,
};

/// How many lines of its text are shown.
const LINES: usize = 5;

impl Cell {
    /// Runs it, if this is the session's first cell. If it fails, that is told and stops nothing.
    pub(crate) async fn start_up(&self, live: &Live) -> Result<(), Failure> {
        let Some(path) = self.keeper.terms.startup.as_ref().filter(|_| live.is_new()) else {
            return Ok(());
        };
        let path_shown = path.display();
        let mut panel = Panel::new(self.onlookers());
        panel.show(Text::plain(&format!("Running the start-up code of {path_shown}"))).await;
        let given = self.given_by(path, live).await;
        if self.interrupt.is_cancelled() {
            return Err(not_run());
        }
        let (done, text) = match &given {
            Ok(text) => (format!("The start-up code of {path_shown} has run"), text.as_str()),
            Err(_) => (format!("The start-up code of {path_shown} has failed"), ""),
        };
        panel.show(in_short(&done, text)).await;
        if let Err(why) = given {
            let warning =
                format!("LIVY_STARTUP: {path_shown}: {why}\nThe cell runs all the same.\n");
            self.show(vec![Shown::Warning(warning)]).await;
        }
        Ok(())
    }

    /// The text that it gives, or why it fails.
    async fn given_by(&self, path: &Path, live: &Live) -> Result<String, String> {
        let code = tokio::fs::read_to_string(path)
            .await
            .map_err(|error| format!("it cannot be read ({error})"))?;
        let hidden = self.hidden(&code);
        let (_, ending, _) = hidden.run_in(live).await.map_err(|failure| failure.evalue)?;
        match ending {
            Ending::Output(Output::Ok(data)) => {
                Ok(data.get("text/plain").and_then(Value::as_str).unwrap_or_default().to_owned())
            }
            Ending::Output(Output::Error { ename, evalue, .. }) => {
                Err(format!("{ename}: {evalue}"))
            }
            Ending::Interrupted | Ending::WithoutOutput => Err("it was cancelled".to_owned()),
        }
    }

    /// A cell of this one's that shows nothing by itself.
    fn hidden(&self, code: &str) -> Self {
        Self {
            source: source::read(code, self.kernel),
            silent: true,
            request: None,
            may_ask: false,
            progress: AtEnd::Never,
            history: None,
            ..self.clone()
        }
    }
}

/// The first lines of what it gave.
fn in_short(done: &str, text: &str) -> Text {
    let mut lines = text.trim_end().lines();
    let mut shown: Vec<&str> = std::iter::once(done).chain(lines.by_ref().take(LINES)).collect();
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
    fn of_what_it_gives_the_first_lines_are_shown() {
        assert_eq!(in_short("done", "").plain, "done");
        assert_eq!(in_short("done", "a\nb\n").plain, "done\na\nb");
        assert_eq!(in_short("done", "1\n2\n3\n4\n5\n6").plain, "done\n1\n2\n3\n4\n5\n…");
    }
}
