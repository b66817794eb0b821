//! Answers completion and inspection: of magics from their table, of Python by the agent, of SQL from
//! the session's catalog, of Scala and R by Livy, of `%%local` cells by the Python that runs them.

pub mod catalog;
pub mod hidden_statement;
pub mod signature;
pub mod sql;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jupyter_wire::content::{CompleteReply, InspectReply, InspectRequest};
use livy_client::completion::{CompletionRequest, complete as ask};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{
    completion::catalog::{Catalog, Match},
    kind::Kind,
    language::{
        cell_source,
        cursor::{Cursor, code_points, utf16_units},
        local_cell, magic_table,
    },
    local_python::LocalPython,
    platform::task,
    session::{Manager, handle::SessionHandle},
};

/// How long a completion may take; a frontend is better off with none after that.
const COMPLETION_LIMIT: Duration = Duration::from_secs(4);
/// How long an inspection may take, for which users wait more patiently.
const INSPECTION_LIMIT: Duration = Duration::from_secs(10);

/// The metadata key where JupyterLab looks for the type of each match.
const TYPES_KEY: &str = "_jupyter_types_experimental";

/// The members that every Scala value has. Livy leaves them out directly after a dot, but not after a
/// dot and a letter.
const UNIVERSAL_MEMBERS: [&str; 12] = [
    "asInstanceOf",
    "eq",
    "equals",
    "getClass",
    "hashCode",
    "isInstanceOf",
    "ne",
    "notify",
    "notifyAll",
    "synchronized",
    "toString",
    "wait",
];

/// Completes and inspects the cells of one kernel.
pub struct Completer {
    kind: Kind,
    sessions: Arc<Manager>,
    local: LocalPython,
    /// How many cells have ended; each may have changed what names exist.
    cells: AtomicU64,
    /// The last members that Livy listed, so that further typing needs no request.
    members: Arc<Mutex<Option<Members>>>,
    catalog: Catalog,
}

/// The names after a dot, as Livy listed them.
struct Members {
    key: MembersKey,
    names: Vec<String>,
}

/// All that the names after a dot depend on.
#[derive(Clone, PartialEq, Eq)]
struct MembersKey {
    session: livy_client::Id,
    cells: u64,
    before: String,
    after: String,
}

impl Completer {
    /// Creates the completer of a kernel.
    pub fn new(kind: Kind, sessions: Arc<Manager>, local: LocalPython) -> Self {
        Self {
            kind,
            sessions,
            local,
            cells: AtomicU64::new(0),
            members: Arc::default(),
            catalog: Catalog::default(),
        }
    }

    /// Forgets all names, since a cell has ended and may have changed them.
    pub fn forget(&self) {
        self.cells.fetch_add(1, Ordering::Relaxed);
        self.catalog.forget();
    }

    /// Answers a `complete_request`. It starts no session, and has no names of the session without one.
    pub async fn complete(&self, code: &str, cursor_pos: i64) -> CompleteReply {
        let cursor = Cursor::at(code, cursor_pos);
        let source = cell_source::parse(code, self.kind);
        if let Some((word, matches)) = magic_table::complete(&cursor, source.kind) {
            return reply(&cursor, word, with_type(matches, "magic"));
        }
        if let Some(here) = local_cell::code(code) {
            let reply = self.complete_here(code, here, &cursor).await;
            return reply.unwrap_or_else(|| CompleteReply::none(cursor_pos));
        }
        let within = below_the_magic(code, &source.code, &cursor);
        if source.kind == Kind::Pyspark
            && let Some(within) = &within
            && let Some(reply) = self.complete_by_agent(&source.code, &cursor, within).await
        {
            return reply;
        }
        let matches = match (within, source.kind) {
            (Some(within), Kind::Sql) => self.complete_by_catalog(&source.code, &within).await,
            // JupyterLab shows any word for an unknown type, so it gets none.
            (Some(within), kind) => with_type(self.complete_by_livy(kind, &within).await, ""),
            (None, _) => Vec::new(),
        };
        reply(&cursor, cursor.word(), matches)
    }

