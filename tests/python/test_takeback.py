"""The session and the cell of a killed kernel go on in the kernel that Jupyter starts in its place, on real Spark."""

import json
import os
import subprocess
import time
from itertools import groupby
from subprocess import PIPE

import pytest
from conftest import SPARK_START, kernel_with_agent, printed, sessions

COUNT = "for i in range(30):\n    print(i, flush=True); time.sleep(0.15)\nkept = 'there'\n'the result'"
NUMBERS = "".join(f"{i}\n" for i in range(30))


USED = "import time; x = 41"


@pytest.fixture
def kernel(livy_url):
    with kernel_with_agent(livy_url, USED) as kernel:
        yield kernel


@pytest.fixture
def kernel_elsewhere(server_url):
    """A kernel that has not started the server itself."""
    with kernel_with_agent(server_url, USED) as kernel:
        yield kernel


def kinds(shown):
    return [m["msg_type"] for m in shown if m["msg_type"] not in ("status", "execute_input")]


@pytest.mark.parametrize("after", [0.3, 1.5, 3])
def test_a_running_cell_goes_on_for_who_waits_for_it(kernel, after):
    client = kernel.client
    cell = client.execute(COUNT, allow_stdin=False)
    time.sleep(after)
    kernel.kill()
    kernel.start_again()
    shown = kernel.heard_until_idle(cell)
    lines = printed(shown, "stdout").splitlines(keepends=True)
    # What the kernel sent in the moment before it was killed is shown twice, which is better than not at all.
    assert "".join(line for line, _ in groupby(lines)) == NUMBERS and len(lines) <= 31
    assert kinds(shown)[-1] == "execute_result" and kinds(shown).count("execute_result") == 1
    reply = client.get_shell_msg(timeout=10)
    assert reply["parent_header"]["msg_id"] == cell and reply["content"]["status"] == "ok"
    count = reply["content"]["execution_count"]

    reply, shown = kernel.run("kept, x")
    assert reply["status"] == "ok" and reply["execution_count"] == count + 1
    told = [m["content"].get("data", {}).get("text/plain", "") for m in shown]
    assert "is back" in told[0] and told[-1] == "('there', 41)"
    assert printed(kernel.run("print('next')")[1], "stdout") == "next\n"


def test_cells_sent_together_after_a_restart_all_have_output(kernel):
    kernel.kill()
    kernel.start_again()
    cells = {kernel.client.execute(f"print({n})"): f"{n}\n" for n in range(40)}
    shown = kernel.heard_until_all_idle(cells)
    assert {cell: printed(shown[cell], "stdout") for cell in cells} == cells


def test_a_frontend_that_begins_anew_sees_it_in_the_next_cell(kernel):
    client = kernel.client
    cell = client.execute(COUNT, allow_stdin=False)
    kernel.heard_until_printed(cell, "3\n")
    kernel.kill()
    kernel.start_again()
    client.kernel_info(reply=True, timeout=30)  # JupyterLab does so, and forgets its cells then.
    reply, shown = kernel.run("kept", timeout=60)
    assert reply["status"] == "ok"
    heading, *_ = [m["content"]["text"] for m in shown if m["content"].get("name") == "stderr"]
    assert "which ran when the kernel was killed" in heading
    shown_numbers = [int(line) for line in printed(shown, "stdout").splitlines()]
    # The forgotten cell has shown the earlier ones.
    assert shown_numbers == list(range(shown_numbers[0], 30)) and 0 < shown_numbers[0] < 20
    results = [m["content"]["data"]["text/plain"] for m in shown if m["msg_type"] == "execute_result"]
    assert results == ["'the result'", "'there'"]


def test_a_resumed_cell_says_which_statements_did_not_run(kernel):
    kernel.run("def slow(n):\n    time.sleep(n)\n    return n\nspark.udf.register('slow', slow, 'int')")
    cell = kernel.client.execute("%%sql\nselect slow(4) as a; create temporary view later as select 1")
    time.sleep(1.5)
    kernel.kill()
    kernel.start_again()
    *_, result, error = kernel.heard_until_idle(cell)
    assert result["content"]["data"]["text/plain"] == "a\n-\n4\n1 row"
    assert error["content"]["ename"] == "KernelKilled" and "1 more to do" in error["content"]["evalue"]
    assert kernel.client.get_shell_msg(timeout=10)["content"]["status"] == "error"
    assert "TABLE_OR_VIEW_NOT_FOUND" in str(kernel.run("%%sql\nselect * from later")[0])


def test_a_cell_that_waits_behind_a_resumed_one_is_resumed_too(kernel):
    client, cells = kernel.client, []
    for name in "first", "second":
        cells.append(client.execute(COUNT.replace("print(i", f"print('{name}', i"), allow_stdin=False))
        time.sleep(1)
        kernel.kill()
        kernel.start_again()
        time.sleep(0.5)
    shown = kernel.heard_until_all_idle(cells)
    for name, cell in zip(("first", "second"), cells, strict=True):
        assert printed(shown[cell], "stdout") == "".join(f"{name} {i}\n" for i in range(30))
        assert client.get_shell_msg(timeout=10)["parent_header"]["msg_id"] == cell


def orphans(program, server_url):
    command = [program, "sessions", "--orphaned", "--json"]
    listed = subprocess.run(command, env=os.environ | {"LIVY_URL": server_url}, stdout=PIPE, check=True)
    return [session["id"] for session in json.loads(listed.stdout)]


def test_an_idle_session_is_taken_back_and_no_orphan(kernel_elsewhere, server_url, program):
    kernel, before = kernel_elsewhere, sessions(server_url)
    for _ in range(3):
        kernel.kill()
        kernel.start_again()
        kernel.client.wait_for_ready(timeout=30)
    _, shown = kernel.run("x + 1")
    assert "is back" in shown[0]["content"]["data"]["text/plain"]
    assert shown[-1]["content"]["data"]["text/plain"] == "42"
    assert sessions(server_url) == before
    assert orphans(program, server_url) == []
    kernel.kill()
    assert len(orphans(program, server_url)) == 1
    kernel.start_again()
    kernel.client.wait_for_ready(timeout=30)


def test_a_running_cell_can_be_interrupted_by_the_new_kernel(kernel):
    cell = kernel.client.execute("while True: time.sleep(0.1)", allow_stdin=False)
    time.sleep(1)
    kernel.kill()
    kernel.start_again()
    time.sleep(2)
    kernel.manager.interrupt_kernel()
    assert kinds(kernel.heard_until_idle(cell)) == ["error"]
    reply, _ = kernel.run("x", timeout=20)
    assert reply["status"] == "ok", reply


def test_a_restart_by_the_person_begins_afresh(kernel_elsewhere, server_url):
    kernel, before = kernel_elsewhere, sessions(server_url)
    kernel.manager.restart_kernel(now=False)
    reply, _ = kernel.run("x", timeout=SPARK_START)
    assert reply["ename"] == "NameError" and reply["execution_count"] == 1
    assert sessions(server_url) == before


def test_a_session_that_has_ended_meanwhile_is_reported(kernel):
    kernel.client.execute("import os; time.sleep(2); sc._jvm.System.exit(1)", allow_stdin=False)
    time.sleep(0.5)
    kernel.kill()
    time.sleep(6)
    kernel.start_again()
    time.sleep(2)
    reply, shown = kernel.run("'x' in globals()", timeout=SPARK_START)
    assert reply["status"] == "ok"
    assert shown[-1]["content"]["data"]["text/plain"] == "False"
