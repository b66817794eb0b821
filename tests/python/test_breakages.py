"""After cells that break the Python of their session, the next ones work or report the loss, in time."""

import time

import pytest
from breakages import GROUPS, KEEP, LOSSES, REPLACED, WITHOUT_SPARK
from conftest import SPARK_START, kernel_with_agent, plain, printed, running_kernel

TIME = 20
HOLDS_PYTHON = "import ctypes\nn = ctypes.PyDLL(None).sleep({})"
SILENCE = "has not answered for 17 s"


@pytest.fixture(scope="module")
def kernel(livy_url):
    with kernel_with_agent(livy_url, KEEP) as kernel:
        kernel.run("spark.range(2).collect()", timeout=SPARK_START)
        yield kernel


def end_of(kernel, code):
    """Runs a cell; returns its error, value or text, and how long it took."""
    began = time.monotonic()
    reply, shown = kernel.run(code, timeout=TIME)
    values = [m["content"]["data"]["text/plain"] for m in shown if m["msg_type"] == "execute_result"]
    # Without the agent, what was written to stderr comes with the value.
    told = "".join(value.split("\n")[0] for value in values) or printed(shown, "stdout")
    return reply.get("ename") or told, time.monotonic() - began


def ends_after(kernel, breakage):
    """Returns how everyday cells end after this one."""
    cells = [breakage, "print(1 + 1)", "1 / 0", "spark.range(3).collect()", "spark.range(3)"]
    ends, times = zip(*(end_of(kernel, cell) for cell in cells), strict=True)
    assert sum(times) < TIME, (ends, times)
    return list(ends[1:])


WELL = ["2\n", "ZeroDivisionError", "[Row(id=0), Row(id=1), Row(id=2)]", "DataFrame[id: bigint]"]


@pytest.mark.parametrize("group", GROUPS)
def test_what_a_cell_breaks_leaves_the_next_cells_working(kernel, group):
    odd = {}
    for name, code in GROUPS[group].items():
        kernel.outputs(KEEP)
        ends = ends_after(kernel, code)
        working = 2 if name in WITHOUT_SPARK else 4
        if ends[:working] != WELL[:working]:
            odd[name] = ends
        kernel.run("restore()")
    assert odd == {}


def test_what_was_put_back_is_said(kernel):
    _, shown = kernel.run("import builtins\ndel builtins.print")
    assert "builtins.print" in printed(shown, "stderr")


def test_what_a_cell_has_replaced_stays_and_hangs_nothing(kernel):
    for name, code in REPLACED.items():
        kernel.outputs(KEEP)
        printed, divided, *_ = ends_after(kernel, code)
        printed = printed.split("\n")[0]  # Without the agent, stderr's text comes with it.
        assert (printed in ("2", "", "ZeroDivisionError"), divided) == (True, "ZeroDivisionError"), name
        kernel.run("restore()")
    assert ends_after(kernel, "pass") == WELL


@pytest.mark.parametrize("agent", ["auto", "never"])
def test_a_session_that_a_cell_ends_is_said_to_be_lost(livy_url, agent):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT=agent) as kernel:
        for code in LOSSES:
            kernel.run("1", timeout=SPARK_START)
            began = time.monotonic()
            reply, _ = kernel.run(code)
            assert reply["ename"] == "SessionLost" and time.monotonic() - began < TIME, reply


def test_a_cell_that_holds_python_gets_a_word_and_can_be_left(livy_url):
    with kernel_with_agent(livy_url) as kernel:
        _, shown = kernel.run(HOLDS_PYTHON.format(6))
        assert printed(shown) == ""
        cell = kernel.client.execute(HOLDS_PYTHON.format(60), allow_stdin=False)
        began = time.monotonic()
        kernel.heard_until(lambda m: m["msg_type"] == "stream" and SILENCE in m["content"]["text"], timeout=TIME + 5)
        assert 15 < time.monotonic() - began < TIME + 2
        kernel.manager.interrupt_kernel()
        [*_, error] = kernel.heard_until_idle(cell, timeout=5)
        assert error["content"]["ename"] == "KeyboardInterrupt"
        assert "may run on" in plain("\n".join(error["content"]["traceback"]))
