"""Every type of Spark's SQL is shown as Spark itself writes it, in every kernel."""

import datetime
import decimal
import re
from contextlib import ExitStack
from functools import lru_cache
from html import unescape

import pytest
from conftest import SPARK_4, SPARK_START, printed, running_kernel

VEGA = "application/vnd.vegalite.v5+json"
ZONE = "America/New_York"  # Where no other part of the tests is.

# A type by an expression that has a value of it, and what `show()` or a cast to a string gives.
TYPES = {
    "tinyint": ("cast(-128 as tinyint)", "-128"),
    "smallint": ("cast(32767 as smallint)", "32767"),
    "int": ("-2147483648", "-2147483648"),
    "bigint": ("9223372036854775807", "9223372036854775807"),
    "float": ("cast(0.1 as float)", "0.1"),
    "large float": ("cast('3.4028235E38' as float)", "3.4028235E38"),
    "double": ("0.1D + 0.2D", "0.30000000000000004"),
    "large double": ("1e19D", "1.0E19"),
    "no number": ("double('nan')", "NaN"),
    "infinite": ("-double('inf')", "-Infinity"),
    "decimal": ("cast('12345678901234567890.10' as decimal(38,2))", "12345678901234567890.10"),
    "decimal with its zeros": ("1.50BD", "1.50"),
    "decimal of many places": ("cast(0 as decimal(38,18))", "0.000000000000000000"),
    "boolean": ("true", "true"),
    "void": ("null", "NULL"),
    "string": ("'日本 <b>'", "日本 <b>"),
    "binary": ("X'00ff'", "[00 FF]"),
    "date": ("date'2024-02-29'", "2024-02-29"),
    "first date": ("date'0001-01-01'", "0001-01-01"),
    "last date": ("date'9999-12-31'", "9999-12-31"),
    "later date": ("date'10000-01-01'", "+10000-01-01"),
    "date before our era": ("date'-0044-03-15'", "-0044-03-15"),
    "timestamp": ("timestamp'2024-07-01 12:00:00'", "2024-07-01 12:00:00"),
    "timestamp with a fraction": ("timestamp'2024-07-01 12:00:00.120'", "2024-07-01 12:00:00.12"),
    "timestamp of another zone": ("timestamp'2024-07-01 12:00:00+00:00'", "2024-07-01 08:00:00"),
    "first timestamp": ("timestamp'0001-01-01 00:00:00'", "0001-01-01 00:00:00"),
    "last timestamp": ("timestamp'9999-12-31 23:59:59.999999'", "9999-12-31 23:59:59.999999"),
    "later timestamp": ("timestamp'10000-01-01 00:00:00'", "+10000-01-01 00:00:00"),
    "timestamp_ntz": ("timestamp_ntz'2024-07-01 12:00:00.5'", "2024-07-01 12:00:00.5"),
    "later timestamp_ntz": ("timestamp_ntz'12024-07-01 12:00:00'", "+12024-07-01 12:00:00"),
    "years and months": ("interval '1-2' year to month", "INTERVAL '1-2' YEAR TO MONTH"),
    "months": ("interval 3 month", "INTERVAL '3' MONTH"),
    "days and seconds": ("interval '1 2:3:4.5' day to second", "INTERVAL '1 02:03:04.5' DAY TO SECOND"),
    "interval": ("make_interval(1, 2, 0, 3)", "1 years 2 months 3 days"),
    "array": ("array(cast(0.1 as float), null)", "[0.1, null]"),
    "array of binary": ("array(X'00ff', null)", "[[00 FF], null]"),
    "map": ("map('k', 1.50BD)", "{k -> 1.50}"),
    "map with a struct as key": ("map(named_struct('a', 1), X'0a')", "{{1} -> [0A]}"),
    "struct": (
        "named_struct('a b', X'00', 'b', map('k', array(named_struct('x', date'10000-01-01'))))",
        "{[00], {k -> [{+10000-01-01}]}}",
    ),
    "struct that is null": ("cast(null as struct<a: binary>)", "NULL"),
}

# What `-o` keeps in pandas where it is not the text.
DATE, TIME = datetime.date, datetime.datetime
IN_PANDAS = {
    "decimal": [decimal.Decimal("12345678901234567890.10")],
    "decimal with its zeros": [decimal.Decimal("1.50")],
    "last date": [DATE(9999, 12, 31)],
    "later date": ["+10000-01-01"],
    "timestamp": [TIME(2024, 7, 1, 12)],
    "timestamp of another zone": [TIME(2024, 7, 1, 8)],
    "first timestamp": [TIME(1, 1, 1)],
    "last timestamp": [TIME(9999, 12, 31, 23, 59, 59, 999999)],
    "later timestamp": ["+10000-01-01 00:00:00"],
    "later timestamp_ntz": ["+12024-07-01 12:00:00"],
    "years and months": ["INTERVAL '1-2' YEAR TO MONTH"],
    "interval": ["1 years 2 months 3 days"],
}


def column(name):
    return f"c{list(TYPES).index(name)}"


def select(names):
    return "select " + ", ".join(f"{TYPES[name][0]} as {column(name)}" for name in names)


KERNELS = ["livy-pyspark", "livy-sql", "livy-spark"]


