"""Jupyter's rarer messages, on real Spark: payloads, user_expressions, usage and inspection."""

import time

import pytest
import zmq
from conftest import SPARK_START, plain, running_kernel


@pytest.fixture(scope="module")
def kernel(pyspark):
    pyspark.await_agent()
    return pyspark


def evaluated(kernel, code="", **expressions):
    reply, _ = kernel.run(code, user_expressions=expressions)
    return reply["user_expressions"]


def has_no_session(kernel):
    return "the first cell starts one" in str(kernel.outputs("%info"))


def usage(kernel):
    """Asks as jupyter-resource-usage does, on control."""
    request = kernel.client.session.msg("usage_request", {})
    kernel.client.control_channel.send(request)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        reply = kernel.client.get_control_msg(timeout=10)
        if reply["parent_header"].get("msg_id") == request["header"]["msg_id"]:
            assert reply["msg_type"] == "usage_reply", reply
            return reply["content"]
    pytest.fail("no usage came")


def test_expressions_are_evaluated_after_the_cell(kernel):
    values = evaluated(kernel, "x = 20", double="2 * x", rich="spark.range(3)", wrong="nobody")
    assert values["double"] == {"status": "ok", "data": {"text/plain": "40"}, "metadata": {}}
    assert values["rich"]["data"]["text/plain"] == "DataFrame[id: bigint]"
    assert (values["wrong"]["status"], values["wrong"]["ename"]) == ("error", "NameError")
    assert values["wrong"]["traceback"]
    # MyST's notebooks send expressions with an empty cell.
    assert evaluated(kernel, x="x")["x"]["data"] == {"text/plain": "20"}


def test_a_cell_that_fails_has_no_expressions(kernel):
    reply, _ = kernel.run("1 / 0", user_expressions={"x": "1"})
    assert reply["status"] == "error" and not reply.get("user_expressions")


def test_expressions_start_no_session_and_say_why_they_have_no_value(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        answer = evaluated(kernel, x="1")["x"]
        assert answer["status"] == "error" and "session" in answer["evalue"]
        assert has_no_session(kernel)
    with running_kernel("livy-sql", livy_url) as kernel:
        assert "Python" in evaluated(kernel, x="1")["x"]["evalue"]
        assert has_no_session(kernel)


def test_an_interrupt_ends_expressions(kernel):
    kernel.run("import time")
    cell = kernel.client.execute("", user_expressions={"slow": "time.sleep(8)"})
    time.sleep(0.5)
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=5)
    assert reply["parent_header"]["msg_id"] == cell and time.monotonic() - began < 2
    assert reply["content"]["user_expressions"]["slow"]["ename"] == "KeyboardInterrupt"
    assert kernel.value("1 + 1") == "2"


def test_payloads_are_in_the_reply_of_a_cell_that_succeeds(kernel, tmp_path):
    kernel.run(f"%%writefile {tmp_path}/part.py\nx = 1\n")
    reply, shown = kernel.run(f"%load {tmp_path}/part.py")
    text = f"# %load {tmp_path}/part.py\nx = 1\n"
    assert reply["payload"] == [{"source": "set_next_input", "text": text, "replace": True}] and not shown
    reply, _ = kernel.run("len?\nprint('then')")
    assert [payload["source"] for payload in reply["payload"]] == ["page"]
    assert kernel.value("6 * 7") == "42"


def test_exit_asks_whom_it_can_ask_and_runs_nothing_further(kernel):
    cells = [kernel.client.execute(code) for code in ("exit()", "ran = True")]
    replies = [kernel.client.get_shell_msg(timeout=30) for _ in cells]
    kernel.heard_until_all_idle(cells)
    assert [reply["parent_header"]["msg_id"] for reply in replies] == cells
    assert replies[0]["content"]["payload"] == [{"source": "ask_exit", "keepkernel": False}]
    assert replies[1]["content"]["status"] == "aborted"
    reply, _ = kernel.run("exit()")  # As papermill runs it, which answers no questions.
    assert (reply["status"], reply["ename"]) == ("error", "SystemExit")
    assert kernel.value("'ran' in globals()") == "False"


