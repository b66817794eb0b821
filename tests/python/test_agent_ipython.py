"""Cells in a session whose Python has IPython run in IPython's own shell."""

import re
import time

import pytest
from agent_session import Session, kinds, only, streams, text


@pytest.fixture(scope="module")
def ipython_shell():
    session = Session()
    session.run("get_ipython()")  # It waits until IPython has started.
    yield session
    session.close()


@pytest.fixture
def shell(ipython_shell):
    ipython_shell.events()
    return ipython_shell


def value(events):
    return only(events, "result")["data"]["text/plain"]


def plain(text):
    return re.sub(r"\x1b\[[\d;]*m", "", text)


def completions(shell, code):
    """Returns the completions; the first take longer than a user waits for."""
    deadline = time.monotonic() + 10
    while not (matches := shell.call("complete", code, len(code))["matches"]):
        assert time.monotonic() < deadline
    return matches


def traceback_of(events):
    return plain("\n".join(only(events, "error")["traceback"]))


def test_cells_have_ipythons_shell_inputs_and_outputs(shell):
    assert value(shell.run("get_ipython().__class__.__mro__[1].__name__", 3)) == "'InteractiveShell'"
    assert value(shell.run("6 * 7", 4)) == "42"
    assert value(shell.run("_, _4, Out[4], In[4], _i4", 5)) == "(42, 42, 42, '6 * 7', '6 * 7')"


def test_numbers_are_the_frontends_even_if_they_jump(shell):
    shell.run("'earlier'", 20)
    assert value(shell.run("In[20], Out[20], len(In)", 33)) == "(\"'earlier'\", 'earlier', 34)"


def test_other_clients_see_the_same_names_and_keep_livys_way(shell):
    shell.run("shared = 5", 6)
    reply, events = shell.execute("for i in range(2): shared + i", cell=None)
    assert reply["data"]["text/plain"] == "5\n6" and len([e for e in events if e["kind"] == "result"]) == 2
    there = shell.execute("__name__, 'Ctrl-D' in repr(exit)", cell=None)[0]["data"]["text/plain"]
    assert there == "('builtins', True)"
    assert shell.execute("%time 1", cell=None)[0]["ename"] == "SyntaxError"


def test_other_clients_read_the_users_own_frames(shell):
    reply, _ = shell.execute("def fails(): 1/0\nfails()", 7)
    frames = [line.split("\n")[0] for line in reply["traceback"] if line.startswith("  File")]
    assert [re.sub(r"-7-\w+", "-7", frame) for frame in frames] == [
        '  File "<ipython-input-7>", line 2, in <module>',
        '  File "<ipython-input-7>", line 1, in fails',
    ]


def test_an_error_looks_as_ipythons(shell):
    events = shell.run("def f(n):\n    return 1 / n\nf(0)", 8)
    told = traceback_of(events)
    assert "Cell In[8], line 3\n" in told and "----> 2     return 1 / n" in told and "livy" not in told
    assert told.endswith("ZeroDivisionError: division by zero")


def test_javas_stack_is_folded_away(shell):
    shell.run("class Py4JJavaError(Exception): pass", 9)
    events = shell.run("raise Py4JJavaError('told\\n\\tat a.b(C.java:1)\\n')", 10)
    assert only(events, "error")["evalue"] == "told"
    assert "C.java" not in traceback_of(events).split("----> 1")[1].split("\n", 1)[1]
    assert "C.java" in text(shell.run("%debug-log", 11))


def test_a_usage_error_is_told_on_stderr_alone(shell):
    events = shell.run("%nothing", 12)
    assert streams(events) == [("stderr", "UsageError: Line magic function `%nothing` not found.\n")]
    assert only(events, "error")["traceback"] == []


def test_the_help_of_a_name_is_a_payload(shell):
    events = shell.run("len?", 13)
    payload = only(events, "payload")["payload"]
    assert payload["source"] == "page" and "number of items" in payload["data"]["text/plain"]


def test_exit_asks_the_frontend_and_the_session_lives(shell):
    payload = only(shell.run("exit", 14), "payload")["payload"]
    assert payload == {"source": "ask_exit", "keepkernel": False}
    assert value(shell.run("'lives'", 15)) == "'lives'"


def test_await_works_and_tasks_go_on_in_the_next_cell(shell):
    shell.run("import asyncio\nasync def later():\n    await asyncio.sleep(0.01)\n    return 'later'", 16)
    shell.run("task = asyncio.create_task(later())", 17)
    assert value(shell.run("await task", 18)) == "'later'"


