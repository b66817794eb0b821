//! `%%batch`: a Spark application that runs by itself.

use clap::Args;
use livy_client::{Client, Id, SessionState, batch};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::unanswered;
use crate::{
    command::absolute,
    configuration::{self, Configuration},
    failure::Failure,
    keeper::Keeper,
    panel::Text,
};

/// Options of `%%batch`, and its JSON.
#[derive(Args, Debug, PartialEq, Eq)]
pub struct Options {
    /// Show its log until it ends
    #[arg(short, long)]
    pub follow: bool,
    #[arg(skip)]
    pub cell: String,
}

/// What a batch has and a session has not.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    file: String,
    #[serde(default)]
    class_name: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// A batch that Livy has taken.
pub struct Submitted {
    pub client: Client,
    pub id: Id,
}

impl Submitted {
    /// What a person reads of it.
    pub fn text(&self) -> Text {
        Text::plain(&format!("Batch {} has been submitted.", self.id))
    }
}

/// Submits one.
pub async fn submit(keeper: &Keeper, options: &Options) -> Result<Submitted, Failure> {
    let mut new = read(&options.cell).map_err(|why| wrong(&why))?;
    let client = keeper.connect().await?.client;
    if client.endpoint().is_loopback() {
        new.file = absolute(new.file);
    }
    let batch = client.send(batch::create(&new)).await.map_err(|error| unanswered(&error))?;
    Ok(Submitted { client, id: batch.id })
}

fn read(cell: &str) -> Result<batch::NewBatch, String> {
    let Application { file, class_name, args, others } = configuration::object(cell)?;
    let configuration: Configuration =
        serde_json::from_value(others.into()).map_err(|error| error.to_string())?;
    Ok(batch::NewBatch { file, class_name, args, application: configuration.application() })
}

fn wrong(why: &str) -> Failure {
    let next = "Correct it and run the cell again; nothing was submitted. It is what POST /batches of Livy takes: \
                {\"file\": \"job.py\", \"args\": []}";
    Failure::new("BatchError", why, next)
}

/// A batch that did not succeed.
pub fn ended_badly(id: &Id, end: Option<SessionState>) -> Failure {
    let how =
        end.map_or_else(|| "is no longer there".to_owned(), |end| format!("has ended: {end}"));
    Failure::new("BatchError", format!("batch {id} {how}"), "Its log, above, says why.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_described_in_livys_words() {
        let new =
            read("%%batch -f\n{\"file\": \"a.py\", \"args\": [\"1\"], \"conf\": {\"spark.a\": 7}}")
                .unwrap();
        assert_eq!((new.file.as_str(), &new.args[..]), ("a.py", &["1".to_owned()][..]));
        assert_eq!(new.application.conf["spark.a"], "7");
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (cell, word) in [
            ("%%batch", "no JSON object"),
            ("%%batch\n{\"file\": }", "line 2, column 10"),
            ("%%batch {}", "missing field `file`"),
            ("%%batch {\"file\": \"a\", \"driverMemroy\": \"1g\"}", "driverMemroy"),
        ] {
            let why = read(cell).unwrap_err();
            assert!(why.contains(word), "{why}");
        }
    }
}
