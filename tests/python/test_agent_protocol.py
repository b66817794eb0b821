"""The session agent has what replies need beside outputs: payloads, the values of expressions, and usage."""

import time

import pytest
from agent_session import Session, kinds, only, text
from conftest import plain


def payloads(events):
    return [event["payload"] for event in events if event["kind"] == "payload"]


def test_a_question_opens_the_pager_and_prints_nothing(session):
    session.run("def half(x):\n    'Half of x.'\n    return x / 2")
    for question, shown in (("half?", "Half of x."), ("half??", "return x / 2"), ("?half", "Half of x.")):
        reply, events = session.execute(question)
        [payload] = payloads(events)
        assert (payload["source"], payload["start"]) == ("page", 0)
        assert shown in plain(payload["data"]["text/plain"])
        assert text(events) == "" and reply["data"]["text/plain"] == ""


def test_a_question_about_nothing_says_so(session):
    events = session.run("nobody?")
    assert "Object `nobody` not found." in text(events) and not payloads(events)


def test_load_writes_a_file_into_the_cell(session, tmp_path):
    file = tmp_path / "part.py"
    file.write_text("x = 'ä'\n")
    [payload] = payloads(session.run(f"%load {file}"))
    assert payload == {"source": "set_next_input", "replace": True, "text": f"# %load {file}\nx = 'ä'\n"}
    assert "nowhere.py" in only(session.run("%load nowhere.py"), "error")["evalue"]


@pytest.mark.parametrize("code", ["exit", "quit", "exit()", "x = 1\nquit()"])
def test_exit_asks_the_frontend_and_the_session_goes_on(session, code):
    reply, events = session.execute(code)
    assert reply["status"] == "ok" and reply["data"]["text/plain"] == ""
    assert payloads(events) == [{"source": "ask_exit", "keepkernel": False}]
    assert kinds(events) == ["start", "payload", "end"]


def test_exit_may_leave_the_kernel_running(session):
    assert payloads(session.run("exit(True)")) == [{"source": "ask_exit", "keepkernel": True}]
    assert payloads(session.run("exit(keep_kernel=True)")) == [{"source": "ask_exit", "keepkernel": True}]


def test_exit_of_another_client_is_pythons_own(session):
    reply, events = session.execute("exit('bye')", cell=None)
    assert (reply["ename"], payloads(events)) == ("SystemExit", [])
    reply, events = session.execute("exit", cell=None)
    assert "Ctrl-D" in reply["data"]["text/plain"] and not payloads(events)


def test_pythons_own_exit_is_back_when_the_agent_is_gone():
    session = Session()
    session.call("uninstall")
    reply, _ = session.execute("print(type(exit).__name__)", cell=None)
    assert reply["data"]["text/plain"] == "Quitter"
    session.close()


def test_expressions_have_values_of_all_mime_types(session):
    session.run("x = 6\nclass A:\n    def _repr_html_(self): return '<b>a</b>'\n    def __repr__(self): return 'a'")
    values = session.call("expressions", {"product": "x * 7", "rich": "A()", "nothing": "None"})
    assert values["product"] == {"status": "ok", "data": {"text/plain": "42"}, "metadata": {}}
    assert values["rich"]["data"] == {"text/plain": "a", "text/html": "<b>a</b>"}
    assert values["nothing"]["data"] == {"text/plain": "None"}


def test_expressions_that_fail_are_errors_of_their_own(session):
    wrong = {"zero": "1 / 0", "syntax": "x =", "name": "nobody", "exit": "exit()", "number": 7}
    values = session.call("expressions", {**wrong, "good": "1"})
    names = {name: value.get("ename") for name, value in values.items()}
    assert names == {
        "zero": "ZeroDivisionError",
        "syntax": "SyntaxError",
        "name": "NameError",
        "exit": "SystemExit",
        "number": "TypeError",
        "good": None,
    }
    assert values["zero"]["evalue"] == "division by zero" and "division by zero" in values["zero"]["traceback"][-1]
    assert text(session.run("print('goes on')")) == "goes on\n"


