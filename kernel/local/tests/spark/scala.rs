use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::session::Session;

impl Session<'_> {
    pub async fn check_scala(&self, code: &str, text: &str) {
        self.check_data("spark", code, json!({"text/plain": text})).await;
    }

    pub async fn check_scala_error(&self, code: &str, ename: &str, evalue: &str, traceback: Value) {
        self.check_error("spark", code, ename, evalue, traceback).await;
    }

    async fn complete(&self, code: &str, cursor: i64) -> Value {
        let body = json!({"code": code, "cursor": cursor, "kind": "spark"});
        let path = format!("{}/completion", self.path);
        self.client.post(&path, &body).await.json()["candidates"].clone()
    }
}

/// Runs statements in the order of the recording, since the REPL numbers its results.
pub async fn statements(session: &Session<'_>) {
    session.check_scala("1+1", "res0: Int = 2\n").await;
    session.check_scala("println(\"hello, world\")", "hello, world\n").await;
    session.check_scala("val x = 5", "x: Int = 5\n").await;
    session.check_scala("x", "res2: Int = 5\n").await;
    session.check_scala("", "").await;
    session.check_scala("// comment", "").await;
    session.check_scala("val a = 1; val b = 2", "a: Int = 1\nb: Int = 2\n").await;
    session.check_scala("println(\"out\"); 42", "out\nres7: Int = 42\n").await;
    session.check_scala("System.err.println(\"to stderr\")", "").await;
    errors(session).await;
    session.check_text("print('Python again')", "Python again").await;
    let frame = "org.apache.spark.sql.DataFrame = [id: bigint]";
    let text = format!("df: {frame}\nres14: {frame}\n");
    session.check_scala("val df = spark.range(3).toDF(\"id\")\ndf", &text).await;
    session.check_scala("\"日本語 😀\"", "res15: String = 日本語 😀\n").await;
    session.check_scala("val s = \"\"\"multi\nline\"\"\"", "s: String =\nmulti\nline\n").await;
    session.check_scala("/* multi\n line */ 3", "res16: Int = 3\n").await;
    session.check_scala("print(scala.io.StdIn.readLine())", "null").await;
}

async fn errors(session: &Session<'_>) {
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

/// A case class is the same class in all statements, in the driver and in the executors.
pub async fn case_classes(session: &Session<'_>) {
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

pub async fn magic_commands(session: &Session<'_>) {
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

pub async fn one_spark_for_all(session: &Session<'_>) {
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

pub async fn completion_and_cancelling(session: &Session<'_>) {
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
