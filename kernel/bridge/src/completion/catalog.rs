//! Completes and describes the names of Spark SQL. The session answers `SHOW` and `DESCRIBE`, through
//! the agent or by hidden statements; its answers are remembered until a cell ends.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use livy_client::Id;
use serde_json::Value;

use crate::{
    completion::{
        hidden_statement,
        sql::{Name, NamedTable, Wanted, keywords, name_at, quoted, tables, wanted},
    },
    kind::Kind,
    language::cursor::Cursor,
    session::handle::SessionHandle,
};

/// How many tables of a cell are described; the others have no columns in completion.
const DESCRIBED_TABLES_LIMIT: usize = 5;

type Rows = Vec<Vec<Value>>;

/// A name that fits, and its type as JupyterLab shows it.
pub type Match = (String, &'static str);

/// The remembered answers of one session.
#[derive(Default)]
pub struct Catalog {
    known: Mutex<(Option<Id>, HashMap<String, Rows>)>,
}

struct Column {
    name: String,
    r#type: String,
    comment: String,
}

impl Catalog {
    /// Forgets all answers, since a cell may have changed the catalog.
    pub fn forget(&self) {
        self.known().1.clear();
    }

    /// The names that fit at the cursor in a SQL cell.
    pub async fn complete(
        &self,
        handle: Option<&SessionHandle>,
        code: &str,
        cursor: &Cursor<'_>,
    ) -> Vec<Match> {
        let word = cursor.word();
        let mut found = match (wanted(cursor), handle) {
            (Wanted::Anything, Some(handle)) => self.anything(handle, code, word).await,
            (Wanted::Anything, None) => Vec::new(),
            (Wanted::Tables, Some(handle)) => self.tables(handle, None).await,
            (Wanted::MemberOf(name), Some(handle)) => {
                return fitting(self.members(handle, code, &name).await, word);
            }
            (Wanted::Nothing, _) | (_, None) => return Vec::new(),
        };
        // All keywords together would hide the rest.
        if !word.is_empty() {
            found.extend(keywords(word).map(|keyword| (keyword, "keyword")));
        }
        fitting(found, word)
    }

    /// Describes the name at the cursor: a table, a column or a function.
    pub async fn describe(
        &self,
        handle: &SessionHandle,
        code: &str,
        cursor: &Cursor<'_>,
    ) -> Option<String> {
        let (name, is_called) = name_at(cursor)?;
        if is_called {
            return self.function(handle, &name).await;
        }
        let named = tables(code);
        let table =
            named.iter().find(|named| named.is_called(&name)).map_or(&name, |named| &named.table);
        if let Some(text) = table_description(table, &self.columns(handle, table).await) {
            return Some(text);
        }
        match self.column(handle, &named, &name).await {
            Some(text) => Some(text),
            None => self.function(handle, &name).await,
        }
    }

    async fn anything(&self, handle: &SessionHandle, code: &str, word: &str) -> Vec<Match> {
        let mut found = Vec::new();
        for named in tables(code).iter().take(DESCRIBED_TABLES_LIMIT) {
            found.extend(self.column_names(handle, &named.table).await);
            found.extend(named.alias.clone().map(|alias| (alias, "table")));
        }
        if !word.is_empty() {
            found.extend(self.functions(handle).await);
        }
        found
    }

    async fn members(&self, handle: &SessionHandle, code: &str, name: &Name) -> Vec<Match> {
        if let Some(named) = tables(code).iter().find(|named| named.is_called(name)) {
            return self.column_names(handle, &named.table).await;
        }
        let tables = self.tables(handle, Some(name)).await;
        if tables.is_empty() { self.column_names(handle, name).await } else { tables }
    }

    async fn column_names(&self, handle: &SessionHandle, table: &Name) -> Vec<Match> {
        self.columns(handle, table)
            .await
            .into_iter()
            .map(|column| (column.name, "column"))
            .collect()
    }

    async fn tables(&self, handle: &SessionHandle, database: Option<&Name>) -> Vec<Match> {
        let query = match database {
            Some(name) => format!("SHOW TABLES IN {}", quoted(name)),
            None => "SHOW TABLES".to_owned(),
        };
        let rows = self.rows(handle, query).await;
        let mut found: Vec<Match> = texts(&rows, 1).map(|name| (name, "table")).collect();
        if database.is_none() {
            let databases = self.rows(handle, "SHOW DATABASES".to_owned()).await;
            found.extend(texts(&databases, 0).map(|name| (name, "database")));
        }
        found
    }

    async fn functions(&self, handle: &SessionHandle) -> Vec<Match> {
        let rows = self.rows(handle, "SHOW FUNCTIONS".to_owned()).await;
        let is_name = |name: &String| name.chars().all(|c| c.is_alphanumeric() || c == '_');
        texts(&rows, 0).filter(is_name).map(|name| (name, "function")).collect()
    }

    async fn columns(&self, handle: &SessionHandle, table: &Name) -> Vec<Column> {
        let rows = self.rows(handle, format!("DESCRIBE TABLE {}", quoted(table))).await;
        // An empty line or one with `#` ends the columns; partitions and the like follow.
        let is_column =
            |row: &&Vec<Value>| !text(row, 0).is_empty() && !text(row, 0).starts_with('#');
        let column = |row: &Vec<Value>| Column {
            name: text(row, 0).to_owned(),
            r#type: text(row, 1).to_owned(),
            comment: text(row, 2).to_owned(),
        };
        rows.iter().take_while(is_column).map(column).collect()
    }

    async fn column(
        &self,
        handle: &SessionHandle,
        named: &[NamedTable],
        name: &Name,
    ) -> Option<String> {
        let (column, of) = name.split_last()?;
        let is_meant = |named: &&NamedTable| of.is_empty() || named.is_called(of);
        for named in named.iter().filter(is_meant).take(DESCRIBED_TABLES_LIMIT) {
            let columns = self.columns(handle, &named.table).await;
            let found = columns.into_iter().find(|found| found.name.eq_ignore_ascii_case(column));
            if let Some(found) = found {
                return Some(format!("Column of {}\n{}", named.table.join("."), found.line(0)));
            }
        }
        None
    }

    async fn function(&self, handle: &SessionHandle, name: &Name) -> Option<String> {
        let rows = self.rows(handle, format!("DESCRIBE FUNCTION EXTENDED {}", quoted(name))).await;
        let lines: Vec<String> = texts(&rows, 0).collect();
        let is_known = lines.first().is_some_and(|line| line.starts_with("Function: "));
        is_known.then(|| lines.join("\n").trim_end().to_owned())
    }

    /// The rows of a query; none if it fails, or if the session cannot answer now.
    async fn rows(&self, handle: &SessionHandle, query: String) -> Rows {
        if let Some(rows) = self.remembered(handle, &query) {
            return rows;
        }
        let Some(rows) = query_session(handle, &query).await else { return Rows::new() };
        self.known().1.insert(query, rows.clone());
        rows
    }

    fn remembered(&self, handle: &SessionHandle, query: &str) -> Option<Rows> {
        let mut known = self.known();
        if known.0.as_ref() != Some(&handle.session.id) {
            *known = (Some(handle.session.id.clone()), HashMap::new());
        }
        known.1.get(query).cloned()
    }

    fn known(&self) -> MutexGuard<'_, (Option<Id>, HashMap<String, Rows>)> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `None` if the session cannot answer now.
async fn query_session(handle: &SessionHandle, query: &str) -> Option<Rows> {
    if let Some(agent) = handle.agent().await {
        // A query fails if it names what does not exist.
        return Some(agent.rows(query).await.unwrap_or_default());
    }
    let data = hidden_statement::run(handle, Kind::Sql, query.to_owned()).await?;
    serde_json::from_value(data.get("application/json")?.get("data")?.clone()).ok()
}

impl Column {
    fn line(&self, width: usize) -> String {
        let line = format!("{:width$}  {}  {}", self.name, self.r#type, self.comment);
        line.trim_end().to_owned()
    }
}

fn table_description(table: &Name, columns: &[Column]) -> Option<String> {
    let width = columns.iter().map(|column| column.name.chars().count()).max()?;
    let lines = columns.iter().map(|column| column.line(width));
    Some(format!("Table: {}\n{}", table.join("."), lines.collect::<Vec<_>>().join("\n")))
}

fn text(row: &[Value], at: usize) -> &str {
    row.get(at).and_then(Value::as_str).unwrap_or_default()
}

fn texts(rows: &[Vec<Value>], at: usize) -> impl Iterator<Item = String> {
    rows.iter().map(move |row| text(row, at).to_owned()).filter(|text| !text.is_empty())
}

/// The names that begin with `word`, each once; Spark SQL ignores case.
fn fitting(mut found: Vec<Match>, word: &str) -> Vec<Match> {
    let word = word.to_lowercase();
    let mut seen = HashSet::new();
    found.retain(|(name, _)| {
        name.to_lowercase().starts_with(&word) && seen.insert(name.to_lowercase())
    });
    found
}
