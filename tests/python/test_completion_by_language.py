"""Tab and Shift-Tab in SQL and Scala use the session's catalog and compiler, on real Spark."""

import pytest
from conftest import SPARK_START, running_kernel
from network import network_to

TABLES = "create or replace temporary view people as select 'Zoë' as name, 7 as age"


@pytest.fixture(scope="module", params=["livy-sql", "livy-pyspark"])
def sql(request, livy_url):
    """A kernel, and what precedes SQL in its cells; it asks by hidden statements or through the agent."""
    with running_kernel(request.param, livy_url) as kernel:
        magic = "" if request.param == "livy-sql" else "%%sql\n"
        kernel.run(magic + TABLES, timeout=SPARK_START)
        yield kernel, magic


@pytest.fixture(scope="module")
def spark(livy_url):
    with running_kernel("livy-spark", livy_url) as kernel:
        code = (
            "val xs = List(1, 2); var calls = 0; def f(a: Int, b: String) = a.toString; def g = { calls += 1; calls }"
        )
        kernel.run(code, timeout=SPARK_START)
        yield kernel


def completed(kernel, code):
    """Completes at `|`; returns the matches and the text that they replace."""
    before, _, after = code.partition("|")
    reply = kernel.client.complete(before + after, len(before), reply=True, timeout=30)["content"]
    types = {entry["text"]: entry["type"] for entry in reply["metadata"]["_jupyter_types_experimental"]}
    return types, (before + after)[reply["cursor_start"] : reply["cursor_end"]]


def explained(kernel, code):
    before, _, after = code.partition("|")
    reply = kernel.client.inspect(before + after, len(before), reply=True, timeout=30)["content"]
    return reply["data"].get("text/plain", "")


def test_tables_follow_from(sql):
    kernel, magic = sql
    types, replaced = completed(kernel, magic + "select 'ä' from peo|")
    assert types == {"people": "table"} and replaced == "peo"
    assert completed(kernel, magic + "select * from def|")[0]["default"] == "database"


def test_columns_of_the_cells_tables_are_completed(sql):
    kernel, magic = sql
    assert completed(kernel, magic + "select p.| from people p")[0] == {"name": "column", "age": "column"}
    types, _ = completed(kernel, magic + "select ag| from people")
    assert types["age"] == "column" and types["aggregate"] == "function"


def test_functions_and_keywords_are_completed_in_any_case(sql):
    kernel, magic = sql
    assert completed(kernel, magic + "SEL|")[0] == {"SELECT": "keyword"}
    assert completed(kernel, magic + "select DATE_AD|")[0]["date_add"] == "function"


def test_nothing_is_offered_in_a_string(sql):
    kernel, magic = sql
    assert completed(kernel, magic + "select 'peo|")[0] == {}


def test_tables_columns_and_functions_are_explained(sql):
    kernel, magic = sql
    assert explained(kernel, magic + "select * from peo|ple").splitlines() == [
        "Table: people",
        "name  string",
        "age   int",
    ]
    assert explained(kernel, magic + "select p.a|ge from people p") == "Column of people\nage  int"
    assert "Usage: upper(str)" in explained(kernel, magic + "select up|per(name) from people")
    assert explained(kernel, magic + "select nob|ody from people") == ""


def test_a_table_that_a_cell_makes_is_known_at_once(sql):
    kernel, magic = sql
    assert "people2" not in completed(kernel, magic + "select * from peo|")[0]
    kernel.run(magic + TABLES.replace("people", "people2"))
    assert "people2" in completed(kernel, magic + "select * from peo|")[0]
    kernel.run(magic + "drop view people2")
    assert "people2" not in completed(kernel, magic + "select * from peo|")[0]


def test_scala_names_are_explained_by_their_types(spark):
    assert explained(spark, "x|s") == "xs: List[Int]"
    assert explained(spark, "f|(1)") == "f: (Int, String) => String"
    assert explained(spark, "spark.ra|nge").startswith("spark.range: (start: Long")
    assert explained(spark, "nobody|") == ""


def value_of(message):
    """Returns a value as Scala 2.12 writes it: `res0: Int = 1`."""
    return message["content"]["data"]["text/plain"].removeprefix("val ")


def test_asking_changes_nothing_in_scala(spark):
    assert explained(spark, "g|") == "g: Int"
    _, shown = spark.run("calls")
    [first] = [value_of(m) for m in shown if m["msg_type"] == "execute_result"]
    explained(spark, "calls|")
    _, shown = spark.run("calls + 0")
    [second] = [value_of(m) for m in shown if m["msg_type"] == "execute_result"]
    number = int(first.partition(":")[0].removeprefix("res"))
    assert (first, second) == (f"res{number}: Int = 0", f"res{number + 1}: Int = 0")


def test_a_cell_does_not_wait_for_an_explanation(spark):
    spark.client.inspect("spark.range", 11)
    reply, _ = spark.run("1 + 1")
    assert reply["status"] == "ok"


def test_typing_on_asks_nobody_until_a_cell_has_ended(spark_url):
    with network_to(spark_url) as (network, livy_url), running_kernel("livy-sql", livy_url) as kernel:
        kernel.run(TABLES, timeout=SPARK_START)
        while completed(kernel, "select * from pe|")[0] != {"people": "table"}:
            pass  # A new session may answer too late.
        network.passed.clear()
        assert completed(kernel, "select * from peop|")[0] == {"people": "table"}
        assert [path for method, path in network.passed if method == "POST"] == []
        kernel.run("select 1")
        network.passed.clear()
        assert completed(kernel, "select * from peop|")[0] == {"people": "table"}
        assert [path for method, path in network.passed if method == "POST"] != []
