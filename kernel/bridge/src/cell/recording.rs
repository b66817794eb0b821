//! What is recorded of a statement, from before it is sent to its end. The cell says how it has ended, if it gets to
//! know that; otherwise Livy is asked, in the background.

use std::time::{SystemTime, UNIX_EPOCH};

use livy_client::{Error, Fate, Statement};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::{
    cell::statement_run::StatementRun,
    error::CellError,
    platform::task,
    records::{Records, Sent, StatementEnd},
    session::{handle::SessionHandle, statement_end},
};

/// A statement that is about to be sent.
pub struct Recording {
    /// What is noted of it, if there is an audit.
    noted: Option<Sent>,
    records: Records,
    ended: oneshot::Receiver<StatementEnd>,
}

impl Recording {
    /// Notes a statement that is about to be sent with this code.
    ///
    /// # Errors
    ///
    /// There is an audit, and it cannot be written.
    pub async fn begin(run: &StatementRun<'_>) -> Result<Self, CellError> {
        let records = run.context.sessions.records.clone();
        let (report, ended) = oneshot::channel();
        let noted = records.is_audited().then(|| sent(run));
        if let Some(sent) = noted.clone() {
            records.begin(sent).await?;
        }
        run.end.open(records.clone(), run.kind.as_str(), report);
        Ok(Self { noted, records, ended })
    }

    /// Notes what has come of the attempt to send it, and records its end when that comes.
    pub fn sent(self, handle: &SessionHandle, result: &Result<Statement, Error>) {
        let Self { noted, records, ended } = self;
        let Some(noted) = noted else { return };
        let (id, client) = (noted.id, handle.client.clone());
        match result {
            Ok(statement) => {
                records.is_sent(id, statement.id.to_string());
                let noted = Sent { statement: Some(statement.id.to_string()), ..noted };
                task::spawn_detached("it recorded a statement", async move {
                    match ended.await {
                        Ok(end) => records.ended(id, end),
                        Err(_) => statement_end::record_left(&records, &client, noted).await,
                    }
                });
            }
            Err(error) if error.fate() == Fate::Unknown => {
                task::spawn_detached("it recorded a statement", async move {
                    statement_end::record_left(&records, &client, noted).await;
                });
            }
            Err(_) => records.is_not_sent(id),
        }
    }
}

fn sent(run: &StatementRun<'_>) -> Sent {
    let handle = run.handle;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Sent {
        id: Uuid::new_v4(),
        pid: std::process::id(),
        time: i128::try_from(now.as_nanos()).unwrap_or_default(),
        session: handle.facts(),
        identity: handle.identity(),
        source: if run.asked.request.is_some() { "cell" } else { "kernel" }.to_owned(),
        kind: run.kind.as_str().to_owned(),
        sha256: statement_end::sha256(&run.asked.code),
        code: run.context.sessions.records.has_code().then(|| run.asked.code.clone()),
        sent_sha256: statement_end::sha256(&run.code),
        after: handle.newest().map(|id| id.to_string()),
        statement: None,
    }
}
