"""Variables pass between the session and the Python of this machine, with the types that they have."""

import glob
import os
import re
import tempfile
import time

import pytest
from conftest import SPARK_START, kernel_with_agent, refused, running_kernel, said, wait_until

# A value of each type, and another: empty, negative, not a number, the first or the last.
TYPES = {
    "boolean": ("true", "false"),
    "tinyint": ("1Y", "-128Y"),
    "smallint": ("2S", "-32768S"),
    "int": ("3", "-2147483648"),
    "bigint": ("4L", "9223372036854775807L"),
    "float": ("float(1.1)", "float('NaN')"),
    "double": ("1.1D", "double('NaN')"),
    "decimal(10,2)": ("cast(1.20 as decimal(10,2))", "cast(-0.01 as decimal(10,2))"),
    "decimal(38,18)": (
        "cast('12345678901234567890.123456789012345678' as decimal(38,18))",
        "cast(0 as decimal(38,18))",
    ),
    "string": ("'é\\n😀'", "''"),
    "binary": ("X'00FF'", "X''"),
    "date": ("date'2024-02-29'", "date'0001-01-01'"),
    "timestamp": ("timestamp'2024-07-01 12:34:56.789012'", "timestamp'1900-01-01 00:00:00'"),
    "timestamp_ntz": ("timestamp_ntz'1500-01-01 00:00:00'", "timestamp_ntz'9999-12-31 23:59:59.999999'"),
    "interval day to second": (
        "interval '1 02:03:04.000005' day to second",
        "interval '-1 00:00:00' day to second",
    ),
    "array<int>": ("array(1, null)", "cast(array() as array<int>)"),
    "array<string>": ("array('a', null)", "cast(array() as array<string>)"),
    "array<array<double>>": ("array(array(1D, double('NaN')), null)", "cast(array() as array<array<double>>)"),
    "array<struct<t:timestamp,d:decimal(5,1)>>": (
        "array(named_struct('t', timestamp'2024-01-01 00:00:00', 'd', cast(1 as decimal(5,1))))",
        "cast(array() as array<struct<t:timestamp,d:decimal(5,1)>>)",
    ),
    "map<string,int>": ("map('k', 1, 'l', null)", "cast(map() as map<string,int>)"),
    "map<int,array<string>>": ("map(1, array('x'))", "cast(map() as map<int,array<string>>)"),
    "struct<a:int,b:string>": (
        "named_struct('a', 1, 'b', 'x')",
        "cast(named_struct('a', null, 'b', null) as struct<a:int,b:string>)",
    ),
    "struct<n:struct<m:map<int,date>>>": (
        "named_struct('n', named_struct('m', map(1, date'2024-01-01')))",
        "cast(null as struct<n:struct<m:map<int,date>>>)",
    ),
    "array<timestamp_ntz>": ("array(timestamp_ntz'2024-01-01 00:00:00')", "cast(array() as array<timestamp_ntz>)"),
    "void": ("null", "null"),
}


def rows_of_types():
    """A query with a column of each type, and rows with a value, with nothing, and with the other value."""
    rows = zip(*((first, "null", other) for first, other in TYPES.values()), strict=True)
    values = ", ".join("(" + ", ".join(row) + ")" for row in rows)
    names = ", ".join(f"c{at}" for at in range(len(TYPES)))
    return f"select * from values {values} as t({names})"


@pytest.fixture(scope="module")
def kernel(livy_url):
    with kernel_with_agent(livy_url) as kernel:
        yield kernel


def local(kernel, expression):
    return kernel.value(f"%%local\n{expression}")


def nothing_is_left(kernel):
    """No file of a value is left, here or on the driver."""
    assert glob.glob(f"{tempfile.gettempdir()}/livy-kernel-value-*") == []
    folders = "__import__('_livy_kernel_agent').value_passing.folders.paths"
    wait_until(lambda: kernel.value(folders) == "set()", 10, "the driver keeps a file")


def test_each_type_of_spark_goes_down_and_up_unchanged(kernel):
    kernel.outputs(f'df = spark.sql("""{rows_of_types()}""")')
    assert "a pandas DataFrame, 3 rows × 25 columns" in said(kernel, "%get df as rows")
    assert "back is now in the session: a Spark DataFrame, 3 rows." in said(kernel, "%put rows as back")
    types = kernel.value("[field.dataType.simpleString() for field in back.schema]")
    assert eval(types) == list(TYPES)
    assert kernel.value("str(back.collect()) == str(df.collect())") == "True"
    nothing_is_left(kernel)


