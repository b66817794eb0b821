"""Livys behind a balancer that pins its clients by a cookie: each kernel stays on one, on real Spark."""

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from balancer import HAPROXY, balancer, two_livys
from conftest import SPARK_START, plain, printed, running_kernel, sessions, wait_until

KERNELS = 4
CELLS = 50

pytestmark = pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed (Debian: apt-get install haproxy)")


@pytest.fixture(scope="module")
def livys(program):
    with two_livys(program) as livys:
        yield livys


@pytest.fixture
def pinning(livys, tmp_path):
    with balancer(tmp_path, [livy.url for livy in livys]) as haproxy:
        yield haproxy


def run_all(kernel):
    """Runs cells one after another; returns what each has shown."""
    return [printed(kernel.run(f"print({cell})", timeout=SPARK_START)[1]) for cell in range(CELLS)]


def command(program, url, *arguments):
    """Runs a command of the program; returns what it printed as JSON."""
    environment = os.environ | {"LIVY_URL": url}
    ran = subprocess.run([program, *arguments, "--json"], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_two_hundred_cells_of_four_kernels_run_and_no_session_stays(pinning, livys):
    with ExitStack() as stack, ThreadPoolExecutor(KERNELS) as threads:
        kernels = [stack.enter_context(running_kernel("livy-pyspark", pinning.url)) for _ in range(KERNELS)]
        shown = list(threads.map(run_all, kernels))
        assert shown == [[f"{cell}\n" for cell in range(CELLS)]] * KERNELS
        assert [sessions(livy.url) for livy in livys] == [2, 2], "each in its turn"
    wait_until(lambda: [sessions(livy.url) for livy in livys] == [0, 0], 30, "a session stays")
    assert pinning.posted() == {"livy0": 2 * CELLS, "livy1": 2 * CELLS}


def test_a_kernel_that_is_started_again_and_the_commands_find_its_livy(pinning, livys, program):
    with ExitStack() as stack:
        first, second = (stack.enter_context(running_kernel("livy-pyspark", pinning.url)) for _ in range(2))
        first.run("x = 1", timeout=SPARK_START)
        second.run("x = 2", timeout=SPARK_START)
        assert [sessions(livy.url) for livy in livys] == [1, 1]
        listed = command(program, pinning.url, "sessions")
        assert len({session["name"] for session in listed}) == 2
        for session in listed:
            shown = command(program, pinning.url, "session", "show", session["name"])
            assert shown["name"] == session["name"]
        files = Path(os.environ["JUPYTER_DATA_DIR"], "livy-kernel", "affinity").iterdir()
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
        for kernel, x in (first, "1"), (second, "2"):
            kernel.kill()
            kernel.start_again()
            assert kernel.value("x", timeout=60) == x
        # Both Livys count from 0, and only one of the sessions is meant.
        command(program, pinning.url, "session", "kill", listed[0]["name"])
        assert sorted(sessions(livy.url) for livy in livys) == [0, 1]


def test_when_one_of_two_livys_fails_its_cells_say_so_and_the_others_go_on(program, tmp_path):
    with (
        two_livys(program) as livys,
        balancer(tmp_path, [livy.url for livy in livys]) as haproxy,
        running_kernel("livy-pyspark", haproxy.url) as lost,
        running_kernel("livy-pyspark", haproxy.url) as kept,
    ):
        lost.run("import time", timeout=SPARK_START)
        failing = livys[0] if sessions(livys[0].url) else livys[1]
        kept.run("import time", timeout=SPARK_START)
        assert [sessions(livy.url) for livy in livys] == [1, 1]
        before = haproxy.posted()
        lost_cell = lost.client.execute("time.sleep(60)", allow_stdin=False)
        kept_cell = kept.client.execute("time.sleep(12); print('went on')", allow_stdin=False)
        wait_until(lambda: sum(haproxy.posted().values()) == sum(before.values()) + 2, 30, "not posted")
        posted = haproxy.posted()
        begun = time.monotonic()
        failing.kill()
        shown = lost.heard_until_idle(lost_cell)
        assert time.monotonic() - begun < 10
        error = shown[-1]["content"]
        assert error["ename"] == "SessionLost" and "load balancer" in plain("\n".join(error["traceback"]))
        assert printed(kept.heard_until_idle(kept_cell)) == "went on\n"
        assert haproxy.posted() == posted
        reply, _ = lost.run("'time' in globals()", timeout=SPARK_START)
        assert reply["status"] == "ok", "a new session is on the Livy that is left"


def test_the_doctor_sees_a_balancer_that_pins_nobody(livys, program, tmp_path):
    with (
        running_kernel("livy-pyspark", livys[0].url) as kernel,
        balancer(tmp_path, [livy.url for livy in livys], pins=False) as haproxy,
    ):
        kernel.run("1", timeout=SPARK_START)
        checks = {check["check"]: check for check in command(program, haproxy.url, "doctor")}
        assert checks["affinity"]["verdict"] == "warn" and "cookie" in checks["affinity"]["remedy"]
