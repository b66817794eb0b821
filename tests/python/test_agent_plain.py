"""Cells in a session whose Python has no IPython behave as in IPython, as far as they can."""

import base64

import pytest
from agent_session import WITHOUT_IPYTHON, Session, kinds, only, streams, text
from wheels import write_wheel


def value(events):
    return only(events, "result")["data"]["text/plain"]


def test_only_a_last_expression_shows_its_value(plain_session):
    assert kinds(plain_session.run("for i in range(3): i")) == ["start", "end"]
    assert kinds(plain_session.run("with open('/dev/null') as f: f.name")) == ["start", "end"]
    assert value(plain_session.run("x = 1\nx + 1")) == "2"


def test_statements_of_other_clients_keep_livys_way(plain_session):
    reply, events = plain_session.execute("for i in range(2): i", cell=None)
    assert reply["data"]["text/plain"] == "0\n1"
    assert [event["data"]["text/plain"] for event in events if event["kind"] == "result"] == ["0", "1"]
    assert plain_session.execute("__name__", cell=None)[0]["data"]["text/plain"] == "'builtins'"
    assert plain_session.execute("%time 1", cell=None)[0]["ename"] == "SyntaxError"
    reply, _ = plain_session.execute("def f(): 1/0\nf()", cell=None)
    assert '  File "<stdin>", line 1, in f\n' in reply["traceback"]


def test_other_clients_read_the_users_own_frames_of_an_error(plain_session):
    reply, _ = plain_session.execute("def f(): 1/0\nf()", 4)
    assert [line.split("\n")[0] for line in reply["traceback"][1:3]] == [
        '  File "<cell 4>", line 2, in <module>',
        '  File "<cell 4>", line 1, in f',
    ]
    assert plain_session.execute("x = (", 5)[0]["traceback"][0].startswith('  File "<cell 5>", line 1')


def test_await_works_at_top_level(plain_session):
    code = "import asyncio\nasync def f(x):\n    await asyncio.sleep(0.01)\n    return x\nawait f(5)"
    assert value(plain_session.run(code)) == "5"
    assert value(plain_session.run("await f(6)")) == "6"
    events = plain_session.run("task = asyncio.ensure_future(f(7), loop=asyncio.get_event_loop())\nawait task")
    assert value(events) == "7", "all cells have one loop"
    assert only(plain_session.run("async def g(): 1/0\nawait g()"), "error")["ename"] == "ZeroDivisionError"


def test_a_cell_that_awaits_is_interrupted_and_cleans_up(plain_session):
    code = "import asyncio\ntry:\n    await asyncio.sleep(60)\nfinally:\n    print('cleaned up')"
    plain_session.interrupt(plain_session.start(code))
    assert plain_session.reply()["ename"] == "KeyboardInterrupt"
    assert text(plain_session.wait_for("end")) == "cleaned up\n"
    assert value(plain_session.run("await asyncio.sleep(0, 'well')")) == "'well'"


def test_the_future_lasts(plain_session):
    plain_session.run("from __future__ import annotations")
    assert value(plain_session.run("def f(x: Nowhere): pass\nf.__annotations__")) == "{'x': 'Nowhere'}"


def test_inspect_finds_the_source_of_what_a_cell_has_defined(plain_session):
    plain_session.run("y = 1\ndef twice(x):\n    return 2 * x", 7)
    plain_session.run("def twice_more(x): return 4 * x", 7)
    code = "import inspect\nprint(inspect.getsource(twice), end='')"
    assert text(plain_session.run(code)).rstrip() == "def twice(x):\n    return 2 * x"
    assert "4 * x" in text(plain_session.run("print(inspect.getsource(twice_more))"))


def test_sources_are_forgotten_with_their_code(plain_session):
    count = "import linecache\nlen([file for file in linecache.cache if file.startswith('<cell')])"
    before = int(value(plain_session.run(count)))
    for number in range(20):
        plain_session.run(f"x = {number}", number)
        plain_session.run("y = (", number)
    assert int(value(plain_session.run(count))) <= before


def test_a_warning_of_a_cell_shows_its_line(plain_session):
    code = "import warnings\nwarnings.warn('careful')\nwarnings.warn('old', DeprecationWarning)"
    shown = (
        "<cell 9>:2: UserWarning: careful\n  warnings.warn('careful')\n"
        "<cell 9>:3: DeprecationWarning: old\n  warnings.warn('old', DeprecationWarning)\n"
    )
    for _ in range(2):
        assert streams(plain_session.run(code, 9)) == [("stderr", shown)]


def test_main_is_the_users_module(plain_session):
    assert text(plain_session.run("def main(): print('ran')\nif __name__ == '__main__': main()")) == "ran\n"
    plain_session.run("class Pair:\n    left: 'Pair'\n    def __init__(self, x): self.x = x")
    assert value(plain_session.run("import pickle\npickle.loads(pickle.dumps(Pair(5))).x")) == "5"
    assert "Pair" in value(plain_session.run("import typing\ntyping.get_type_hints(Pair)"))


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_processes_run_a_cells_functions(plain_session, method):
    plain_session.run("def square(x): return x * x")
    pool = f"import multiprocessing\nwith multiprocessing.get_context({method!r}).Pool(2) as pool: "
    if method == "fork":
        assert text(plain_session.run(pool + "print(pool.map(square, range(4)))")) == "[0, 1, 4, 9]\n"
    else:
        assert text(plain_session.run(pool + "print(pool.map(abs, [-1]))")) == "[1]\n"