def test_numbers_have_numpys_types_where_these_hold_each_value(kernel):
    kernel.outputs(
        "df = spark.sql(\"select * from values (1, 1, 1D, 1D, true, timestamp'2024-01-01', date'2024-01-01', 1.5),"
        " (2, null, null, double('NaN'), false, null, null, null) as t(a, b, c, d, e, f, g, h)\")"
    )
    said(kernel, "%get df")
    types = eval(local(kernel, "list(map(str, df.dtypes))"))
    assert types[:5] == ["int32", "int32[pyarrow]", "float64", "double[pyarrow]", "bool"]
    assert types[5].startswith("datetime64[us, ")
    assert types[6:] == ["date32[day][pyarrow]", "decimal128(2, 1)[pyarrow]"]
    assert local(kernel, "df.c.isna().tolist(), int(df.a.sum())") == "([False, True], 3)"


@pytest.mark.parametrize(
    "value",
    [
        "None",
        "True",
        "12345678901234567890",
        "0.1",
        "'ä\\n😀'",
        "b'\\x00\\xff'",
        "[1, (2, 'a', None), {'k': [b'x'], 3: (), None: {1.5}}]",
        "{'d': __import__('decimal').Decimal('1.10'), 't': __import__('datetime').datetime(2024, 1, 2, 3, 4, 5, 6)}",
        "__import__('datetime').timedelta(days=-1, microseconds=5)",
        "complex(1, -2)",
        "frozenset(['a'])",
    ],
)
def test_plain_values_go_both_ways(kernel, value):
    kernel.outputs(f"x = {value}")
    assert "x is now in the Python of this machine" in said(kernel, "%get x")
    assert local(kernel, f"x == {value} and type(x) is type({value})") == "True"
    said(kernel, "%put x as y")
    assert kernel.value("x == y and type(x) is type(y)") == "True"


def test_arrays_go_both_ways(kernel):
    kernel.outputs("import numpy as np; x = np.arange(6, dtype='int16').reshape(2, 3); y = np.float32(0.1)")
    said(kernel, "%get x")
    said(kernel, "%get y")
    assert local(kernel, "x.dtype.name, x.tolist(), repr(y)") == "('int16', [[0, 1, 2], [3, 4, 5]], 'np.float32(0.1)')"
    said(kernel, "%put x as z")
    assert kernel.value("bool((x == z).all()) and z.dtype == x.dtype") == "True"


@pytest.mark.parametrize("module", ["pandas.core.frame", "pandas"])
def test_frames_of_pandas_are_known_by_the_module_of_each_version(kernel, module):
    kernel.outputs(f"import pandas; pandas.DataFrame.__module__ = {module!r}")
    kernel.outputs("%%local\nimport pandas; frame = pandas.DataFrame({'a': [1]})")
    assert "frame is now in the session: a pandas DataFrame" in said(kernel, "%put frame --as pandas")


def test_a_frame_of_pandas_keeps_its_index_and_labels(kernel):
    kernel.outputs(
        "import pandas as pd\n"
        "p = pd.DataFrame({('a', 1): [1, 2], 'a': ['x', None], 3: pd.Categorical(['u', 'v'])},"
        " index=pd.MultiIndex.from_tuples([(1, 'i'), (2, 'j')], names=['n', None]))"
    )
    said(kernel, "%get p")
    said(kernel, "%put p as q --as pandas")
    assert kernel.value("pd.testing.assert_frame_equal(p, q, check_dtype=True) is None") == "True"
    said(kernel, "%put p as s")
    assert kernel.value("s.columns") == "[\"('a', 1)\", 'a', '3']"


def test_two_columns_of_one_name_and_no_rows_arrive(kernel):
    kernel.outputs("df = spark.sql('select 1 as a, 2 as a, cast(null as date) as b where false')")
    assert "0 rows × 3 columns" in said(kernel, "%get df")
    assert (
        local(kernel, "list(df.columns), list(map(str, df.dtypes))[2]") == "(['a', 'a', 'b'], 'date32[day][pyarrow]')"
    )


def test_what_pandas_has_no_type_for_is_text_and_the_cell_says_so(kernel):
    kernel.outputs("df = spark.sql(\"select interval '1-2' year to month as i, 1 as n\")")
    assert "i is text here: pandas has no such type." in said(kernel, "%get df", "stderr")
    assert local(kernel, "df.i[0]") == "\"INTERVAL '1-2' YEAR TO MONTH\""


