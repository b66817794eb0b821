"""Streaming queries of Python cells: what their console sinks print, their list and their end, on real Spark."""

import threading
import time

import pytest
from conftest import SPARK_START, printed, refused, running_kernel

START = (
    "spark.conf.set('spark.sql.shuffle.partitions', 1)\n"
    "query = (spark.readStream.format('rate').option('rowsPerSecond', 5).load()\n"
    "    .writeStream.format('console').queryName('ticks').start())"
)


@pytest.fixture(scope="module")
def kernel(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        kernel.run("1", timeout=SPARK_START)
        kernel.await_agent()
        yield kernel


def listed(kernel):
    [(_, content)] = kernel.outputs("%streams")
    return content["data"]["text/plain"]


def test_batches_are_shown_below_the_cell_that_started_the_query(kernel):
    assert "No streaming query" in listed(kernel)
    cell = kernel.client.execute(START)
    shown = printed(kernel.heard_until_printed(cell, "Batch: 1", timeout=90))
    assert "Batch: 0" in shown and "|timestamp|value|" in shown, shown

    table = listed(kernel)
    assert "ticks" in table and "rows done/s" in table, table

    timer = threading.Timer(2, kernel.manager.interrupt_kernel)
    timer.start()
    reply, shown = kernel.run("query.awaitTermination()")
    assert reply["ename"] == "KeyboardInterrupt"
    assert "Streaming queries go on: ticks. `%streams stop ticks` ends one." in printed(shown, "stderr")

    assert "no streaming query" in refused(kernel, "%streams stop nothing")
    [(_, content)] = kernel.outputs("%streams stop ticks")
    assert "ticks is stopped" in content["data"]["text/plain"]
    assert kernel.value("query.isActive") == "False"
    assert "No streaming query" in listed(kernel)


def test_a_query_that_fails_is_listed_with_its_error(kernel):
    fails = (
        "from pyspark.sql.functions import udf\n"
        "q = (spark.readStream.format('rate').load().select(udf(lambda t: 1 // 0, 'int')('timestamp'))\n"
        "    .writeStream.format('console').queryName('broken').start())"
    )
    kernel.run(fails)
    deadline = time.monotonic() + 60
    while "failed" not in listed(kernel):
        assert time.monotonic() < deadline, listed(kernel)
        time.sleep(0.5)
    assert "broken" in listed(kernel) and "Exception" in listed(kernel)


def test_the_drivers_log_has_the_batches_as_before(kernel):
    cell = kernel.client.execute(START.replace("ticks", "logged"))
    kernel.heard_until_printed(cell, "Batch: 0", timeout=60)
    kernel.run("query.stop()")
    [(_, content)] = kernel.outputs("%logs -n 1000")
    assert "Batch: 0" in content["data"]["text/plain"]
