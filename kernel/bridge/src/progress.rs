//! The one display that says how far a cell is: in Livy's queue, then in Spark.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use livy_client::{Statement, StatementState};
use tokio::{sync::watch, time::sleep};

use crate::{
    agent::Progress,
    panel::{Panel, Text},
};

/// A cell that is quicker shows no progress.
const FIRST: Duration = Duration::from_millis(500);
/// The least time between two updates.
const PAUSE: Duration = Duration::from_millis(250);
/// How often the seconds move on when nothing else does.
const TICK: Duration = Duration::from_secs(1);

/// What becomes of a cell's progress when the cell has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// One line stays.
    #[default]
    Line,
    /// It is cleared.
    Clear,
    /// It is never shown.
    Never,
}

/// What is known of how far a statement is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Seen {
    /// Nothing that is worth a word.
    #[default]
    Nothing,
    /// Others of the session come first: how many, if that is known.
    Waiting(Option<usize>),
    /// The share of Spark's tasks that are done, above 0 and below 1, as Livy tells it.
    Share(f64),
    /// Spark's own counts, as the agent tells them.
    Counts(Progress),
}

/// Where those that see something leave it.
#[derive(Debug, Default)]
pub struct Board(watch::Sender<Seen>);

impl Board {
    /// Puts up what Livy says; the agent knows better.
    pub fn livy(&self, statement: &Statement) {
        let seen = seen(statement);
        self.change(|now| match (&now, &seen) {
            (Seen::Counts(_), _) | (Seen::Waiting(_), Seen::Waiting(_)) => now,
            _ => seen,
        });
    }

    /// Takes down that others come first.
    pub fn runs(&self) {
        self.change(|now| match now {
            Seen::Waiting(_) => Seen::Nothing,
            other => other,
        });
    }

    /// Puts up how many statements come first, if any still do.
    pub fn ahead(&self, number: usize) {
        self.change(|now| match now {
            Seen::Waiting(_) => Seen::Waiting(Some(number)),
            other => other,
        });
    }

    /// Puts up what the agent says.
    pub fn agent(&self, progress: Progress) {
        self.change(|_| Seen::Counts(progress));
    }

    /// Returns when the statement waits for others.
    pub async fn waits(&self) {
        // It fails only when there is no board any more.
        let _ = self.0.subscribe().wait_for(|seen| matches!(seen, Seen::Waiting(_))).await;
    }

    fn change(&self, change: impl FnOnce(Seen) -> Seen) {
        self.0.send_if_modified(|now| {
            let before = now.clone();
            *now = change(std::mem::take(now));
            *now != before
        });
    }

    /// Shows what is put up, until the future is dropped.
    pub async fn show(&self, since: Instant, panel: &mut Panel) -> Infallible {
        let mut seen = self.0.subscribe();
        sleep(FIRST).await;
        loop {
            let text = text(&seen.borrow_and_update(), since.elapsed());
            if panel.is_up() || !text.plain.is_empty() {
                panel.show(text).await;
            }
            sleep(PAUSE).await;
            tokio::select! {
                // It fails only when there is no board any more.
                _ = seen.changed() => {}
                () = sleep(TICK - PAUSE) => {}
            }
        }
    }

    /// Leaves on the display what is to stay there.
    pub async fn end(&self, at_end: AtEnd, since: Instant, mut panel: Panel) {
        if panel.is_up() {
            let seen = self.0.borrow().clone();
            panel.show(last_text(&seen, at_end, since.elapsed())).await;
        }
    }
}

fn seen(statement: &Statement) -> Seen {
    match statement.state {
        StatementState::Waiting => Seen::Waiting(None),
        _ if statement.progress > 0.0 && statement.progress < 1.0 => {
            Seen::Share(statement.progress)
        }
        _ => Seen::Nothing,
    }
}

fn text(seen: &Seen, elapsed: Duration) -> Text {
    let seconds = elapsed.as_secs();
    match seen {
        Seen::Nothing => Text::default(),
        Seen::Waiting(ahead) => Text::plain(&waiting(*ahead, seconds)),
        Seen::Share(share) => {
            let percent = (share * 100.0).floor();
            with_bar(*share, &format!("Spark: {percent} % of the tasks, {seconds} s"))
        }
        Seen::Counts(counts) => {
            let share = counts.tasks_done as f64 / counts.tasks.max(1) as f64;
            with_bar(share, &format!("Spark: {}, {seconds} s", counted(counts)))
        }
    }
}

fn waiting(ahead: Option<usize>, seconds: u64) -> String {
    let ahead = match ahead {
        None => "other statements of the session come first".to_owned(),
        Some(1) => "1 statement of the session is ahead".to_owned(),
        Some(n) => format!("{n} statements of the session are ahead"),
    };
    format!("Waiting: {ahead}, {seconds} s")
}

