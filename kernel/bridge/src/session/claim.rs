//! The claim on a session of a pool: a property of its JVM names the kernel that has the session. A
//! statement looks and sets it, and a session runs its statements one after the other, so that no two
//! kernels find it free, wherever they run.

use std::time::Duration;

use livy_client::{
    Client, Error, Id, Output, PollPolicy, Session, Statement,
    statement::{self, NewStatement},
};
use serde_json::Value;
use tokio::time::timeout;
use uuid::Uuid;

use crate::kind::Kind;

/// The property that names the kernel; empty if the session is free. A new session has it from Spark's
/// configuration.
pub const OWNER: &str = "spark.livyKernel.pool.owner";
/// The property of Spark's configuration that tells what the session was started with.
pub const PROPERTIES: &str = "spark.livyKernel.pool.properties";

/// How long the statement may take. Another kernel's cell may be ahead, and Scala may have to start.
const CLAIM_LIMIT: Duration = Duration::from_secs(30);
/// How long a statement that was cancelled may take to end.
const CANCEL_LIMIT: Duration = Duration::from_secs(5);
/// What the statement's answer begins with.
const ANSWER: &str = "livy-kernel-pool";

/// What the property is to become.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The owners that it is taken from.
    pub from: &'a [&'a str],
    /// The new owner; empty to make the session free.
    pub to: &'a str,
    /// What the session may have been started with; empty if that does not matter.
    pub properties: &'a [&'a str],
}

/// What the statement has found.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The owner before.
    pub owner: String,
    /// Whether the new one is the owner now.
    pub is_changed: bool,
}

/// Changes the owner, if it may be changed. Returns none if the session does not say: it refuses the
/// statement, or has other things to do.
pub async fn change(client: &Client, session: &Session, change: &Change<'_>) -> Option<Found> {
    let posted = post(client, session, change).await;
    let posted = posted.inspect_err(|error| tracing::debug!("no claim: {error}")).ok()?;
    let end = || end_of(client, &session.id, &posted.id);
    let output = match timeout(CLAIM_LIMIT, end()).await {
        Ok(output) => output,
        Err(_) => {
            // One that has not begun never runs, and of one that has, the end is to be known.
            let _ = client.send(statement::cancel(&session.id, &posted.id)).await;
            timeout(CANCEL_LIMIT, end()).await.ok()?
        }
    };
    match output? {
        Output::Ok(data) => found(data.get("text/plain").and_then(Value::as_str)?),
        Output::Error { .. } => None,
    }
}

/// Posts the statement, and does not wait for it.
///
/// # Errors
///
/// Those of the server and of the way to it.
pub async fn post(
    client: &Client,
    session: &Session,
    change: &Change<'_>,
) -> Result<Statement, Error> {
    let (kind, code) = match session.kind.as_deref() {
        Some("pyspark") => (Kind::Pyspark, python(change)),
        // Livy starts Scala in every session.
        _ => (Kind::Spark, scala(change)),
    };
    let new = NewStatement { code, kind: Some(kind.as_str().to_owned()) };
    client.run_statement(&session.id, &new, &[]).await
}

async fn end_of(client: &Client, session: &Id, statement: &Id) -> Option<Output> {
    let mut polls = PollPolicy::STATEMENT.start();
    loop {
        polls.wait().await;
        let now = client.send(statement::get(session, statement)).await.ok()?;
        if now.is_finished() {
            return now.output;
        }
    }
}

/// The statement in Python. It leaves no names behind, and a number that is used once tells it from
/// others, should its answer be lost.
fn python(Change { from, to, properties }: &Change<'_>) -> String {
    let number = Uuid::new_v4().simple();
    format!(
        "exec('''  # {number}
from pyspark import SparkContext
context = SparkContext._active_spark_context
conf = context._jsc.sc().getConf()
system = context._jvm.java.lang.System
owner = system.getProperty(\"{OWNER}\")
if owner is None:
    owner = conf.get(\"{OWNER}\", \"\")
properties = {properties:?}
changes = owner in {from:?} and (not properties or conf.get(\"{PROPERTIES}\", \"\") in properties)
if changes:
    system.setProperty(\"{OWNER}\", \"{to}\")
print(\"{ANSWER}\", str(changes).lower(), \"[\" + owner + \"]\")
''', {{}})"
    )
}

/// The statement in Scala, in one line: Livy runs lines that are complete by themselves.
fn scala(Change { from, to, properties }: &Change<'_>) -> String {
    let list = |texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
        format!("Seq[String]({})", texts.join(", "))
    };
    let (number, from, properties) = (Uuid::new_v4().simple(), list(from), list(properties));
    format!(
        "{{ /* {number} */ val conf = _root_.org.apache.spark.SparkContext.getOrCreate().getConf; \
         val owner = Option(_root_.java.lang.System.getProperty(\"{OWNER}\")).getOrElse(conf.get(\"{OWNER}\", \"\")); \
         val properties = {properties}; \
         val changes = {from}.contains(owner) && \
         (properties.isEmpty || properties.contains(conf.get(\"{PROPERTIES}\", \"\"))); \
         if (changes) _root_.java.lang.System.setProperty(\"{OWNER}\", \"{to}\"); \
         println(\"{ANSWER} \" + changes + \" [\" + owner + \"]\") }}"
    )
}

/// Reads the statement's answer.
fn found(text: &str) -> Option<Found> {
    let answer = text.lines().find_map(|line| line.trim().strip_prefix(ANSWER))?;
    let (is_changed, owner) = answer.trim().split_once(' ')?;
    let owner = owner.strip_prefix('[')?.strip_suffix(']')?.to_owned();
    Some(Found { owner, is_changed: is_changed == "true" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_who_had_the_session_and_whether_that_has_changed() {
        let answer = |owner: &str, is_changed| Some(Found { owner: owner.to_owned(), is_changed });
        assert_eq!(found("livy-kernel-pool true []"), answer("", true));
        assert_eq!(found("x\nlivy-kernel-pool false [a-1]\n"), answer("a-1", false));
        assert_eq!((found(""), found("livy-kernel-pool"), found("1")), (None, None, None));
    }

    #[test]
    fn no_two_statements_are_the_same() {
        let change = Change { from: &[""], to: "me", properties: &[] };
        assert_ne!(python(&change), python(&change));
        assert_ne!(scala(&change), scala(&change));
    }
}
