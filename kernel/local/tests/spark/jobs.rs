use base64::{Engine, engine::general_purpose::STANDARD};

use serde_json::json;

use crate::session::Session;

pub async fn succeed_and_fail(session: &Session<'_>) {
    session.run("pyspark", "x = 41").await;
    for (expression, pickle) in [
        ("lambda jc: __import__('__main__').global_dict['x'] + 1", "\u{80}\u{5}K*."),
        ("lambda jc: jc.sc.parallelize([1, 2, 3]).sum()", "\u{80}\u{5}K\u{6}."),
        ("lambda jc: jc.spark_session.range(7).count()", "\u{80}\u{5}K\u{7}."),
    ] {
        let ended = session.job(expression).await;
        let pickle = STANDARD.encode(pickle.chars().map(|c| c as u8).collect::<Vec<_>>());
        assert_eq!(ended["result"], STANDARD.encode(pickle), "{expression}: {ended:#}");
    }
    let failed = session.job("lambda jc: 1/0").await;
    assert_eq!(failed["state"], "FAILED");
    let error = failed["error"].as_str().unwrap();
    let start = "org.apache.livy.repl.PythonJobException: Client job error:Traceback";
    assert!(error.starts_with(start) && error.ends_with("ZeroDivisionError: division by zero\n"));
    assert_eq!(session.job("lambda jc: __import__('sys').exit()").await["state"], "FAILED");
    assert_eq!(session.job("lambda jc: __import__('threading').Lock()").await["state"], "FAILED");

    let busy = session.submit("pyspark", "i = 0\nwhile i < 1000: i += 0.0001").await;
    let stop = "lambda jc: __import__('__main__').global_dict.__setitem__('i', 1000)";
    assert_eq!(session.job(stop).await["state"], "SUCCEEDED");
    session.client.wait_for(&busy, "available").await;
}

/// `addFile` of the shell is what the agent replaces.
pub async fn files_are_added_by_the_shell_beside_a_statement(session: &Session<'_>) {
    let shell = "__import__('__main__').PySparkJobProcessorImpl";
    let note = "lambda self, uri: __import__('__main__').global_dict.__setitem__('added', uri)";
    session.job(&format!("lambda jc: setattr({shell}, 'addFile', {note})")).await;
    session.run("pyspark", "added = None").await;
    let busy = session.submit("pyspark", "import time\nwhile not added: time.sleep(0.01)").await;
    let add = format!("{}/add-file", session.path);
    let added = session.client.post(&add, &json!({"uri": "local:/a"})).await;
    assert_eq!((added.status, added.text.as_str()), (200, ""));
    session.client.wait_for(&busy, "available").await;
    let fail = "lambda self, uri: 1 / 0";
    session.job(&format!("lambda jc: setattr({shell}, 'addFile', {fail})")).await;
    let failed = session.client.post(&add, &json!({"uri": "local:/a"})).await;
    assert_eq!(failed.status, 500);
    assert!(failed.text.contains("ZeroDivisionError"), "{failed:?}");
}
