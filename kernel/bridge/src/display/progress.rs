//! Shows the progress of a cell in one display: first its place in Livy's queue, then its Spark jobs.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use livy_client::{Statement, StatementState};
use tokio::{
    sync::{Mutex, watch},
    time::sleep,
};

use crate::{
    agent::Progress,
    display::panel::{Panel, Text},
    settings::choices::AfterRun,
};

/// How long a cell runs before its progress is shown.
const PROGRESS_DELAY: Duration = Duration::from_millis(500);
/// The shortest time between two updates.
const MIN_UPDATE_INTERVAL: Duration = Duration::from_millis(250);
/// The longest time between two updates, so that the seconds advance.
const MAX_UPDATE_INTERVAL: Duration = Duration::from_secs(1);

/// What is known about a statement's progress.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ProgressState {
    /// Nothing that is worth showing.
    #[default]
    Nothing,
    /// The statement waits for others of the session: how many, if that is known.
    Waiting(Option<usize>),
    /// The share of Spark's tasks that are done, above 0 and below 1, as Livy reports it.
    Share(f64),
    /// Spark's own counts, as the agent reports them.
    Counts(Progress),
}

/// Collects reports about a statement's progress, which a [`Panel`] shows.
#[derive(Default)]
pub struct ProgressBoard {
    state: watch::Sender<ProgressState>,
    /// What shows it, and since when; nothing before the beginning and after the end.
    display: Mutex<Option<(Instant, Panel)>>,
}

impl ProgressBoard {
    /// Takes a report of Livy's, which does not replace one of the agent's.
    pub fn report_livy(&self, statement: &Statement) {
        let reported = livy_progress(statement);
        self.change(|now| match (&now, &reported) {
            (ProgressState::Counts(_), _)
            | (ProgressState::Waiting(_), ProgressState::Waiting(_)) => now,
            _ => reported,
        });
    }

    /// Notes that the statement no longer waits for others.
    pub fn report_running(&self) {
        self.change(|now| match now {
            ProgressState::Waiting(_) => ProgressState::Nothing,
            other => other,
        });
    }

    /// Notes how many statements are ahead, if the statement still waits.
    pub fn report_ahead(&self, number: usize) {
        self.change(|now| match now {
            ProgressState::Waiting(_) => ProgressState::Waiting(Some(number)),
            other => other,
        });
    }

    /// Takes a report of the agent's.
    pub fn report_agent(&self, progress: Progress) {
        self.change(|_| ProgressState::Counts(progress));
    }

    /// Returns as soon as the statement waits for others.
    pub async fn until_waiting(&self) {
        // It fails only once the board is dropped, which this borrows.
        let is_waiting = |state: &ProgressState| matches!(state, ProgressState::Waiting(_));
        let _ = self.state.subscribe().wait_for(is_waiting).await;
    }

    /// Returns as soon as the statement does not wait for others.
    pub async fn until_running(&self) {
        let is_running = |state: &ProgressState| !matches!(state, ProgressState::Waiting(_));
        let _ = self.state.subscribe().wait_for(is_running).await;
    }

    fn change(&self, change: impl FnOnce(ProgressState) -> ProgressState) {
        self.state.send_if_modified(|now| {
            let before = now.clone();
            *now = change(std::mem::take(now));
            *now != before
        });
    }

    /// Shows the progress, until its end is shown.
    pub async fn show_on(&self, panel: Panel) -> Infallible {
        *self.display.lock().await = Some((Instant::now(), panel));
        let mut state = self.state.subscribe();
        sleep(PROGRESS_DELAY).await;
        loop {
            let now = state.borrow_and_update().clone();
            self.show(&now).await;
            sleep(MIN_UPDATE_INTERVAL).await;
            tokio::select! {
                // It fails only once the board is dropped, which this borrows.
                _ = state.changed() => {}
                () = sleep(MAX_UPDATE_INTERVAL - MIN_UPDATE_INTERVAL) => {}
            }
        }
    }

    async fn show(&self, state: &ProgressState) {
        if let Some((since, panel)) = &mut *self.display.lock().await {
            let text = text(state, since.elapsed());
            if panel.is_shown() || !text.plain.is_empty() {
                panel.show(text).await;
            }
        }
    }

    /// Shows what stays after the cell's end; afterwards nothing changes it.
    pub async fn finish(&self, after_run: AfterRun) {
        let display = self.display.lock().await.take();
        if let Some((since, mut panel)) = display
            && panel.is_shown()
        {
            let state = self.state.borrow().clone();
            panel.show(last_text(&state, after_run, since.elapsed())).await;
        }
    }
}

fn livy_progress(statement: &Statement) -> ProgressState {
    match statement.state {
        StatementState::Waiting => ProgressState::Waiting(None),
        _ if statement.progress > 0.0 && statement.progress < 1.0 => {
            ProgressState::Share(statement.progress)
        }
        _ => ProgressState::Nothing,
    }
}