fn counted(counts: &Progress) -> String {
    let Progress { jobs, jobs_done, stages, stages_done, tasks, tasks_done, .. } = counts;
    let mut text = format!(
        "{jobs_done}/{jobs} jobs, {stages_done}/{stages} stages, {tasks_done}/{tasks} tasks"
    );
    for (number, what) in [(counts.tasks_active, "active"), (counts.tasks_failed, "failed")] {
        if number > 0 {
            text += &format!(", {number} {what}");
        }
    }
    text
}

/// A frontend draws `<progress>` in its own colours.
fn with_bar(share: f64, plain: &str) -> Text {
    let html = format!(
        "<progress max=\"1\" value=\"{:.3}\"></progress> <small>{plain}</small>",
        share.clamp(0.0, 1.0)
    );
    Text { plain: plain.to_owned(), html }
}

fn last_text(seen: &Seen, at_end: AtEnd, elapsed: Duration) -> Text {
    match (at_end, seen) {
        (AtEnd::Line, Seen::Counts(counts)) => {
            let plain = format!("Spark: {} in {:.1} s", counted(counts), elapsed.as_secs_f64());
            Text { html: format!("<small>{plain}</small>"), plain }
        }
        _ => Text::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> Progress {
        Progress {
            jobs: 2,
            jobs_done: 1,
            stages: 4,
            stages_done: 3,
            tasks: 116,
            tasks_done: 58,
            tasks_active: 8,
            tasks_failed: 0,
        }
    }

    #[test]
    fn a_bar_and_its_words_say_how_far_spark_is() {
        let text = text(&Seen::Counts(counts()), Duration::from_millis(12_700));
        assert_eq!(text.plain, "Spark: 1/2 jobs, 3/4 stages, 58/116 tasks, 8 active, 12 s");
        assert!(text.html.starts_with("<progress max=\"1\" value=\"0.500\">"), "{}", text.html);
    }

    #[test]
    fn failed_tasks_are_told() {
        let failing = Progress { tasks_active: 0, tasks_failed: 2, ..counts() };
        assert!(counted(&failing).ends_with("58/116 tasks, 2 failed"), "{}", counted(&failing));
    }

    #[test]
    fn livys_share_is_told_in_percent() {
        let text = text(&Seen::Share(0.425), Duration::from_secs(3));
        assert_eq!(text.plain, "Spark: 42 % of the tasks, 3 s");
    }

    #[test]
    fn who_waits_is_told_how_many_are_ahead() {
        let waiting = |ahead| text(&Seen::Waiting(ahead), Duration::from_secs(5)).plain;
        assert_eq!(waiting(Some(1)), "Waiting: 1 statement of the session is ahead, 5 s");
        assert_eq!(waiting(Some(3)), "Waiting: 3 statements of the session are ahead, 5 s");
        assert_eq!(waiting(None), "Waiting: other statements of the session come first, 5 s");
    }

    #[test]
    fn a_line_stays_or_nothing() {
        let last = |at_end, seen| last_text(&seen, at_end, Duration::from_millis(6_040)).plain;
        let done = "Spark: 1/2 jobs, 3/4 stages, 58/116 tasks, 8 active in 6.0 s";
        assert_eq!(last(AtEnd::Line, Seen::Counts(counts())), done);
        assert_eq!(last(AtEnd::Clear, Seen::Counts(counts())), "");
        assert_eq!(last(AtEnd::Line, Seen::Waiting(Some(1))), "");
    }

    fn statement(state: &str, progress: f64) -> Statement {
        let statement = serde_json::json!({"id": 5, "state": state, "progress": progress});
        serde_json::from_value(statement).unwrap()
    }

    #[test]
    fn what_the_agent_says_stands_against_livys_share() {
        let board = Board::default();
        board.livy(&statement("running", 0.5));
        assert_eq!(*board.0.borrow(), Seen::Share(0.5));
        board.agent(counts());
        board.livy(&statement("running", 0.6));
        assert_eq!(*board.0.borrow(), Seen::Counts(counts()));
    }

    #[test]
    fn a_number_ahead_stands_until_the_statement_runs() {
        let board = Board::default();
        board.ahead(3);
        assert_eq!(*board.0.borrow(), Seen::Nothing);
        board.livy(&statement("waiting", 0.0));
        board.ahead(2);
        board.livy(&statement("waiting", 0.0));
        assert_eq!(*board.0.borrow(), Seen::Waiting(Some(2)));
        board.livy(&statement("running", 0.0));
        assert_eq!(*board.0.borrow(), Seen::Nothing);
    }
}
