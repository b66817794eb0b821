//! `batch submit`: submits a batch.

use livy_client::{
    Endpoint, Error, Fate, Id, ResendPolicy, SessionProperties,
    batch::{self, NewBatch},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    output::redact::redacted,
    records::Records,
    server::{
        affinity::Subject, batch_record::submission, local_file::absolute, resource::Resource,
    },
    settings::Settings,
    terminal::{
        cli::Submit,
        error::CommandError,
        log,
        server::connect,
        streams::{print, print_json},
    },
};

const NO_ID: &str = "the server accepted the batch but did not return its id; run `livy-kernel batch list` to find it";

/// Submits a batch, and follows it if requested.
///
/// # Errors
///
/// Fails if the server refuses or does not answer, or if a followed batch does not succeed.
pub async fn submit(settings: &Settings, options: Submit) -> Result<(), CommandError> {
    let client = connect(settings, ResendPolicy::NEVER)?;
    let (follow, json, name) = (options.follow, options.output.json, options.name.clone());
    let new = settings.policy.apply_to_batch(new_batch(options, client.endpoint()))?;
    let records = Records::start(settings.audits()?, settings.metrics_file());
    records.check().await?;
    let batch = client.send(batch::create(&new).reply_as::<Value>()).await;
    let id = batch.as_ref().ok().and_then(|batch| Id::deserialize(&batch["id"]).ok());
    records.note(submission(client.endpoint(), &new, id.as_ref()));
    records.written().await;
    let batch = batch.map_err(|error| submission_error(error, name.as_deref()))?;
    Subject::batches(&client).note(&client);
    let id = id.ok_or_else(|| CommandError::Other(NO_ID.to_owned()))?;
    match json {
        true => print_json(&redacted(batch))?,
        false => print(format!("batch {id} was submitted"))?,
    }
    match follow {
        true => log::follow(settings, Resource::Batch, &id, json).await,
        false => Ok(()),
    }
}

/// Says how to look for the batch if it may run although the server did not answer.
fn submission_error(error: Error, name: Option<&str>) -> CommandError {
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
    let (dependencies, resources) = (options.dependencies, options.resources);
    NewBatch {
        file: here(options.file),
        args: options.args,
        class_name: options.class,
        properties: SessionProperties {
            name: options.name,
            conf: options.conf.into_iter().collect(),
            jars: all_here(dependencies.jars),
            py_files: all_here(dependencies.py_files),
            files: all_here(dependencies.files),
            archives: all_here(dependencies.archives),
            driver_memory: resources.driver_memory,
            driver_cores: resources.driver_cores,
            executor_memory: resources.executor_memory,
            executor_cores: resources.executor_cores,
            num_executors: resources.num_executors,
            queue: resources.queue,
            proxy_user: options.proxy_user,
            ..Default::default()
        },
    }
}
