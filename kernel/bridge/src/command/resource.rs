//! Sessions and batches on a server, which have much in common.

use std::time::Duration;

use livy_client::{
    Application, Client, Id, Request, SessionState,
    batch::{self, NewBatch},
    session::{self, Log},
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::{CommandError, log::Follower, say, server, table};
use crate::cli::{LogOptions, Submit};

/// How often a log is looked at that is followed.
const LOOK: Duration = Duration::from_millis(500);
/// More lines than any server keeps.
const ALL_LINES: i64 = 100_000;
/// Sessions of one page.
const PAGE: u64 = 100;

/// A kind of thing that a Livy server has.
#[derive(Clone, Copy, Debug)]
pub enum Resource {
    /// Interactive sessions.
    Session,
    /// Batch sessions.
    Batch,
}

const COLUMNS: [(&str, &str); 6] = [
    ("ID", "/id"),
    ("NAME", "/name"),
    ("KIND", "/kind"),
    ("STATE", "/state"),
    ("OWNER", "/owner"),
    ("APPLICATION", "/appId"),
];

const FIELDS: [(&str, &str); 9] = [
    ("id", "/id"),
    ("name", "/name"),
    ("kind", "/kind"),
    ("state", "/state"),
    ("owner", "/owner"),
    ("runs as", "/proxyUser"),
    ("application", "/appId"),
    ("Spark UI", "/appInfo/sparkUiUrl"),
    ("driver log", "/appInfo/driverLogUrl"),
];

/// The part of a session or batch that says whether it goes on.
#[derive(Deserialize)]
struct Progress {
    state: SessionState,
}

impl Resource {
    fn page(self, from: u64) -> Request<Value> {
        match self {
            Self::Session => session::list(Some(from), Some(PAGE)).answered_by(),
            Self::Batch => batch::list(Some(from), Some(PAGE)).answered_by(),
        }
    }

    fn get<T>(self, id: &Id) -> Request<T> {
        match self {
            Self::Session => session::get(id).answered_by(),
            Self::Batch => batch::get(id).answered_by(),
        }
    }

    fn lines(self, id: &Id, from: i64, size: i64) -> Request<Log> {
        match self {
            Self::Session => session::log(id, Some(from), Some(size)),
            Self::Batch => batch::log(id, Some(from), Some(size)),
        }
    }

    fn delete(self, id: &Id) -> Request<IgnoredAny> {
        match self {
            Self::Session => session::delete(id),
            Self::Batch => batch::delete(id),
        }
    }

    /// Lists them: this program's own, or all.
    pub async fn list(self, all: bool, json: bool) -> Result<(), CommandError> {
        let client = server()?;
        let mut rows = self.everything(&client).await?;
        rows.retain(|row| all || is_own(row));
        match json {
            true => say(Value::Array(rows)),
            false => say(table::table(&COLUMNS, &rows)),
        }
        Ok(())
    }

    async fn everything(self, client: &Client) -> Result<Vec<Value>, CommandError> {
        let mut rows = Vec::new();
        loop {
            let page = client.send(self.page(rows.len() as u64)).await?;
            let items = page.get("sessions").or_else(|| page.get("items"));
            let items = items.and_then(Value::as_array).cloned().unwrap_or_default();
            let last = (items.len() as u64) < PAGE;
            rows.extend(items);
            if last {
                return Ok(rows);
            }
        }
    }

    /// Shows one.
    pub async fn show(self, id: &str, json: bool) -> Result<(), CommandError> {
        let value: Value = server()?.send(self.get(&id.into())).await?;
        match json {
            true => say(value),
            false => say(table::fields(&FIELDS, &value)),
        }
        Ok(())
    }

    /// Ends some.
    pub async fn kill(self, ids: &[String], json: bool) -> Result<(), CommandError> {
        let client = server()?;
        for id in ids {
            client.send(self.delete(&id.as_str().into())).await?;
            if !json {
                say(format!("{id} has been ended"));
            }
        }
        if json {
            say(serde_json::json!({ "ended": ids }));
        }
        Ok(())
    }

    /// Shows the end of a log, or goes on until there is no more to come.
    pub async fn log(self, options: &LogOptions) -> Result<(), CommandError> {
        let (client, id, json) = (server()?, Id::from(options.id.as_str()), options.output.json);
        if options.follow {
            return self.follow(&client, &id, json).await.map(|_| ());
        }
        let log = client.send(self.lines(&id, -1, options.lines)).await?.log;
        match json {
            true => say(serde_json::json!(log)),
            false => log.iter().for_each(say),
        }
        Ok(())
    }

    /// Shows a log to its end, and tells how that was.
    async fn follow(
        self,
        client: &Client,
        id: &Id,
        json: bool,
    ) -> Result<SessionState, CommandError> {
        let mut follower = Follower::default();
        loop {
            // The state first: what was written before the end is then in the log.
            let progress: Progress = client.send(self.get(id)).await?;
            let log = client.send(self.lines(id, 0, ALL_LINES)).await?.log;
            for line in follower.new_lines(&log) {
                match json {
                    true => say(serde_json::json!({ "line": line })),
                    false => say(line),
                }
            }
            if progress.state.is_over() {
                return Ok(progress.state);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn is_own(row: &Value) -> bool {
    row["name"].as_str().is_some_and(|name| name.starts_with("livy-kernel-"))
}

/// Submits a batch, and follows it if that is asked for.
pub async fn submit(options: Submit) -> Result<(), CommandError> {
    let client = server()?;
    let (follow, json) = (options.follow, options.output.json);
    let batch: Value = client.send(batch::create(&new_batch(options)).answered_by()).await?;
    let id =
        Id::deserialize(&batch["id"]).map_err(|error| CommandError::Other(error.to_string()))?;
    match json {
        true => say(batch),
        false => say(format!("batch {id} has been submitted")),
    }
    if !follow {
        return Ok(());
    }
    match Resource::Batch.follow(&client, &id, json).await? {
        SessionState::Success => Ok(()),
        state => Err(CommandError::Other(format!("batch {id} ended in state {state}"))),
    }
}

fn new_batch(options: Submit) -> NewBatch {
    NewBatch {
        file: options.file,
        args: options.args,
        class_name: options.class,
        application: Application {
            name: options.name,
            conf: options.conf.into_iter().collect(),
            jars: options.jars,
            py_files: options.py_files,
            files: options.files,
            driver_memory: options.driver_memory,
            executor_memory: options.executor_memory,
            num_executors: options.num_executors,
            queue: options.queue,
            proxy_user: options.proxy_user,
            ..Application::default()
        },
    }
}
