//! Finds sessions and batches on all the Livys that this person's ways lead to.

use livy_client::{Client, Error, Id};
use serde_json::Value;

use crate::server::{affinity::all_ways, resource::Resource};

/// A session or batch as its server describes it, and the way to it.
#[derive(Clone, Debug)]
pub struct Located {
    /// Asks the Livy that has it.
    pub client: Client,
    /// The server's description.
    pub value: Value,
}

/// Says why something was not found by its id or name.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// The error of the first Livy that has answered, or of the first one if none has.
    #[error(transparent)]
    Livy(#[from] Error),
    /// Several Livys have something of this id.
    #[error("several Livys of yours have the id {0}: {1}. Name the one that you mean by its name")]
    Ambiguous(Id, String),
}

impl Located {
    /// Whether two ways have led to the same: each Livy counts its ids from 0, but the rest differs.
    fn is_same(&self, other: &Self) -> bool {
        let same = |key: &str| self.value[key] == other.value[key];
        self.client.endpoint() == other.client.endpoint()
            && ["id", "name", "appId", "owner"].into_iter().all(same)
    }
}

/// Lists all there is.
///
/// # Errors
///
/// The first Livy's error, if none answers.
pub async fn list_all(resource: Resource, client: &Client) -> Result<Vec<Located>, Error> {
    let (mut found, mut failed, mut answered) = (Vec::new(), None, false);
    for way in ways(resource, client) {
        match resource.list_all(&way).await {
            Ok(values) => {
                answered = true;
                values.into_iter().for_each(|value| add(&mut found, &way, value));
            }
            Err(error) => note(&mut failed, error),
        }
    }
    match failed {
        Some(error) if !answered => Err(error),
        _ => Ok(found),
    }
}

/// Finds one by its id or name.
///
/// # Errors
///
/// No Livy has it, or several have one of this id.
pub async fn find(
    resource: Resource,
    client: &Client,
    id_or_name: &Id,
) -> Result<Located, LocateError> {
    let (mut found, mut failed) = (Vec::new(), None);
    for way in ways(resource, client) {
        match resource.ask(&way, resource.get(id_or_name)).await {
            Ok(value) => add(&mut found, &way, value),
            Err(error) => note(&mut failed, error),
        }
    }
    match (found.pop(), failed) {
        (Some(one), _) if found.is_empty() => Ok(one),
        (Some(last), _) => {
            let names = found.iter().chain([&last]).map(|located| label(&located.value));
            let names = names.collect::<Vec<_>>().join(", ");
            Err(LocateError::Ambiguous(id_or_name.clone(), names))
        }
        (None, Some(error)) => Err(error.into()),
        // There is always a way.
        (None, None) => Err(LocateError::Ambiguous(id_or_name.clone(), String::new())),
    }
}

/// Returns the way to a session or batch; nothing is asked if there is only one way.
///
/// # Errors
///
/// Those of [`find`].
pub async fn way_to(
    resource: Resource,
    client: &Client,
    id_or_name: &Id,
) -> Result<Client, LocateError> {
    match &ways(resource, client)[..] {
        [only] => Ok(only.clone()),
        _ => Ok(find(resource, client, id_or_name).await?.client),
    }
}

fn label(value: &Value) -> String {
    let name = value["name"].as_str().or_else(|| value["appId"].as_str());
    name.map_or_else(|| value["id"].to_string(), str::to_owned)
}

/// Batches are where this person's first one is; each session may be elsewhere.
fn ways(resource: Resource, client: &Client) -> Vec<Client> {
    match resource {
        Resource::Batch if !client.has_several_servers() => vec![client.clone()],
        Resource::Batch | Resource::Session => all_ways(client),
    }
}

fn add(found: &mut Vec<Located>, way: &Client, value: Value) {
    let new = Located { client: way.forked(), value };
    if !found.iter().any(|known| known.is_same(&new)) {
        found.push(new);
    }
}

/// Keeps the error that counts: a Livy that says no is of more use than one that says nothing.
fn note(failed: &mut Option<Error>, error: Error) {
    tracing::debug!("one of the ways to Livy: {error}");
    match failed {
        Some(known) if known.refusal().is_some() || error.refusal().is_none() => {}
        _ => *failed = Some(error),
    }
}
