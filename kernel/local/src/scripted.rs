//! An interpreter without Spark, for tests: its code is a list of words, one a line.
//!
//! | line | what it does |
//! |---|---|
//! | `echo TEXT` | adds a line to the statement's `text/plain` |
//! | `lines COUNT LENGTH` | adds so many lines, numbered from 0 and filled with `x` up to this length |
//! | `json JSON` | makes JSON the whole `data` of the answer |
//! | `log TEXT` | writes a line to the session's log |
//! | `progress NUMBER` | reports this progress, 0 to 1 |
//! | `sleep SECONDS` | waits; cancelling ends the statement with an error, as with a Spark job |
//! | `spin SECONDS` | waits; cancelling does not end it, as with a loop in Python |
//! | `error NAME MESSAGE` | ends the statement with this error |
//! | `die` | ends the interpreter, and so the session |
//!
//! Empty lines are skipped, any other line is an error. The kind of a statement does not matter. Completion offers the
//! code before the cursor, and never answers to the code `hang`. A job ends at once, and its result is the job itself. A
//! batch does what its arguments say, of which only `echo`, `log` and `sleep` succeed.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::batch::{BatchEvent, Submission};
use crate::interpreter::{Application, Command, Event, Launch, Launcher};
use crate::statement::Output;

/// Launches scripted interpreters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scripted {
    /// How long a session is `starting`.
    pub start_delay: Duration,
}

impl Launcher for Scripted {
    fn submit(
        &self,
        submission: Submission,
        stop: CancellationToken,
        events: mpsc::UnboundedSender<BatchEvent>,
    ) {
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            let success = run_batch(submission, &events).await;
            let _ = events.send(BatchEvent::Ended { success });
        }));
    }

    fn launch(
        &self,
        launch: Launch,
        mut commands: mpsc::UnboundedReceiver<Command>,
        events: mpsc::UnboundedSender<Event>,
    ) {
        let start_delay = self.start_delay;
        tokio::spawn(async move {
            tokio::select! {
                () = sleep(start_delay) => run(launch, commands, events).await,
                // Nothing is asked of it before it is ready: this is the request to end.
                _ = commands.recv() => {}
            }
        });
    }
}

/// Whether it succeeds.
async fn run_batch(submission: Submission, events: &mpsc::UnboundedSender<BatchEvent>) -> bool {
    let _ = events.send(BatchEvent::Running);
    for line in &submission.args {
        match Word::parse(line) {
            Word::Echo(line) | Word::Log(line) => {
                let _ = events.send(BatchEvent::Log(line.to_owned()));
            }
            Word::Sleep(time) => sleep(time).await,
            _ => return false,
        }
    }
    true
}

/// The interpreter died, or was asked to end.
struct Gone;

async fn run(
    launch: Launch,
    mut commands: mpsc::UnboundedReceiver<Command>,
    events: mpsc::UnboundedSender<Event>,
) {
    let application = Application {
        id: Some(format!("scripted-{}", launch.session)),
        spark_ui_url: Some("http://127.0.0.1:4040".to_owned()),
    };
    let _ = events.send(Event::Ready(application));
    while let Some(command) = commands.recv().await {
        let (statement, code) = match command {
            Command::Execute { statement, code, .. } => (statement, code),
            command => {
                answer(command, &events);
                continue;
            }
        };
        let mut running =
            Running { statement, commands: &mut commands, events: &events, cancelled: false };
        let Ok(output) = running.execute(&code).await else { return };
        let _ = events.send(Event::Done { statement, output });
    }
}

struct Running<'a> {
    statement: u64,
    commands: &'a mut mpsc::UnboundedReceiver<Command>,
    events: &'a mpsc::UnboundedSender<Event>,
    cancelled: bool,
}

