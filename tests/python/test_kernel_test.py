"""Runs all applicable parts of Jupyter's own test of kernels three times in a row on a warm session."""

import time
import unittest

import jupyter_kernel_test
import pytest
from conftest import SPARK_START, running_kernel

RUNS = 3
NEVER = {"test_pager", "test_clear_output", "test_execute_stderr"}
MAGICS = {"text": "%%sq", "matches": {"%%sql"}}

FIGURE = """
class plt:
    gcf = classmethod(lambda cls: cls)
    clf = close = classmethod(lambda cls, *_: None)
    savefig = classmethod(lambda cls, file, **_: file.write(b"a figure"))
%matplot plt
""".strip()


class Checks(jupyter_kernel_test.KernelTests):
    __test__ = False  # pytest must not start a kernel for each of them
    skips = NEVER
    warm_up = ["1"]
    completion_samples = [MAGICS]
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "%%sql"

    @classmethod
    def setUpClass(cls):
        """Does nothing, since the kernel runs already."""

    @classmethod
    def tearDownClass(cls):
        """Does nothing, since the kernel is needed further."""


class Pyspark(Checks):
    kernel_name = "livy-pyspark"
    language_name = "python"
    skips = set()
    file_extension = ".py"
    warm_up = ["spark.range(1).count()", "%%sql\nselect 1"]
    code_hello_world = "print('hello, world')"
    completion_samples = [MAGICS, {"text": "%matplot ", "matches": {"plt"}}]
    complete_code_samples = ["1 + 1", "for i in y:\n    print(i)\n", "%%sql\nselect 1\n\n", "'''a\nb'''", "!ls", "len?"]
    incomplete_code_samples = ["print(", "if x:", "x = '''a", "x = 1 + \\", "%%sql\nselect 1", "%%bash"]
    invalid_code_samples = ["import = 7q", "print(1))", "'abc"]
    code_generate_error = "1 / 0"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": "spark.range(5).count()", "result": "5"},
        {"code": "rows = {'a': [1]}\n%json rows", "mime": "application/json", "result": {"a": [1]}},
        {"code": "%%sql\nselect 1 as a", "result": "a\n-\n1\n1 row"},
    ]
    code_display_data = [{"code": FIGURE, "mime": "image/png"}]
    code_stderr = "import sys\nprint('problem', file=sys.stderr)"
    code_page_something = "len?"
    code_clear_output = "clear_output()"
    code_history_pattern = "6 ?*7"


class Spark(Checks):
    kernel_name = "livy-spark"
    language_name = "scala"
    file_extension = ".scala"
    skips = NEVER | {"test_display_data"}
    code_hello_world = 'println("hello, world")'
    completion_samples = [MAGICS, {"text": "List(1).map(x => x.toS", "matches": {"toShort", "toString"}}]
    complete_code_samples = ["val x = 1", "def f = {\n  1\n}", "%%pyspark\nx = 1\n\n", "/* a */"]
    incomplete_code_samples = ["val x =", "def f = {", "f(1,", '"""a', "/* a", "1 +"]
    invalid_code_samples = ["f(1))", "val = 1", 'val s = "a']
    code_generate_error = 'throw new RuntimeException("bad")'
    code_execute_result = [
        {"code": "6 * 7"},
        {"code": "val rows = List(1, 2)\n%json rows", "mime": "application/json", "result": [1, 2]},
    ]
    code_history_pattern = "6 ?*7"


class Sql(Checks):
    kernel_name = "livy-sql"
    language_name = "sql"
    file_extension = ".sql"
    skips = NEVER | {"test_display_data", "test_execute_stdout"}
    warm_up = ["select 1"]
    complete_code_samples = ["select 1", "select 1;", "show tables", "%%pyspark\nx = 1\n\n"]
    incomplete_code_samples = ["select", "select * from", "select 'a", "select (1", "select 1 /* a"]
    invalid_code_samples = ["select 1)", "select * frm t x y"]
    code_generate_error = "select * from nowhere"
    code_execute_result = [
        {"code": "select 1 as a, 'x' as b", "result": "a  b\n-  -\n1  x\n1 row"},
        {"code": "select 2 as a", "result": "a\n-\n2\n1 row"},
    ]
    code_history_pattern = "select 2*"


@pytest.mark.parametrize("checks", [Pyspark, Spark, Sql])
def test_it_passes_three_times_in_a_row(checks, livy_url):
    with running_kernel(checks.kernel_name, livy_url) as kernel:
        warm_up(kernel, checks)
        checks.km, checks.kc = kernel.manager, kernel.client
        for _ in range(RUNS):
            result = run(checks)
            assert result.failures == result.errors == [], "\n".join(
                trace for _, trace in result.failures + result.errors
            )
            skipped = {test.id().rsplit(".", 1)[-1] for test, _ in result.skipped}
            assert skipped == checks.skips and result.testsRun > len(skipped)


@pytest.mark.parametrize("checks", [Pyspark, Spark, Sql])
def test_the_welcome_comes_first(checks):
    class Welcome(jupyter_kernel_test.IopubWelcomeTests):
        __test__ = False
        kernel_name = checks.kernel_name
        support_iopub_welcome = True

        @classmethod
        def tearDownClass(cls):
            # The client's heartbeat never ends if it is stopped before it has begun.
            while not cls.kc.hb_channel.is_beating():
                time.sleep(0.01)
            super().tearDownClass()

    result = run(Welcome)
    assert result.wasSuccessful() and result.testsRun == 1 and not result.skipped


def run(checks):
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(checks).run(result)
    return result


def warm_up(kernel, checks):
    """Starts the session, and what is slow only for the first time, such as completion in Scala."""
    for code in checks.warm_up:
        reply, _ = kernel.run(code, timeout=SPARK_START)
        assert reply["status"] == "ok", reply
    sample = checks.completion_samples[-1]
    deadline = time.monotonic() + SPARK_START
    while set(matches(kernel, sample["text"])) != set(sample["matches"]):
        assert time.monotonic() < deadline, "nothing was ever completed"
        time.sleep(0.5)


def matches(kernel, text):
    return kernel.client.complete(text, reply=True, timeout=30)["content"]["matches"]
