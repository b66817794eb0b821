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
    /// A Livy that may have it cannot be asked.
    #[error("{1}, and may have the {0} that you mean")]
    Unsure(Id, Error),
}

impl LocateError {
    /// Whether no Livy has it.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Livy(error) if error.is_not_found())
    }
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
            Err(error) => drop(failed.get_or_insert(error)),
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
/// No Livy has it, several have one of this id, or one that may have it does not answer.
pub async fn find(
    resource: Resource,
    client: &Client,
    id_or_name: &Id,
) -> Result<Located, LocateError> {
    let (mut found, mut refused, mut silent) = (Vec::new(), None, None);
    for way in ways(resource, client) {
        match resource.ask(&way, resource.get(id_or_name)).await {
            Ok(value) => add(&mut found, &way, value),
            Err(error) if error.refusal().is_some() => drop(refused.get_or_insert(error)),
            Err(error) => drop(silent.get_or_insert(error)),
        }
    }
    let id = || id_or_name.clone();
    match (&found[..], refused, silent) {
        // A name is no number that each Livy counts up.
        ([one], _, Some(error)) if one.value["name"].as_str() != Some(id_or_name.as_str()) => {
            Err(LocateError::Unsure(id(), error))
        }
        ([one], ..) => Ok(one.clone()),
        ([], Some(_), Some(error)) => Err(LocateError::Unsure(id(), error)),
        ([], Some(error), None) | ([], None, Some(error)) => Err(error.into()),
        (several, ..) => {
            let names: Vec<String> = several.iter().map(|one| label(&one.value)).collect();
            Err(LocateError::Ambiguous(id(), names.join(", ")))
        }
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