@pytest.mark.parametrize("code", ["await asyncio.sleep(60)", "while True: pass", "!sleep 60", "%%bash\nsleep 60"])
def test_an_interrupt_ends_what_runs(shell, code):
    # IPython loads the magic when it is first used, and an interrupt of that would leave it half loaded.
    shell.run("%%bash\ntrue", 18)
    shell.run("import asyncio", 19)
    statement = shell.start(code, 20)
    shell.wait_for("start")
    shell.interrupt(statement)
    began = time.monotonic()
    shell.reply()
    assert time.monotonic() - began < 5
    assert value(shell.run("'well'", 21)) == "'well'"


def test_magics_extensions_and_hooks_are_ipythons(shell, tmp_path):
    (tmp_path / "greeting.py").write_text(
        "def load_ipython_extension(ip):\n"
        "    ip.register_magic_function(lambda line: 'hello ' + line, magic_name='greet')\n"
    )
    shell.run(f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n%load_ext greeting", 22)
    assert value(shell.run("%greet you", 23)) == "'hello you'"
    shell.run("get_ipython().events.register('pre_run_cell', lambda info: print('runs', info.raw_cell))", 24)
    assert text(shell.run("None", 25)) == "runs None\n"
    shell.run("get_ipython().events.callbacks['pre_run_cell'].clear()", 26)
    shell.run("%alias say echo", 27)
    assert text(shell.run("%say hi", 28)).strip() == "hi"
    assert "function calls" in only(shell.run("%prun sum([1])", 29), "payload")["payload"]["data"]["text/plain"]


def test_capture_holds_displays_back(shell):
    assert kinds(shell.run("%%capture held\nprint('text')\ndisplay(1)", 30)) == ["start", "end"]
    assert "display" in kinds(shell.run("held.show()", 31))


def test_a_script_that_fails_fails_the_cell(shell):
    assert only(shell.run("%%bash\nexit 3", 32), "error")["ename"] == "CalledProcessError"


def test_an_error_that_is_only_shown_leaves_the_cell_ok(shell):
    shell.run("1/0", 33)
    reply, events = shell.execute("%tb", 34)
    assert reply["status"] == "ok" and only(events, "error")["ename"] == "ZeroDivisionError"


def test_the_kernels_own_magics_are_known(shell):
    listed = value(shell.run("%lsmagic", 35))
    assert "%configure" in listed and "%%sql" in listed and "%sessions" in listed
    assert "needs a cell of its own" in text(shell.run("x = 1\n%sessions", 36), "stderr")
    assert "%%configure" in completions(shell, "%%config")


def test_names_are_completed_and_explained_as_in_ipython(shell):
    shell.run("def area(r, pi=3):\n    'Of a circle.'\n    return r * r * pi", 37)
    assert "area" in completions(shell, "are")
    assert "%timeit" in completions(shell, "%timei")
    found = shell.call("inspect", "area(1)", 2, 1)
    assert "return r * r * pi" in plain(found["data"]["text/plain"])


def test_a_cell_that_comes_while_ipython_starts_is_part_of_its_history():
    session = Session()
    try:
        assert value(session.run("1 + 1", 1)) == "2"
        assert value(session.run("_, _1, In[1], Out[1]", 2)) == "(2, 2, '1 + 1', 2)"
    finally:
        session.close()


def test_a_broken_ipython_is_said_and_the_cell_runs_without(shell):
    shell.run("get_ipython().transform_cell = None", 38)
    events = shell.run("print('runs')", 39)
    assert text(events, "stdout") == "runs\n" and "IPython could not run this cell" in text(events, "stderr")
    shell.run("del get_ipython().transform_cell", 40)
    assert text(shell.run("print('well')", 41), "stderr") == ""


def test_an_interrupted_loop_is_a_keyboard_interrupt(shell):
    statement = shell.start("while True: pass", 42)
    shell.interrupt(statement)
    assert shell.reply()["ename"] == "KeyboardInterrupt"
    assert only(shell.wait_for("end"), "error")["ename"] == "KeyboardInterrupt"


def test_each_scripts_text_belongs_to_its_own_cell(shell):
    for number in 43, 44, 45:
        assert text(shell.run(f"%%bash\nprintf {number}", number)) == str(number)
