"""`%%sql` with its options, tables and charts, on real Spark."""

import json
import re
from html import escape

import pytest
from conftest import SPARK_START, plain, printed, resident, running_kernel

VEGA = "application/vnd.vegalite.v5+json"
CITIES = """\
create or replace temporary view city as select * from values
  ('Basel', 'BS', 170.5, 1), ('Bern', 'BE', 134.0, 2), ('Genf', 'GE', 203.9, 3), ('Biel', 'BE', 55.2, 2)
  as city(name, canton, thousands, size)"""


@pytest.fixture(scope="module")
def kernel(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        kernel.run(f"%%sql\n{CITIES}", timeout=SPARK_START)
        yield kernel


@pytest.fixture(scope="module")
def scala(livy_url):
    with running_kernel("livy-spark", livy_url) as kernel:
        kernel.run(f"%%sql\n{CITIES}", timeout=SPARK_START)
        yield kernel


def tables(kernel, cell):
    """Runs a cell; returns the text of each result."""
    return [c["data"]["text/plain"] for kind, c in kernel.outputs(cell) if kind == "execute_result"]


def table(kernel, cell):
    [text] = tables(kernel, cell)
    return text


def rows(kernel, cell):
    """Returns the lines below the heading, the last of which is the number of rows."""
    return [line.split() for line in table(kernel, cell).splitlines()[2:]]


def refused(kernel, cell):
    reply, shown = kernel.run(cell)
    assert reply["status"] == "error", reply
    assert [m["msg_type"] for m in shown].count("error") == 1
    return plain("\n".join(reply["traceback"]))


def chart(kernel, cell):
    [(kind, content)] = kernel.outputs(cell)
    assert kind == "execute_result" and set(content["data"]) == {VEGA, "text/plain"}
    return content["data"][VEGA], content["data"]["text/plain"]


def test_statements_each_have_their_table(kernel):
    assert tables(kernel, "%%sql\nselect 1 as a;\n-- two\nselect ';' as b;") == ["a\n-\n1\n1 row", "b\n-\n;\n1 row"]
    assert tables(kernel, "%%sql\n-- nothing to do\n/* at all */ ;") == []
    assert tables(kernel, "%%sql\ncreate or replace temporary view one as select 1 as x; select * from one") == [
        "x\n-\n1\n1 row"
    ]


def test_a_failing_statement_ends_the_cell_and_is_named(kernel):
    told = refused(kernel, "%%sql\nselect 1;\nselect * from nowhere;\ncreate temporary view never as select 1")
    assert "nowhere" in told and "part 2 of 3" in told and "JVM" not in told
    assert "TABLE_OR_VIEW_NOT_FOUND" in refused(kernel, "%%sql\nselect * from never")
    assert "DIVIDE_BY_ZERO" in refused(kernel, "%%sql\nset spark.sql.ansi.enabled=true; select 1/0")
    kernel.run("%%sql\nset spark.sql.ansi.enabled=false")
    assert "line 1" in refused(kernel, "%%sql\nselect from where")


def test_rows_that_are_left_out_are_told_of(kernel):
    text = table(kernel, "%%sql\nselect id from range(1200000)")
    assert text.splitlines()[-1] == "1,000 of 1,200,000 rows" and len(text.splitlines()) == 1003
    assert table(kernel, "%%sql -n 2\nselect id from range(3)").endswith("2 of 3 rows")
    assert table(kernel, "%%sql -n 5000\nselect id from range(5000)").endswith("5,000 rows")


def test_a_million_rows_asked_for_exhaust_no_memory(kernel):
    before = resident(kernel.pid)
    text = table(kernel, "%%sql -n 1000000\nselect id, repeat('x', 300) as text from range(1000000)")
    shown, total = text.splitlines()[-1].split(" of ")
    assert total == "1,000,000 rows" and 1000 < int(shown.replace(",", "")) <= 10000
    assert resident(kernel.pid) - before < 200e6


def test_a_hundred_rows_take_few_messages_and_little_room(kernel):
    published = []
    cell = "%%sql\nselect id, id * 1.5 as number, concat('some text ', id) as text, current_date as day from range(100)"
    reply = kernel.client.execute_interactive(cell, timeout=60, output_hook=published.append, allow_stdin=False)
    assert reply["content"]["status"] == "ok"
    assert len(published) <= 8 and len(json.dumps([m["content"] for m in published])) <= 50_000


def test_values_are_exact_and_of_every_type(kernel):
    cell = """%%sql
select 9223372036854775807 as big, cast('12345678901234567890.123456789' as decimal(38,9)) as exact, 1.5D as d,
  double('nan') as nan, date'2024-01-02' as day, timestamp'2024-01-02 03:04:05.678' as time, true as yes,
  null as nothing, X'00ff' as bytes, array(1, null) as list, map('k', 1) as map, struct(1 as p, 'q' as q) as nested,
  interval 1 day as wait"""
    [(_, content)] = kernel.outputs(cell)
    html, text = content["data"]["text/html"], content["data"]["text/plain"]
    for value in (
        "9223372036854775807",
        "12345678901234567890.123456789",
        "2024-01-02 03:04:05.678",
        "[00 FF]",
        "{1, q}",
        "{k -> 1}",
    ):
        assert value in text and escape(value) in html, value
    assert "<i>NULL</i>" in html and "<small>decimal(38,9)</small>" in html and "[1, null]" in text and "NaN" in text


def test_names_in_braces_are_variables_quoted_safely(kernel):
    kernel.run(r"""
evil = "'; drop view city; -- \\ ${spark.app.name} 日本"
import datetime, decimal
some = [("Basel", 1)]
names, day, price = ["Basel", "O'Hara"], datetime.date(2024, 1, 2), decimal.Decimal("1.10")
frame = spark.createDataFrame([(1, "a"), (2, "b")], ["n", "letter"])""")
    assert kernel.value("spark.sql('select 1').count()") == "1"
    assert evil_of(table(kernel, "%%sql\nselect {evil} as x")) == "'; drop view city; -- \\ ${spark.app.name} 日本"
    assert rows(kernel, "%%sql\nselect name from city where name in {names}") == [["Basel"], ["1", "row"]]
    assert rows(kernel, "%%sql\nselect {day} + interval 1 day, {price}")[0] == ["2024-01-03", "1.10"]
    assert rows(kernel, "%%sql\nselect sum(n) from {frame}")[0] == ["3"]
    assert rows(kernel, "%%sql\nselect '{evil}' as x")[0] == ["{evil}"]
    assert "name 'nobody' is not defined" in refused(kernel, "%%sql\nselect {nobody}")
    assert "has no literal in SQL" in refused(kernel, "%%sql\nselect {spark}")


def evil_of(text):
    return text.splitlines()[2]


def test_rows_are_kept_in_a_variable_and_shown_or_not(kernel):
    assert tables(kernel, "%%sql -q -o best\nselect * from city where thousands > 150 order by name") == []
    assert kernel.value("list(best.name), type(best).__module__.split('.')[0]") == "(['Basel', 'Genf'], 'pandas')"
    assert len(tables(kernel, "%%sql --output few --maxrows 3 -c False\nselect id from range(10)")) == 1
    assert kernel.value("len(few)") == "3"
    half = table(kernel, "%%sql -m sample -r 0.5 -n -1\nselect id from range(1000)")
    assert 300 < int(half.splitlines()[-1].split()[0]) < 700


def test_charts_are_for_the_frontend_and_tables_elsewhere(kernel):
    spec, text = chart(kernel, "%%sql --chart bar -x canton -y thousands --agg sum\nselect * from city")
    assert spec["mark"]["type"] == "bar" and spec["encoding"]["y"]["title"] == "sum(thousands)"
    assert spec["data"]["values"] == [{"x": "GE", "y": 203.9}, {"x": "BE", "y": 189.2}, {"x": "BS", "y": 170.5}]
    assert text.splitlines()[0].split() == ["canton", "sum(thousands)"] and text.endswith("3 rows")


@pytest.mark.parametrize(
    ("cell", "mark"),
    [
        ("%%sql --chart\nselect name, thousands from city", "bar"),
        ("%%sql --chart\nselect date'2024-01-01' + cast(id as int) as day, id from range(5)", "line"),
        ("%%sql --chart\nselect rand() as a, rand() as b from range(9)", "point"),
        ("%%sql --chart\nselect rand() as a from range(9)", "bar"),
        ("%%sql --chart pie\nselect canton from city", "arc"),
        ("%%sql --chart area -x size -y thousands --color canton\nselect * from city", "area"),
        ("%%sql --chart scatter -x Size -y THOUSANDS\nselect * from city", "point"),
    ],
)
def test_each_kind_of_chart_is_drawn_also_where_little_is_said(kernel, cell, mark):
    assert chart(kernel, cell)[0]["mark"]["type"] == mark


def test_a_chart_of_many_rows_is_bounded_and_says_so(kernel):
    spec, _ = chart(kernel, "%%sql --chart scatter -x a -y b\nselect rand() as a, rand() as b from range(20000)")
    assert len(spec["data"]["values"]) == 5000 and spec["title"] == "5,000 of 20,000 rows"
    spec, _ = chart(kernel, "%%sql --chart hist -x id\nselect id from range(20000)")
    assert sum(point["y"] for point in spec["data"]["values"]) == 20000 and "title" not in spec
    assert "There are: id" in refused(kernel, "%%sql --chart bar -x ib\nselect id from range(3)")


@pytest.mark.parametrize("value", ["spark.table('city')", "spark.table('city').toPandas()", "[{'name': 'a', 'n': 1}]"])
def test_a_variables_rows_are_drawn(kernel, value):
    kernel.run(f"drawn = {value}")
    assert chart(kernel, "%chart drawn bar -x name")[0]["encoding"]["x"]["title"] == "name"
    assert "neither a DataFrame nor rows" in refused(kernel, "%chart spark")


def test_spark_frames_are_tables_where_that_is_asked_for(kernel):
    [(kind, content)] = kernel.outputs("display(spark.table('city'))")
    assert (
        kind == "display_data"
        and "Basel" in content["data"]["text/html"]
        and content["data"]["text/plain"].endswith("4 rows")
    )
    [(kind, content)] = kernel.outputs("city = spark.table('city')\n%table city")
    assert "<th>canton" in content["data"]["text/html"]
    assert kernel.value("spark.range(3)") == "DataFrame[id: bigint]"
    kernel.run("spark.conf.set('spark.sql.repl.eagerEval.enabled', True)")
    [(kind, content)] = kernel.outputs("spark.range(30)")
    assert "20 of 30 rows" in content["data"]["text/html"] and 'class="livy-table"' in content["data"]["text/html"]
    kernel.run("spark.conf.set('spark.sql.repl.eagerEval.enabled', False)")


def test_without_an_agent_it_is_the_same(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never") as kernel:
        kernel.run("x = 'a\\'b'", timeout=SPARK_START)
        assert table(kernel, "%%sql -n 1\nselect {x} as x from range(3)") == "x\n---\na'b\n1 of 3 rows"
        assert chart(kernel, "%%sql --chart\nselect id from range(9)")[0]["mark"]["type"] == "bar"
        assert "TABLE_OR_VIEW_NOT_FOUND" in refused(kernel, "%%sql\nselect * from nowhere")


def test_livys_own_sql_says_where_values_may_be_wrong(livy_url):
    with running_kernel("livy-sql", livy_url, LIVY_AGENT="never") as kernel:
        kernel.run("select 1", timeout=SPARK_START)
        exact = table(kernel, "select 1.50BD as a, cast(0.1 as float) as b, X'00ff' as c, 2 as d").splitlines()
        assert exact[2:] == ["1.50  0.1  [00 FF]  2", "1 row"]
        lossy = table(kernel, "select cast('12345678901234567890.10' as decimal(38,2)) as much, 1 as one")
        assert "Livy's own SQL may show inexact values" in lossy and "much (decimal(38,2))" in lossy
        rows = table(kernel, "select id from range(2000)").splitlines()
        assert len(rows) == 1003 and rows[-1].startswith("1,000 rows: Livy's SQL returns no more")


def test_scala_has_its_own_variables_in_sql_and_charts(scala):
    scala.run('val names = Seq("Basel", "O\'Hara"); val least = 100')
    found = rows(scala, "%%sql -o big\nselect name from city where thousands > {least} and name in {names}")
    assert found == [["Basel"], ["1", "row"]]
    assert "= 1" in scala.value("big.count()")
    assert chart(scala, "%chart big pie")[0]["mark"]["type"] == "arc"
    assert table(scala, "%%sql\nselect id from range(2000)").endswith("1,000 of 2,000 rows")
    assert table(scala, "%%sql -n 1500\nselect id from range(2000)").endswith("1,500 of 2,000 rows")
    assert "not found: value nobody" in refused(scala, "%%sql\nselect {nobody}")


def test_options_are_explained_and_wrong_ones_are_told(kernel):
    assert "--samplefraction" in printed(kernel.run("%%sql --help\nselect 1")[1])
    assert "'many'" in refused(kernel, "%%sql -n many\nselect 1")
    assert "own" in refused(kernel, "%chart city\nx = 1")
    reply, shown = kernel.run("# about it\n%%spark -o city\nprint(1)")
    assert reply["status"] == "ok" and printed(shown, "stdout").strip() == "1"
    assert printed(shown, "stderr") == ""


def test_other_clients_read_what_was_asked(kernel):
    kernel.run("%%sql\nselect 7 as seven")
    shown = printed(kernel.run("%replay -n 1")[1])
    assert re.search(r"\[\d+\] select 7 as seven$", shown.strip()), shown
