//! Cells that break the Python in which they run, without an agent that repairs it.

use serde_json::json;

use crate::{
    session::{Session, idle_session},
    spark_server::spark_server,
};

/// Cells that take away what the driver needs.
const BREAKAGES: &[&str] = &[
    "import sys; sys.settrace(lambda *a: 1/0)",
    "import sys; sys.setprofile(lambda *a: 1/0)",
    "import sys; sys.stdout.close(); del sys.stderr",
    "import sys; sys.__stdout__.close(); sys.stdout = object()",
    "import sys\nfor n in range(1, 99):\n  try: sys.setrecursionlimit(n); break\n  except RecursionError: pass",
    "globals().clear()",
    "__builtins__ = {}",
    "import os; os.fork(); None",
    "import os; os.close(0); os.close(1)",
    "class E(Exception):\n  def __str__(self): raise SystemExit\n  __repr__ = __str__\nraise E",
    "import json, json.encoder as e; json.dumps = json.loads = e.c_make_encoder = None",
    "import queue, threading; queue.Queue.get = threading.Thread.start = threading.Condition.wait = None",
    "import os, traceback; os.write = os.getpid = traceback.format_exception_only = None",
    "import builtins; builtins.len = builtins.isinstance = builtins.str = lambda *a: 1/0",
    "import builtins; del builtins.dict, builtins.getattr, builtins.Exception, builtins.BaseException",
    "import sys; sys.modules.clear()",
    "builtins.__dict__.clear()",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_breaks_python_leaves_the_next_ones_running() {
    let Some((_server, client)) = spark_server().await else { return };
    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    for code in BREAKAGES {
        session.run("pyspark", code).await;
        let output = session.run("pyspark", "40 + 2").await;
        assert_eq!(output["data"]["text/plain"], "42", "{code}: {output:#}");
        let output = session.run("pyspark", "1 / 0").await;
        assert_eq!(output["ename"], "ZeroDivisionError", "{code}: {output:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_whose_pipe_is_closed_ends_and_says_why() {
    let Some((_server, client)) = spark_server().await else { return };
    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    session.submit("pyspark", "import os; os.closerange(3, 200)").await;
    client.wait_for(&format!("{}/state", session.path), "dead").await;
    let log = client.get(&format!("{}/log", session.path)).await.text;
    assert!(log.contains("The driver process ends: its pipe to the server is broken"), "{log}");
}
