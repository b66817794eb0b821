//! A variable of the session comes to this machine.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    agent::value_calls::{self, ValueFile},
    cell::variables::{
        folder,
        way::{Way, refusal},
    },
    error::CellError,
    kind::Kind,
    language::{
        sql::{self, KeptOutput, PlannedStatement},
        value_magic::Get,
    },
    local_python::LocalAnswer,
    output::{
        bytes::bytes,
        row_count::{how_many, row_count},
    },
    transfer::{self, Direction, Meter},
};

/// What is wanted of a variable.
pub struct Wanted<'a> {
    name: &'a str,
    local: &'a str,
    /// The language whose variable it is.
    kind: Kind,
    rows: Option<u64>,
    fraction: Option<f64>,
}

impl<'a> Wanted<'a> {
    /// All of a variable of the kernel's language.
    pub fn all_of(names: &'a Get, kernel: Kind) -> Self {
        let kind = if kernel == Kind::Sql { Kind::Pyspark } else { kernel };
        Self { name: &names.name, local: &names.local, kind, rows: None, fraction: None }
    }

    /// What `-o` has kept.
    pub fn kept(output: &'a KeptOutput) -> Self {
        let KeptOutput { name, kind, rows, fraction, .. } = output;
        Self { name, local: name, kind: *kind, rows: *rows, fraction: *fraction }
    }
}

/// What the session says of the file, which may be wrong.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    rows: Option<usize>,
    total: Option<usize>,
    /// Whether there are more rows than the limit allows.
    cut: bool,
    bytes: u64,
    /// The columns whose values are text here, though not in Spark.
    texts: Vec<String>,
}

/// Fetches the variable, and says what it is here.
pub async fn get(way: &Way<'_>, wanted: &Wanted<'_>) -> Result<String, CellError> {
    let request = request(way, wanted).await?;
    let heading = format!("%get {}", wanted.name);
    let file: ValueFile = way.ask(wanted.name, value_calls::give(&heading, &request)).await?;
    let there = way.file_of_driver(file.path);
    let told = told(&file.description);
    let folder = folder::make()?;
    let here = folder.path().join("value");
    let what = format!("Fetching {}{}", wanted.name, told.in_words());
    let meter = Meter::new(Direction::Download, wanted.name, what);
    way.carry(
        wanted.name,
        &meter,
        transfer::download(&way.agent, &there.path, &here, false, &meter),
    )
    .await?;
    let local = &way.context.local_python;
    let read = local.read_variable(way.local_cell(), wanted.local, &here, &file.description);
    match read.await? {
        LocalAnswer::Refused { refused } => Err(refusal(wanted.name, &refused)),
        LocalAnswer::Done(value) => {
            warn(way, wanted.name, &told).await;
            Ok(format!(
                "{} is now in the Python of this machine (%%local): {} ({}).",
                wanted.local,
                value.type_name,
                bytes(told.bytes)
            ))
        }
    }
}

/// Asks for a variable of Python's, or for a view of one of Scala's.
async fn request(way: &Way<'_>, wanted: &Wanted<'_>) -> Result<Value, CellError> {
    let mut request =
        json!({"limit": way.context.local_limit, "rows": wanted.rows, "fraction": wanted.fraction});
    match wanted.kind {
        Kind::Spark => {
            let view = PlannedStatement::internal(Kind::Spark, sql::view_of(wanted.name));
            way.run(view).await.map_err(sql::view_failure)?;
            request["view"] = json!(sql::VIEW);
        }
        Kind::Sparkr => return Err(refusal(wanted.name, NOT_IN_R)),
        Kind::Pyspark | Kind::Sql => request["name"] = json!(wanted.name),
    }
    Ok(request)
}

const NOT_IN_R: &str =
    "variables of R stay in the session. Write them to a file and bring it with %download";

fn told(description: &Map<String, Value>) -> Told {
    serde_json::from_value(Value::Object(description.clone())).unwrap_or_default()
}

impl Told {
    fn in_words(&self) -> String {
        self.rows.map(|rows| format!(" ({})", how_many(rows))).unwrap_or_default()
    }
}

/// Says what has not come, and what has come as something else.
async fn warn(way: &Way<'_>, name: &str, told: &Told) {
    if told.cut {
        let part = row_count(told.rows.unwrap_or_default(), true, told.total);
        let limit = bytes(way.context.local_limit);
        let warning = format!(
            "Only the first rows of {name} have come ({part}), since local.max_bytes allows {limit}. For all of them, \
             set it higher (LIVY_LOCAL_MAX_BYTES=2g) and restart the kernel, or select fewer columns.\n"
        );
        way.sink.warn(warning).await;
    }
    if !told.texts.is_empty() {
        let (columns, verb) =
            (told.texts.join(", "), if told.texts.len() == 1 { "is" } else { "are" });
        way.sink.warn(format!("{columns} {verb} text here: pandas has no such type.\n")).await;
    }
}
