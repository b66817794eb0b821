"""Spark on this machine, as the kernel starts it."""

import socket
import stat
import time

import psutil
import pytest
from conftest import SPARK_START, descendants, kept, printed, running_kernel, wait_until


def addresses(processes):
    """The addresses that processes listen on."""
    return {
        connection.laddr.ip
        for process in processes
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def loopback(address):
    return address in ("::1", "::ffff:127.0.0.1") or address.startswith("127.")


def test_nothing_listens_outside_this_machine():
    with running_kernel("livy-pyspark") as kernel:
        kernel.run("spark.range(10).repartition(3).count()", timeout=SPARK_START)
        processes = [psutil.Process(kernel.pid), *descendants(kernel.pid)]
        found = addresses(processes)
        assert found and all(map(loopback, found)), found


def test_a_shutdown_leaves_neither_spark_nor_its_lease():
    with running_kernel("livy-pyspark") as kernel:
        kernel.run("1", timeout=SPARK_START)
        processes = descendants(kernel.pid)
        assert len(processes) >= 3  # livy-local, Python and Java
        [lease] = kept(kernel, "livy-local")
        assert stat.S_IMODE(lease.stat().st_mode) == 0o600
        kernel.manager.shutdown_kernel()
        _, alive = psutil.wait_procs(processes, timeout=5)
        assert alive == [] and not lease.exists()


def test_a_killed_kernel_without_a_successor_leaves_no_spark():
    with running_kernel("livy-pyspark", LIVY_LOCAL_IDLE_EXIT="3") as kernel:
        kernel.run("1", timeout=SPARK_START)
        processes = descendants(kernel.pid)
        kernel.kill()
        _, alive = psutil.wait_procs(processes, timeout=20)
        assert alive == []


def test_a_kernel_killed_while_spark_starts_leaves_nothing():
    with running_kernel("livy-pyspark", LIVY_LOCAL_IDLE_EXIT="3") as kernel:
        kernel.client.execute("1")
        processes = wait_until(lambda: descendants(kernel.pid), SPARK_START, "Spark was not started")
        kernel.kill()
        _, alive = psutil.wait_procs(processes, timeout=30)
        assert alive == []


@pytest.mark.parametrize("idle", [True, False])
def test_spark_that_is_killed_is_told_and_started_again(idle):
    with running_kernel("livy-pyspark") as kernel:
        kernel.run("import time; x = 1", timeout=SPARK_START)
        server, *others = descendants(kernel.pid)
        running = None if idle else kernel.client.execute("print('begun'); time.sleep(100)")
        if running:
            kernel.heard_until_printed(running, "begun")
        server.kill()
        _, alive = psutil.wait_procs([server, *others], timeout=20)
        assert alive == []
        if running:
            [error] = [m for m in kernel.heard_until_idle(running) if m["msg_type"] == "error"]
            assert error["content"]["ename"] == "SessionLost" and "was killed" in error["content"]["evalue"]
            kernel.client.get_shell_msg(timeout=10)
        reply, shown = kernel.run("'x' in globals()", timeout=SPARK_START)
        assert reply["status"] == "ok" and shown[-1]["content"]["data"]["text/plain"] == "False"
        assert running or "was killed" in printed(shown, "stderr")


def test_two_kernels_at_once_have_their_own_sessions():
    with running_kernel("livy-pyspark") as one, running_kernel("livy-pyspark") as two:
        one.run("x = 'one'", timeout=SPARK_START)
        two.run("x = 'two'", timeout=SPARK_START)
        assert one.outputs("x")[0][1]["data"]["text/plain"] == "'one'"
        assert two.outputs("x")[0][1]["data"]["text/plain"] == "'two'"


def test_without_pyspark_the_cell_says_what_to_install(tmp_path):
    python = tmp_path / "python3"
    python.symlink_to("/usr/bin/env")  # it runs, but knows no pyspark
    nowhere = {"PATH": str(tmp_path), "LIVY_LOCAL_PYTHON": "", "VIRTUAL_ENV": "", "CONDA_PREFIX": ""}
    with running_kernel("livy-pyspark", **nowhere, PYSPARK_PYTHON="") as kernel:
        reply, _ = kernel.run("1")
        assert reply["status"] == "error" and reply["ename"] == "NoSparkError"
        text = "\n".join(reply["traceback"])
        assert "-m pip install" in text and "pyspark==4.3.0" in text and "LIVY_URL" in text


def test_kernel_info_comes_while_spark_starts():
    with running_kernel("livy-pyspark") as kernel:
        cell = kernel.client.execute("1")
        begun = time.monotonic()
        kernel.client.kernel_info()
        reply = kernel.client.get_shell_msg(timeout=5)
        assert reply["msg_type"] == "kernel_info_reply" and time.monotonic() - begun < 2
        reply = kernel.client.get_shell_msg(timeout=SPARK_START)
        assert reply["parent_header"]["msg_id"] == cell and reply["content"]["status"] == "ok"


def test_a_server_that_never_answers_does_not_hold_the_kernel():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with running_kernel("livy-pyspark", url) as kernel:
            cell = kernel.client.execute("1")
            kernel.client.kernel_info()
            assert kernel.client.get_shell_msg(timeout=5)["msg_type"] == "kernel_info_reply"
            kernel.manager.interrupt_kernel()
            reply = kernel.client.get_shell_msg(timeout=5)
            assert reply["parent_header"]["msg_id"] == cell
            assert reply["content"]["ename"] == "KeyboardInterrupt"
