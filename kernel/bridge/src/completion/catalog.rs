//! What Spark SQL can name: asked of the session with `SHOW` and `DESCRIBE`, by its agent or by
//! hidden statements, and remembered until a cell ends.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use livy_client::Id;
use serde_json::Value;

use super::sql::{Name, Named, Wanted, keywords, name_at, quoted, tables, wanted};
use crate::{cursor::Cursor, hidden, kind::Kind, live::Live};

/// So many tables of a cell are asked for their columns.
const TABLES: usize = 5;

type Rows = Vec<Vec<Value>>;

/// A name that fits, and what it is.
pub type Match = (String, &'static str);

/// The answers of one session.
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
    /// A cell may have changed what there is.
    pub fn forget(&self) {
        self.known().1.clear();
    }

    /// The names that fit at the cursor of a cell of SQL.
    pub async fn complete(
        &self,
        live: Option<&Live>,
        code: &str,
        cursor: &Cursor<'_>,
    ) -> Vec<Match> {
        let word = cursor.word();
        let mut found = match (wanted(cursor), live) {
            (Wanted::Anything, Some(live)) => self.anything(live, code, word).await,
            (Wanted::Anything, None) => Vec::new(),
            (Wanted::Tables, Some(live)) => self.tables(live, None).await,
            (Wanted::Of(name), Some(live)) => {
                return fitting(self.members(live, code, &name).await, word);
            }
            (Wanted::Nothing, _) | (_, None) => return Vec::new(),
        };
        // All of them would bury the rest.
        if !word.is_empty() {
            found.extend(keywords(word).map(|keyword| (keyword, "keyword")));
        }
        fitting(found, word)
    }

    /// What the name at the cursor is, in words.
    pub async fn describe(&self, live: &Live, code: &str, cursor: &Cursor<'_>) -> Option<String> {
        let (name, is_called) = name_at(cursor)?;
        if is_called {
            return self.function(live, &name).await;
        }
        let named = tables(code);
        let table = named.iter().find(|named| named.is(&name)).map_or(&name, |named| &named.table);
        if let Some(text) = in_words(table, &self.columns(live, table).await) {
            return Some(text);
        }
        match self.column(live, &named, &name).await {
            Some(text) => Some(text),
            None => self.function(live, &name).await,
        }
    }

    async fn anything(&self, live: &Live, code: &str, word: &str) -> Vec<Match> {
        let mut found = Vec::new();
        for named in tables(code).iter().take(TABLES) {
            found.extend(self.column_names(live, &named.table).await);
            found.extend(named.alias.clone().map(|alias| (alias, "table")));
        }
        if !word.is_empty() {
            found.extend(self.functions(live).await);
        }
        found
    }

    async fn members(&self, live: &Live, code: &str, name: &Name) -> Vec<Match> {
        if let Some(named) = tables(code).iter().find(|named| named.is(name)) {
            return self.column_names(live, &named.table).await;
        }
        let tables = self.tables(live, Some(name)).await;
        if tables.is_empty() { self.column_names(live, name).await } else { tables }
    }

    async fn column_names(&self, live: &Live, table: &Name) -> Vec<Match> {
        self.columns(live, table).await.into_iter().map(|column| (column.name, "column")).collect()
    }

    async fn tables(&self, live: &Live, database: Option<&Name>) -> Vec<Match> {
        let query = match database {
            Some(name) => format!("SHOW TABLES IN {}", quoted(name)),
            None => "SHOW TABLES".to_owned(),
        };
        let rows = self.rows(live, query).await;
        let mut found: Vec<Match> = texts(&rows, 1).map(|name| (name, "table")).collect();
        if database.is_none() {
            let databases = self.rows(live, "SHOW DATABASES".to_owned()).await;
            found.extend(texts(&databases, 0).map(|name| (name, "database")));
        }
        found
    }

    async fn functions(&self, live: &Live) -> Vec<Match> {
        let rows = self.rows(live, "SHOW FUNCTIONS".to_owned()).await;
        let is_name = |name: &String| name.chars().all(|c| c.is_alphanumeric() || c == '_');
        texts(&rows, 0).filter(is_name).map(|name| (name, "function")).collect()
    }

    async fn columns(&self, live: &Live, table: &Name) -> Vec<Column> {
        let rows = self.rows(live, format!("DESCRIBE TABLE {}", quoted(table))).await;
        // Below an empty or commented line come partitions and the like.
        let is_column =
            |row: &&Vec<Value>| !text(row, 0).is_empty() && !text(row, 0).starts_with('#');
        let column = |row: &Vec<Value>| Column {
            name: text(row, 0).to_owned(),
            r#type: text(row, 1).to_owned(),
            comment: text(row, 2).to_owned(),
        };
        rows.iter().take_while(is_column).map(column).collect()
    }

    async fn column(&self, live: &Live, named: &[Named], name: &Name) -> Option<String> {
        let (column, of) = name.split_last()?;
        let is_meant = |named: &&Named| of.is_empty() || named.is(of);
        for named in named.iter().filter(is_meant).take(TABLES) {
            let columns = self.columns(live, &named.table).await;
            let found = columns.into_iter().find(|found| found.name.eq_ignore_ascii_case(column));
            if let Some(found) = found {
                return Some(format!("Column of {}\n{}", named.table.join("."), found.in_words(0)));
            }
        }
        None
    }

    async fn function(&self, live: &Live, name: &Name) -> Option<String> {
        let rows = self.rows(live, format!("DESCRIBE FUNCTION EXTENDED {}", quoted(name))).await;
        let lines: Vec<String> = texts(&rows, 0).collect();
        let is_known = lines.first().is_some_and(|line| line.starts_with("Function: "));
        is_known.then(|| lines.join("\n").trim_end().to_owned())
    }

    /// The rows of a query; none if it fails, or nobody can answer now.
    async fn rows(&self, live: &Live, query: String) -> Rows {
        if let Some(rows) = self.remembered(live, &query) {
            return rows;
        }
        let Some(rows) = ask(live, &query).await else { return Rows::new() };
        self.known().1.insert(query, rows.clone());
        rows
    }

    fn remembered(&self, live: &Live, query: &str) -> Option<Rows> {
        let mut known = self.known();
        if known.0.as_ref() != Some(&live.session.id) {
            *known = (Some(live.session.id.clone()), HashMap::new());
        }
        known.1.get(query).cloned()
    }

    fn known(&self) -> MutexGuard<'_, (Option<Id>, HashMap<String, Rows>)> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// None if nobody can answer.
async fn ask(live: &Live, query: &str) -> Option<Rows> {
    if let Some(agent) = live.agent().await {
        // A query that fails names what is not there.
        return Some(agent.rows(query).await.unwrap_or_default());
    }
    let data = hidden::ask(live, Kind::Sql, query.to_owned()).await?;
    serde_json::from_value(data.get("application/json")?.get("data")?.clone()).ok()
}

impl Column {
    fn in_words(&self, width: usize) -> String {
        let line = format!("{:width$}  {}  {}", self.name, self.r#type, self.comment);
        line.trim_end().to_owned()
    }
}

fn in_words(table: &Name, columns: &[Column]) -> Option<String> {
    let width = columns.iter().map(|column| column.name.chars().count()).max()?;
    let lines = columns.iter().map(|column| column.in_words(width));
    Some(format!("Table: {}\n{}", table.join("."), lines.collect::<Vec<_>>().join("\n")))
}

fn text(row: &[Value], at: usize) -> &str {
    row.get(at).and_then(Value::as_str).unwrap_or_default()
}

fn texts(rows: &[Vec<Value>], at: usize) -> impl Iterator<Item = String> {
    rows.iter().map(move |row| text(row, at).to_owned()).filter(|text| !text.is_empty())
}

/// In Spark SQL names are the same in any case of letters.
fn fitting(mut found: Vec<Match>, word: &str) -> Vec<Match> {
    let word = word.to_lowercase();
    let mut seen = HashSet::new();
    found.retain(|(name, _)| {
        name.to_lowercase().starts_with(&word) && seen.insert(name.to_lowercase())
    });
    found
}
