//! `%%batch`: a Spark application that runs by itself.

use clap::Args;
use livy_client::{Client, Id, SessionState, batch};

use crate::{
    display::panel::Text,
    error::CellError,
    magics::errors::unanswered,
    server::{affinity::Subject, batch_record::submission, local_file::absolute},
    session::Manager,
    settings::session_properties,
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

/// A batch that Livy has taken.
pub struct Submitted {
    pub client: Client,
    pub id: Id,
}

impl Submitted {
    /// Says that the batch was submitted.
    pub fn text(&self) -> Text {
        Text::plain(&format!("Batch {} has been submitted.", self.id))
    }
}

/// Submits one.
pub async fn submit(sessions: &Manager, options: &Options) -> Result<Submitted, CellError> {
    let new = read(&options.cell).map_err(|why| wrong(&why))?;
    let mut new = sessions.policy().apply_to_batch(new)?;
    let client = sessions.connect().await?.client;
    if client.endpoint().is_loopback() {
        new.file = absolute(new.file);
    }
    sessions.records.check().await?;
    let submitted = client.send(batch::create(&new)).await;
    let id = submitted.as_ref().map(|batch| &batch.id).ok();
    sessions.records.note(submission(client.endpoint(), &new, id));
    let batch = submitted.map_err(|error| unanswered(&error))?;
    Subject::batches(&client).note(&client);
    Ok(Submitted { client, id: batch.id })
}

fn read(cell: &str) -> Result<batch::NewBatch, String> {
    session_properties::object(cell)
}

fn wrong(why: &str) -> CellError {
    let next = "Correct it and run the cell again; nothing was submitted. It is what POST /batches of Livy takes: \
                {\"file\": \"job.py\", \"args\": []}";
    CellError::new("BatchError", why, next)
}

/// A batch that did not succeed.
pub fn ended_badly(id: &Id, end: Option<SessionState>) -> CellError {
    let how =
        end.map_or_else(|| "is no longer there".to_owned(), |end| format!("has ended: {end}"));
    CellError::new("BatchError", format!("batch {id} {how}"), "Its log, above, says why.")
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
        assert_eq!(new.properties.conf["spark.a"], "7");
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
