//! `sessions`, `session` and `batch`: list, show and end the sessions and batches of a server.

use livy_client::{Client, Id, ResendPolicy};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use crate::{
    output::redact::redacted,
    server::{
        locate,
        resource::{Resource, Scope},
    },
    settings::Settings,
    terminal::{
        error::CommandError,
        server::{connect, way_to},
        streams::{print, print_json, warn},
        table,
    },
};

/// The headings and JSON pointers of a table's columns.
const COLUMNS: [(&str, &str); 6] = [
    ("ID", "/id"),
    ("NAME", "/name"),
    ("KIND", "/kind"),
    ("STATE", "/state"),
    ("OWNER", "/owner"),
    ("APPLICATION", "/appId"),
];

/// The labels and JSON pointers of one session's or batch's fields.
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

/// Lists the sessions or batches in a scope.
///
/// # Errors
///
/// Fails if the server refuses or cannot be reached.
pub async fn list(
    settings: &Settings,
    resource: Resource,
    scope: Scope,
    json: bool,
) -> Result<(), CommandError> {
    let rows = rows(settings, resource, scope).await?;
    match json {
        true => Ok(print_json(&redacted(Value::Array(rows)))?),
        false => print_table(&rows),
    }
}

/// Returns the sessions or batches in a scope, as the server describes them.
///
/// # Errors
///
/// Fails if the server refuses or cannot be reached.
pub async fn rows(
    settings: &Settings,
    resource: Resource,
    scope: Scope,
) -> Result<Vec<Value>, CommandError> {
    let client = connect(settings, ResendPolicy::NEVER)?;
    let located = locate::list_all(resource, &client).await?;
    let mut rows: Vec<Value> = located.into_iter().map(|located| located.value).collect();
    rows.retain(|row| scope.includes(row["name"].as_str().unwrap_or_default()));
    Ok(rows)
}

/// Prints a table of sessions or batches.
///
/// # Errors
///
/// Fails if the table cannot be written.
pub fn print_table(rows: &[Value]) -> Result<(), CommandError> {
    let rows: Vec<Value> = rows.iter().cloned().map(with_user).collect();
    Ok(print(table::table(&COLUMNS, &rows))?)
}

/// Names the user whom it runs as: what a gateway has created for its users is all the gateway's own.
fn with_user(mut row: Value) -> Value {
    if let Some(user) = row.get("proxyUser").filter(|user| !user.is_null()).cloned() {
        row["owner"] = user;
    }
    row
}

/// Shows one session or batch.
///
/// # Errors
///
/// Fails if the server refuses or cannot be reached.
pub async fn show(
    settings: &Settings,
    resource: Resource,
    id: &str,
    json: bool,
) -> Result<(), CommandError> {
    let (client, id) = (connect(settings, ResendPolicy::NEVER)?, id.into());
    let client = way_to(resource, &client, &id).await?;
    let value = redacted(resource.ask(&client, resource.get(&id)).await?);
    match json {
        true => print_json(&value)?,
        false => print(table::fields(&FIELDS, &value))?,
    }
    Ok(())
}

/// Ends sessions or batches. If one cannot be ended, or the pipe is closed, the others are still ended.
///
/// # Errors
///
/// Fails if any could not be ended.
pub async fn kill(
    settings: &Settings,
    resource: Resource,
    ids: &[String],
    json: bool,
) -> Result<(), CommandError> {
    let client = connect(settings, ResendPolicy::NEVER)?;
    let (mut ended, mut failed, mut reached, mut printed) = (vec![], vec![], false, Ok(()));
    for id in ids {
        let outcome = end(resource, &client, &id.as_str().into()).await;
        reached |= !outcome.as_ref().is_err_and(CommandError::is_unreachable);
        match outcome {
            Ok(()) => ended.push(id),
            Err(error) => {
                warn(format!("{id} could not be ended: {error}"));
                failed.push(id);
                continue;
            }
        }
        if !json {
            printed = printed.and(print(format!("{id} was ended")));
        }
    }
    if json {
        printed = printed.and(print_json(&json!({ "ended": ended, "failed": failed })));
    }
    match failed.len() {
        0 => Ok(printed?),
        failed => Err(CommandError::NotEnded { failed, of: ids.len(), reached }),
    }
}

async fn end(resource: Resource, client: &Client, id: &Id) -> Result<(), CommandError> {
    let client = way_to(resource, client, id).await?;
    let IgnoredAny = resource.ask(&client, resource.delete(id)).await?;
    Ok(())
}
