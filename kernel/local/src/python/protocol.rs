//! The JSON lines that this server and a driver process exchange.

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::interpreter::{Application, Command, Event};

/// Writes a command as a message to the driver.
pub(super) fn message(command: Command) -> Value {
    match command {
        Command::Execute { statement, kind, code } => {
            json!({"execute": {"statement": statement, "kind": kind.as_str(), "code": code}})
        }
        Command::Cancel { statement } => json!({"cancel": {"statement": statement}}),
        Command::Job { id, job } => json!({"job": {"id": id, "job": job}}),
        Command::AddFile { id, uri } => json!({"add_file": {"id": id, "uri": uri}}),
        Command::Complete { id, code, cursor } => {
            json!({"complete": {"id": id, "code": code, "cursor": cursor}})
        }
    }
}

/// The fields of all messages from the driver.
#[derive(Deserialize)]
struct Message {
    ready: Option<Ready>,
    progress: Option<Progress>,
    done: Option<u64>,
    output: Option<Box<RawValue>>,
    job: Option<u64>,
    result: Option<String>,
    error: Option<String>,
    file: Option<u64>,
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

/// Reads a line from the driver. A line that is no message was written by user code that reached the pipe, and belongs
/// to the log.
pub(super) fn event(line: String) -> Event {
    match serde_json::from_str::<Message>(&line) {
        Ok(Message { ready: Some(ready), .. }) => {
            Event::Ready(Application { id: ready.app_id, spark_ui_url: ready.spark_ui_url })
        }
        Ok(Message { progress: Some(Progress { statement, progress }), .. }) => {
            Event::Progress { statement, progress }
        }
        Ok(Message { done: Some(statement), output: Some(output), .. }) => {
            Event::Done { statement, output: output.into() }
        }
        Ok(Message { job: Some(id), result: Some(result), .. }) => {
            Event::JobEnded { id, end: Ok(result) }
        }
        Ok(Message { job: Some(id), error: Some(error), .. }) => {
            Event::JobEnded { id, end: Err(error) }
        }
        Ok(Message { file: Some(id), error, .. }) => Event::FileAdded { id, error },
        Ok(Message { completed: Some(id), candidates: Some(candidates), .. }) => {
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
        let sent = json!({"add_file": {"id": 6, "uri": "hdfs:/f"}});
        assert_eq!(message(Command::AddFile { id: 6, uri: "hdfs:/f".into() }), sent);
        let complete = Command::Complete { id: 5, code: "sc.ra".into(), cursor: 5 };
        let sent = json!({"complete": {"id": 5, "code": "sc.ra", "cursor": 5}});
        assert_eq!(message(complete), sent);
    }

    #[test]
    fn the_drivers_lines_are_events() {
        let ready = event(r#"{"ready": {"app_id": "local-1", "spark_ui_url": null}}"#.into());
        assert!(
            matches!(ready, Event::Ready(Application { id: Some(id), spark_ui_url: None }) if id == "local-1")
        );
        let progress = event(r#"{"progress": {"statement": 3, "progress": 0.5}}"#.into());
        assert!(matches!(progress, Event::Progress { statement: 3, progress: 0.5 }));
        let done = event(r#"{"done": 3, "output": {"status": "ok"}}"#.into());
        assert!(matches!(done, Event::Done { statement: 3, .. }));
        let result = event(r#"{"job": 4, "result": "eA=="}"#.into());
        assert!(matches!(result, Event::JobEnded { id: 4, end: Ok(result) } if result == "eA=="));
        let error = event(r#"{"job": 4, "error": "boom"}"#.into());
        assert!(matches!(error, Event::JobEnded { id: 4, end: Err(error) } if error == "boom"));
        let added = event(r#"{"file": 6, "error": null}"#.into());
        assert!(matches!(added, Event::FileAdded { id: 6, error: None }));
        let completed = event(r#"{"completed": 5, "candidates": ["range"]}"#.into());
        assert!(
            matches!(completed, Event::Completed { id: 5, candidates } if candidates == ["range"])
        );
    }

    #[test]
    fn other_lines_belong_to_the_log() {
        for line in ["hello", "{}", "42", r#"{"done": "x"}"#] {
            assert!(matches!(event(line.into()), Event::Log(log) if log == line));
        }
    }
}
