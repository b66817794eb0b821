//! Sessions and batches on a server, which have much in common.

use std::collections::BTreeSet;

use livy_client::{
    Client, Error, Id, Refusal, Request, ResendPolicy, batch,
    session::{self, Log},
};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};

use super::{
    CommandError, redacted, server, table,
    terminal::{say, say_json, warn},
};
use crate::origin::{self, Origin};

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

const FIELDS: [(&str, &str); 10] = [
    ("id", "/id"),
    ("name", "/name"),
    ("kind", "/kind"),
    ("state", "/state"),
    ("owner", "/owner"),
    ("runs as", "/proxyUser"),
    ("application", "/appId"),
    ("Spark UI", "/appInfo/sparkUiUrl"),
    ("driver log", "/appInfo/driverLogUrl"),
    ("properties", "/conf"),
];

impl Resource {
    fn page(self, from: u64) -> Request<Value> {
        match self {
            Self::Session => session::list(Some(from), Some(PAGE)).answered_by(),
            Self::Batch => batch::list(Some(from), Some(PAGE)).answered_by(),
        }
    }

    pub(super) fn get<T>(self, id: &Id) -> Request<T> {
        match self {
            Self::Session => session::get(id).answered_by(),
            Self::Batch => batch::get(id).answered_by(),
        }
    }

    pub(super) fn lines(self, id: &Id, from: i64, size: i64) -> Request<Log> {
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

    /// Asks for one of these. Livy calls a batch that is not there a session, too.
    pub(super) async fn ask<T: DeserializeOwned>(
        self,
        client: &Client,
        request: Request<T>,
    ) -> Result<T, CommandError> {
        client.send(request).await.map_err(|error| match (self, error) {
            (Self::Batch, Error::Refused(refusal)) if refusal.status == 404 => {
                let message = refusal.message.replacen("Session", "Batch", 1);
                Error::from(Refusal { message, ..refusal }).into()
            }
            (_, error) => error.into(),
        })
    }

    /// Lists some of them.
    pub async fn list(self, which: Which, json: bool) -> Result<(), CommandError> {
        let rows = self.rows(which).await?;
        match json {
            true => Ok(say_json(&redacted(Value::Array(rows)))?),
            false => self.tell(&rows),
        }
    }

    /// Some of them.
    pub(super) async fn rows(self, which: Which) -> Result<Vec<Value>, CommandError> {
        let client = server(ResendPolicy::NEVER)?;
        let mut rows = self.everything(&client).await?;
        rows.retain(|row| which.has(row["name"].as_str().unwrap_or_default()));
        Ok(rows)
    }

    /// Says them as a table.
    pub(super) fn tell(self, rows: &[Value]) -> Result<(), CommandError> {
        Ok(say(table::table(&COLUMNS, rows))?)
    }

    /// Page by page, until as many came as there are, or nothing new comes: some servers send
    /// short pages, and some always the first one.
    pub async fn everything(self, client: &Client) -> Result<Vec<Value>, Error> {
        let (mut rows, mut ids) = (Vec::new(), BTreeSet::new());
        loop {
            let page = client.send(self.page(rows.len() as u64)).await?;
            let items = page.get("sessions").or_else(|| page.get("items"));
            let items = items.and_then(Value::as_array).cloned().unwrap_or_default();
            let before = rows.len();
            rows.extend(items.into_iter().filter(|item| ids.insert(item["id"].to_string())));
            let total = page["total"].as_u64().unwrap_or(u64::MAX);
            if rows.len() == before || rows.len() as u64 >= total {
                return Ok(rows);
            }
        }
    }

    /// Shows one.
    pub async fn show(self, id: &str, json: bool) -> Result<(), CommandError> {
        let client = server(ResendPolicy::NEVER)?;
        let value = redacted(self.ask(&client, self.get(&id.into())).await?);
        match json {
            true => say_json(&value)?,
            false => say(table::fields(&FIELDS, &value))?,
        }
        Ok(())
    }

    /// Ends some. One that cannot be ended does not save the others, nor does a closed pipe.
    pub async fn kill(self, ids: &[String], json: bool) -> Result<(), CommandError> {
        let client = server(ResendPolicy::NEVER)?;
        let (mut ended, mut failed, mut reached, mut said) = (vec![], vec![], false, Ok(()));
        for id in ids {
            let outcome = self.ask(&client, self.delete(&id.as_str().into())).await;
            reached |= !outcome.as_ref().is_err_and(CommandError::is_out_of_reach);
            match outcome {
                Ok(IgnoredAny) => ended.push(id),
                Err(error) => {
                    warn(format!("{id} has not been ended: {error}"));
                    failed.push(id);
                    continue;
                }
            }
            if !json {
                said = said.and(say(format!("{id} has been ended")));
            }
        }
        if json {
            said = said.and(say_json(&json!({ "ended": ended, "failed": failed })));
        }
        match failed.len() {
            0 => Ok(said?),
            failed => Err(CommandError::NotEnded { failed, of: ids.len(), reached }),
        }
    }
}

/// Which of a server's sessions.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// Everybody's.
    All,
    /// Those that kernels of this program have.
    Kernels,
    /// Of those, this person's on this machine.
    Mine,
    /// Of those, the ones whose kernel is gone.
    Orphaned,
}

impl Which {
    /// Whether one of this name is among them.
    pub fn has(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Kernels => name.starts_with(origin::PREFIX),
            Self::Mine => Origin::of(name).is_some_and(|origin| origin.is_here()),
            Self::Orphaned => Origin::of(name).is_some_and(|origin| origin.is_gone()),
        }
    }
}
