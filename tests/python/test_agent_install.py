"""The session agent is installed, on each Python and more than once."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from agent_session import PARTS, Session, kinds, only, session, shared, streams, text


def pythons():
    """Those at hand that Spark runs on."""
    found = (shutil.which(f"python3.{minor}") for minor in range(8, 14))
    runs = [path for path in found if path and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0]
    return runs or [sys.executable]


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).name)
def test_it_runs_on_each_python_at_hand(python):
    session = Session(python)
    assert text(session.run("print('ä')")) == "ä\n"
    assert only(session.run("[1, 'b']"), "result")["data"]["text/plain"] == "[1, 'b']"
    assert "line 2" in "\n".join(only(session.run("x = 1\n1 / 0"), "error")["traceback"])
    assert text(session.run("import os\nx = os.system('echo child')")) == "child\n"
    assert "capitalize" in session.call("complete", "str.cap", 7)["matches"]
    statement = session.start("while True: pass")
    session.interrupt(statement)
    assert session.reply()["ename"] == "KeyboardInterrupt"
    session.close()


@pytest.mark.parametrize("part", sorted(PARTS.glob("*.py")), ids=lambda path: path.stem)
def test_each_part_is_python_3_8(part):
    ast.parse(part.read_text(), feature_version=(3, 8))


def test_two_kernels_in_a_session_hear_the_same_and_know_whose_it_is(session):
    ours = session.start("print('ours')")
    session.reply()
    session.install()  # The other kernel comes.
    theirs = session.start("print('theirs')")
    session.reply()
    heard = [session.call("events", 0, 0)["events"] for _ in range(2)]
    assert heard[0] == heard[1]
    told = {e["statement"]: e["text"] for e in heard[0] if e["kind"] == "stream"}
    assert (told[ours], told[theirs]) == ("ours\n", "theirs\n")


def test_installing_twice_doubles_nothing(session):
    first, second = session.install(), session.install()
    assert first == second
    abilities = first["abilities"]
    assert all(abilities[name] for name in ("streams", "results", "interrupt", "children", "errors"))
    events = session.run("print('once'); 7")
    assert kinds(events) == ["start", "stream", "result", "end"]


def test_a_newer_agent_takes_over(session):
    session.run("kept = 1")
    session.call("uninstall")
    reply, events = session.execute("print('untold')")
    assert (reply["data"], events) == ({"text/plain": "untold"}, [])
    session.do("setattr(agent, 'VERSION', 0)")
    assert session.install()["next"] == 0
    session.next = 0
    reply, events = session.execute("import os; x = os.system('echo child'); print('told', kept)")
    assert (reply["data"]["text/plain"], text(events)) == ("told 1", "child\ntold 1\n")
    assert kinds(events).count("end") == 1


def test_a_shell_that_is_not_livys_only_loses_abilities():
    session = Session(install=False)
    shell = "__import__('__main__')"
    session.job(f"lambda jc: (delattr({shell}, 'clearOutputs'), {shell}.msg_type_router.clear(), '{{\"ok\": 0}}')[2]")
    abilities = session.install()["abilities"]
    assert not any(abilities[name] for name in ("streams", "results", "errors"))
    assert abilities["interrupt"] and abilities["children"]
    session.close()


def test_a_job_that_fails_says_so_and_raises_nothing(session):
    answer = session.job(
        "lambda jc: __import__('json').dumps({'ok': __import__('sys').modules['_livy_kernel_agent'].call('nonsense')})"
    )
    assert json.loads(answer) == {"error": "KeyError: 'nonsense'"}