    async fn complete_by_catalog(&self, code: &str, cursor: &Cursor<'_>) -> Vec<Match> {
        let handle = self.handle();
        let found = self.catalog.complete(handle.as_ref(), code, cursor);
        tokio::time::timeout(COMPLETION_LIMIT, found).await.unwrap_or_default()
    }

    /// Livy does not know the names of Python, but the agent does.
    async fn complete_by_agent(
        &self,
        code: &str,
        cursor: &Cursor<'_>,
        within: &Cursor<'_>,
    ) -> Option<CompleteReply> {
        let agent = self.handle()?.agent().await?;
        let position = code_points(within.before);
        let magic = code_points(cursor.before) - position;
        let answer = agent.complete(code, position);
        let names = tokio::time::timeout(COMPLETION_LIMIT, answer).await.ok()?.ok()?;
        let reply = CompleteReply {
            matches: names.matches,
            cursor_start: names.start,
            cursor_end: names.end,
            metadata: [(TYPES_KEY.to_owned(), names.types.into())].into_iter().collect(),
        };
        Some(moved(reply, magic))
    }

    async fn complete_here(
        &self,
        cell: &str,
        code: &str,
        cursor: &Cursor<'_>,
    ) -> Option<CompleteReply> {
        let within = below_the_magic(cell, code, cursor)?;
        let reply = self.local.complete(code, &within).await?;
        Some(moved(reply, code_points(cursor.before) - code_points(within.before)))
    }

    /// Answers an `inspect_request`.
    pub async fn inspect(&self, asked: &InspectRequest) -> InspectReply {
        let cursor = Cursor::at(&asked.code, asked.cursor_pos);
        if let Some(magic) = magic_table::magic_at(&cursor) {
            let help = format!("{}\n\n{}", magic.name, magic.help);
            return plain(help);
        }
        self.described(asked, &cursor).await.unwrap_or_else(InspectReply::none)
    }

    async fn described(&self, asked: &InspectRequest, cursor: &Cursor<'_>) -> Option<InspectReply> {
        if let Some(code) = local_cell::code(&asked.code) {
            let within = below_the_magic(&asked.code, code, cursor)?;
            return self.local.inspect(code, &within, asked.detail_level).await;
        }
        let source = cell_source::parse(&asked.code, self.kind);
        let within = below_the_magic(&asked.code, &source.code, cursor)?;
        let handle = self.handle()?;
        let described = async {
            match source.kind {
                Kind::Pyspark => {
                    inspect_by_agent(&handle, &source.code, &within, asked.detail_level).await
                }
                Kind::Sql => self.catalog.describe(&handle, &source.code, &within).await.map(plain),
                Kind::Spark => signature::describe(&handle, &within).await.map(plain),
                Kind::Sparkr => None,
            }
        };
        tokio::time::timeout(INSPECTION_LIMIT, described).await.ok()?
    }

    /// The session, if it has started and its server answers.
    fn handle(&self) -> Option<SessionHandle> {
        self.sessions.ready_session().filter(is_reachable)
    }

    async fn complete_by_livy(&self, kind: Kind, cursor: &Cursor<'_>) -> Vec<String> {
        let Some(handle) = self.handle() else {
            return Vec::new();
        };
        let names = async {
            match cursor.around_the_word() {
                (before, after) if kind == Kind::Spark && before.ends_with('.') => {
                    with_prefix(cursor.word(), self.members(handle, before, after).await)
                }
                _ => names(&handle, kind, cursor.before, cursor.after).await,
            }
        };
        tokio::time::timeout(COMPLETION_LIMIT, names).await.unwrap_or_default()
    }

