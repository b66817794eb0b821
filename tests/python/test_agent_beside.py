"""The session agent runs code of tools beside the cells: in the user's namespace, and with its own outputs."""

import json
import time

import pytest
from agent_session import Session, kinds, only, streams, text


def beside(session, code):
    return session.call("beside", code)["events"]


def value(events):
    return only(events, "result")["data"]["text/plain"]


def error(events):
    return only(events, "error")["ename"]


def test_code_has_its_text_value_and_error_in_its_answer_alone(each_session):
    each_session.run("x = 20")
    shown = beside(each_session, "import sys\nprint('out')\nprint('err', file=sys.stderr)\ny = 2 * x\ny")
    assert streams(shown) == [("stdout", "out\n"), ("stderr", "err\n")] and value(shown) == "40"
    assert kinds(beside(each_session, "y;")) == []
    failed = beside(each_session, "print('before')\n1 / 0")
    assert text(failed) == "before\n" and error(failed) == "ZeroDivisionError"
    assert "division by zero" in only(failed, "error")["traceback"][-1]
    assert each_session.events() == []
    assert value(each_session.run("y")) == "40"


def test_code_runs_while_a_cell_runs_and_is_no_part_of_its_output(each_session):
    each_session.start("import time\nx = 1\nprint('cell')\ntime.sleep(3)\nprint('cell', x)")
    each_session.wait_until_text("cell\n")
    began = time.monotonic()
    assert text(beside(each_session, "print('tool', x)\nx = 2")) == "tool 1\n"
    assert time.monotonic() - began < 2
    assert each_session.reply()["data"]["text/plain"] == "cell\ncell 2"
    assert text(each_session.events()) == "cell 2\n"


def test_code_is_no_part_of_a_statement_of_another_client(each_session):
    each_session.start("import time\ntime.sleep(0.7)\nprint('statement')", cell=None)
    each_session.wait_for("start")
    assert text(beside(each_session, "print('tool')\n5")) == "tool\n"
    assert each_session.reply()["data"]["text/plain"] == "statement"


@pytest.mark.parametrize(
    "code",
    [
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as held:\n    print('cell')\n    wait()",
        "%%capture held\nprint('cell')\nwait()",
    ],
)
def test_code_is_no_part_of_what_a_cell_captures(each_session, code):
    each_session.run("import threading\nbegun = threading.Event()\ndef wait():\n    begun.set(); ended.wait()")
    each_session.run("ended = threading.Event()")
    each_session.start(code)
    beside(each_session, "begun.wait()")
    assert text(beside(each_session, "import sys\nprint('tool')\nprint('e', file=sys.stderr)")) == "tool\ne\n"
    beside(each_session, "ended.set()")
    each_session.reply()
    kept = value(each_session.run("getattr(held, 'stdout', None) or held.getvalue()"))
    assert kept == repr("cell\n") and text(each_session.run("print('well')")) == "well\n"


def test_values_of_code_are_not_the_users_last_ones(each_session):
    each_session.run("'mine'", 7)
    beside(each_session, "'a tool\\'s'")
    assert value(each_session.run("_", 8)) == "'mine'"


def test_threads_of_code_are_waited_for(each_session):
    code = """
from threading import Thread
import time
def later():
    time.sleep(0.2)
    print("later")
Thread(target=later).start()
"""
    assert text(beside(each_session, code)) == "later\n"


def test_displays_of_code_are_updated_in_its_answer(each_session):
    code = (
        "handle = display({'text/plain': 'a'}, raw=True, display_id=True)\nhandle.update({'text/plain': 'b'}, raw=True)"
    )
    first, update = beside(each_session, code)
    assert (first["kind"], first["data"]) == ("display", {"text/plain": "a"})
    assert (update["kind"], update["data"]) == ("update_display", {"text/plain": "b"})
    assert first["id"] == update["id"]


def test_code_may_be_in_ipythons_syntax(each_session):
    each_session.run("%reset -f")
    each_session.run("mine = 5")
    assert "mine" in value(beside(each_session, "names = %who_ls\nnames"))
    assert value(beside(each_session, "listed = !echo hi\nlisted[0]")) == "'hi'"
    assert value(beside(each_session, "import asyncio\nawait asyncio.sleep(0.01, 'awaited')")) == "'awaited'"
    assert error(beside(each_session, "%%sql\nselect 1")) == "UsageError"
    assert error(beside(each_session, "def (")) == "SyntaxError"


