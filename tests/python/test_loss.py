"""When a session's processes die, the cell says so and the next one works, on real Spark."""

import pytest
from conftest import SPARK_START, plain, running_kernel

KILL_PYTHON = "import os; os.kill(os.getpid(), 9)"
KILL_DRIVER = "import os, time; os.kill(sc._jvm.java.lang.ProcessHandle.current().pid(), 9); time.sleep(60)"
# In local mode the driver's heap is the executor's, and its handler ends the process.
FILL_HEAP = "sc.parallelize(range(100), 4).map(lambda i: 'x' * 20_000_000).collect()"


@pytest.fixture(params=["auto", "never"])
def kernel(request, livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT=request.param) as kernel:
        kernel.run("x = 1", timeout=SPARK_START)
        yield kernel


def loss(kernel, code):
    """Runs a cell that loses its session, and another; returns what the first one said."""
    reply, _ = kernel.run(code, timeout=SPARK_START)
    assert reply["ename"] == "SessionLost", reply
    after, shown = kernel.run("'x' in globals()", timeout=SPARK_START)
    assert after["status"] == "ok", after
    assert "False" in str([m["content"] for m in shown])
    return plain("\n".join(reply["traceback"]))


def test_a_killed_python_is_told_of(kernel):
    text = loss(kernel, KILL_PYTHON)
    assert "Its variables are lost" in text and "starts a new session" in text


def test_a_killed_driver_is_told_of(kernel):
    text = loss(kernel, KILL_DRIVER)
    assert "its state is" in text and "starts a new session" in text


def test_a_driver_without_memory_is_told_of(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        kernel.run("x = 1", timeout=SPARK_START)
        reply, _ = kernel.run(FILL_HEAP, timeout=SPARK_START)
        while "SessionLost" not in reply["ename"]:  # The cell may fail before the driver does.
            reply, _ = kernel.run("import time; time.sleep(60); 1 / 0")
        text = "\n".join(reply["traceback"])
        assert "the driver ran out of memory" in text and "toPandas" in text


def test_text_that_livy_cannot_pass_on_is_no_error_of_the_code(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never") as kernel:
        reply, _ = kernel.run("print('x' * 25_000_000)", timeout=SPARK_START)
        if livy_url is None:
            assert reply["status"] == "ok", "livy-local has no such limit"
        else:
            assert reply["ename"] == "OutputTooLarge" and "the cell has run" in reply["evalue"]
        assert kernel.run("1 + 1")[0]["status"] == "ok"


def test_with_the_agent_such_text_is_no_error(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        kernel.run("1", timeout=SPARK_START)
        reply, shown = kernel.run("print('x' * 25_000_000)")
        assert reply["status"] == "ok" and any(m["msg_type"] == "stream" for m in shown)


def test_a_pipe_that_others_write_to_is_told_of(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never") as kernel:
        reply, _ = kernel.run("import os; n = os.system('echo from-shell')", timeout=SPARK_START)
        if livy_url is None:
            assert reply["status"] == "ok", "livy-local's pipe is its own"
        else:
            assert reply["ename"] == "OutOfStepError" and "restart the kernel" in reply["traceback"][1]
            _, shown = kernel.run("'two'")
            assert "may belong to earlier ones" in shown[0]["content"]["text"]