def on(*names):
    return pytest.mark.parametrize("kernel", names, indirect=True)


@pytest.fixture(scope="module")
def kernel_named(livy_url):
    """Gives a running kernel by its name."""
    with ExitStack() as stack:

        @lru_cache(None)
        def start(name):
            kernel = stack.enter_context(running_kernel(name, livy_url))
            kernel.run(f"%%sql -q\nset spark.sql.session.timeZone={ZONE}", timeout=SPARK_START)
            return kernel

        yield start


@pytest.fixture
def kernel(request, kernel_named):
    return kernel_named(request.param)


@lru_cache(None)
def table_of_types(kernel):
    """The table of one row with all types, as HTML and as text."""
    [(_, content)] = kernel.outputs(f"%%sql\n{select(TYPES)}")
    return content["data"]


def html_cells(html):
    [row] = re.findall(r"<tr>(.*?)</tr>", html.split("<tbody>")[1])
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
    return [unescape(re.sub(r"</?i>", "", cell)) for cell in cells]


def text_cells(text):
    rule, row = text.splitlines()[1:3]
    return text_by_rule(rule, row)


def text_by_rule(rule, row):
    """Cuts a line of text at the blanks of the rule; wide letters take two places."""
    places = "".join(c + "\0" if ord(c) > 0x2E80 else c for c in row).ljust(len(rule))
    return [places[m.start() : m.end()].replace("\0", "").strip() for m in re.finditer("-+", rule)]


@on(*KERNELS)
@pytest.mark.parametrize("name", TYPES)
def test_a_table_shows_what_spark_writes(kernel, name):
    shown = table_of_types(kernel)
    at, (_, written) = list(TYPES).index(name), TYPES[name]
    assert html_cells(shown["text/html"])[at] == written
    assert text_cells(shown["text/plain"])[at] == written


@on("livy-pyspark")
def test_the_table_of_types_is_what_show_writes(kernel):
    """The words of the test itself, held against Spark's."""
    [(_, content)] = kernel.outputs(f'print(spark.sql("""{select(TYPES)}""")._jdf.showString(1, 0, True))')
    found = dict(re.findall(r"^ (c\d+) +\| (.*?) *$", content["text"], re.MULTILINE))
    for name, (_, written) in TYPES.items():
        assert found[column(name)] == re.sub(r"\bnull\b", "NULL", written), name


def pandas_value(kernel, name):
    kernel.outputs(f"%%sql -q -o kept\n{select([name])}")
    cell = "import datetime, decimal\nprint(repr(getattr(kept.iloc[0, 0], 'to_pydatetime', lambda: kept.iloc[0, 0])()))"
    [(_, content)] = kernel.outputs(f"%%pyspark\n{cell}")
    return content["text"].strip()


@on(*(name for name in KERNELS if name != "livy-spark"))
@pytest.mark.parametrize("name", IN_PANDAS)
def test_pandas_has_the_value_or_what_spark_writes(kernel, name):
    assert pandas_value(kernel, name) == repr(*IN_PANDAS[name])


@on("livy-spark")
def test_scala_keeps_the_rows_as_they_are(kernel):
    names = [name for name, (_, written) in TYPES.items() if "[" not in written]
    kernel.outputs(f"%%sql -q -o kept\n{select(names)}")
    _, shown = kernel.run('kept.columns.foreach { c => println(kept.selectExpr(s"string($c)").first().get(0)) }')
    exact = {"void": "null", "struct that is null": "null"}
    if not SPARK_4:
        exact["decimal of many places"] = "0E-18"
    assert printed(shown).splitlines() == [exact.get(name, TYPES[name][1]) for name in names]


@on(*KERNELS)
@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("bigint", 9223372036854775807),
        ("float", 0.1),
        ("large double", 1e19),
        ("decimal with its zeros", 1.5),
        ("timestamp", "2024-07-01T12:00:00"),
        ("last date", "9999-12-31T00:00:00"),
        ("later timestamp", "+010000-01-01T00:00:00"),
        ("date before our era", "-000044-03-15T00:00:00"),
        ("years and months", "INTERVAL '1-2' YEAR TO MONTH"),
    ],
)
def test_a_chart_has_the_numbers_and_the_times_of_the_session(kernel, name, drawn):
    [(_, content)] = kernel.outputs(f"%%sql --chart line -x {column(name)} -y n --agg none\n{select([name])}, 1 as n")
    [point] = content["data"][VEGA]["data"]["values"]
    assert point == {"x": drawn, "y": 1}


@on("livy-pyspark")
def test_a_frame_that_is_displayed_is_the_same_table(kernel):
    [(_, content)] = kernel.outputs(f'display(spark.sql("""{select(TYPES)}"""))')
    assert content["data"]["text/plain"] == table_of_types(kernel)["text/plain"]


@on(*KERNELS)
def test_a_plan_keeps_its_lines(kernel):
    [(_, content)] = kernel.outputs("%%sql\nexplain select 1 + 1 as two")
    plan = content["data"]["text/plain"].splitlines()
    assert plan[0] == "== Physical Plan ==" and any("Project" in line for line in plan[1:])
    assert "== Physical Plan ==\n" in content["data"]["text/html"]
