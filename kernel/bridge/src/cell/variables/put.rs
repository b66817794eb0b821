//! A variable of this machine goes to the session.

use serde_json::{Map, Value, json};

use crate::{
    agent::value_calls::{self, Made},
    cell::variables::{
        folder,
        way::{Way, not_carried, not_passed, refusal},
    },
    error::CellError,
    kind::Kind,
    language::{
        sql::{self, PlannedStatement},
        value_magic::Put,
    },
    local_python::LocalAnswer,
    output::row_count::{how_many, row_count},
    transfer::{self, Direction, Meter},
};

/// Sends the variable, and says what it is there.
pub async fn put(way: &Way<'_>, put: &Put) -> Result<String, CellError> {
    let folder = folder::make()?;
    let here = folder.path().join("value");
    let request = json!({"name": put.name, "rows": put.rows, "only": put.only});
    let local = &way.context.local_python;
    let description = match local.write_variable(way.local_cell(), &here, request).await? {
        LocalAnswer::Refused { refused } => return Err(refusal(&put.name, &refused)),
        LocalAnswer::Done(description) => description,
    };
    let folder_there = way.asked.interrupt.run_until_cancelled(way.agent.make_value_folder()).await;
    let folder_there = folder_there.ok_or_else(not_passed)?;
    let folder_there = folder_there.map_err(|error| not_carried(&put.name, &error))?;
    let there = way.file_of_driver(format!("{folder_there}/value"));
    let meter = Meter::new(Direction::Upload, &put.name, format!("Sending {}", put.name));
    way.carry(&put.name, &meter, transfer::upload(&way.agent, &here, &there.path, false, &meter))
        .await?;
    let made = make(way, put, &there.path, &description).await?;
    Ok(told(put, &made, &description))
}

async fn make(
    way: &Way<'_>,
    put: &Put,
    path: &str,
    description: &Map<String, Value>,
) -> Result<Made, CellError> {
    let kernel = way.context.kind;
    let is_python = matches!(kernel, Kind::Pyspark | Kind::Sql);
    let request = json!({
        "name": put.remote, "path": path, "described": description, "as": put.table,
        "kernel": if is_python { Kind::Pyspark.as_str() } else { kernel.as_str() },
    });
    let heading = format!("%put {} as {}", put.name, put.remote);
    let made = way.ask(&put.name, value_calls::take(&heading, &request)).await?;
    if kernel == Kind::Spark {
        let is_table = description.get("form").is_some_and(|form| form == "arrow");
        let code = sql::variable_of_view(&put.remote, is_table);
        way.run(PlannedStatement::internal(Kind::Spark, code)).await?;
    }
    Ok(made)
}

fn told(put: &Put, made: &Made, description: &Map<String, Value>) -> String {
    let count = |name| usize::try_from(description.get(name)?.as_u64()?).ok();
    let rows = match (count("rows"), count("total")) {
        (Some(rows), Some(total)) if rows < total => {
            format!(", the first {}", row_count(rows, true, Some(total)))
        }
        (Some(rows), _) => format!(", {}", how_many(rows)),
        _ => String::new(),
    };
    format!("{} is now in the session: {}{rows}.", put.remote, made.type_name)
}
