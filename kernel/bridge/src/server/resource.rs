//! Sessions and batches on a server, which have much in common.

use std::collections::BTreeSet;

use livy_client::{
    Client, Error, Id, Refusal, Request, batch,
    session::{self, Log},
};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::server::session_name::{self, SessionName};

/// How many sessions or batches are asked for at once.
const PAGE_SIZE: u64 = 100;

/// A kind of thing that a Livy server has.
#[derive(Clone, Copy, Debug)]
pub enum Resource {
    /// Interactive sessions.
    Session,
    /// Batch sessions.
    Batch,
}

impl Resource {
    fn page(self, from: u64) -> Request<Value> {
        match self {
            Self::Session => session::list(Some(from), Some(PAGE_SIZE)).reply_as(),
            Self::Batch => batch::list(Some(from), Some(PAGE_SIZE)).reply_as(),
        }
    }

    /// Asks for one.
    pub fn get<T>(self, id: &Id) -> Request<T> {
        match self {
            Self::Session => session::get(id).reply_as(),
            Self::Batch => batch::get(id).reply_as(),
        }
    }

    /// Asks for `size` lines of a log from line `from` on.
    pub fn lines(self, id: &Id, from: i64, size: i64) -> Request<Log> {
        match self {
            Self::Session => session::log(id, Some(from), Some(size)),
            Self::Batch => batch::log(id, Some(from), Some(size)),
        }
    }

    /// Asks for the end of one.
    pub fn delete(self, id: &Id) -> Request<IgnoredAny> {
        match self {
            Self::Session => session::delete(id),
            Self::Batch => batch::delete(id),
        }
    }

    /// Sends a request about a session or batch. Livy calls a batch that is not there a session, too; here
    /// its error says batch.
    ///
    /// # Errors
    ///
    /// Those of the server and of the way to it.
    pub async fn ask<T: DeserializeOwned>(
        self,
        client: &Client,
        request: Request<T>,
    ) -> Result<T, Error> {
        client.send(request).await.map_err(|error| match (self, error) {
            (Self::Batch, Error::Refused(refusal)) if refusal.status == 404 => {
                let message = refusal.message.replacen("Session", "Batch", 1);
                Error::from(Refusal { message, ..refusal })
            }
            (_, error) => error,
        })
    }

    /// Lists all, page by page, until as many came as there are, or nothing new comes: some servers send
    /// short pages, and some always the first one.
    ///
    /// # Errors
    ///
    /// Those of the server and of the way to it.
    pub async fn list_all(self, client: &Client) -> Result<Vec<Value>, Error> {
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
}

/// Selects some of a server's sessions by their names.
#[derive(Clone, Copy, Debug)]
pub enum Scope {
    /// All sessions.
    All,
    /// Sessions that kernels of this program have started.
    Kernels,
    /// Sessions that kernels of this user on this machine have started.
    Mine,
    /// Sessions that kernels of this user on this machine have started, and whose kernel is gone.
    Orphaned,
}

impl Scope {
    /// Whether a session of this name is among them.
    pub fn includes(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Kernels => name.starts_with(session_name::PREFIX),
            Self::Mine => SessionName::parse(name).is_some_and(|name| name.is_own()),
            Self::Orphaned => SessionName::parse(name).is_some_and(|name| name.is_orphaned()),
        }
    }
}