def test_inspection_has_sources_on_demand(kernel):
    kernel.run("def half(x):\n    'Half of x.'\n    return x / 2")
    for detail, told in ((0, "Half of x."), (1, "return x / 2")):
        reply = kernel.client.inspect("half(3)", 2, detail, reply=True, timeout=30)["content"]
        assert told in plain(reply["data"]["text/plain"])
    reply = kernel.client.inspect("spark.range", 11, 1, reply=True, timeout=30)["content"]
    assert "def range(" in plain(reply["data"]["text/plain"])
    for magic in "%timeit", "%timeit?":
        reply = kernel.client.inspect(magic, 4, 1, reply=True, timeout=30)["content"]
        assert "many times" in reply["data"]["text/plain"]


def test_usage_is_that_of_the_driver_also_while_a_cell_runs(kernel):
    kernel.run("import os, socket, time\nspark.range(10).cache().count()")
    usage(kernel)
    cell = kernel.client.execute("end = time.monotonic() + 1.5\nwhile time.monotonic() < end: pass")
    time.sleep(0.5)
    began = time.monotonic()
    told = usage(kernel)
    assert time.monotonic() - began < 1
    kernel.heard_until_idle(cell)
    assert kernel.client.get_shell_msg(timeout=30)["content"]["status"] == "ok"
    values = evaluated(kernel, a="os.getpid()", b="socket.gethostname()", c="os.cpu_count()")
    driver = [eval(values[name]["data"]["text/plain"]) for name in "abc"]
    assert [told["pid"], told["hostname"], told["cpu_count"]] == driver
    assert told["python_cpu"] > 10 and told["kernel_cpu"] >= told["python_cpu"]
    pages = "int(open('/proc/self/statm').read().split()[1])"
    resident = int(kernel.value(pages + " * os.sysconf('SC_PAGE_SIZE')"))
    assert resident / 3 < told["python_memory"] < resident * 1.5
    assert told["jvm_memory"] > 100 << 20
    assert told["kernel_memory"] >= told["python_memory"] + told["jvm_memory"]
    assert 0 < told["jvm_heap_used"] <= told["jvm_heap_max"]
    assert told["host_virtual_memory"]["total"] > told["kernel_memory"]
    assert sum(executor["used"] for executor in told["executors"].values()) > 0
    assert all(executor["used"] < executor["max"] for executor in told["executors"].values())


def test_usage_without_a_session_is_the_kernels_and_starts_none(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        told = usage(kernel)
        assert (told["status"], told["pid"]) == ("ok", kernel.pid)
        assert told["hostname"] and told["cpu_count"] and "total" in told["host_virtual_memory"]
        assert has_no_session(kernel)
        kernel.run("1", timeout=SPARK_START)
        kernel.await_agent()
        assert usage(kernel)["pid"] != kernel.pid


class Peer:
    """A connection to a kernel's shell channel that has the identity of others."""

    def __init__(self, context, kernel):
        self.kernel, self.socket = kernel, context.socket(zmq.DEALER)
        self.socket.identity, self.socket.linger = b"one frontend", 0
        self.socket.connect(kernel.client.shell_channel.socket.getsockopt(zmq.LAST_ENDPOINT))

    def ask(self, **content):
        request = self.kernel.client.session.send(self.socket, "kernel_info_request", content)
        while self.socket.poll(5_000):
            _, reply = self.kernel.client.session.feed_identities(self.socket.recv_multipart())
            if self.kernel.client.session.deserialize(reply)["parent_header"]["msg_id"] == request["header"]["msg_id"]:
                return True
        return False


def test_of_two_connections_of_one_frontend_the_one_that_asks_gets_the_reply():
    """Gateways leave a connection open when a page connects again, and both have the frontend's identity."""
    with running_kernel("livy-pyspark", "http://127.0.0.1:9") as kernel, zmq.Context() as context:
        left_behind, used = Peer(context, kernel), Peer(context, kernel)
        assert left_behind.ask() and all(used.ask() for _ in range(200))
        # After a crash they come back in any order, and one may do so right before the reply to the other.
        for _ in range(5):
            kernel.kill()
            kernel.start_again()
            assert all(any(peer.ask() for _ in range(3)) for peer in (used, left_behind))
            assert all(used.ask() for _ in range(20))
        assert all(peer.ask(large="x" * 3_000_000) for peer in [left_behind, used] * 20)
        for peer in left_behind, used:
            peer.socket.close()
