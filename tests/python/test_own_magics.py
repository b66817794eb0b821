"""The magics that the kernel answers itself, such as `%info` and `%logs`."""

import json
import re

import pytest
from conftest import SPARK_START, printed, refused, running_kernel


def rows(kernel, code="%info"):
    """Returns the names and values of a display in two columns."""
    [(kind, content)] = kernel.outputs(code)
    assert kind == "display_data" and "<table>" in content["data"]["text/html"]
    lines = content["data"]["text/plain"].splitlines()
    return dict(line.split("  ", 1) for line in lines if line.strip()), content["data"]


def told(kernel, name):
    found, _ = rows(kernel)
    return found.get(name, "").strip()


def test_before_a_session_there_is_none_and_asking_starts_none(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        assert told(kernel, "Session") == "none: the first cell starts one"
        assert told(kernel, "Session") == "none: the first cell starts one"
        assert "no session" in plain_of(kernel, "%logs")
        assert "no session" in refused(kernel, "%logs -f")


def test_a_session_its_server_and_its_abilities_are_told(pyspark):
    for _ in range(100):
        found, data = rows(pyspark)
        if found["Agent"].strip() == "is there":
            break
    assert found["Session"].strip().endswith("idle")
    for ability in "streams", "results", "errors", "interrupt", "children", "magics", "completion (":
        assert ability in found["Abilities"]
    assert found["Kind"].strip() == "pyspark" and found["Server"].strip()
    assert "<th " in data["text/html"]


def test_who_wants_no_agent_reads_why_there_is_none(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never") as kernel:
        kernel.run("1", timeout=SPARK_START)
        assert told(kernel, "Agent") == "off: LIVY_AGENT=never"


def test_a_server_that_is_down_is_no_reason_to_fail():
    with running_kernel("livy-pyspark", "http://127.0.0.1:1") as kernel:
        assert told(kernel, "Session") == "none: the first cell starts one"
        kernel.run("1")
        assert told(kernel, "Session").startswith("none: ")


def test_the_end_of_the_log_is_shown(pyspark):
    [(_, content)] = pyspark.outputs("%logs -n 5")
    assert 1 <= len(content["data"]["text/plain"].splitlines()) <= 7
    reply, _ = pyspark.run("%logs -n lots")
    assert reply["ename"] == "UsageError" and "lots" in reply["evalue"]


def test_in_scala_and_sql_it_is_the_same(livy_url):
    with running_kernel("livy-sql", livy_url) as kernel:
        kernel.run("select 1", timeout=SPARK_START)
        assert told(kernel, "Kind") == "sql"
        assert told(kernel, "Agent").startswith("off; set LIVY_AGENT=always")


def test_sessions_are_listed_with_owners_and_ended_on_request(server_url):
    with running_kernel("livy-pyspark", server_url) as one, running_kernel("livy-pyspark", server_url) as other:
        one.run("x = 1", timeout=SPARK_START)
        other.run("x = 2", timeout=SPARK_START)
        listed = plain_of(one, "%sessions")
        assert listed.count("this notebook's") == 1 and "another notebook's of yours" in listed
        [id] = [line.split()[0] for line in plain_of(other, "%sessions").splitlines() if "this notebook's" in line]
        assert "Add -f" in refused(one, f"%delete -s {id}")
        assert "this notebook's" in refused(other, f"%delete -f -s {id}")
        assert "is ended" in plain_of(one, f"%%delete -f -s {id}")
        assert "LivyError: " in refused(one, f"%delete -f -s {id}")

        assert "would be ended" in refused(one, "%cleanup")
        assert one.value("x") == "1"
        assert "Ended: session" in plain_of(one, "%%cleanup -f")
        assert one.run("x", timeout=SPARK_START)[0]["ename"] == "NameError"


def test_the_spark_ui_is_linked_where_it_is_known(pyspark, livy_url):
    [(_, content)] = pyspark.outputs("%spark_ui")
    # A real Livy does not know it of a Spark on its own machine.
    known = '<a href="http' if livy_url is None else "Livy does not say where"
    assert known in content["data"]["text/html"]


def test_help_tells_of_every_magic(pyspark):
    told = plain_of(pyspark, "%help")
    for name in re.findall(r"%%?[\w-]+", plain_of(pyspark, "%lsmagic")):
        assert f"\n{name} " in f"\n{told}", name


@pytest.mark.parametrize("code", ["%manage_spark", "%spark add -s a -l python -u http://x"])
@pytest.mark.parametrize("name", ["livy-pyspark", "livy-spark", "livy-sql"])
def test_unsupported_sparkmagics_are_explained_without_a_session(name, code):
    with running_kernel(name, "http://127.0.0.1:1") as kernel:
        assert "is not supported" in refused(kernel, code)


def test_every_magic_of_the_kernels_has_help_on_demand():
    with running_kernel("livy-spark", "http://127.0.0.1:1") as kernel:
        listed = re.search("alone in a cell: (.*)", plain_of(kernel, "%lsmagic")).group(1).split()
        for name in set(listed) - {"%%local", "%manage_spark"} | {
            "%%sql",
            "%%pyspark",
            "%%spark",
            "%%sparkr",
        }:
            shown = kernel.run(f"{name} --help")[1]
            assert f"Usage: {name}" in printed(shown, "stdout"), name
            reply = kernel.client.complete(f"{name[:-1]}", reply=True, timeout=10)
            assert name in reply["content"]["matches"], name


def test_the_log_is_followed_until_that_is_interrupted(pyspark):
    cell = pyspark.client.execute("%logs -f")
    pyspark.heard_until(lambda message: "spark" in printed([message]).lower(), timeout=30)
    pyspark.manager.interrupt_kernel()
    shown = pyspark.heard_until_idle(cell)
    assert [m["content"]["ename"] for m in shown if m["msg_type"] == "error"] == ["KeyboardInterrupt"]
    pyspark.client.get_shell_msg(timeout=10)
    assert pyspark.value("1 + 1") == "2"


def test_a_batch_is_submitted_and_followed_to_its_end(server_url, tmp_path):
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("import sys\nprint('hello', sys.argv[1])\n")
    bad.write_text("1 / 0\n")
    with running_kernel("livy-sql", server_url) as kernel:
        _, shown = kernel.run("%%batch -f\n" + json.dumps({"file": str(good), "args": ["Ada"]}), timeout=SPARK_START)
        assert "has been submitted" in shown[0]["content"]["data"]["text/plain"] and "hello Ada" in printed(shown)
        reply, shown = kernel.run("%%batch --follow " + json.dumps({"file": str(bad)}), timeout=SPARK_START)
        assert reply["ename"] == "BatchError" and "ZeroDivisionError" in printed(shown)
        assert "line 2, column 10" in refused(kernel, '%%batch\n{"file": }')


def plain_of(kernel, code):
    [(_, content)] = kernel.outputs(code)
    return content["data"]["text/plain"]
