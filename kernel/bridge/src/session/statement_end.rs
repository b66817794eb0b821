//! How statements have ended, as Livy says, for the records.

use std::time::Duration;

use livy_client::{
    Client, Error, Id, Output, PollPolicy, Statement, StatementState,
    statement::{self, Page},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    records::{Records, Sent, StatementEnd, milliseconds},
    server::affinity::Subject,
    session::loss,
};

/// How many of the newest statements are searched for one whose number is not known.
const SEARCHED_STATEMENTS: u64 = 100;

/// Reads the end of a statement that has ended, `elapsed` after it was sent. The error of one that was interrupted is
/// the interrupt's doing.
pub fn of(statement: &Statement, elapsed: Option<Duration>, is_interrupted: bool) -> StatementEnd {
    let (state, error) = match (&statement.state, &statement.output) {
        (StatementState::Cancelled, _) => ("cancelled", None),
        (_, Some(Output::Error { .. })) if is_interrupted => ("cancelled", None),
        (_, Some(Output::Error { ename, .. })) => ("error", Some(ename.clone())),
        (_, Some(Output::Ok(data))) => match error_of_query(data.get(JSON)) {
            Some(ename) => ("error", Some(ename)),
            None => ("ok", None),
        },
        (StatementState::Error, None) => ("error", None),
        (_, None) => ("unknown", None),
    };
    let ran = running_time(statement).map(milliseconds);
    let rows = match &statement.output {
        Some(Output::Ok(data)) => data.get(JSON).and_then(rows),
        _ => None,
    };
    StatementEnd {
        state,
        error,
        ms: elapsed.map(milliseconds).or(ran),
        ran_ms: ran,
        rows,
        bytes: Some(bytes(statement.output.as_ref())),
    }
}

/// How long a statement ran, if the server says so.
pub fn running_time(statement: &Statement) -> Option<Duration> {
    let is_told = statement.started > 0 && statement.completed >= statement.started;
    let ran = is_told.then(|| statement.completed - statement.started)?;
    u64::try_from(ran).ok().map(Duration::from_millis)
}

/// The bytes of an output, as JSON.
pub fn bytes(output: Option<&Output>) -> u64 {
    let bytes = match output {
        Some(Output::Ok(data)) => data.values().map(|value| value.to_string().len()).sum(),
        Some(Output::Error { evalue, traceback, .. }) => {
            evalue.len() + traceback.iter().map(String::len).sum::<usize>()
        }
        None => 0,
    };
    bytes as u64
}

const JSON: &str = "application/json";

/// The rows of a table: of the agent's answer to a query, or of Livy's own.
fn rows(json: &Value) -> Option<u64> {
    let rows = ["rows", "data"].iter().find_map(|key| json.get(key)?.as_array());
    rows.map(|rows| rows.len() as u64)
}

/// The error with which the session's Python answers a query.
fn error_of_query(json: Option<&Value>) -> Option<String> {
    json?.get("livy_kernel")?;
    json?.get("error")?.get(0)?.as_str().map(str::to_owned)
}

/// Asks until a statement has ended, or its session has.
pub async fn follow(client: &Client, session: &Id, id: &Id) -> StatementEnd {
    let mut polls = PollPolicy::STATEMENT.start();
    loop {
        match client.send(statement::get(session, id)).await {
            Ok(statement) if statement.is_finished() => return of(&statement, None, false),
            Ok(_) => {}
            Err(Error::TooLarge { .. }) => return StatementEnd::of("unknown"),
            Err(error) if loss::is_session_missing(&error) || error.is_not_found() => {
                return StatementEnd::of("lost");
            }
            Err(error) => polls.set_retry_after(error.retry_after()),
        }
        if is_over(client, session).await {
            return StatementEnd::of("lost");
        }
        polls.wait().await;
    }
}

/// Whether the session has certainly ended.
async fn is_over(client: &Client, session: &Id) -> bool {
    match loss::look(client, session).await {
        Ok((session, _)) => session.state.is_over(),
        Err(error) => loss::is_session_missing(&error),
    }
}

/// Records how a statement of a killed kernel has ended, as soon as Livy says so. Other servers are not asked: the
/// login may be another one.
pub async fn record_left(records: &Records, client: &Client, sent: Sent) {
    let (id, session) = (sent.id, sent.identity.id.clone());
    if sent.session.server != client.endpoint().to_string() {
        return records.ended(id, StatementEnd::of("unknown"));
    }
    let client = Subject::session(&sent.identity).client(client).bound_to(sent.identity.clone());
    let number = match &sent.statement {
        Some(number) => Found::Number(number.as_str().into()),
        None => find(&client, &sent).await,
    };
    match number {
        Found::Number(number) => {
            records.is_sent(id, number.to_string());
            records.ended(id, follow(&client, &session, &number).await);
        }
        Found::Never => records.is_not_sent(id),
        Found::Unknown => records.ended(id, StatementEnd::of("unknown")),
    }
}

/// What has become of a statement that was about to be sent.
enum Found {
    Number(Id),
    /// It has not arrived.
    Never,
    Unknown,
}

/// Looks for a statement among the newest, by its code.
async fn find(client: &Client, sent: &Sent) -> Found {
    let page = Page { from: Some(0), size: Some(SEARCHED_STATEMENTS), newest_first: true };
    let mut polls = PollPolicy::SESSION.start();
    let list = loop {
        match client.send(statement::list(&sent.identity.id, page)).await {
            Ok(list) => break list.statements,
            Err(error) if error.is_temporary() => polls.set_retry_after(error.retry_after()),
            Err(_) => return Found::Unknown,
        }
        polls.wait().await;
    };
    let after = sent.after.as_deref().and_then(|id| id.parse::<u64>().ok());
    let number = |statement: &Statement| statement.id.as_str().parse::<u64>().ok();
    let is_later = |statement: &&Statement| after.is_none() || number(statement) > after;
    let mut later = list.iter().filter(is_later);
    let mut has_code = true;
    let found = later.find(|statement| {
        has_code &= statement.code.is_some();
        statement.code.as_deref().is_some_and(|code| sha256(code) == sent.sent_sha256)
    });
    match found {
        Some(statement) => Found::Number(statement.id.clone()),
        None if has_code => Found::Never,
        None => Found::Unknown,
    }
}

/// The hash of a text, as it is recorded.
pub fn sha256(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
