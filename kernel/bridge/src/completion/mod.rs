//! Completion and inspection: of magics from their table; of Python by the agent; of SQL by what
//! the session's catalog holds; of Scala and R through Livy.

mod catalog;
mod signature;
mod sql;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use jupyter_wire::content::{CompleteReply, InspectReply, InspectRequest};
use livy_client::completion::{CompletionRequest, complete as ask};
use serde_json::json;
use tokio::sync::Mutex;

use self::catalog::{Catalog, Match};
use crate::{
    cursor::{Cursor, code_points, utf16_units},
    keeper::Keeper,
    kind::Kind,
    live::Live,
    magic, source,
};

/// A frontend would rather have nothing than wait longer.
const LIMIT: Duration = Duration::from_secs(4);
/// An explanation is read at leisure.
const LIMIT_OF_EXPLANATIONS: Duration = Duration::from_secs(10);

/// Where JupyterLab looks for what each match is.
const TYPES: &str = "_jupyter_types_experimental";

/// What every value has. Livy leaves it out of all names after a dot, but not of those that begin
/// with what was typed.
const OF_EVERY_VALUE: [&str; 12] = [
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

/// Completes cells of one kernel.
pub struct Completer {
    kind: Kind,
    keeper: Arc<Keeper>,
    /// How many cells have ended: each may have changed what there is.
    cells: AtomicU64,
    /// Of the last thing whose members were asked for, so that typing on asks nobody.
    members: Arc<Mutex<Option<Members>>>,
    catalog: Catalog,
}

/// The names after a dot.
struct Members {
    of: MembersOf,
    names: Vec<String>,
}

/// What the names after a dot depend on.
#[derive(Clone, PartialEq, Eq)]
struct MembersOf {
    session: livy_client::Id,
    cells: u64,
    before: String,
    after: String,
}

impl Completer {
    /// For a kernel of this kind.
    pub fn new(kind: Kind, keeper: Arc<Keeper>) -> Self {
        Self {
            kind,
            keeper,
            cells: AtomicU64::new(0),
            members: Arc::default(),
            catalog: Catalog::default(),
        }
    }

    /// A cell has ended.
    pub fn forget(&self) {
        self.cells.fetch_add(1, Ordering::Relaxed);
        self.catalog.forget();
    }

    /// The names that fit; none from Livy while there is no session, since nobody asked for one yet.
    pub async fn complete(&self, code: &str, cursor_pos: i64) -> CompleteReply {
        let cursor = Cursor::at(code, cursor_pos);
        let source = source::read(code, self.kind);
        if let Some((word, matches)) = magic::complete(&cursor, source.kind) {
            return reply(&cursor, word, all(matches, "magic"));
        }
        let within = below_the_magic(code, &source.code, &cursor);
        if source.kind == Kind::Pyspark
            && let Some(within) = &within
            && let Some(reply) = self.of_agent(&source.code, &cursor, within).await
        {
            return reply;
        }
        let matches = match (within, source.kind) {
            (Some(within), Kind::Sql) => self.of_catalog(&source.code, &within).await,
            // JupyterLab would show whatever stands for an unknown type.
            (Some(within), kind) => all(self.of_livy(kind, &within).await, ""),
            (None, _) => Vec::new(),
        };
        reply(&cursor, cursor.word(), matches)
    }

    async fn of_catalog(&self, code: &str, cursor: &Cursor<'_>) -> Vec<Match> {
        let live = self.live();
        let found = self.catalog.complete(live.as_ref(), code, cursor);
        tokio::time::timeout(LIMIT, found).await.unwrap_or_default()
    }

    /// Livy knows no Python names, but an agent does.
    async fn of_agent(
        &self,
        code: &str,
        cursor: &Cursor<'_>,
        within: &Cursor<'_>,
    ) -> Option<CompleteReply> {
        let agent = self.live()?.agent().await?;
        let position = code_points(within.before);
        let magic = code_points(cursor.before) - position;
        let asked = agent.complete(code, position);
        let names = tokio::time::timeout(LIMIT, asked).await.ok()?.ok()?;
        let types = names.types.into_iter().map(|mut r#type| {
            for end in ["start", "end"] {
                if let Some(place) = r#type[end].as_i64() {
                    r#type[end] = (place + magic).into();
                }
            }
            r#type
        });
        Some(CompleteReply {
            matches: names.matches,
            cursor_start: names.start + magic,
            cursor_end: names.end + magic,
            metadata: [(TYPES.to_owned(), types.collect())].into_iter().collect(),
        })
    }

    /// What is known of the name at the cursor.
    pub async fn inspect(&self, asked: &InspectRequest) -> InspectReply {
        let cursor = Cursor::at(&asked.code, asked.cursor_pos);
        if let Some(magic) = magic::at(&cursor) {
            let help = format!("{}\n\n{}", magic.name, magic.help);
            return plain(help);
        }
        self.described(asked, &cursor).await.unwrap_or_else(InspectReply::none)
    }

    async fn described(&self, asked: &InspectRequest, cursor: &Cursor<'_>) -> Option<InspectReply> {
        let source = source::read(&asked.code, self.kind);
        let within = below_the_magic(&asked.code, &source.code, cursor)?;
        let live = self.live()?;
        let described = async {
            match source.kind {
                Kind::Pyspark => by_agent(&live, &source.code, &within, asked.detail_level).await,
                Kind::Sql => self.catalog.describe(&live, &source.code, &within).await.map(plain),
                Kind::Spark => signature::describe(&live, &within).await.map(plain),
                Kind::Sparkr => None,
            }
        };
        tokio::time::timeout(LIMIT_OF_EXPLANATIONS, described).await.ok()?
    }

    /// The session, if its server answers.
    fn live(&self) -> Option<Live> {
        self.keeper.live().filter(is_well)
    }

    async fn of_livy(&self, kind: Kind, cursor: &Cursor<'_>) -> Vec<String> {
        let Some(live) = self.live() else {
            return Vec::new();
        };
        let names = async {
            match cursor.around_the_word() {
                (before, after) if kind == Kind::Spark && before.ends_with('.') => {
                    begun_with(cursor.word(), self.members(live, before, after).await)
                }
                _ => names(&live, kind, cursor.before, cursor.after).await,
            }
        };
        tokio::time::timeout(LIMIT, names).await.unwrap_or_default()
    }

    /// All names after a dot. Who waits too long for them leaves, and whoever asks next gets them.
    async fn members(&self, live: Live, before: &str, after: &str) -> Vec<String> {
        let of = MembersOf {
            session: live.session.id.clone(),
            cells: self.cells.load(Ordering::Relaxed),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        let mut known = Arc::clone(&self.members).lock_owned().await;
        if let Some(members) = known.as_ref().filter(|members| members.of == of) {
            return members.names.clone();
        }
        let asking = tokio::spawn(async move {
            let names = names(&live, Kind::Spark, &of.before, &of.after).await;
            // Nothing may mean that Livy did not answer.
            *known = (!names.is_empty()).then(|| Members { of, names: names.clone() });
            names
        });
        asking.await.unwrap_or_default()
    }
}

