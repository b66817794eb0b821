"""DataFrames of Spark Connect, whose server runs in the session's own JVM. Spark 4 has the server in its package."""

import json
import socket

import pytest
from conftest import SPARK_START, plain, printed, running_kernel

OPEN = """from pyspark.sql.connect.session import SparkSession as RemoteSession
remote = RemoteSession.builder.remote("sc://127.0.0.1:{port}").create()
rows = remote.range(2).selectExpr("id", "cast(id as decimal(10,2)) as amount")"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def remote():
    port = free_port()
    conf = {
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.port": str(port),
    }
    with running_kernel("livy-pyspark") as kernel:
        kernel.run("%%configure\n" + json.dumps({"conf": conf}))
        reply, _ = kernel.run(OPEN.format(port=port), timeout=SPARK_START)
        assert reply["status"] == "ok", reply
        yield kernel


def text_of(kernel, code):
    [data] = [content["data"] for kind, content in kernel.outputs(code) if kind in ("execute_result", "display_data")]
    return data["text/plain"]


def test_a_bare_frame_runs_nothing(remote):
    assert text_of(remote, "rows") == "DataFrame[id: bigint, amount: decimal(10,2)]"


@pytest.mark.parametrize("code", ["display(rows)", "%table rows"])
def test_a_frame_is_a_table(remote, code):
    assert text_of(remote, code) == "id  amount\n--  ------\n 0    0.00\n 1    1.00\n2 rows"


def test_show_is_sparks(remote):
    _, shown = remote.run("rows.show()")
    assert "|  1|  1.00|" in printed(shown)


def test_an_error_has_no_stack_of_java(remote):
    reply, shown = remote.run('remote.sql("select 1/0").show()')
    assert reply["ename"] == "ArithmeticException" and "[DIVIDE_BY_ZERO]" in reply["evalue"]
    text = plain("\n".join(reply["traceback"]))
    assert "select 1/0" in text and "org.apache.spark" not in text + reply["evalue"]
    assert [message["msg_type"] for message in shown] == ["error"]
