//! An interpreter without Spark, for tests. Each line of its code is one instruction:
//!
//! | line | what it does |
//! |---|---|
//! | `echo TEXT` | adds a line to the statement's `text/plain` |
//! | `lines COUNT LENGTH` | adds COUNT lines, numbered from 0 and filled with `x` to LENGTH |
//! | `json JSON` | makes JSON the whole `data` of the output |
//! | `log TEXT` | writes a line to the session's log |
//! | `progress NUMBER` | reports this progress, from 0 to 1 |
//! | `sleep SECONDS` | waits; cancelling ends the statement with an error, as with a Spark job |
//! | `spin SECONDS` | waits; cancelling does not end it, as with a loop in Python |
//! | `error NAME MESSAGE` | ends the statement with this error |
//! | `die` | ends the interpreter, and so the session |
//!
//! Empty lines are skipped, and any other line is an error. The kind of a statement does not matter. Completion offers
//! the code before the cursor, and never answers the code `hang`. A job ends at once, and its result is the job itself;
//! a file is added at once.
//! A batch runs its arguments as instructions, of which only `echo`, `log` and `sleep` succeed.

use std::{borrow::Cow, iter, time::Duration};

use serde_json::{Value, json};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    batch::{BatchEvent, Submission},
    interpreter::{Application, Command, Event, Launch, Launcher},
    output::Output,
};

/// Launches scripted interpreters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scripted {
    /// How long a session stays in the state `starting`.
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
                // Before the interpreter is ready no command comes, so this is the end of the channel.
                _ = commands.recv() => {}
            }
        });
    }
}

/// Runs a batch, and returns whether it succeeds.
async fn run_batch(submission: Submission, events: &mpsc::UnboundedSender<BatchEvent>) -> bool {
    let _ = events.send(BatchEvent::Running);
    for line in &submission.args {
        match Instruction::parse(line) {
            Instruction::Echo(line) | Instruction::Log(line) => {
                let _ = events.send(BatchEvent::Log(line.to_owned()));
            }
            Instruction::Sleep(time) => sleep(time).await,
            _ => return false,
        }
    }
    true
}

/// The end of the interpreter, which died or was asked to end.
struct Ended;

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
    async fn execute(&mut self, code: &str) -> Result<Output, Ended> {
        let statement = self.statement;
        let mut text: Vec<Cow<str>> = Vec::new();
        let mut data = None;
        for line in code.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match Instruction::parse(line) {
                Instruction::Echo(line) => text.push(line.into()),
                Instruction::Lines { count, length } => {
                    text.extend((0..count).map(|n| numbered(n, length).into()));
                }
                Instruction::Json(value) => data = Some(value),
                Instruction::Log(line) => self.report(Event::Log(line.to_owned())),
                Instruction::Progress(progress) => {
                    self.report(Event::Progress { statement, progress })
                }
                Instruction::Sleep(time) => {
                    self.wait(time, true).await?;
                    if self.cancelled {
                        return Ok(error(
                            statement,
                            "SparkException",
                            "Job cancelled part of cancelled job group",
                        ));
                    }
                }
                Instruction::Spin(time) => self.wait(time, false).await?,
                Instruction::Error(name, message) => return Ok(error(statement, name, message)),
                Instruction::Die => return Err(Ended),
            }
        }
        Ok(Output::ok(statement, &data.unwrap_or_else(|| json!({"text/plain": text.join("\n")}))))
    }

    fn report(&self, event: Event) {
        // A failure means that the session ends, which the commands show as well.
        let _ = self.events.send(event);
    }

    async fn wait(&mut self, time: Duration, cancellable: bool) -> Result<(), Ended> {
        let end = Instant::now() + time;
        while !(cancellable && self.cancelled) {
            match timeout_at(end, self.commands.recv()).await {
                Err(_) => return Ok(()),
                Ok(None) => return Err(Ended),
                Ok(Some(command)) => {
                    self.cancelled |= command == (Command::Cancel { statement: self.statement });
                    answer(command, self.events);
                }
            }
        }
        Ok(())
    }
}

/// Answers the commands that need not wait for the running statement.
fn answer(command: Command, events: &mpsc::UnboundedSender<Event>) {
    let event = match command {
        Command::Complete { id, code, cursor } if code != "hang" => {
            let before = code.chars().take(usize::try_from(cursor).unwrap_or(0)).collect();
            Event::Completed { id, candidates: vec![before] }
        }
        Command::AddFile { id, .. } => Event::FileAdded { id, error: None },
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
enum Instruction<'a> {
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

impl<'a> Instruction<'a> {
    fn parse(line: &'a str) -> Self {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        let known = match name {
            "echo" => Some(Instruction::Echo(rest)),
            "lines" => lines(rest),
            "json" => serde_json::from_str(rest).ok().map(Instruction::Json),
            "log" => Some(Instruction::Log(rest)),
            "progress" => rest.parse().ok().map(Instruction::Progress),
            "sleep" => seconds(rest).map(Instruction::Sleep),
            "spin" => seconds(rest).map(Instruction::Spin),
            "error" => {
                rest.split_once(' ').map(|(name, message)| Instruction::Error(name, message))
            }
            "die" => Some(Instruction::Die),
            _ => None,
        };
        known.unwrap_or(Instruction::Error(
            "SyntaxError",
            "not an instruction of the scripted interpreter",
        ))
    }
}

/// Writes a number, and fills the line to `length`.
fn numbered(n: usize, length: usize) -> String {
    let mut line = n.to_string();
    let filling = length.saturating_sub(line.len());
    line.extend(iter::repeat_n('x', filling));
    line
}

fn lines(text: &str) -> Option<Instruction<'_>> {
    let (count, length) = text.split_once(' ')?;
    Some(Instruction::Lines { count: count.parse().ok()?, length: length.parse().ok()? })
}

/// Reads a time in seconds, no longer than a clock can count.
fn seconds(text: &str) -> Option<Duration> {
    let time = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    Instant::now().checked_add(time).map(|_| time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_instructions() {
        assert_eq!(Instruction::parse("echo a b"), Instruction::Echo("a b"));
        assert_eq!(
            Instruction::parse(r#"json {"text/html": "<b>"}"#),
            Instruction::Json(json!({"text/html": "<b>"}))
        );
        assert_eq!(Instruction::parse("sleep 0.5"), Instruction::Sleep(Duration::from_millis(500)));
        assert_eq!(
            Instruction::parse("error NameError name 'x'"),
            Instruction::Error("NameError", "name 'x'")
        );
        assert_eq!(Instruction::parse("die"), Instruction::Die);
        assert_eq!(Instruction::parse("lines 2 9"), Instruction::Lines { count: 2, length: 9 });
        for bad in
            ["lines 2", "sleep long", "sleep 1e19", "json {", "sleep -1", "import os", "error Name"]
        {
            assert!(
                matches!(Instruction::parse(bad), Instruction::Error("SyntaxError", _)),
                "{bad}"
            );
        }
    }
}