async fn by_agent(live: &Live, code: &str, at: &Cursor<'_>, detail: i64) -> Option<InspectReply> {
    let described = live.agent().await?.inspect(code, code_points(at.before), detail).await.ok()?;
    described.found.then(|| InspectReply::found(described.data))
}

fn plain(text: String) -> InspectReply {
    InspectReply::found([("text/plain".to_owned(), text.into())].into_iter().collect())
}

/// Names that are all of one type.
fn all(names: Vec<String>, r#type: &'static str) -> Vec<Match> {
    names.into_iter().map(|name| (name, r#type)).collect()
}

/// The cursor in the code below a cell's magic; nowhere, if it is in the magic.
fn below_the_magic<'c>(cell: &str, code: &'c str, cursor: &Cursor<'_>) -> Option<Cursor<'c>> {
    let position = cursor.before.len().checked_sub(cell.len() - code.len())?;
    let (before, after) = code.split_at(position);
    Some(Cursor { before, after })
}

/// The members that begin with what was typed.
fn begun_with(word: &str, mut members: Vec<String>) -> Vec<String> {
    if !word.is_empty() && !members.is_empty() {
        members.extend(OF_EVERY_VALUE.map(str::to_owned));
        members.sort_unstable();
        members.dedup();
    }
    members.retain(|name| name.starts_with(word));
    members
}

/// Whether its server answers, as far as that is known.
fn is_well(live: &Live) -> bool {
    !live.in_doubt && live.client.troubles().borrow().longest().is_none()
}

async fn names(live: &Live, kind: Kind, before: &str, after: &str) -> Vec<String> {
    let at = CompletionRequest {
        code: format!("{before}{after}"),
        kind: kind.as_str().to_owned(),
        cursor: utf16_units(before),
    };
    match live.client.send(ask(&live.session.id, &at)).await {
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
        metadata: [(TYPES.to_owned(), types)].into_iter().collect(),
    }
}