fn text(state: &ProgressState, elapsed: Duration) -> Text {
    let seconds = elapsed.as_secs();
    match state {
        ProgressState::Nothing => Text::default(),
        // It is about to run.
        ProgressState::Waiting(Some(0)) => Text::default(),
        ProgressState::Waiting(ahead) => Text::plain(&waiting(*ahead, seconds)),
        ProgressState::Share(share) => {
            let percent = (share * 100.0).floor();
            with_bar(*share, &format!("Spark: {percent} % of the tasks, {seconds} s"))
        }
        ProgressState::Counts(counts) => {
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
    let mut text = format!("{jobs_done}/{jobs} jobs, {stages_done}/{stages} stages");
    if *tasks > 0 {
        text += &format!(", {tasks_done}/{tasks} tasks");
    }
    for (number, what) in [(counts.tasks_active, "active"), (counts.tasks_failed, "failed")] {
        if number > 0 {
            text += &format!(", {number} {what}");
        }
    }
    text
}

/// A text beside a bar. A frontend draws `<progress>` in its own colours.
pub fn with_bar(share: f64, plain: &str) -> Text {
    let html = format!(
        "<progress max=\"1\" value=\"{:.3}\"></progress> <small>{plain}</small>",
        share.clamp(0.0, 1.0)
    );
    Text { plain: plain.to_owned(), html }
}

fn last_text(state: &ProgressState, after_run: AfterRun, elapsed: Duration) -> Text {
    match (after_run, state) {
        (AfterRun::Line, ProgressState::Counts(counts)) => {
            let plain = format!("Spark: {} in {:.1} s", counted(counts), elapsed.as_secs_f64());
            Text { html: format!("<small>{plain}</small>"), plain }
        }
        _ => Text::default(),
    }
}

#[cfg(test)]
mod tests {
    use jupyter_wire::{Parent, memory};
    use serde_json::Value;

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
    fn a_bar_and_counts_show_sparks_progress() {
        let text = text(&ProgressState::Counts(counts()), Duration::from_millis(12_700));
        assert_eq!(text.plain, "Spark: 1/2 jobs, 3/4 stages, 58/116 tasks, 8 active, 12 s");
        assert!(text.html.starts_with("<progress max=\"1\" value=\"0.500\">"), "{}", text.html);
    }

    #[test]
    fn a_stage_whose_tasks_are_not_known_yet_has_none() {
        let text = counted(&Progress { tasks: 0, tasks_done: 0, tasks_active: 0, ..counts() });
        assert_eq!(text, "1/2 jobs, 3/4 stages");
    }

    #[test]
    fn failed_tasks_are_counted() {
        let failing = Progress { tasks_active: 0, tasks_failed: 2, ..counts() };
        assert!(counted(&failing).ends_with("58/116 tasks, 2 failed"), "{}", counted(&failing));
    }

    #[test]
    fn livys_share_is_shown_in_percent() {
        let text = text(&ProgressState::Share(0.425), Duration::from_secs(3));
        assert_eq!(text.plain, "Spark: 42 % of the tasks, 3 s");
    }

    #[test]
    fn a_waiting_cell_shows_how_many_are_ahead() {
        let waiting = |ahead| text(&ProgressState::Waiting(ahead), Duration::from_secs(5)).plain;
        assert_eq!(waiting(Some(1)), "Waiting: 1 statement of the session is ahead, 5 s");
        assert_eq!(waiting(Some(3)), "Waiting: 3 statements of the session are ahead, 5 s");
        assert_eq!(waiting(None), "Waiting: other statements of the session come first, 5 s");
        assert_eq!(waiting(Some(0)), "");
    }

    #[test]
    fn a_line_or_nothing_stays() {
        let last =
            |after_run, state| last_text(&state, after_run, Duration::from_millis(6_040)).plain;
        let done = "Spark: 1/2 jobs, 3/4 stages, 58/116 tasks, 8 active in 6.0 s";
        assert_eq!(last(AfterRun::Line, ProgressState::Counts(counts())), done);
        assert_eq!(last(AfterRun::Clear, ProgressState::Counts(counts())), "");
        assert_eq!(last(AfterRun::Line, ProgressState::Waiting(Some(1))), "");
    }

    fn statement(state: &str, progress: f64) -> Statement {
        let statement = serde_json::json!({"id": 5, "state": state, "progress": progress});
        serde_json::from_value(statement).unwrap()
    }

    #[test]
    fn the_agents_report_replaces_livys() {
        let board = ProgressBoard::default();
        board.report_livy(&statement("running", 0.5));
        assert_eq!(*board.state.borrow(), ProgressState::Share(0.5));
        board.report_agent(counts());
        board.report_livy(&statement("running", 0.6));
        assert_eq!(*board.state.borrow(), ProgressState::Counts(counts()));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_changes_the_last_word() {
        let (_requests, frontend, mut client) = memory();
        let board = ProgressBoard::default();
        let shown = async {
            board.report_agent(counts());
            sleep(PROGRESS_DELAY * 2).await;
            board.finish(AfterRun::Line).await;
            board.report_agent(Progress { tasks_done: 116, ..counts() });
            sleep(MAX_UPDATE_INTERVAL * 3).await;
            board.finish(AfterRun::Line).await;
        };
        let panel = Panel::new(Some((frontend, Parent::none())));
        tokio::select! {
            () = shown => {}
            never = board.show_on(panel) => match never {},
        }
        let messages = std::iter::from_fn(|| client.try_recv_iopub());
        let texts = messages.map(|message| message.content::<Value>().unwrap().to_string());
        let last = texts.last().unwrap();
        assert!(last.contains("58/116 tasks, 8 active in"), "{last}");
    }

    #[test]
    fn a_number_ahead_is_shown_until_the_statement_runs() {
        let board = ProgressBoard::default();
        board.report_ahead(3);
        assert_eq!(*board.state.borrow(), ProgressState::Nothing);
        board.report_livy(&statement("waiting", 0.0));
        board.report_ahead(2);
        board.report_livy(&statement("waiting", 0.0));
        assert_eq!(*board.state.borrow(), ProgressState::Waiting(Some(2)));
        board.report_livy(&statement("running", 0.0));
        assert_eq!(*board.state.borrow(), ProgressState::Nothing);
    }
}