def test_the_rows_keep_their_order(kernel):
    kernel.outputs("df = spark.range(50000, numPartitions=7).orderBy('id', ascending=False)")
    said(kernel, "%get df")
    assert local(kernel, "df.id.tolist() == list(range(49999, -1, -1))") == "True"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("%get nothing", "nothing was not passed on: the session has no variable of this name\n%who lists"),
        ("%get spark", "a SparkSession cannot be passed on\nWhat can: tables (of Spark, pandas, polars or pyarrow)"),
        ("%get f", "a function cannot be passed on"),
        ("%get itself", "it contains itself, or is nested too deeply"),
        ("%get stream", "a stream has no end\nWrite it to a table"),
        ("%put nothing", "the Python of this machine has no variable of this name\nA cell of %%local makes one"),
        ("%put f", "a function cannot be passed on"),
        ("%%send_to_spark -i text -t df", "it is no DataFrame but a str\nFor a text write -t str"),
        ("%%send_to_spark -i number", "it is no str but a int\nFor a DataFrame write -t df, for all else %put"),
        ("%get", "the following required arguments were not provided"),
    ],
)
def test_what_cannot_be_passed_on_is_told(kernel, code, why):
    kernel.outputs("def f(): pass\nitself = []; itself.append(itself)\nstream = spark.readStream.format('rate').load()")
    kernel.outputs("%%local\ndef f(): pass\ntext, number = 'x', 1")
    assert why in refused(kernel, code)


def test_an_error_of_the_frames_own_rows_is_the_cells(kernel):
    kernel.outputs("df = spark.sql('select assert_true(id < 3) from range(5)')")
    assert "is not true" in refused(kernel, "%get df")
    nothing_is_left(kernel)


def test_rows_above_the_limit_stay_and_the_cell_says_how_to_get_them(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_LOCAL_MAX_BYTES="2m") as kernel:
        kernel.run("df = spark.range(1000000, numPartitions=8)\nx = 'x' * 3000000", timeout=SPARK_START)
        warning = said(kernel, "%get df", "stderr")
        # Spark may take too long to count them all.
        told = re.search(r"first rows of df have come \(([\d,]+)( of 1,000,000 rows| rows; there are more)\)", warning)
        assert told and "LIVY_LOCAL_MAX_BYTES" in warning, warning
        count = int(told[1].replace(",", ""))
        assert 200_000 < count < 250_000
        assert local(kernel, "len(df), df.id.tolist() == list(range(len(df)))") == f"({count}, True)"
        assert "it has 3,000,002 bytes, more than the setting local.max_bytes" in refused(kernel, "%get x")


def test_what_o_keeps_is_there_when_a_local_cell_reads_it(kernel):
    kernel.outputs("%%sql -q -o cities\nselect * from values ('Bern', 1), ('Basel', 2) as t(name, n)")
    assert local(kernel, "cities.head()['name'].tolist()") == "['Bern', 'Basel']"
    kernel.outputs("%%spark -o numbers -n 5\nnumbers = spark.range(10)")
    assert local(kernel, "# numbers\nlen(numbers)") == "5"
    kernel.outputs("%%spark -o numbers -n -1\nnumbers = spark.range(10)")
    assert local(kernel, "f'{len(numbers)}'") == "'10'"
    kernel.outputs("%%spark -o many\nmany = spark.range(3000)")
    assert local(kernel, "len(many)") == "2500" and kernel.value("many.count()") == "3000"


def test_what_o_keeps_is_fetched_only_if_it_is_read(kernel):
    kernel.outputs("%%spark -o dear\ndear = spark.range(3)")
    kernel.outputs("%%local\nx = 'dear'  # dear")
    assert local(kernel, "'dear' in globals()") == "False"
    kernel.outputs("%%local\ndear = 5")
    assert local(kernel, "dear") == "5"


def test_with_local_the_frame_comes_at_once(kernel):
    kernel.outputs("%%sql -q -o cities --local\nselect 7 as n")
    assert local(kernel, "globals()['cities'].n[0]") == "np.int32(7)"


def test_sparkmagics_example_of_local_data_runs_as_it_is(kernel):
    kernel.outputs('%%local\n\ns = u"abc ሴ def"\nprint(s)')
    assert "s is now in the session: str." in said(kernel, "%%send_to_spark -i s -t str -n s")
    assert said(kernel, "# This runs in Spark\nprint(s)") == "abc ሴ def\n"
    kernel.outputs(
        "%%local\nimport pandas as pd\nimport numpy as np\n"
        "X_test_pd = pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=['a','b','c','d'])\n"
        "Y_test_pd = pd.DataFrame(np.array([0, 1, 2]), columns=['pred'])"
    )
    said(kernel, "%%send_to_spark -i X_test_pd -t df -n X_test")
    said(kernel, "%%send_to_spark -i Y_test_pd -t df -n y_test")
    kernel.outputs("import numpy as np\ny_test = np.array(y_test.select('pred').collect())")
    kernel.outputs("X_test = np.array(X_test.collect())")
    assert kernel.value("X_test.shape, y_test.ravel().tolist()") == "((3, 4), [0, 1, 2])"


def test_send_to_spark_sends_as_many_rows_as_m_says(kernel):
    kernel.outputs("%%local\nimport pandas as pd\nmany = pd.DataFrame({'n': range(3000)})")
    assert "the first 2,500 of 3,000 rows" in said(kernel, "%%send_to_spark -i many -t df -n sent")
    said(kernel, "%%send_to_spark -i many -t df -n sent -m 7")
    assert kernel.value("sent.count()") == "7"