def test_nobody_is_asked_for_input(each_session):
    assert error(beside(each_session, "input('name? ')")) == "EOFError"


def test_code_that_does_not_end_is_stopped(each_session):
    module = "__import__('sys').modules['_livy_kernel_agent.beside_code']"
    limit = f"lambda jc: (setattr({module}, 'TIME_LIMIT', %s), '{{\"ok\": 0}}')[1]"
    each_session.job(limit % 0.3)
    shown = beside(each_session, "n = 0\nwhile True: n += 1")
    each_session.job(limit % 30)
    assert error(shown) == "TimeoutError"
    each_session.run("import time\nbefore = n\ntime.sleep(0.3)")
    assert value(each_session.run("n == before")) == "True"


def test_long_text_of_code_is_cut(each_session):
    shown = beside(each_session, "print('x' * 7_000_000)")
    assert len(text(shown)) < 7_000_000


LISTS_VARIABLES = """
from IPython import get_ipython
from IPython.core.magics.namespace import NamespaceMagics
from IPython.display import JSON
tool = NamespaceMagics()
tool.shell = get_ipython().kernel.shell
JSON([{"name": name, "type": type(eval(name)).__name__} for name in tool.who_ls()])
"""


def test_inspectors_find_the_shell_of_ipykernel(each_session):
    each_session.run("%reset -f")
    each_session.run("number, spark = 5, 'a session'")
    listed = only(beside(each_session, LISTS_VARIABLES), "result")["data"]["application/json"]
    assert {"name": "number", "type": "int"} in listed and {"name": "spark", "type": "str"} in listed


COMPLETES = """
def in_background():
    from IPython.display import display
    from threading import Thread
    output = display({"application/vnd.test": ""}, raw=True, display_id=True)
    def complete():
        return get_ipython().kernel.do_complete("a_long_na", 9)
    def run():
        output.update({"application/vnd.test.result": complete()}, raw=True)
    Thread(target=run, daemon=True).start()
in_background()
del in_background
"""


def test_completion_in_the_background_has_the_users_names(each_session):
    each_session.run("a_long_name = 1")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:  # jedi's first completion takes longer than a user waits.
        update = only(beside(each_session, COMPLETES), "update_display")
        found = update["data"]["application/vnd.test.result"]
        if found["matches"]:
            break
    assert (found["matches"], found["cursor_start"], found["cursor_end"]) == (["a_long_name"], 2 - 2, 9)
    assert found["metadata"]["_jupyter_types_experimental"][0]["text"] == "a_long_name"


def test_spark_frames_are_looked_at_without_a_job(each_session):
    each_session.run("""
import types
def field(name, kind):
    return types.SimpleNamespace(name=name, dataType=types.SimpleNamespace(simpleString=lambda: kind))
class DataFrame:
    isStreaming = False
    schema = types.SimpleNamespace(fields=[field("id", "bigint"), field("name", "string")])
    jobs = 0
    def __repr__(self):
        self.jobs += 1
        return "+--+ the rows +--+"
    def _repr_html_(self):
        self.jobs += 1
        return "<table>"
DataFrame.__module__ = "pyspark.sql.dataframe"
df = DataFrame()
""")
    columns = "DataFrame[id: bigint, name: string]"
    assert value(beside(each_session, "df")) == columns
    assert text(beside(each_session, "print(df)\nprint(df._repr_html_())")) == f"{columns}\nNone\n"
    assert value(beside(each_session, "df.jobs")) == "0"
    assert text(each_session.run("print(df)")) == "+--+ the rows +--+\n"


def test_code_is_answered_whatever_cells_have_broken():
    session = Session()
    session.run("import asyncio, json, time\njson.dumps = time.monotonic = asyncio.new_event_loop = None")
    assert value(beside(session, "1 + 1")) == "2"
    session.close()


@pytest.mark.parametrize("count", [1, 8])
def test_pieces_of_code_run_at_once_do_not_mix(each_session, count):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(count) as pool:
        answers = list(pool.map(lambda n: text(beside(each_session, f"for _ in range(50): print({n})")), range(count)))
    assert answers == [f"{n}\n" * 50 for n in range(count)]


def test_what_code_shows_is_json(each_session):
    shown = beside(each_session, "class A:\n    def _repr_mimebundle_(self, **_): return {'a/b': float('nan')}\nA()")
    assert json.dumps(shown, allow_nan=False)
