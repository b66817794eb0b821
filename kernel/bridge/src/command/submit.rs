//! Submitting a batch.

use std::path::Path;

use livy_client::{
    Application, Endpoint, Error, Fate, Id, ResendPolicy,
    batch::{self, NewBatch},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    CommandError, Resource, follow, redacted, server,
    terminal::{say, say_json},
};
use crate::cli::Submit;

/// Submits a batch, and follows it if that is asked for.
pub async fn submit(options: Submit) -> Result<(), CommandError> {
    let client = server(ResendPolicy::NEVER)?;
    let (follow, json, name) = (options.follow, options.output.json, options.name.clone());
    let new = new_batch(options, client.endpoint());
    let batch = client.send(batch::create(&new).answered_by::<Value>()).await;
    let batch = batch.map_err(|error| unless_it_may_run(error, name.as_deref()))?;
    let id = Id::deserialize(&batch["id"]).map_err(|_| {
        CommandError::Other("the server took the batch, but does not say its id; look with `livy-kernel batch list`".to_owned())
    })?;
    match json {
        true => say_json(&redacted(batch))?,
        false => say(format!("batch {id} has been submitted"))?,
    }
    match follow {
        true => follow::follow(Resource::Batch, &id, json).await,
        false => Ok(()),
    }
}

fn unless_it_may_run(error: Error, name: Option<&str>) -> CommandError {
    match (error.fate(), name) {
        (Fate::Unknown, Some(name)) => {
            CommandError::MayRun { error, look: format!("livy-kernel batch show {name}") }
        }
        (Fate::Unknown, None) => {
            CommandError::MayRun { error, look: "livy-kernel batch list".to_owned() }
        }
        _ => error.into(),
    }
}

fn new_batch(options: Submit, server: &Endpoint) -> NewBatch {
    let here = |file: String| if server.is_loopback() { absolute(file) } else { file };
    let all_here = |files: Vec<String>| files.into_iter().map(here).collect();
    NewBatch {
        file: here(options.file),
        args: options.args,
        class_name: options.class,
        application: Application {
            name: options.name,
            conf: options.conf.into_iter().collect(),
            jars: all_here(options.jars),
            py_files: all_here(options.py_files),
            files: all_here(options.files),
            archives: all_here(options.archives),
            driver_memory: options.driver_memory,
            driver_cores: options.driver_cores,
            executor_memory: options.executor_memory,
            executor_cores: options.executor_cores,
            num_executors: options.num_executors,
            queue: options.queue,
            proxy_user: options.proxy_user,
        },
    }
}

/// A file of this machine as a server on this machine finds it, which has another current folder.
/// Anything else, such as `hdfs:` addresses, is the cluster's to find.
pub fn absolute(file: String) -> String {
    let path = Path::new(&file);
    match path.is_relative() && path.exists() {
        true => match std::path::absolute(path) {
            Ok(path) => path.to_str().map(str::to_owned).unwrap_or(file),
            Err(_) => file,
        },
        false => file,
    }
}
