"""Kernels take their sessions from a pool and give them back, on real Spark."""

import time
from contextlib import ExitStack

import pytest
from conftest import CELL, SPARK_START, wait_until
from pools import Pool

APPLICATION = "sc.applicationId"


@pytest.fixture
def pool(server_url):
    pool = Pool(server_url)
    yield pool
    pool.end()


def first_cell(kernel, code):
    """Returns the value of a kernel's first cell, and what it told before."""
    shown = kernel.outputs(code, timeout=SPARK_START)
    *told, (_, result) = shown
    return result["data"]["text/plain"], str(told)


def test_a_session_is_given_back_and_taken_with_its_variables(pool):
    with pool.kernel() as first:
        _, told = first_cell(first, "x = 41; x")
        assert "earlier notebooks" not in told
        first.client.execute("import time; time.sleep(600)", allow_stdin=False)
        wait_until(lambda: pool.states() == ["busy"], CELL, "the cell does not run")
    wait_until(lambda: pool.states() == ["idle"], CELL, "the cell is not stopped")
    assert pool.sessions()[1].get("heartbeatTimeoutInSecond", 0) == 0
    with pool.kernel() as second:
        value, told = first_cell(second, "x")
        assert value == "41" and f"Taken from a pool as {pool.name}-1: variables of earlier notebooks" in told
        assert "is given back to its pool" in str(second.outputs("%detach"))
        wait_until(lambda: pool.states() == ["idle"], CELL, "the session is not given back")
        assert second.value("x + 1", timeout=SPARK_START) == "42"
    assert list(pool.sessions()) == [1]


def test_kernels_that_start_together_have_sessions_of_their_own(pool, tmp_path):
    with pool.kernel() as first:
        application = first.value(APPLICATION, timeout=SPARK_START)
    # Two kernels of one machine, and one that sees none of their files, as on another.
    folders = [{}, {}, {"JUPYTER_DATA_DIR": str(tmp_path)}]
    with ExitStack() as stack:
        kernels = [stack.enter_context(pool.kernel(LIVY_START="eager", **folder)) for folder in folders]
        applications = [kernel.value(APPLICATION, timeout=SPARK_START) for kernel in kernels]
        assert len(set(applications)) == 3 and application in applications
        assert sorted(pool.sessions()) == [1, 2, 3]


def test_a_killed_kernels_session_is_its_own_for_a_while_and_then_free(pool):
    with pool.kernel(LIVY_HEARTBEAT_TIMEOUT="40s") as first:
        first.run("x = 1", timeout=SPARK_START)
        first.kill()
        with pool.kernel() as second:
            assert second.run("x", timeout=SPARK_START)[0]["ename"] == "NameError"
        first.start_again()
        first.client.wait_for_ready(timeout=30)
        assert first.value("x") == "1"
        first.kill()
        with pool.kernel(LIVY_HEARTBEAT_TIMEOUT="1s") as third, pool.kernel(LIVY_HEARTBEAT_TIMEOUT="1s") as fourth:
            time.sleep(1.5)
            seen = {kernel.value("'x' in globals()", timeout=SPARK_START) for kernel in (third, fourth)}
            assert seen == {"True", "False"} and sorted(pool.sessions()) == [1, 2]


def test_a_restart_gives_an_empty_session(pool):
    with pool.kernel() as other:
        other.run("x = 'of another'", timeout=SPARK_START)
        with pool.kernel() as kernel:
            kernel.run("x = 1", timeout=SPARK_START)
            ended = pool.sessions()[2]["id"]
            other.manager.shutdown_kernel()
            kernel.manager.restart_kernel()
            kernel.client.wait_for_ready(timeout=30)
            assert kernel.run("x", timeout=SPARK_START)[0]["ename"] == "NameError"
            assert ended not in [session["id"] for session in pool.sessions().values()]


def test_a_session_with_other_properties_is_not_taken(pool):
    with pool.kernel() as first:
        first.run("x = 1", timeout=SPARK_START)
    with pool.kernel() as second:
        second.run('%%configure\n{"conf": {"spark.test.number": 7}}')
        assert second.value("spark.conf.get('spark.test.number')", timeout=SPARK_START) == "'7'"
    assert sorted(pool.sessions()) == [1, 2]


@pytest.mark.parametrize("kind", ["pyspark", "spark"])
def test_a_session_that_no_kernel_has_started_is_taken_in_every_language(pool, kind):
    pool.request("POST", "/sessions", {"kind": kind, "name": f"{pool.name}-1"})
    wait_until(lambda: pool.states() == ["idle"], SPARK_START, "the session does not start")
    with pool.kernel("sql") as first:
        first.run("create or replace temporary view kept as select 41 as x", timeout=SPARK_START)
    # It is given back by a statement of its own.
    wait_until(lambda: pool.states() == ["idle"], SPARK_START, "the session is not given back")
    with pool.kernel("spark") as second:
        assert "41" in second.value('spark.sql("select x from kept").head.getInt(0)', timeout=SPARK_START)
    assert list(pool.sessions()) == [1]