def test_expressions_see_what_cells_import_and_define(session):
    session.run("import math\ndef twice(x): return 2 * x")
    values = session.call("expressions", {"a": "twice(math.floor(1.5))", "b": "[len(c) for c in ('x', 'yz')]"})
    assert [values[name]["data"]["text/plain"] for name in "ab"] == ["2", "[1, 2]"]


def test_expressions_are_formatted_by_the_shell_of_ipython():
    session = Session()
    session.run("""
import sys, types
class Formatter:
    def format(self, value):
        return {"text/plain": "by IPython", "image/png": b"png"}, {"image/png": {"width": 7}}
module = sys.modules["IPython.core.getipython"] = types.ModuleType("getipython")
module.get_ipython = lambda: types.SimpleNamespace(display_formatter=Formatter())
""")
    value = session.call("expressions", {"x": "1"})["x"]
    assert value["data"] == {"text/plain": "by IPython", "image/png": "cG5n"}
    assert value["metadata"] == {"image/png": {"width": 7}}
    session.close()


def test_usage_is_measured_between_calls(session):
    first = session.call("usage")
    pid = int(only(session.run("import os\nos.getpid()"), "result")["data"]["text/plain"])
    assert first["pid"] == pid and first["hostname"] and first["cpu_count"] >= 1
    assert first["kernel_memory"] >= first["python_memory"] > 1 << 20
    machine = first["host_virtual_memory"]
    assert 0 < machine["available"] <= machine["total"] and 0 <= machine["percent"] <= 100
    session.run("x = sum(range(10**7))\nkept = bytearray(80 << 20)")
    second = session.call("usage")
    assert second["kernel_cpu"] > 0 and second["kernel_cpu"] == second["python_cpu"]
    assert second["kernel_memory"] - first["kernel_memory"] > 60 << 20
    assert 0 <= second["host_cpu_percent"] <= 100


def test_usage_has_the_processes_that_a_cell_has_started(session):
    before = session.call("usage")["kernel_memory"]
    child = "kept = b'x' * (50 << 20); print('ready', flush=True); input()"
    code = f"import subprocess, sys\nc = subprocess.Popen([sys.executable, '-c', {child!r}], stdin=-1, stdout=-1)"
    session.run(code + "\nc.stdout.readline()")
    assert session.call("usage")["kernel_memory"] - before > 40 << 20
    session.run("c.kill(); c.wait()")
    assert session.call("usage")["kernel_memory"] - before < 30 << 20


def test_usage_and_expressions_are_answered_while_a_cell_runs(session):
    session.run("import time\nx = 1")
    session.start("time.sleep(1.5)")
    began = time.monotonic()
    assert session.call("usage")["kernel_memory"] > 0
    assert session.call("expressions", {"x": "x"})["x"]["data"] == {"text/plain": "1"}
    assert time.monotonic() - began < 1
    session.reply()


def test_they_are_answered_whatever_cells_have_broken():
    session = Session()
    session.run("import os, re, time\nos.listdir = os.sysconf = re.compile = time.monotonic = None")
    session.run("import builtins\nbuiltins.open = builtins.sum = builtins.max = None")
    assert session.call("usage")["kernel_memory"] > 0
    assert session.call("expressions", {"x": "1"})["x"]["data"] == {"text/plain": "1"}
    session.close()


def test_usage_without_proc_and_psutil_says_what_is_known():
    session = Session()
    module = "__import__('sys').modules['_livy_kernel_agent.processes']"
    session.job(f"lambda jc: (setattr({module}, 'source', lambda: None), '{{\"ok\": 0}}')[1]")
    usage = session.call("usage")
    assert usage["host_virtual_memory"] == {} and "kernel_memory" not in usage and usage["pid"]
    session.close()
