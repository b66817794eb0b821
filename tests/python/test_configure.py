"""`%%configure`, on real Spark."""

import time

import pytest
from conftest import SPARK_START, plain, printed, running_kernel, sessions, wait_until


@pytest.fixture
def kernel(server_url):
    with running_kernel("livy-pyspark", server_url) as kernel:
        yield kernel


def refused(kernel, cell):
    reply, shown = kernel.run(cell)
    assert reply["status"] == "error" and [m["msg_type"] for m in shown] == ["error"]
    return reply["ename"], plain("\n".join(reply["traceback"]))


def test_the_first_session_has_what_was_configured(kernel):
    told = kernel.outputs('%%configure\n{"conf": {"spark.test.number": 7}, "driverMemory": "1g"}')
    assert '"spark.test.number":"7"' in told[0][1]["data"]["text/plain"]
    assert kernel.value("spark.conf.get('spark.test.number')", timeout=SPARK_START) == "'7'"


def test_a_session_is_ended_for_another_only_if_that_is_asked_for(kernel, server_url):
    kernel.run("x = 1", timeout=SPARK_START)
    before = sessions(server_url)
    name, text = refused(kernel, '%%configure\n{"conf": {"spark.test.number": 8}}')
    assert name == "ConfigureError" and "has started already" in text and "-f" in text
    assert kernel.value("x") == "1"

    told = kernel.outputs('%%configure -f\n{"conf": {"spark.test.number": 8}}')
    assert "is ended" in told[0][1]["data"]["text/plain"]
    reply, _ = kernel.run("x", timeout=SPARK_START)
    assert reply["ename"] == "NameError"
    assert kernel.value("spark.conf.get('spark.test.number')") == "'8'"
    assert sessions(server_url) == before


def test_a_session_that_still_starts_is_ended_too(kernel, server_url):
    before = sessions(server_url)
    cell = kernel.client.execute("1")
    wait_until(lambda: sessions(server_url) > before, SPARK_START, "no session was started")
    kernel.manager.interrupt_kernel()
    kernel.heard_until_idle(cell)
    kernel.client.get_shell_msg(timeout=10)
    kernel.outputs('%%configure -f -m {"conf": {"spark.test.number": 9}}')
    assert kernel.value("spark.conf.get('spark.test.number')", timeout=SPARK_START) == "'9'"
    assert sessions(server_url) == before + 1


def test_what_is_wrong_is_told_with_its_place_and_changes_nothing(kernel):
    name, text = refused(kernel, '%%configure\n{\n  "driverMemroy": "2g"\n}')
    assert name == "ConfigureError" and "driverMemroy" in text and "line 3" in text
    assert refused(kernel, "%%configure --frce {}")[0] == "UsageError"
    assert "--merge" in printed(kernel.run("%%configure --help")[1])


def test_a_named_session_is_joined_or_created(kernel, server_url):
    cell = f'%%configure {{"name": "configured-{time.time_ns()}"}}'
    with running_kernel("livy-pyspark", server_url) as other:
        kernel.run(cell)
        kernel.run("x = 'shared'", timeout=SPARK_START)
        other.run(cell)
        assert other.value("x", timeout=SPARK_START) == "'shared'"
    assert kernel.value("x") == "'shared'"