def test_unittest_finds_the_tests_of_a_cell(plain_session):
    code = "import unittest\nclass T(unittest.TestCase):\n    def test(self): pass\n"
    events = plain_session.run(code + "x = unittest.main(argv=[''], exit=False)")
    assert "Ran 1 test" in text(events, "stderr")


def test_a_mime_bundle_is_asked_as_ipython_asks(plain_session):
    code = "class Table:\n    def _repr_mimebundle_(self, include, exclude): return {'text/html': '<b>'}\nTable()"
    assert only(plain_session.run(code), "result")["data"]["text/html"] == "<b>"


def test_a_figure_is_a_picture(plain_session):
    plain_session.run("import matplotlib.pyplot as plt\nfrom matplotlib.figure import Figure\nfig, ax = plt.subplots()")
    (result,) = [event for event in plain_session.run("fig") if event["kind"] == "result"]
    assert base64.b64decode(result["data"]["image/png"]).startswith(b"\x89PNG")
    assert result["data"]["text/plain"] == "<Figure size 640x480 with 1 Axes>"
    assert "image/png" in only(plain_session.run("display(fig)"), "display")["data"]
    assert "image/png" in only(plain_session.run("own = Figure()\nx = own.subplots()\nown"), "result")["data"]


def test_a_script_that_fails_fails_its_cell(plain_session):
    reply, events = plain_session.execute("%%bash\necho out\necho err >&2\nexit 3")
    assert sorted(streams(events)) == [("stderr", "err\n"), ("stdout", "out\n")]
    assert reply["ename"] == "CalledProcessError" and "status 3" in reply["evalue"]
    assert any("%%bash" in line for line in only(events, "error")["traceback"])
    assert plain_session.execute("%%bash --no-raise-error\nexit 3")[0]["status"] == "ok"


def test_a_cell_that_asks_for_ipython_is_told_once_how_to_get_it():
    session = Session(environment=WITHOUT_IPYTHON)
    for code in ["import IPython", "get_ipython()", "%load_ext autoreload"]:
        shown = text(session.run(code), "stderr")
        assert ("%pip install ipython" in shown) == (code == "import IPython")
    assert "%pip install ipython" in session.execute("%prun 1")[0]["evalue"]
    assert "%pip install ipython" in session.call("status")["shell"]
    session.close()


def test_ipython_runs_the_cells_once_pip_has_brought_it():
    session = Session(environment=WITHOUT_IPYTHON)
    session.run("import sys\ndel sys.modules['IPython']\nx = 5")
    session.run("%pip install ipython")
    assert value(session.run("await __import__('asyncio').sleep(0, get_ipython().user_ns['x'])")) == "5"
    assert session.call("status")["shell"].startswith("IPython ")
    session.close()


def test_pip_installs_for_the_session_alone(tmp_path):
    write_wheel(tmp_path, "early")
    session = Session(environment=WITHOUT_IPYTHON)
    assert text(session.run("%pip --version")).startswith("pip ")
    told = text(session.run(f"%pip install --no-index --find-links {tmp_path} early"), "stdout")
    assert "Successfully installed early-1.0" in told and "at the driver only, since no Spark runs" in told
    assert value(session.run("import early\nearly.VERSION")) == "'1.0'"
    session.run(f"%pip install --no-index --find-links {tmp_path} --target={tmp_path}/mine early")
    assert (tmp_path / "mine" / "early").is_dir()
    session.close()


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("int, [len], type(x for x in ())", "(int, [<function len(obj, /)>], generator)"),
        ("[[100000] * 8, list(range(3))] * 2", None),
        ("list(range(100))", None),
        ("{'key': {i: 'x' * 20 for i in range(5)}, 'other': (1,)}", None),
        ("nested = []\nnested.append(nested)\nnested, set(), {3, 1}, {}", "([[...]], set(), {1, 3}, {})"),
        ("import collections\ncollections.defaultdict(list, {'k': [1]})", "defaultdict(list, {'k': [1]})"),
        ("class Two:\n    def __repr__(self): return 'a\\nb'\nTwo(), [Two()]", "(a\n b,\n [a\n  b])"),
    ],
)
def test_values_are_laid_out_as_in_ipython(plain_session, code, shown):
    assert value(plain_session.run(code)) == (shown or pytest.importorskip("IPython.lib.pretty").pretty(eval(code)))


def test_only_the_users_own_lines_are_shown(plain_session):
    code = "import inspect, traceback\ndef f():\n    !true\n    %time 1/0\nprint(inspect.getsource(f))\n"
    events = plain_session.run(code + "try:\n    f()\nexcept ZeroDivisionError:\n    traceback.print_exc()", 3)
    shown = streams(events)
    assert "    !true\n    %time 1/0\n" in text(events) and "_livy_kernel_agent" not in str(shown)
    reply, events = plain_session.execute("f()", 4)
    assert "_livy_kernel_agent" not in str(reply) + str(only(events, "error"))
    for wrong in "x = 1\n  !ls", "if True:\n!ls", "for x in y:\n%time 1":
        reply, events = plain_session.execute(wrong, 5)
        assert "_livy_kernel_agent" not in str(reply) + str(events), wrong


def test_pandas_shows_wide_frames_as_in_a_notebook(plain_session):
    code = "import pandas\nprint(pandas.get_option('display.max_columns'))"
    assert text(plain_session.run(code)) == "20\n"
