"""The session agent can be installed on each Python, and more than once."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from agent_session import AGENT, PARTS, WITHOUT_IPYTHON, Session, kinds, only, text


def pythons():
    """Returns the installed Pythons on which Spark runs."""
    found = (shutil.which(f"python3.{minor}") for minor in range(7, 14))
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
    session.run("import sys\ndef trace(*_): return trace\nsys.settrace(trace)")
    assert text(session.run("print('traced')\nsys.settrace(None)")) == "traced\n"
    taken = text(session.run("import builtins\ndel builtins.len, sys.stdout, sys.displayhook"), "stderr")
    assert "put back: builtins.len, sys.displayhook" in taken
    assert text(session.run("print(len('ab'))")) == "2\n"
    statement = session.start("while True: pass")
    session.interrupt(statement)
    assert session.reply()["ename"] == "KeyboardInterrupt"
    session.close()


@pytest.mark.parametrize("part", sorted(PARTS.glob("*.py")), ids=lambda path: path.stem)
def test_each_part_is_python_3_7(part):
    ast.parse(part.read_text(), feature_version=(3, 7))


def test_python_3_7_lacks_only_await_at_top_level():
    session = Session(environment={"WITHOUT_TOP_LEVEL_AWAIT": "yes"} | WITHOUT_IPYTHON)
    session.run("import asyncio")
    assert only(session.run("[1, 'b']"), "result")["data"]["text/plain"] == "[1, 'b']"
    assert only(session.run("await asyncio.sleep(0)"), "error")["ename"] == "SyntaxError"
    assert session.call("expressions", {"x": "1 + 1"})["x"]["data"]["text/plain"] == "2"
    session.close()


def test_an_older_python_is_told_why_it_has_no_agent(monkeypatch):
    space = {}
    exec((AGENT / "load.py").read_text(), space)
    with monkeypatch.context() as older:
        older.setattr(sys, "version_info", (3, 6, 15))
        with pytest.raises(RuntimeError) as refused:
            space["load"]("agent", "version", {})
    assert str(refused.value) == "the agent needs Python 3.7 or newer, and the session has 3.6"


def test_two_kernels_in_a_session_read_the_same_events(session):
    ours = session.start("print('ours')")
    session.reply()
    session.install()  # Another kernel joins the session.
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


def test_an_agent_of_the_same_version_stays_with_its_events(session):
    session.run("1")
    before = session.call("status")["next"]
    assert before > 0 and session.install()["next"] == before


@pytest.mark.parametrize("version", ["another hash", 10], ids=["of a hash", "of a number"])
def test_an_agent_of_another_version_is_replaced(session, version):
    session.run("kept = 1")
    session.do(f"setattr(agent, 'VERSION', {version!r})")
    assert session.install()["next"] == 0
    session.next = 0
    reply, events = session.execute("import os; x = os.system('echo child'); print('told', kept)")
    assert (reply["data"]["text/plain"], text(events)) == ("told 1", "child\ntold 1\n")
    assert kinds(events).count("end") == 1
    assert session.install()["next"] == session.next


def test_a_session_without_its_agent_is_as_before(session):
    session.call("uninstall")
    reply, events = session.execute("print('untold')")
    assert (reply["data"], events) == ({"text/plain": "untold"}, [])
    session.install("a version after that")
    session.next = 0
    assert text(session.run("print('told')")) == "told\n"


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