def test_scala_gets_tables_and_text_and_gives_frames(livy_url):
    with running_kernel("livy-spark", livy_url) as kernel:
        kernel.run("val ids = spark.range(4).toDF", timeout=SPARK_START)
        assert "4 rows × 1 columns" in said(kernel, "%get ids")
        kernel.outputs("%%local\nimport pandas as pd\np = pd.DataFrame({'x': [1, 2]}); t = 'a \"b\"'; n = [1]")
        said(kernel, "%put p as rows")
        said(kernel, "%put t")
        assert said(kernel, 'println(s"${rows.count()}$t")') == '2a "b"\n'
        assert "only Python has such values" in refused(kernel, "%put n")
        kernel.outputs("%%spark -o some -n 2\nval some = spark.range(5)")
        assert local(kernel, "len(some)") == "2"
        kernel.outputs("val no = 1")
        assert "has no rows to show" in refused(kernel, "%get no")


@pytest.mark.parametrize("stage", ["spark", "transfer"])
def test_an_interrupt_ends_it_and_leaves_nothing(kernel, stage):
    kernel.outputs("import os, time\nfrom pyspark.sql.functions import udf\nx = os.urandom(60000000)")
    kernel.outputs("slow = spark.range(2).select(udf(lambda i: time.sleep(60))('id'))")
    cell = kernel.client.execute("%get slow" if stage == "spark" else "%get x")
    if stage == "transfer":
        wait_until(lambda: glob.glob(f"{tempfile.gettempdir()}/livy-kernel-value-*/.*.part"), 60, "nothing comes")
    else:
        time.sleep(3)
    kernel.manager.interrupt_kernel()
    [error] = [m["content"] for m in kernel.heard_until_idle(cell) if m["msg_type"] == "error"]
    assert error["ename"] == "KeyboardInterrupt"
    kernel.client.get_shell_msg(timeout=10)
    nothing_is_left(kernel)


def test_what_a_killed_kernel_leaves_is_removed_by_the_next(server_url):
    pattern = f"{tempfile.gettempdir()}/livy-kernel-value-*"
    with kernel_with_agent(server_url) as kernel:
        kernel.outputs("import os; x = os.urandom(90000000)")
        kernel.client.execute("%get x")
        wait_until(lambda: glob.glob(pattern + "/.*.part"), 60, "nothing comes")
        kernel.kill()
        assert [os.stat(path).st_mode & 0o77 for path in glob.glob(pattern)] == [0]
        kernel.start_again()
        kernel.client.wait_for_ready(timeout=60)
        kernel.outputs("%%local\nx = 1")
        said(kernel, "%put x")
        assert glob.glob(pattern) == []


def test_without_pyarrow_the_cell_says_what_to_install(kernel):
    kernel.outputs("import sys; df = spark.range(2); saved = sys.modules.get('pyarrow'); sys.modules['pyarrow'] = None")
    told = refused(kernel, "%get df")
    assert "pyarrow is missing in the Python of the session\nInstall it: %pip install pyarrow" in told
    kernel.outputs("sys.modules.pop('pyarrow'); sys.modules.update(pyarrow=saved) if saved else None")
    kernel.outputs("%%local\nimport sys, pyarrow; sys.modules['pyarrow'] = None")
    told = refused(kernel, "%get df")
    kernel.outputs("%%local\nsys.modules['pyarrow'] = pyarrow")
    assert "pyarrow is missing in the Python of this machine\nInstall it: python3 -m pip install pyarrow" in told


def test_an_old_pyarrow_that_runs_what_a_file_brings_is_not_used(kernel):
    kernel.outputs("%%local\nimport pyarrow; kept, pyarrow.__version__ = pyarrow.__version__, '14.0.0'")
    kernel.outputs("df = spark.range(2)")
    assert "pyarrow 14.0.0 in the Python of this machine may run code" in refused(kernel, "%get df")
    kernel.outputs("%%local\npyarrow.__version__ = kept")


def test_a_value_of_the_session_is_data_and_never_code(kernel):
    """An object whose pickle would run code is refused where it is."""
    kernel.outputs("class Bomb:\n    def __reduce__(self): return (print, ('boom',))\nx = [Bomb()]")
    kernel.outputs("import numpy as np; y = np.array(x)")
    assert "a Bomb cannot be passed on" in refused(kernel, "%get x")
    assert "an array of Python objects cannot be passed on" in refused(kernel, "%get y")


def test_without_an_agent_the_cell_says_why(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never") as kernel:
        reply, _ = kernel.run("%get x", timeout=SPARK_START)
        assert "by the agent, which this session does not have" in reply["evalue"]
