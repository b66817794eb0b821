use serde_json::json;

use crate::session::Session;

pub async fn statements(session: &Session<'_>) {
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

pub async fn errors(session: &Session<'_>) {
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

pub async fn magic_commands(session: &Session<'_>) {
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

/// Checks the names of Livy's own shell on which code that is sent to a session may rely.
pub async fn surroundings(session: &Session<'_>) {
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
