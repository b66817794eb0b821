use serde_json::{Value, json};

use crate::session::Session;

pub async fn statements(session: &Session<'_>) {
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
