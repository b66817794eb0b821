//! The Python driver on a real Spark, against what a real Livy 0.9 answered. One session serves most checks.

// Clippy sees tests only in functions that are marked so, not in their helpers.
#![allow(clippy::unwrap_used)]

mod client;
mod processes;

use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use client::Client;
use livy_local::{Options, Server, start};
use processes::{assert_gone_within, descendants, listening};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// Set for the process that a test starts in order to kill it.
const VICTIM: &str = "LIVY_LOCAL_TEST_VICTIM";

async fn server() -> (Server, Client) {
    let python = std::env::var_os("LIVY_LOCAL_TEST_PYTHON").map(PathBuf::from);
    let server = start(Options { python, ..Options::default() }).await.unwrap_or_else(|error| {
        panic!("these tests need a Spark, which `make test` sets up: {error}")
    });
    let client = Client::of(&server);
    (server, client)
}

async fn idle_session(client: &Client, body: Value) -> String {
    let created = client.post("/sessions", &body).await;
    let path = created.header("location").unwrap_or_else(|| panic!("{created:?}")).to_owned();
    client.wait_for(&path, "idle").await;
    path
}

struct Session<'a> {
    client: &'a Client,
    path: String,
}

impl Session<'_> {
    async fn submit(&self, kind: &str, code: &str) -> String {
        let posted = self
            .client
            .post(&format!("{}/statements", self.path), &json!({"code": code, "kind": kind}))
            .await;
        posted.header("location").unwrap_or_else(|| panic!("{posted:?}")).to_owned()
    }

    async fn run(&self, kind: &str, code: &str) -> Value {
        let path = self.submit(kind, code).await;
        self.client.wait_for(&path, "available").await["output"].clone()
    }

    /// The end of a job that is the value of this expression.
    async fn job(&self, expression: &str) -> Value {
        let length = u32::try_from(expression.len()).unwrap().to_le_bytes();
        let pickle =
            [b"cbuiltins\neval\n(X".as_slice(), &length, expression.as_bytes(), b"tR."].concat();
        let body = json!({"job": STANDARD.encode(pickle), "jobType": "pyspark"});
        let sent = self.client.post(&format!("{}/submit-job", self.path), &body).await.json();
        let path = format!("{}/jobs/{}", self.path, sent["id"]);
        loop {
            let job = self.client.get(&path).await.json();
            if job["state"] != "STARTED" {
                return job;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn processes(&self) -> BTreeSet<u32> {
        let driver =
            self.run("pyspark", "import os; os.getpid()").await["data"]["text/plain"].clone();
        let driver = driver.as_str().unwrap().parse().unwrap();
        let mut pids = descendants(driver);
        assert!(!pids.is_empty(), "the JVM");
        pids.insert(driver);
        pids
    }

    async fn check_data(&self, kind: &str, code: &str, data: Value) {
        let output = self.run(kind, code).await;
        assert_eq!(output["data"], data, "{code}: {output:#}");
    }

    async fn check_text(&self, code: &str, text: &str) {
        self.check_data("pyspark", code, json!({"text/plain": text})).await;
    }

    async fn check_error(
        &self,
        kind: &str,
        code: &str,
        ename: &str,
        evalue: &str,
        traceback: Value,
    ) {
        let output = self.run(kind, code).await;
        let error = [&output["status"], &output["ename"], &output["evalue"], &output["traceback"]];
        assert_eq!(error, [&json!("error"), &json!(ename), &json!(evalue), &traceback], "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_does_what_livys_does() {
    let (server, client) = server().await;
    assert!(server.python().is_some() && server.spark_version().is_some());
    let conf = json!({"livy.rsc.sql.num-rows": "7", "spark.sql.shuffle.partitions": "3"});
    let path =
        idle_session(&client, json!({"name": "all", "conf": conf, "driverMemory": "700m"})).await;
    let session = Session { client: &client, path };

    python_statements(&session).await;
    python_errors(&session).await;
    magic_commands(&session).await;
    surroundings(&session).await;
    sql_statements(&session).await;
    jobs(&session).await;
    other_kinds(&session).await;
    scala_statements(&session).await;
    scala_case_classes(&session).await;
    scala_magic_commands(&session).await;
    one_spark_for_all_languages(&session).await;
    scala_completion_and_cancelling(&session).await;
    spark_application(&session).await;
    progress_and_cancelling(&session).await;
    files_and_processes(&session).await;

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
    assert_gone_within(Duration::from_millis(500), &pids);
}

async fn python_statements(session: &Session<'_>) {
    session.check_text("1+1", "2").await;
    session.check_text("print('out'); 42", "out\n42").await;
    session.check_text("x = 5", "").await;
    session.check_text("x", "5").await;
    session.check_text("None", "").await;
    session.check_text("", "").await;
    session.check_text("# only a comment", "").await;
    session.check_text("1;2;3", "3").await;
    session.check_text("\n\n# c\nx=1\n\nx\n", "1").await;
    session.check_text("for i in range(3): i", "0\n1\n2").await;
    session.check_text("import sys; sys.stderr.write('to stderr\\n')", "to stderr").await;
    session
        .check_text("import sys; print('a'); sys.stderr.write('b\\n'); print('c'); 3", "a\nc\n3\nb")
        .await;
    session.check_text("print('trailing  \\n\\n\\n')", "trailing").await;
    session.check_text("print('line1\\r\\nline2')", "line1\r\nline2").await;
    session.check_text("'日本語 ' + '\\U0001F600'", "'日本語 😀'").await;
    session.check_text("b'\\x00\\xff'", "b'\\x00\\xff'").await;
    session.check_text("print('lone \\ud800')", "lone ?").await;
    session.check_text("class A:\n    pass\nA", "<class 'A'>").await;
    session
        .check_text("import warnings; warnings.warn('careful')", "<stdin>:1: UserWarning: careful")
        .await;
    session.check_text("import logging; logging.getLogger('x').warning('logged')", "").await;
    session.check_text("if True:\r\n    print('block')\r\n", "block").await;
    session.check_text("len('x' * 3000000); 'y' * 3", "'yyy'").await;
    session
        .check_text("spark.range(3).createOrReplaceTempView('t'); spark.table('t').count()", "3")
        .await;
    let table = "+---+\n| id|\n+---+\n|  0|\n|  1|\n+---+";
    session.check_text("spark.range(2).show()", table).await;
    session
        .check_text(
            "sqlContext.sql('select 1 as a').collect(), sc is spark.sparkContext",
            "([Row(a=1)], True)",
        )
        .await;
}

async fn python_errors(session: &Session<'_>) {
    let head = "Traceback (most recent call last):\n";
    let error = async |code, ename, evalue, traceback| {
        session.check_error("pyspark", code, ename, evalue, traceback).await
    };
    let division = json!([head, "ZeroDivisionError: division by zero\n"]);
    error("print('partial'); 1/0", "ZeroDivisionError", "division by zero", division).await;
    session.check_text("'next cell'", "'next cell'").await;
    let code = "def f():\n    raise ValueError('bad é')\nf()";
    let traceback = json!([head, "  File \"<stdin>\", line 2, in f\n", "ValueError: bad é\n"]);
    error(code, "ValueError", "bad é", traceback).await;
    let code = "try:\n    1/0\nexcept Exception as e:\n    raise RuntimeError('outer') from e";
    error(code, "RuntimeError", "outer", json!([head, "RuntimeError: outer\n"])).await;
    error("raise SystemExit(3)", "SystemExit", "3", json!([head, "SystemExit: 3\n"])).await;
    error("raise KeyboardInterrupt", "KeyboardInterrupt", "", json!([head, "KeyboardInterrupt\n"]))
        .await;
    error(
        "raise ValueError('multi\\nline')",
        "ValueError",
        "multi\nline",
        json!([head, "ValueError: multi\nline\n"]),
    )
    .await;

    let syntax = session.run("pyspark", "def broken(:").await;
    assert_eq!(
        (&syntax["ename"], &syntax["traceback"][0]),
        (&json!("SyntaxError"), &json!("  File \"<stdin>\", line 1\n"))
    );
    let unknown = session.run("pyspark", "spark.sql('select * from no_such_table')").await;
    assert_eq!(unknown["ename"], "AnalysisException", "{unknown:#}");
    assert!(
        unknown["traceback"]
            .as_array()
            .unwrap()
            .iter()
            .all(|line| !line.as_str().unwrap().contains("livy-local"))
    );
}

async fn magic_commands(session: &Session<'_>) {
    let json_data = json!({"application/json": {"a": [1, 2], "b": "é"}});
    session.check_data("pyspark", "data = {'a':[1,2],'b':'é'}\n%json data", json_data).await;
    let hidden = json!({"msg_type": "execute_reply", "content": {"ename": "KeyError", "evalue": "'missing'",
        "traceback": ["KeyError: 'missing'\n"], "status": "error"}});
    session.check_data("pyspark", "%json missing", hidden.clone()).await;
    session.check_text("%json data\nprint('after')", "after").await;
    let code = "rows=[{'a':1,'b':'é','c':None},{'a':2,'b':'y','c':1.5}]\n%table rows";
    let table = json!({"headers": [{"name": "a", "type": "INT_TYPE"}, {"name": "b", "type": "STRING_TYPE"},
        {"name": "c", "type": "DOUBLE_TYPE"}], "data": [[1, "é", null], [2, "y", 1.5]]});
    session.check_data("pyspark", code, json!({"application/vnd.livy.table.v1+json": table})).await;
    let unknown = "unknown magic command 'unknown_magic'";
    let lines = json!([format!("UnknownMagic: {unknown}\n")]);
    session.check_error("pyspark", "%unknown_magic x", "UnknownMagic", unknown, lines).await;

    // These kill the interpreter of a real Livy.
    for code in
        ["%json", "bad=[[1],['x',2]]\n%table bad", "nan=float('nan')\n%json nan", "%json spark"]
    {
        assert_eq!(session.run("pyspark", code).await["status"], "error", "{code}");
    }
    let code = "m=[{'l':[1,2],'m':{'k':1}}]\n%table m";
    let table =
        session.run("pyspark", code).await["data"]["application/vnd.livy.table.v1+json"].clone();
    assert_eq!(table["data"], json!([[[1, 2], {"k": 1}]]));
}

/// What code that is sent to a session may count on, as in Livy's own shell.
async fn surroundings(session: &Session<'_>) {
    let code = "import __main__, threading
assert __main__.global_dict is globals()
assert type(sys.stdout) is type(sys.stderr) is __main__.UnicodeDecodingStringIO
assert threading.current_thread() is threading.main_thread()
assert sys.__stdout__.fileno() > 2
router = __main__.msg_type_router
original = router['execute_request']
def once(content):
    if content['code'].startswith('sc.setJobGroup('):
        return original({'code': 'announced = ' + repr(content['code'])})
    router['execute_request'] = original
    return original({'code': '\"instead of ' + content['code'] + '\"'})
router['execute_request'] = once";
    session.check_text(code, "").await;
    session.check_text("1", "'instead of 1'").await;
    let line = r#"re.fullmatch(r'sc.setJobGroup\("(\d+)", "Job group for statement \1", True\)', announced)"#;
    session.check_text(&format!("import re; bool({line})"), "True").await;
    session.check_text("1", "1").await;
}

async fn sql_statements(session: &Session<'_>) {
    let field = |name: &str, kind: &str, nullable: bool| json!({"name": name, "type": kind, "nullable": nullable, "metadata": {}});
    let sql = async |code: &str, fields: Value, data: Value| {
        let schema = json!({"type": "struct", "fields": fields});
        session
            .check_data("sql", code, json!({"application/json": {"schema": schema, "data": data}}))
            .await;
    };
    let fields = json!([field("a", "integer", false), field("b", "string", false)]);
    sql("select 1 as a, \"x\" as b", fields, json!([[1, "x"]])).await;
    sql("select * from t", json!([field("id", "long", false)]), json!([[0], [1], [2]])).await;
    let seven = json!([[0], [1], [2], [3], [4], [5], [6]]);
    sql("select id from range(2500)", json!([field("id", "long", false)]), seven).await;
    sql("create temporary view v as select id, id*2 as x from range(5)", json!([]), json!([]))
        .await;
    sql(
        "select \"a\" as same, \"b\" as same",
        json!([field("same", "string", false), field("same", "string", false)]),
        json!([["a", "b"]]),
    )
    .await;

    session.run("sql", "set spark.sql.session.timeZone=UTC").await;
    let values = "select cast(1.5 as decimal(10,2)) as d, date'2024-01-02' as dt, timestamp'2024-01-02 03:04:05' as ts,
        array(1, 2) as arr, map('k', 1) as m, struct(1 as p, 'q' as q) as st, null as n, true as b,
        cast('nan' as double) as nan, X'00FF' as bin, 'é' as u, interval 1 day as i, 9007199254740993 as big,
        timestamp_ntz'2024-01-02 03:04:05' as ntz";
    let output = session.run("sql", values).await;
    assert_eq!(
        output["data"]["application/json"]["data"],
        json!([[1.5, "2024-01-02", "2024-01-02T03:04:05Z", [1, 2], {"k": 1}, {"p": 1, "q": "q"}, null, true, "NaN",
            [0, -1], "é", "1 day, 0:00:00", 9007199254740993_u64, "2024-01-02T03:04:05"]]),
        "{output:#}"
    );

    let syntax = "\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'.(line 1, pos 0)\n\n== SQL ==\nselec 1\n^^^\n";
    let output = session.run("sql", "selec 1").await;
    assert_eq!((&output["ename"], &output["evalue"]), (&json!("Error"), &json!(syntax)));
    let frame =
        "org.apache.spark.sql.catalyst.parser.ParseException.withCommand(parsers.scala:257)";
    assert_eq!(output["traceback"][0], frame);
    let output = session.run("sql", "select raise_error('boom')").await;
    assert!(
        output["evalue"].as_str().unwrap().starts_with("Job aborted due to stage failure: "),
        "{output:#}"
    );
}

async fn jobs(session: &Session<'_>) {
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

async fn other_kinds(session: &Session<'_>) {
    let reason = "Fail to start interpreter";
    session.check_error("sparkr", "1", "InterpreterError", reason, json!([])).await;
}

impl Session<'_> {
    async fn check_scala(&self, code: &str, text: &str) {
        self.check_data("spark", code, json!({"text/plain": text})).await;
    }

    async fn check_scala_error(&self, code: &str, ename: &str, evalue: &str, traceback: Value) {
        self.check_error("spark", code, ename, evalue, traceback).await;
    }

    async fn complete(&self, code: &str, cursor: i64) -> Value {
        let body = json!({"code": code, "cursor": cursor, "kind": "spark"});
        let path = format!("{}/completion", self.path);
        self.client.post(&path, &body).await.json()["candidates"].clone()
    }
}

/// In the order in which they were recorded: the REPL counts what it names.
async fn scala_statements(session: &Session<'_>) {
    session.check_scala("1+1", "res0: Int = 2\n").await;
    session.check_scala("println(\"hello, world\")", "hello, world\n").await;
    session.check_scala("val x = 5", "x: Int = 5\n").await;
    session.check_scala("x", "res2: Int = 5\n").await;
    session.check_scala("", "").await;
    session.check_scala("// comment", "").await;
    session.check_scala("val a = 1; val b = 2", "a: Int = 1\nb: Int = 2\n").await;
    session.check_scala("println(\"out\"); 42", "out\nres7: Int = 42\n").await;
    session.check_scala("System.err.println(\"to stderr\")", "").await;
    scala_errors(session).await;
    session.check_text("print('Python again')", "Python again").await;
    let frame = "org.apache.spark.sql.DataFrame = [id: bigint]";
    let text = format!("df: {frame}\nres14: {frame}\n");
    session.check_scala("val df = spark.range(3).toDF(\"id\")\ndf", &text).await;
    session.check_scala("\"日本語 😀\"", "res15: String = 日本語 😀\n").await;
    session.check_scala("val s = \"\"\"multi\nline\"\"\"", "s: String =\nmulti\nline\n").await;
    session.check_scala("/* multi\n line */ 3", "res16: Int = 3\n").await;
    session.check_scala("print(scala.io.StdIn.readLine())", "null").await;
}

async fn scala_errors(session: &Session<'_>) {
    let ending = async |code: &str, end: &str| {
        let output = session.run("spark", code).await;
        assert_eq!(output["ename"], "Error", "{output:#}");
        assert!(output["evalue"].as_str().unwrap().ends_with(end), "{output:#}");
        output["traceback"].clone()
    };
    ending("1/0", "java.lang.ArithmeticException: / by zero").await;
    let code = "def f(): Int = throw new RuntimeException(\"bad é\")\nf()";
    let traceback = ending(code, "java.lang.RuntimeException: bad é").await;
    assert_eq!(traceback[0], "  at f(<console>:22)\n");
    let traceback = ending("val x: Int = \"s\"", "<console>:22: error: type mismatch;").await;
    let lines = [" found   : String(\"s\")\n", " required: Int\n", "       val x: Int = \"s\"\n"];
    assert_eq!(traceback.as_array().unwrap()[..3], lines);
    session.check_scala_error("val y =", "Error", "incomplete statement", json!([])).await;
    let traceback = ending("undefinedName", "error: not found: value undefinedName").await;
    assert_eq!(traceback, json!(["       undefinedName\n", "       ^\n"]));
    ending("if (true)\n  1\nelse\n  2", "<console>:1: error: illegal start of definition").await;
    ending("spark.range(10).map(i => 1L/(i-5)).collect()", "ArithmeticException: / by zero").await;
}

/// Their class is one to the statement that defines it, to later ones, to the driver and to the executors.
async fn scala_case_classes(session: &Session<'_>) {
    session.check_scala("case class P(a: Int)", "defined class P\n").await;
    let rows = async |code: &str, rows: &str| {
        let output = session.run("spark", code).await;
        let text = output["data"]["text/plain"].as_str().unwrap_or_else(|| panic!("{output:#}"));
        assert!(text.ends_with(&format!(": Array[P] = Array({rows})\n")), "{text}");
    };
    rows("Seq(P(1), P(2)).toDS().collect()", "P(1), P(2)").await;
    rows("Seq(P(1), P(2)).toDS().map(p => P(p.a + 1)).collect()", "P(2), P(3)").await;
    rows("sc.parallelize(1 to 3).map(P(_)).filter(_.a > 1).collect()", "P(2), P(3)").await;
}

async fn scala_magic_commands(session: &Session<'_>) {
    let data = async |code: &str, data: Value| session.check_data("spark", code, data).await;
    let table = |value: Value| json!({"application/vnd.livy.table.v1+json": value});
    data("val m = Map(\"a\" -> 1)\n%json m", json!({"application/json": {"a": 1}})).await;
    data(
        "sc.parallelize(1 to 20)\n%json rdd",
        json!({"application/json": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}),
    )
    .await;
    data("val m = 1\n%json m\nprintln(\"after\")", json!({"text/plain": "after\n"})).await;
    let headers =
        json!([{"type": "BIGINT_TYPE", "name": "0"}, {"type": "STRING_TYPE", "name": "1"}]);
    let rows = json!([[1, "a"], [2, "b"]]);
    data(
        "val rows = List(List(1, \"a\"), List(2, \"b\"))\n%table rows",
        table(json!({"headers": headers, "data": rows})),
    )
    .await;
    let cells = "case class C(b: Boolean, l: Seq[Int], n: Option[Int], x: Double)\nval cells = Seq(C(true, Seq(1), None, 1.5), C(false, Seq(), Some(2), 2))\n%table cells";
    let headers = json!([{"type": "BOOLEAN_TYPE", "name": "b"}, {"type": "ARRAY_TYPE", "name": "l"},
        {"type": "BIGINT_TYPE", "name": "n"}, {"type": "DOUBLE_TYPE", "name": "x"}]);
    data(
        cells,
        table(json!({"headers": headers, "data": [[true, [1], null, 1.5], [false, [], 2, 2.0]]})),
    )
    .await;

    session
        .check_scala_error("%json nope", "NameError", "Value nope does not exist", json!([]))
        .await;
    session
        .check_scala_error("println(1)\n%json", "NameError", "Value  does not exist", json!([]))
        .await;
    session
        .check_scala_error("%unknown x", "UnknownMagic", "Unknown magic command unknown", json!([]))
        .await;
    let ragged = "val ragged = List(List(1), List(\"a\"))\n%table ragged";
    session
        .check_scala_error(ragged, "TypeError", "table rows have different types", json!([]))
        .await;
    let no_value = "import scala.util.Try\n%json x";
    session
        .check_scala_error(
            no_value,
            "ValueError",
            "Failed to convert value into a JSON value",
            json!([]),
        )
        .await;
}

async fn one_spark_for_all_languages(session: &Session<'_>) {
    let last_word = |output: Value| {
        let text = output["data"]["text/plain"].as_str().unwrap().trim().to_owned();
        text.rsplit(' ').next().unwrap().trim_matches('\'').to_owned()
    };
    let from_scala = last_word(session.run("spark", "sc.applicationId").await);
    assert_eq!(from_scala, last_word(session.run("pyspark", "sc.applicationId").await));
    assert_eq!(last_word(session.run("spark", "spark.table(\"t\").count()").await), "3");
    session.check_scala("Seq(1, 2).toDF(\"n\").createOrReplaceTempView(\"from_scala\")", "").await;
    session.check_text("spark.table('from_scala').collect()", "[Row(n=1), Row(n=2)]").await;
    let output = session.run("sql", "select sum(n) from from_scala").await;
    assert_eq!(output["data"]["application/json"]["data"], json!([[3]]), "{output:#}");
}

async fn scala_completion_and_cancelling(session: &Session<'_>) {
    assert_eq!(session.complete("\"é\".len", 7).await, json!(["length", "lengthCompare"]));
    assert_eq!(session.complete("nope_nothing", 12).await, json!([]));
    assert_eq!(session.complete("spark.ra", 99).await, json!([]));

    let code = "sc.parallelize(1 to 2, 2).map { _ => Thread.sleep(30000); 1 }.count()";
    let path = session.submit("spark", code).await;
    session.client.wait_for(&path, "running").await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(session.complete("spark.ra", 8).await, json!(["range"]));
    let began = Instant::now();
    session.client.post(&format!("{path}/cancel"), &json!(null)).await;
    let output = session.client.wait_for(&path, "cancelled").await["output"].clone();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let reason = output["evalue"].as_str().unwrap();
    assert!(reason.contains("cancelled part of cancelled job group"), "{output:#}");
    session.check_scala("println(\"next\")", "next\n").await;
}

async fn spark_application(session: &Session<'_>) {
    let view = session.client.get(&session.path).await.json();
    let app_id = view["appId"].as_str().unwrap();
    let ui = view["appInfo"]["sparkUiUrl"].as_str().unwrap();
    assert!(app_id.starts_with("local-") && ui.starts_with("http://127.0.0.1:"), "{view:#}");
    let asked = async |key: &str| {
        session.run("sql", &format!("set {key}")).await["data"]["application/json"]["data"][0][1]
            .clone()
    };
    assert_eq!(asked("spark.app.name").await, "all");
    assert_eq!(asked("spark.driver.memory").await, "700m");
    assert_eq!(asked("spark.sql.shuffle.partitions").await, "3");
    assert_eq!(asked("spark.master").await, "local[*]");
}

async fn progress_and_cancelling(session: &Session<'_>) {
    let client = session.client;
    let slow = |tasks: u32, seconds: f64| {
        format!(
            "sc.parallelize(range({tasks}),{tasks}).map(lambda x: __import__('time').sleep({seconds})).count()"
        )
    };
    let path = session.submit("pyspark", &slow(12, 0.25)).await;
    let mut seen = Vec::new();
    let last = loop {
        let statement = client.get(&path).await.json();
        if statement["state"] == "available" {
            break statement;
        }
        let progress = statement["progress"].as_f64().unwrap();
        if seen.last() != Some(&progress) {
            seen.push(progress);
        }
        sleep(Duration::from_millis(20)).await;
    };
    assert!(
        seen.iter().filter(|progress| **progress > 0.0 && **progress < 1.0).count() >= 2,
        "{seen:?}"
    );
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(last["progress"], 1.0);

    let path = session.submit("pyspark", &slow(2, 30.0)).await;
    let behind = session.submit("pyspark", "'behind'").await;
    sleep(Duration::from_millis(700)).await;
    let began = Instant::now();
    client.post(&format!("{path}/cancel"), &json!(null)).await;
    let cancelled = client.wait_for(&path, "cancelled").await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let reason = cancelled["output"]["evalue"].as_str().unwrap();
    assert!(reason.contains("cancelled part of cancelled job group"), "{reason}");
    assert_eq!(
        client.wait_for(&behind, "available").await["output"]["data"]["text/plain"],
        "'behind'"
    );

    // The job of an SQL statement, and one that starts only after the cancel.
    let path =
        session.submit("pyspark", &format!("import time; time.sleep(1); {}", slow(2, 30.0))).await;
    sleep(Duration::from_millis(200)).await;
    client.post(&format!("{path}/cancel"), &json!(null)).await;
    assert_eq!(client.wait_for(&path, "cancelled").await["output"]["status"], "error");
    let path = session
        .submit("sql", "select sum(a.id * b.id) from range(1000000) a cross join range(1000000) b")
        .await;
    sleep(Duration::from_millis(700)).await;
    client.post(&format!("{path}/cancel"), &json!(null)).await;
    let reason =
        client.wait_for(&path, "cancelled").await["output"]["evalue"].as_str().unwrap().to_owned();
    assert!(reason.contains("cancelled part of cancelled job group"), "{reason}");
}

async fn files_and_processes(session: &Session<'_>) {
    let here = std::env::current_dir().unwrap();
    session.check_text("import os; print(os.getcwd())", here.to_str().unwrap()).await;
    session.check_text("spark.sql('create table kept using parquet as select 1 as a'); spark.table('kept').count()", "1").await;
    assert!(!here.join("spark-warehouse").exists() && !here.join("metastore_db").exists());

    // A child may write to and read from its standard streams, and the user's code to the protocol's pipe.
    session.check_text("os.system('echo from the shell; cat')", "0").await;
    session.check_text("sys.__stdout__.write('no message'); 1", "1").await;
    session.check_text("_ = os.write(sys.__stdout__.fileno(), b'\\xff\\n'); 1", "1").await;
    session.check_text("sys.stdout = sys.__stdout__; 1", "").await;
    session.check_text("2", "2").await;
    session.check_text("_ = os.fork() or os._exit(0); 3", "3").await;
    session
        .check_error(
            "pyspark",
            "input()",
            "EOFError",
            "EOF when reading a line",
            json!(["Traceback (most recent call last):\n", "EOFError: EOF when reading a line\n"]),
        )
        .await;
    let log = session.client.get(&format!("{}/log?size=-1", session.path)).await.json()["log"]
        .to_string();
    assert!(log.contains("from the shell") && log.contains("no message"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_process_ends_is_dead_and_gone() {
    let (server, client) = server().await;
    let path = idle_session(&client, json!({"kind": "spark"})).await;
    let session = Session { client: &client, path };
    let pids = session.processes().await;
    session.check_scala("class A", "defined class A\n").await;
    let code = "print(sc.getConf().get('spark.repl.class.outputDir'))";
    let printed = session.run("pyspark", code).await["data"]["text/plain"].clone();
    let classes = PathBuf::from(printed.as_str().unwrap());
    assert!(classes.read_dir().unwrap().count() > 0);
    session.submit("pyspark", "import os; os._exit(3)").await;
    client.wait_for(&format!("{}/state", session.path), "dead").await;
    assert_gone_within(Duration::from_secs(3), &pids);
    assert!(!classes.exists());
    let log = client.get(&format!("{}/log", session.path)).await.text;
    assert!(log.contains("exit status: 3"), "{log}");

    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    let jvm = "import os, signal; os.kill(sc._gateway.proc.pid, signal.SIGKILL)";
    session.submit("pyspark", jvm).await;
    client.wait_for(&format!("{}/state", session.path), "dead").await;

    let created = client.post("/sessions", &json!({"conf": {"spark.master": "nonsense"}})).await;
    let path = created.header("location").unwrap().to_owned();
    client.wait_for(&format!("{path}/state"), "dead").await;
    let log = client.get(&format!("{path}/log")).await.text;
    assert!(log.contains("Master must"), "{log}");

    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    let pids = session.processes().await;
    drop(server);
    assert_gone_within(Duration::from_secs(3), &pids);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_a_killed_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_victim", "--nocapture"])
        .env(VICTIM, folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = std::io::BufReader::new(victim.stderr.take().unwrap()).lines();
    assert!(
        said.map_while(Result::ok).any(|line| line.contains("a session runs")),
        "the victim did not get so far"
    );
    let pids = descendants(victim.id());
    assert!(pids.len() >= 5, "two Pythons with their JVMs, and the batch's: {pids:?}");
    victim.kill().unwrap();
    victim.wait().unwrap();
    assert_gone_within(Duration::from_secs(10), &pids);
}

/// Not a test of its own: the process that `nothing_outlives_a_killed_server` kills while its session and its batch are busy.
#[tokio::test(flavor = "multi_thread")]
async fn the_victim() {
    let Some(folder) = std::env::var_os(VICTIM).map(PathBuf::from) else { return };
    let (_server, client) = server().await;
    let session = Session { client: &client, path: idle_session(&client, json!({})).await };
    let code = "sc.parallelize(range(2), 2).map(lambda x: __import__('time').sleep(60)).count()";
    session.submit("pyspark", code).await;
    let file = folder.join("long.py");
    std::fs::write(&file, "import time\nprint('here')\ntime.sleep(60)\n").unwrap();
    client.post("/batches", &json!({"file": file})).await;
    while !client.get("/batches/0/log").await.text.contains("here") {
        sleep(Duration::from_millis(50)).await;
    }
    eprintln!("a session runs");
    sleep(Duration::from_secs(60)).await;
}
