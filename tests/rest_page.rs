//! Tries every row of Livy's REST API page, and what the page leaves out, with livy-client: on
//! livy-local with real Spark, and on the server of `LIVY_TEST_URL`, if it is set.

use std::{
    env, fs,
    io::{self, Write},
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use livy_client::{
    Client, Endpoint, Error, Id, Output, PollPolicy, Session, SessionProperties, Statement,
    StatementState,
    batch::{self, NewBatch},
    completion::{self, CompletionRequest},
    job::{self, JobState, NewJob},
    session,
    statement::{self, NewStatement, Page},
    version,
};
use livy_local::{Options, Server};

/// `pickle.dumps` of a call of `eval("lambda context: 6 * 7")`, which makes the job's callable.
const SIX_BY_SEVEN: &str = "Y2J1aWx0aW5zCmV2YWwKKFgVAAAAbGFtYmRhIGNvbnRleHQ6IDYgKiA3dFIu";

/// Names the Python that has pyspark.
const PYTHON: &str = "LIVY_LOCAL_TEST_PYTHON";
/// Forbids to skip a test, as in CI.
const TEST_ALL: &str = "LIVY_TEST_ALL";

/// Returns the Python that has pyspark. Without it, a line says that the test is skipped. The line is
/// written past the test harness, which would hide it.
fn spark_python() -> Option<PathBuf> {
    let python = env::var_os(PYTHON).filter(|python| !python.is_empty());
    if python.is_none() {
        assert!(env::var_os(TEST_ALL).is_none(), "{TEST_ALL} is set, but {PYTHON} is not");
        let line = format!("skipped: set {PYTHON} to a Python with pyspark, or run `make test`\n");
        let _ = io::stderr().write_all(line.as_bytes());
    }
    python.map(PathBuf::from)
}

/// On livy-local, only sessions and statements are tested here; a named server gets every row.
#[tokio::test]
async fn every_row_of_the_rest_page_works() {
    if let Some(python) = spark_python() {
        livy_local_works(python).await;
    }
    if let Ok(url) = env::var("LIVY_TEST_URL") {
        every_row_works(&Client::new(Endpoint::parse(&url).unwrap()).unwrap()).await;
    }
}

async fn livy_local_works(python: PathBuf) {
    let options = Options { python: Some(python), ..Options::default() };
    let server: Server = livy_local::start(options).await.unwrap();
    let endpoint = Endpoint::parse(&server.url()).unwrap().with_bearer_token(server.token());
    let client = Client::new(endpoint).unwrap();
    let session = sessions_and_statements_work(&client).await;
    client.send(session::delete(&session.id)).await.unwrap();
    server.stop().await;
}

async fn sessions_and_statements_work(client: &Client) -> Session {
    assert!(!client.send(version::get()).await.unwrap().version.is_empty());
    let session = start_session(client).await;
    sessions_are_told(client, &session).await;
    statements_run(client, &session.id).await;
    session
}

async fn every_row_works(client: &Client) {
    let session = sessions_and_statements_work(client).await;
    completion_has_names(client, &session.id).await;
    jobs_run(client, &session.id).await;
    client.send(session::delete(&session.id)).await.unwrap();
    let gone = client.send(session::get(&session.id)).await.unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
    batches_run(client).await;
}

fn unique_name() -> String {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("rest-page-{}", since_1970.as_nanos())
}

async fn start_session(client: &Client) -> Session {
    let new = SessionProperties {
        kind: Some("pyspark".into()),
        name: Some(unique_name()),
        conf: [("spark.sql.shuffle.partitions".to_owned(), "3".to_owned())].into(),
        heartbeat_timeout_in_second: Some(300),
        ttl: Some("2h".into()),
        idle_timeout: Some("1h".into()),
        ..SessionProperties::default()
    };
    let mut session = client.create_session(&new).await.unwrap();
    let mut polls = PollPolicy::SESSION.start();
    while session.state.is_starting() {
        polls.wait().await;
        session = client.send(session::get(&session.id)).await.unwrap();
    }
    assert!(session.state.is_ready(), "{session:?}");
    session
}

async fn sessions_are_told(client: &Client, session: &Session) {
    let by_name: Id = session.name.clone().unwrap().into();
    assert_eq!(client.send(session::get(&by_name)).await.unwrap().id, session.id);
    let list = client.send(session::list(Some(0), Some(1000))).await.unwrap();
    assert!(list.sessions.iter().any(|listed| listed.id == session.id));
    assert!(client.send(session::state(&session.id)).await.unwrap().state.is_ready());
    let log = client.send(session::log(&session.id, Some(0), Some(2))).await.unwrap();
    assert_eq!((log.from, log.log.len()), (0, 2));
    assert_eq!(client.send(session::connect(&session.id)).await.unwrap().id, session.id);
    let as_other = client.send(session::get(&session.id).do_as("somebody")).await;
    assert_eq!(as_other.unwrap().id, session.id);
}

async fn run(client: &Client, session: &Id, code: &str, kind: Option<&str>) -> Statement {
    let new = NewStatement { code: code.into(), kind: kind.map(Into::into) };
    let statement = client.run_statement(session, &new, &[]).await.unwrap();
    finished(client, session, statement).await
}

async fn finished(client: &Client, session: &Id, mut statement: Statement) -> Statement {
    let mut polls = PollPolicy::STATEMENT.start();
    while !statement.is_finished() {
        polls.wait().await;
        statement = client.send(statement::get(session, &statement.id)).await.unwrap();
    }
    statement
}

#[track_caller]
fn text(statement: &Statement) -> &str {
    match &statement.output {
        Some(Output::Ok(data)) => data["text/plain"].as_str().unwrap(),
        other => panic!("text was expected: {other:?}"),
    }
}

async fn statements_run(client: &Client, session: &Id) {
    let one = run(client, session, "spark.conf.get('spark.sql.shuffle.partitions')", None).await;
    assert_eq!(text(&one), "'3'");
    let sql = run(client, session, "select 1 as a", Some("sql")).await;
    let Some(Output::Ok(data)) = sql.output else { panic!("rows were expected") };
    assert_eq!(data["application/json"]["data"], serde_json::json!([[1]]));

    let newest = Page { from: Some(0), size: Some(1), newest_first: true };
    let page = client.send(statement::list(session, newest)).await.unwrap();
    assert_eq!((page.total, &page.statements[0].id), (2, &sql.id));

    let slow = "sc.parallelize(range(2), 2).map(lambda _: __import__('time').sleep(60)).count()";
    let new = NewStatement { code: slow.into(), kind: None };
    let statement = client.run_statement(session, &new, &[]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    client.send(statement::cancel(session, &statement.id)).await.unwrap();
    let cancelled = finished(client, session, statement).await;
    assert_eq!(cancelled.state, StatementState::Cancelled);
}

async fn completion_has_names(client: &Client, session: &Id) {
    // The first Scala statement starts its interpreter.
    let scala = run(client, session, "val twelve = 12", Some("spark")).await;
    assert_eq!(text(&scala), "twelve: Int = 12\n");
    let at = CompletionRequest { code: "twelve.to".into(), kind: "spark".into(), cursor: 9 };
    let names = client.send(completion::complete(session, &at)).await.unwrap().candidates;
    assert!(names.iter().any(|name| name == "toLong"), "{names:?}");
}

async fn jobs_run(client: &Client, session: &Id) {
    let new = NewJob { job: SIX_BY_SEVEN.into(), job_type: "pyspark".into() };
    let mut job = client.send(job::submit(session, &new)).await.unwrap();
    let mut polls = PollPolicy::STATEMENT.start();
    while !job.state.is_finished() {
        polls.wait().await;
        job = client.send(job::get(session, &job.id)).await.unwrap();
    }
    assert_eq!((job.state, job.error), (JobState::Succeeded, None));
    assert!(job.result.is_some());
    client.send(job::cancel(session, &job.id)).await.unwrap();
}

async fn batches_run(client: &Client) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.py");
    fs::write(&file, "import sys\nprint('the batch got', sys.argv[1])\n").unwrap();
    let new = NewBatch {
        file: file.to_str().unwrap().into(),
        args: vec!["an argument".into()],
        properties: SessionProperties { name: Some(unique_name()), ..SessionProperties::default() },
        ..NewBatch::default()
    };
    let mut batch = match client.send(batch::create(&new)).await {
        // A server of one's company takes files from its own folders only, and says so.
        Err(Error::Refused(refusal)) if refusal.message.contains("Local path") => return,
        result => result.unwrap(),
    };
    let mut polls = PollPolicy::SESSION.start();
    while !batch.state.is_over() {
        polls.wait().await;
        batch = client.send(batch::get(&batch.id)).await.unwrap();
    }
    assert_eq!(client.send(batch::state(&batch.id)).await.unwrap().state.as_str(), "success");
    let log = client.send(batch::log(&batch.id, Some(0), Some(1000))).await.unwrap().log;
    assert!(log.iter().any(|line| line.contains("the batch got an argument")), "{log:?}");
    let list = client.send(batch::list(None, None)).await.unwrap();
    assert!(list.sessions.iter().any(|listed| listed.id == batch.id));
    client.send(batch::delete(&batch.id)).await.unwrap();
    let gone: Error = client.send(batch::get(&batch.id)).await.unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
}