    /// All names after a dot. If Livy takes too long for this request, the next one gets them.
    async fn members(&self, handle: SessionHandle, before: &str, after: &str) -> Vec<String> {
        let key = MembersKey {
            session: handle.session.id.clone(),
            cells: self.cells.load(Ordering::Relaxed),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        let mut known = Arc::clone(&self.members).lock_owned().await;
        if let Some(members) = known.as_ref().filter(|members| members.key == key) {
            return members.names.clone();
        }
        let asking = task::run_detached("it asked for completions", async move {
            let names = names(&handle, Kind::Spark, &key.before, &key.after).await;
            // No names may mean that Livy did not answer.
            *known = (!names.is_empty()).then(|| Members { key, names: names.clone() });
            names
        });
        asking.await.unwrap_or_default()
    }
}

async fn inspect_by_agent(
    handle: &SessionHandle,
    code: &str,
    at: &Cursor<'_>,
    detail: i64,
) -> Option<InspectReply> {
    let described =
        handle.agent().await?.inspect(code, code_points(at.before), detail).await.ok()?;
    described.found.then(|| InspectReply::found(described.data))
}

/// The reply for a cell in which the code begins later.
fn moved(mut reply: CompleteReply, by: i64) -> CompleteReply {
    reply.cursor_start = reply.cursor_start.saturating_add(by);
    reply.cursor_end = reply.cursor_end.saturating_add(by);
    let types = reply.metadata.get_mut(TYPES_KEY).and_then(Value::as_array_mut);
    for r#type in types.into_iter().flatten() {
        for end in ["start", "end"] {
            if let Some(place) = r#type[end].as_i64() {
                r#type[end] = place.saturating_add(by).into();
            }
        }
    }
    reply
}

fn plain(text: String) -> InspectReply {
    InspectReply::found([("text/plain".to_owned(), text.into())].into_iter().collect())
}

/// Matches that all have one type.
fn with_type(names: Vec<String>, r#type: &'static str) -> Vec<Match> {
    names.into_iter().map(|name| (name, r#type)).collect()
}

/// The cursor in the code below a cell's magic; `None` if it is in the magic.
fn below_the_magic<'c>(cell: &str, code: &'c str, cursor: &Cursor<'_>) -> Option<Cursor<'c>> {
    let position = cursor.before.len().checked_sub(cell.len() - code.len())?;
    let (before, after) = code.split_at(position);
    Some(Cursor { before, after })
}

/// The members that begin with the typed word.
fn with_prefix(word: &str, mut members: Vec<String>) -> Vec<String> {
    if !word.is_empty() && !members.is_empty() {
        members.extend(UNIVERSAL_MEMBERS.map(str::to_owned));
        members.sort_unstable();
        members.dedup();
    }
    members.retain(|name| name.starts_with(word));
    members
}

/// Whether the session's server answers, as far as is known.
fn is_reachable(handle: &SessionHandle) -> bool {
    !handle.in_doubt && handle.client.troubles().borrow().longest().is_none()
}

async fn names(handle: &SessionHandle, kind: Kind, before: &str, after: &str) -> Vec<String> {
    let at = CompletionRequest {
        code: format!("{before}{after}"),
        kind: kind.as_str().to_owned(),
        cursor: utf16_units(before),
    };
    match handle.client.send(ask(&handle.session.id, &at)).await {
        Ok(answer) => answer.candidates,
        Err(error) => {
            tracing::debug!("no completion: {error}");
            Vec::new()
        }
    }
}

/// Each match replaces the word before the cursor.
fn reply(cursor: &Cursor<'_>, word: &str, matches: Vec<Match>) -> CompleteReply {
    let end = code_points(cursor.before);
    let start = end - code_points(word);
    let typed =
        |(text, r#type): &Match| json!({"text": text, "type": r#type, "start": start, "end": end});
    let types = matches.iter().map(typed).collect();
    CompleteReply {
        matches: matches.into_iter().map(|(name, _)| name).collect(),
        cursor_start: start,
        cursor_end: end,
        metadata: [(TYPES_KEY.to_owned(), types)].into_iter().collect(),
    }
}
