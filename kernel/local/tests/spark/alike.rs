use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::{
    application, jobs,
    processes::{assert_gone_within, listening},
    python, scala,
    session::{Session, idle_session},
    spark_server::spark_server,
    sql,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_does_what_livys_does() {
    let Some((server, client)) = spark_server().await else { return };
    assert!(server.python().is_some() && server.spark_version().is_some());
    let conf = json!({"livy.rsc.sql.num-rows": "7", "spark.sql.shuffle.partitions": "3"});
    let path =
        idle_session(&client, json!({"name": "all", "conf": conf, "driverMemory": "700m"})).await;
    let session = Session { client: &client, path };

    python::statements(&session).await;
    python::errors(&session).await;
    python::magic_commands(&session).await;
    python::surroundings(&session).await;
    sql::statements(&session).await;
    jobs::succeed_and_fail(&session).await;
    jobs::files_are_added_by_the_shell_beside_a_statement(&session).await;
    other_kinds(&session).await;
    scala::statements(&session).await;
    scala::case_classes(&session).await;
    scala::magic_commands(&session).await;
    scala::one_spark_for_all(&session).await;
    scala::completion_and_cancelling(&session).await;
    application::spark_application(&session).await;
    application::progress_and_cancelling(&session).await;
    application::files_and_processes(&session).await;

    let pids = session.processes().await;
    if cfg!(target_os = "linux") {
        let addresses = listening(&pids);
        let loopback =
            ["0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"];
        assert!(
            !addresses.is_empty()
                && addresses.iter().all(|address| loopback.contains(&address.as_str()))
        );
    }
    let began = Instant::now();
    server.stop().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_gone_within(Duration::from_secs(3), &pids);
}

async fn other_kinds(session: &Session<'_>) {
    let reason = "Fail to start interpreter";
    session.check_error("sparkr", "1", "InterpreterError", reason, json!([])).await;
}
