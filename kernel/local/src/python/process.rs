//! One driver process for each session: `driver.py` in a process group of its own, JSON lines on its pipes.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command as Process};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::interpreter::{Application, Command, Event, Launch};
use crate::python::find::Found;
use crate::python::group::ProcessGroup;
use crate::python::lines::Lines;
use crate::python::surroundings::{keep_in, surround};

const DRIVER: &str = include_str!("driver.py");
/// What of it has a file of its own.
const PARTS: [(&str, &str); 5] = [
    ("jobs", include_str!("jobs.py")),
    ("scala", include_str!("scala.py")),
    ("sql", include_str!("sql.py")),
    ("table", include_str!("table.py")),
    ("watch", include_str!("watch.py")),
];

/// Runs the driver as `__main__` without a file to leave behind or a page of source in `ps`.
const BOOTSTRAP: &str =
    "import os; exec(compile(os.environ.pop('LIVY_LOCAL_DRIVER'), 'livy-local driver', 'exec'))";

/// How long Python and its JVM may take to end before they are killed.
const GRACE: Duration = Duration::from_millis(1500);

/// A child may print a gigabyte without a line end.
pub(crate) const MAX_LOG_LINE: usize = 10_000;

pub(crate) async fn run(
    found: &Found,
    launch: Launch,
    commands: mpsc::UnboundedReceiver<Command>,
    events: &mpsc::UnboundedSender<Event>,
) -> io::Result<()> {
    // What Spark writes on its own account, so that nothing litters the notebook's folder. Deleted with the session.
    let scratch = tempfile::Builder::new().prefix("livy-local-").tempdir()?;
    let mut driver = Driver::spawn(process(found, &launch, scratch.path()))?;
    driver.send(&settings(launch, &scratch)).await;
    driver.serve(commands, events).await;
    driver.end(events).await;
    Ok(())
}

fn process(found: &Found, launch: &Launch, scratch: &Path) -> Process {
    let mut process = Process::new(&found.python);
    process.arg("-c").arg(BOOTSTRAP).env("LIVY_LOCAL_DRIVER", DRIVER);
    surround(&mut process, found, scratch, &launch.conf);
    process
}

fn settings(launch: Launch, scratch: &TempDir) -> serde_json::Value {
    json!({
        "scratch": scratch.path(),
        "parts": BTreeMap::from(PARTS),
        "kind": launch.kind.as_str(),
        "conf": keep_in(scratch.path(), launch.conf),
        "sql_rows": launch.sql_rows,
    })
}

struct Driver {
    // Dropped first: its group is killed before the child is reaped.
    group: ProcessGroup,
    child: Child,
    input: ChildStdin,
    output: Lines<ChildStdout>,
    log: Lines<ChildStderr>,
}

impl Driver {
    fn spawn(mut process: Process) -> io::Result<Self> {
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process.process_group(0).kill_on_drop(true).spawn()?;
        let missing = || io::Error::other("it has no pipes");
        Ok(Self {
            group: ProcessGroup::led_by(&child),
            input: child.stdin.take().ok_or_else(missing)?,
            output: Lines::new(child.stdout.take().ok_or_else(missing)?, usize::MAX),
            log: Lines::new(child.stderr.take().ok_or_else(missing)?, MAX_LOG_LINE),
            child,
        })
    }

    /// A pipe that broke means that the driver is gone, which its output tells.
    async fn send(&mut self, message: &serde_json::Value) {
        let _ = self.input.write_all(format!("{message}\n").as_bytes()).await;
    }

    /// Returns when the session wants no more, or when the driver is gone.
    async fn serve(
        &mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        events: &mpsc::UnboundedSender<Event>,
    ) {
        loop {
            let event = tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => {
                        self.send(&message(command)).await;
                        continue;
                    }
                    None => return,
                },
                line = self.output.next() => match line {
                    Some(line) if line.is_empty() => continue,
                    Some(line) => heard(line),
                    None => return,
                },
                Some(line) = self.log.next() => Event::Log(line),
            };
            let _ = events.send(event);
        }
    }

    /// Closing its input asks the driver to end; the log ends when the JVM and other children are gone too.
    async fn end(self, events: &mpsc::UnboundedSender<Event>) {
        let Self { group, mut child, input, output, mut log } = self;
        drop((input, output));
        let _ = timeout(GRACE, async {
            while let Some(line) = log.next().await {
                let _ = events.send(Event::Log(line));
            }
            child.wait().await
        })
        .await;
        drop(group);
        if let Ok(status) = child.wait().await
            && !status.success()
        {
            let _ = events.send(Event::Log(format!("The driver process ended: {status}")));
        }
    }
}