impl Running<'_> {
    async fn execute(&mut self, code: &str) -> Result<Output, Gone> {
        let statement = self.statement;
        let mut text: Vec<Cow<str>> = Vec::new();
        let mut data = None;
        for line in code.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match Word::parse(line) {
                Word::Echo(line) => text.push(line.into()),
                Word::Lines { count, length } => {
                    text.extend((0..count).map(|n| numbered(n, length).into()));
                }
                Word::Json(value) => data = Some(value),
                Word::Log(line) => self.tell(Event::Log(line.to_owned())),
                Word::Progress(progress) => self.tell(Event::Progress { statement, progress }),
                Word::Sleep(time) => {
                    self.wait(time, true).await?;
                    if self.cancelled {
                        return Ok(error(
                            statement,
                            "SparkException",
                            "Job cancelled part of cancelled job group",
                        ));
                    }
                }
                Word::Spin(time) => self.wait(time, false).await?,
                Word::Error(name, message) => return Ok(error(statement, name, message)),
                Word::Die => return Err(Gone),
            }
        }
        Ok(Output::ok(statement, &data.unwrap_or_else(|| json!({"text/plain": text.join("\n")}))))
    }

    fn tell(&self, event: Event) {
        // Nobody listens only when the session ends, which the commands tell.
        let _ = self.events.send(event);
    }

    async fn wait(&mut self, time: Duration, cancellable: bool) -> Result<(), Gone> {
        let end = Instant::now() + time;
        while !(cancellable && self.cancelled) {
            match timeout_at(end, self.commands.recv()).await {
                Err(_) => return Ok(()),
                Ok(None) => return Err(Gone),
                Ok(Some(command)) => {
                    self.cancelled |= command == (Command::Cancel { statement: self.statement });
                    answer(command, self.events);
                }
            }
        }
        Ok(())
    }
}

/// What is answered while a statement runs, too.
fn answer(command: Command, events: &mpsc::UnboundedSender<Event>) {
    let event = match command {
        Command::Complete { id, code, cursor } if code != "hang" => {
            let before = code.chars().take(usize::try_from(cursor).unwrap_or(0)).collect();
            Event::Completed { id, candidates: vec![before] }
        }
        Command::Job { id, job } => Event::JobEnded { id, end: Ok(job) },
        _ => return,
    };
    let _ = events.send(event);
}

fn error(statement: u64, name: &str, message: &str) -> Output {
    let last = format!("{name}: {message}\n");
    Output::error(statement, name, message, &["Traceback (most recent call last):\n", &last])
}

#[derive(Debug, PartialEq)]
enum Word<'a> {
    Echo(&'a str),
    Lines { count: usize, length: usize },
    Json(Value),
    Log(&'a str),
    Progress(f64),
    Sleep(Duration),
    Spin(Duration),
    Error(&'a str, &'a str),
    Die,
}

impl<'a> Word<'a> {
    fn parse(line: &'a str) -> Self {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let known = match word {
            "echo" => Some(Word::Echo(rest)),
            "lines" => lines(rest),
            "json" => serde_json::from_str(rest).ok().map(Word::Json),
            "log" => Some(Word::Log(rest)),
            "progress" => rest.parse().ok().map(Word::Progress),
            "sleep" => seconds(rest).map(Word::Sleep),
            "spin" => seconds(rest).map(Word::Spin),
            "error" => rest.split_once(' ').map(|(name, message)| Word::Error(name, message)),
            "die" => Some(Word::Die),
            _ => None,
        };
        known.unwrap_or(Word::Error("SyntaxError", "not a word of the scripted interpreter"))
    }
}

/// A number, and letters to fill the line with.
fn numbered(n: usize, length: usize) -> String {
    let mut line = n.to_string();
    let filling = length.saturating_sub(line.len());
    line.extend(std::iter::repeat_n('x', filling));
    line
}

fn lines(text: &str) -> Option<Word<'_>> {
    let (count, length) = text.split_once(' ')?;
    Some(Word::Lines { count: count.parse().ok()?, length: length.parse().ok()? })
}

fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_words() {
        assert_eq!(Word::parse("echo a b"), Word::Echo("a b"));
        assert_eq!(
            Word::parse(r#"json {"text/html": "<b>"}"#),
            Word::Json(json!({"text/html": "<b>"}))
        );
        assert_eq!(Word::parse("sleep 0.5"), Word::Sleep(Duration::from_millis(500)));
        assert_eq!(Word::parse("error NameError name 'x'"), Word::Error("NameError", "name 'x'"));
        assert_eq!(Word::parse("die"), Word::Die);
        assert_eq!(Word::parse("lines 2 9"), Word::Lines { count: 2, length: 9 });
        for bad in ["lines 2", "sleep long", "json {", "sleep -1", "import os", "error Name"] {
            assert!(matches!(Word::parse(bad), Word::Error("SyntaxError", _)), "{bad}");
        }
    }
}
