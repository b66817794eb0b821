"""What is recorded of cells on real Spark, and of what goes to and from the driver."""

import hashlib
import json
import time

import pytest
from conftest import SPARK_START, running_kernel, said, wait_until

CELLS = {
    "1 + 1": ("pyspark", "ok", None),
    "%%sql\nselect id, id * 2 as twice from range(7)": ("pyspark", "ok", 7),
    "%%sql -n 3\nselect id from range(50)": ("pyspark", "ok", 3),
    "%%sql\nselect nothing from nowhere": ("pyspark", "error", None),
    "1 / 0": ("pyspark", "error", None),
    "%%scala\n1 + 1": ("spark", "ok", None),
}


class Audit:
    def __init__(self, path):
        self.path = path

    def lines(self, event):
        text = self.path.read_text() if self.path.exists() else ""
        return [line for line in map(json.loads, text.splitlines()) if line["event"] == event]

    def only(self, event, count=1):
        wait_until(lambda: len(self.lines(event)) >= count, 20, f"no {event} is told")
        return self.lines(event)


@pytest.fixture
def audit(tmp_path):
    return Audit(tmp_path / "audit.jsonl")


def hash_of(code):
    return hashlib.sha256(code.encode()).hexdigest()


def test_each_cell_is_told_with_its_end_time_rows_and_bytes(server_url, audit):
    env = {"LIVY_AUDIT_TO": str(audit.path), "LIVY_AUDIT_CODE": "yes"}
    with running_kernel("livy-pyspark", server_url, **env) as kernel:
        for code in CELLS:
            kernel.run(code, timeout=SPARK_START)
        told = [line for line in audit.only("statement", len(CELLS) + 1) if line["source"] == "cell"]
        shown = [(line["kind"], line["state"], line["rows"]) for line in told]
        assert shown == list(CELLS.values())
        assert [line["sha256"] for line in told] == [hash_of(code) for code in CELLS]
        assert [line["code"] for line in told] == list(CELLS)
        assert [line["error"] for line in told if line["error"]] == ["AnalysisException", "ZeroDivisionError"]
        assert all(line["ms"] >= line["ran_ms"] >= 0 and line["bytes"] > 0 for line in told)
        [session] = audit.only("session")
        assert session["state"] == "started" and session["application"] == told[0]["application"] != ""
    [end] = audit.only("session_end")
    assert (end["state"], end["session"]) == ("ended", session["session"])


def test_a_loop_that_is_stopped_is_told_as_cancelled(server_url, audit):
    with running_kernel("livy-pyspark", server_url, LIVY_AUDIT_TO=str(audit.path)) as kernel:
        kernel.run("import time", timeout=SPARK_START)
        cell = kernel.client.execute("print('on'); time.sleep(60)", allow_stdin=False)
        kernel.heard_until_printed(cell, "on")
        kernel.manager.interrupt_kernel()
        kernel.heard_until_idle(cell)
        told = audit.only("statement", 2)[1]
        assert (told["state"], told["error"]) == ("cancelled", None)
        [cancel] = audit.only("cancel")
        assert cancel["statement"] == told["statement"] and cancel["session"] == told["session"]


def test_files_and_variables_are_told_with_their_bytes(server_url, audit, tmp_path):
    there = tmp_path / "driver"
    there.mkdir()
    (tmp_path / "data.bin").write_bytes(b"x" * 3_000_000)
    with running_kernel("livy-pyspark", server_url, LIVY_AUDIT_TO=str(audit.path)) as kernel:
        kernel.run("import pandas; df = pandas.DataFrame({'a': range(1000)})", timeout=SPARK_START)
        kernel.await_agent()
        said(kernel, f"%upload {tmp_path}/data.bin {there}")
        said(kernel, f"%download {there}/data.bin {tmp_path}/back.bin")
        said(kernel, "%get df")
        kernel.run(f"%download {there}/none {tmp_path}")
        told = audit.only("transfer", 4)
    shown = [(line["direction"], line["name"].rpartition("/")[2], line["state"]) for line in told]
    assert shown == [
        ("upload", "data.bin", "ok"),
        ("download", "data.bin", "ok"),
        ("download", "df", "ok"),
        ("download", "none", "error"),
    ]
    assert [line["bytes"] for line in told[:2]] == [3_000_000] * 2 and told[2]["bytes"] > 1000


def test_a_kernel_that_is_killed_and_started_again_tells_its_cell_once(server_url, audit):
    with running_kernel("livy-pyspark", server_url, LIVY_AUDIT_TO=str(audit.path)) as kernel:
        kernel.run("import time", timeout=SPARK_START)
        cell = kernel.client.execute("print('on'); time.sleep(3); 1 / 0", allow_stdin=False)
        kernel.heard_until_printed(cell, "on")
        kernel.kill()
        kernel.start_again()
        told = audit.only("statement", 2)
        assert [line["state"] for line in told] == ["ok", "error"]
        assert [line["state"] for line in audit.only("session", 2)] == ["started", "recovered"]
        time.sleep(1)
    assert len(audit.lines("statement")) == 2