fn message(command: Command) -> serde_json::Value {
    match command {
        Command::Execute { statement, kind, code } => {
            json!({"execute": {"statement": statement, "kind": kind.as_str(), "code": code}})
        }
        Command::Cancel { statement } => json!({"cancel": {"statement": statement}}),
        Command::Job { id, job } => json!({"job": {"id": id, "job": job}}),
        Command::Complete { id, code, cursor } => {
            json!({"complete": {"id": id, "code": code, "cursor": cursor}})
        }
    }
}

/// A line of the driver's protocol.
#[derive(Deserialize)]
struct Heard {
    ready: Option<Ready>,
    progress: Option<Progress>,
    done: Option<u64>,
    output: Option<Box<RawValue>>,
    job: Option<u64>,
    result: Option<String>,
    error: Option<String>,
    completed: Option<u64>,
    candidates: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Ready {
    app_id: Option<String>,
    spark_ui_url: Option<String>,
}

#[derive(Deserialize)]
struct Progress {
    statement: u64,
    progress: f64,
}

/// A line that is not of the protocol came from code that got hold of the pipe: it belongs to the log.
fn heard(line: String) -> Event {
    match serde_json::from_str::<Heard>(&line) {
        Ok(Heard { ready: Some(ready), .. }) => {
            Event::Ready(Application { id: ready.app_id, spark_ui_url: ready.spark_ui_url })
        }
        Ok(Heard { progress: Some(Progress { statement, progress }), .. }) => {
            Event::Progress { statement, progress }
        }
        Ok(Heard { done: Some(statement), output: Some(output), .. }) => {
            Event::Done { statement, output: output.into() }
        }
        Ok(Heard { job: Some(id), result: Some(result), .. }) => {
            Event::JobEnded { id, end: Ok(result) }
        }
        Ok(Heard { job: Some(id), error: Some(error), .. }) => {
            Event::JobEnded { id, end: Err(error) }
        }
        Ok(Heard { completed: Some(id), candidates: Some(candidates), .. }) => {
            Event::Completed { id, candidates }
        }
        _ => Event::Log(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn commands_are_messages() {
        let execute = Command::Execute { statement: 3, kind: Kind::Sql, code: "select 1".into() };
        let sent = json!({"execute": {"statement": 3, "kind": "sql", "code": "select 1"}});
        assert_eq!(message(execute), sent);
        assert_eq!(message(Command::Cancel { statement: 3 }), json!({"cancel": {"statement": 3}}));
        let sent = json!({"job": {"id": 4, "job": "Lg=="}});
        assert_eq!(message(Command::Job { id: 4, job: "Lg==".into() }), sent);
        let complete = Command::Complete { id: 5, code: "sc.ra".into(), cursor: 5 };
        let sent = json!({"complete": {"id": 5, "code": "sc.ra", "cursor": 5}});
        assert_eq!(message(complete), sent);
    }

    #[test]
    fn the_drivers_lines_are_events() {
        let ready = heard(r#"{"ready": {"app_id": "local-1", "spark_ui_url": null}}"#.into());
        assert!(
            matches!(ready, Event::Ready(Application { id: Some(id), spark_ui_url: None }) if id == "local-1")
        );
        let progress = heard(r#"{"progress": {"statement": 3, "progress": 0.5}}"#.into());
        assert!(matches!(progress, Event::Progress { statement: 3, progress: 0.5 }));
        let done = heard(r#"{"done": 3, "output": {"status": "ok"}}"#.into());
        assert!(matches!(done, Event::Done { statement: 3, .. }));
        let result = heard(r#"{"job": 4, "result": "eA=="}"#.into());
        assert!(matches!(result, Event::JobEnded { id: 4, end: Ok(result) } if result == "eA=="));
        let error = heard(r#"{"job": 4, "error": "boom"}"#.into());
        assert!(matches!(error, Event::JobEnded { id: 4, end: Err(error) } if error == "boom"));
        let completed = heard(r#"{"completed": 5, "candidates": ["range"]}"#.into());
        assert!(
            matches!(completed, Event::Completed { id: 5, candidates } if candidates == ["range"])
        );
    }

    #[test]
    fn other_lines_belong_to_the_log() {
        for line in ["hello", "{}", "42", r#"{"done": "x"}"#] {
            assert!(matches!(heard(line.into()), Event::Log(log) if log == line));
        }
    }
}
