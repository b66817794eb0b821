"""The outputs of cells on real Spark."""

import json
import threading
from datetime import datetime
from importlib.metadata import version

import nbformat
import pytest
from conftest import SPARK_START, descendants, plain, running_kernel, wait_until
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


@pytest.fixture(scope="module", params=["auto", "never"])
def agent(request):
    """When the agent is installed: these cells have the same outputs with and without one."""
    return request.param


@pytest.fixture(scope="module")
def pyspark(livy_url, agent):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT=agent) as kernel:
        kernel.run("1", timeout=SPARK_START)
        yield kernel


def test_cells_errors_interrupts_and_shutdown_leave_no_process(livy_url, agent):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT=agent) as kernel:
        reply, shown = kernel.run("1 + 1", timeout=SPARK_START)
        assert reply["status"] == "ok" and reply["execution_count"] == 1
        assert shown[-1]["content"]["data"] == {"text/plain": "2"}

        assert kernel.outputs("x = 20") == []
        assert kernel.outputs("print('a'); print('é 😀')") == [("stream", {"name": "stdout", "text": "a\né 😀\n"})]
        assert kernel.outputs("spark.range(x).count()") == [
            ("execute_result", {"execution_count": 4, "data": {"text/plain": "20"}, "metadata": {}})
        ]
        [(kind, stream)] = kernel.outputs("spark.range(2).show()")
        assert kind == "stream" and "| id|" in stream["text"]

        kernel.outputs("spark.range(3).createOrReplaceTempView('three')")
        [(kind, result)] = kernel.outputs("%%sql\nselect id, id * 2 as twice from three")
        assert kind == "execute_result" and set(result["data"]) == {"text/html", "text/plain"}
        assert '<td class="n">4</td>' in result["data"]["text/html"]
        assert result["data"]["text/plain"].splitlines()[-2:] == [" 2      4", "3 rows"]

        [(kind, result)] = kernel.outputs("data = {'a': [1, 'é']}\n%json data")
        assert kind == "execute_result" and result["data"]["application/json"] == {"a": [1, "é"]}

        reply, shown = kernel.run("def f():\n    raise ValueError('bad é')\nf()")
        [error] = [m["content"] for m in shown]
        assert reply["status"] == "error" and reply["ename"] == "ValueError"
        assert {k: reply[k] for k in ("ename", "evalue", "traceback")} == error
        assert plain(error["traceback"][-1]) == "ValueError: bad é"

        assert_interrupt_ends_a_spark_job(kernel)
        assert kernel.outputs("x")[0][1]["data"] == {"text/plain": "20"}

        processes = descendants(kernel.pid)
        kernel.manager.shutdown_kernel()
        wait_until(lambda: not any(p.is_running() for p in processes), 10, "processes are left")


def assert_interrupt_ends_a_spark_job(kernel):
    slow = "sc.parallelize(range(2), 2).map(lambda _: __import__('time').sleep(60)).count()"
    interrupt = threading.Timer(3, kernel.manager.interrupt_kernel)
    interrupt.start()
    reply, shown = kernel.run(slow)
    interrupt.join()
    assert reply["status"] == "error" and reply["ename"] == "KeyboardInterrupt"
    assert [m["msg_type"] for m in shown] == ["error"]


def test_a_failed_magic_that_livy_calls_ok_is_an_error(pyspark):
    reply, shown = pyspark.run("%json missing")
    assert reply["status"] == "error" and reply["ename"] == "KeyError"
    assert [m["msg_type"] for m in shown] == ["error"]


def test_livys_table_is_an_html_table_with_a_text_twin(pyspark):
    [(kind, result)] = pyspark.outputs("rows = [[1, 'a'], [2, 'b']]\n%table rows")
    assert kind == "execute_result" and set(result["data"]) == {"text/html", "text/plain"}
    assert "<td>b</td>" in result["data"]["text/html"]


def test_a_sql_error_says_what_spark_says(pyspark):
    reply, _ = pyspark.run("%%sql\nselect * from nowhere")
    assert "TABLE_OR_VIEW_NOT_FOUND" in reply["evalue"]
    assert "`nowhere`" in reply["traceback"][0]


def test_a_megabyte_of_text_arrives_whole(pyspark):
    streams = pyspark.outputs("print('x' * 1_000_000)")
    assert {kind for kind, _ in streams} == {"stream"}
    assert "".join(stream["text"] for _, stream in streams) == "x" * 1_000_000 + "\n"


def test_a_cell_that_asks_for_input_fails_and_nobody_is_asked(pyspark, agent):
    reply, _ = pyspark.run("input('? ')")
    assert reply["ename"] == {"auto": "StdinNotImplementedError", "never": "EOFError"}[agent]
    assert not pyspark.client.stdin_channel.msg_ready()


def test_jupyter_can_read_when_each_message_was_sent(pyspark):
    _, shown = pyspark.run("print(1)")
    pyspark.client.kernel_info()
    messages = [*shown, pyspark.client.get_shell_msg(timeout=5)]
    assert len(messages) == 2
    for message in messages:
        sent = message["header"]["date"], message["parent_header"]["date"]
        assert all(isinstance(date, datetime) for date in sent), sent


def test_the_sql_kernel_runs_sql_without_a_magic(livy_url):
    with running_kernel("livy-sql", livy_url) as kernel:
        reply, shown = kernel.run("select 1 as a, 'x' as b", timeout=SPARK_START)
        assert reply["status"] == "ok"
        assert shown[-1]["content"]["data"]["text/plain"] == "a  b\n-  -\n1  x\n1 row"
        assert kernel.outputs("create temporary view v as select 1") == []


def test_nbclient_stops_at_an_error_and_saves_a_valid_notebook(monkeypatch):
    monkeypatch.delenv("LIVY_URL", raising=False)
    cells = [nbformat.v4.new_code_cell(code) for code in ("print(1)", "1 / 0", "print('never')")]
    kernelspec = {"name": "livy-pyspark", "display_name": "PySpark (Livy)"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        NotebookClient(notebook, timeout=SPARK_START).execute()
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in cells] == [1, 2, None]
    first = cells[0].outputs
    assert first[0].data["text/plain"].startswith(f"Spark session 0 on this machine: Spark {version('pyspark')}")
    assert [output.output_type for output in first] == ["display_data", "stream"]


def test_the_installed_kernels_are_told_apart(kernelspecs):
    specs = {p.name: json.loads((p / "kernel.json").read_text()) for p in kernelspecs.iterdir()}
    assert {name: spec["display_name"] for name, spec in specs.items()} == {
        "livy-pyspark": "PySpark (Livy)",
        "livy-spark": "Spark Scala (Livy)",
        "livy-sparkr": "SparkR (Livy)",
        "livy-sql": "Spark SQL (Livy)",
    }
    assert len({tuple(spec["argv"]) for spec in specs.values()}) == 4
    assert all(spec["argv"][-1] == "{connection_file}" for spec in specs.values())
    assert len({(p / "logo-64x64.png").read_bytes() for p in kernelspecs.iterdir()}) == 4
