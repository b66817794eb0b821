"""The progress display of a cell, in Spark or in the session's queue."""

import json
import re
import urllib.request
from base64 import b64encode
from urllib.parse import urlsplit

import pytest
from conftest import SPARK_START, running_kernel

SLOW = "sc.parallelize(range(8), 8).map(lambda x: __import__('time').sleep(0.4)).count()"


@pytest.fixture(scope="module")
def pyspark(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_PROGRESS="line") as kernel:
        kernel.run("1", timeout=SPARK_START)
        yield kernel


def told(kernel, code):
    """Runs a cell; returns the texts of its progress display, in order, and its other outputs."""
    _, shown = kernel.run(code)
    displays = [m for m in shown if m["msg_type"] in ("display_data", "update_display_data")]
    assert [m["msg_type"] for m in displays][:1] in ([], ["display_data"])
    assert len({m["content"]["transient"]["display_id"] for m in displays}) <= 1
    texts = [m["content"]["data"]["text/plain"].strip() for m in displays]
    return texts, [m for m in shown if m not in displays]


def test_a_cell_tells_its_jobs_stages_and_tasks(pyspark):
    texts, shown = told(pyspark, SLOW)
    assert re.fullmatch(r"Spark: 0/1 jobs, 0/1 stages(, \d/8 tasks)?(, \d active)?, \d s", texts[0]), texts
    assert re.fullmatch(r"Spark: 1/1 jobs, 1/1 stages, 8/8 tasks in \d\.\d s", texts[-1]), texts
    assert [m["content"]["data"]["text/plain"] for m in shown] == ["8"]


def test_a_stage_that_is_skipped_has_no_tasks_to_do(pyspark):
    pyspark.run("pairs = sc.parallelize(range(8), 4).map(lambda x: (x, 1)).reduceByKey(max, 2)\npairs.count()")
    texts, _ = told(pyspark, "pairs.map(lambda _: __import__('time').sleep(0.4)).count()")
    assert re.fullmatch(r"Spark: 1/1 jobs, 2/2 stages, 2/2 tasks in \d\.\d s", texts[-1]), texts


def test_a_quick_cell_and_one_without_spark_tell_nothing(pyspark):
    # The first job of a session is slow, and so is any on a busy machine.
    assert any(told(pyspark, "spark.range(3).count()")[0] == [] for _ in range(4))
    assert told(pyspark, "import time; time.sleep(1.2)")[0] == []


def test_a_failed_cell_tells_what_failed(pyspark):
    code = "import time\nsc.parallelize([1]).map(lambda x: time.sleep(1.5) or 1 / 0).count()"
    texts, [error] = told(pyspark, code)
    assert error["msg_type"] == "error" and error["content"]["ename"] in ("Py4JJavaError", "PythonException")
    assert re.fullmatch(r"Spark: .*, 1 failed in \d\.\d s", texts[-1]), texts


def test_clearing_the_output_harms_nothing(pyspark):
    reply, shown = pyspark.run(f"{SLOW}\nclear_output(); print('end')")
    assert reply["status"] == "ok"
    assert [m["content"]["text"] for m in shown if m["msg_type"] == "stream"] == ["end\n"]


def test_sql_tells_the_same(pyspark):
    pyspark.run("spark.udf.register('slow', lambda x: __import__('time').sleep(0.3) or x, 'long')")
    texts, [table] = told(pyspark, "%%sql\nselect sum(slow(id)) from range(0, 12, 1, 4)")
    assert texts and re.fullmatch(r"Spark: \d+/\d+ jobs, .* tasks in \d\.\d s", texts[-1]), texts
    assert "66" in table["content"]["data"]["text/plain"]


def test_without_an_agent_livys_share_is_told(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never", LIVY_PROGRESS="line") as kernel:
        kernel.run("1")
        texts, _ = told(kernel, SLOW)
    assert any(re.fullmatch(r"Spark: \d+ % of the tasks, \d s", text) for text in texts), texts
    assert texts[-1] == ""


@pytest.mark.parametrize("setting", ["clear", "never"])
def test_the_setting_says_what_stays(livy_url, setting):
    with running_kernel("livy-pyspark", livy_url, LIVY_PROGRESS=setting) as kernel:
        kernel.run("1")
        texts, _ = told(kernel, SLOW)
    assert texts[-1:] == ([""] if setting == "clear" else [])


def ask(livy_url, path, body=None):
    """Sends a request as another client of the server does."""
    url = urlsplit(livy_url)
    login = b64encode(f"{url.username}:{url.password}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "X-Requested-By": "test"}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"http://{url.hostname}:{url.port}{path}", data, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def test_a_cell_behind_somebody_elses_says_how_many_are_ahead(spark_url):
    before = {session["id"] for session in ask(spark_url, "/sessions")["sessions"]}
    with running_kernel("livy-pyspark", spark_url, LIVY_PROGRESS="line") as kernel:
        kernel.run("1")
        sessions = ask(spark_url, "/sessions")["sessions"]
        [session] = [session["id"] for session in sessions if session["id"] not in before]
        for _ in range(2):
            code = "import time; time.sleep(2.5)"
            ask(spark_url, f"/sessions/{session}/statements", {"code": code})
        texts, [result] = told(kernel, "1 + 1")
    words = [text.rpartition(",")[0] for text in texts[:-1]]
    ahead = ["2 statements of the session are ahead", "1 statement of the session is ahead"]
    assert list(dict.fromkeys(words)) == [f"Waiting: {number}" for number in ahead], texts
    assert texts[-1] == "" and result["content"]["data"]["text/plain"] == "2"
