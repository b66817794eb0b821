//! The person's own code (`LIVY_STARTUP`), which each new session runs before its first cell.

use std::path::Path;

use livy_client::Output;
use serde_json::Value;

use crate::{
    cell::Cell,
    execution::Ending,
    failure::Failure,
    keeper::Live,
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
        let Some(path) = self.keeper.terms.startup.clone().filter(|_| live.is_new()) else {
            return Ok(());
        };
        match tokio::fs::read_to_string(&path).await {
            Ok(code) => self.run_startup(live, &path, &code).await,
            Err(error) => {
                self.startup_failed(&path, &format!("it cannot be read ({error})")).await;
                Ok(())
            }
        }
    }

    async fn run_startup(&self, live: &Live, path: &Path, code: &str) -> Result<(), Failure> {
        let path_shown = path.display();
        let mut panel = Panel::new(self.onlookers());
        panel.show(Text::plain(&format!("Running the start-up code of {path_shown}"))).await;
        let hidden = self.hidden(code);
        let ended = hidden.run_in(live).await.map(|(_, ending, _)| ending);
        let done = format!("The start-up code of {path_shown} has run");
        match ended {
            Err(failure) if self.interrupt.is_cancelled() => return Err(failure),
            Ok(Ending::Output(Output::Ok(data))) => {
                let text = data.get("text/plain").and_then(Value::as_str).unwrap_or_default();
                panel.show(in_short(&done, text)).await;
            }
            Ok(Ending::Output(Output::Error { ename, evalue, .. })) => {
                self.startup_failed(path, &format!("{ename}: {evalue}")).await;
            }
            Ok(Ending::Interrupted | Ending::WithoutOutput) => {
                self.startup_failed(path, "it was cancelled").await;
            }
            Err(failure) => self.startup_failed(path, &failure.evalue).await,
        }
        Ok(())
    }

    async fn startup_failed(&self, path: &Path, why: &str) {
        let text = format!(
            "LIVY_STARTUP: {} failed: {why}\nThis cell runs all the same.\n",
            path.display()
        );
        self.show(vec![Shown::Warning(text)]).await;
    }

    /// A cell of this one's that shows nothing by itself.
    fn hidden(&self, code: &str) -> Self {
        Self {
            kernel: self.kernel,
            source: source::read(code, self.kernel),
            unasked: None,
            input: String::new(),
            count: self.count,
            silent: true,
            may_ask: None,
            progress: AtEnd::Never,
            history: None,
            keeper: self.keeper.clone(),
            frontend: self.frontend.clone(),
            parent: self.parent.clone(),
            interrupt: self.interrupt.clone(),
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
