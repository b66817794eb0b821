"""The session agent in a stand-in of Livy's Python shell (shell.py): no Spark, no server, a second for each."""

import ast
import base64
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

HERE = Path(__file__).parent
AGENT = HERE.parents[1] / "kernel" / "bridge" / "src" / "agent"
PARTS = AGENT / "python"

# As the kernel writes it (`agent/mod.rs`).
INSTALL = "lambda jc: (lambda space: (exec(%r, space), space['load'](%r, 2, %r).call('install'))[1])({})"


def installation():
    parts = {part.stem: part.read_text() for part in PARTS.glob("*.py")}
    return INSTALL % ((AGENT / "load.py").read_text(), "_livy_kernel_agent", parts)


def pickled(expression):
    """As the kernel writes it: a call of `eval`."""
    text = expression.encode()
    return b"cbuiltins\neval\n(X" + struct.pack("<I", len(text)) + text + b"tR."


class Session:
    """A shell with the agent in it."""

    def __init__(self, python=sys.executable, environment=(), install=True):
        self.shell = subprocess.Popen(
            [python, HERE / "shell.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "YES", **dict(environment)},
        )
        ready = re.match(rb"READY\(port=(\d+)\)", self.shell.stdout.readline())
        self.port = int(ready.group(1))
        self.statement = 0
        self.next = 0
        if install:
            self.install()

    def install(self):
        return self.job(installation())

    def close(self):
        self.shell.stdin.close()
        self.shell.wait(10)
        self.shell.stdout.close()

    def job(self, expression):
        with socket.create_connection(("127.0.0.1", self.port)) as job:
            body = pickled(expression)
            job.sendall(b"%d\n" % len(body) + body)
            answer = job.makefile("rb").read()
        answer = json.loads(answer)
        assert "ok" in answer, answer
        return answer["ok"]

    def call(self, name, *arguments):
        module = "__import__('sys').modules['_livy_kernel_agent']"
        return self.job(f"lambda jc: {module}.call({name!r}, {json.dumps(arguments)!r})")

    def do(self, expression):
        """Reaches into the agent's package, which is `agent`."""
        module = "__import__('sys').modules['_livy_kernel_agent']"
        self.job(f"lambda jc: (lambda agent: ({expression}, '{{\"ok\": 0}}'))({module})[1]")

    def request(self, code):
        line = {"msg_type": "execute_request", "content": {"code": code}}
        self.shell.stdin.write(json.dumps(line).encode() + b"\n")
        self.shell.stdin.flush()

    def reply(self):
        return json.loads(self.shell.stdout.readline())["content"]

    def start(self, code):
        """Begins a statement as Livy does."""
        id = self.statement
        self.statement += 1
        self.request(f'sc.setJobGroup("{id}", "Job group for statement {id}")')
        self.reply()
        self.request(code)
        return str(id)

    def execute(self, code):
        """Runs a statement: Livy's reply, and the events from its start to its end."""
        statement = self.start(code)
        reply = self.reply()
        return reply, [event for event in self.events() if event["statement"] == statement]

    def run(self, code):
        return self.execute(code)[1]

    def events(self, wait=0):
        """What has not been read yet."""
        seen = []
        while answer := self.call("events", self.next, 0 if seen else wait):
            self.next = answer["next"]
            seen += answer["events"]
            if not answer["events"]:
                return seen

    def wait_for(self, kind):
        """The events up to one of this kind."""
        seen, deadline = [], time.monotonic() + 10
        while not any(event["kind"] == kind for event in seen):
            assert time.monotonic() < deadline, seen
            seen += self.events(1)
        return seen

    def interrupt(self, statement):
        """As the kernel does it: until the statement's code runs."""
        deadline = time.monotonic() + 5
        while not (answer := self.call("interrupt", statement))["raised"]:
            assert time.monotonic() < deadline, answer
            time.sleep(0.01)


@pytest.fixture(scope="module")
def shared():
    session = Session()
    yield session
    session.close()


@pytest.fixture
def session(shared):
    """With nothing unread."""
    shared.events()
    return shared


def kinds(events):
    return [event["kind"] for event in events]


def streams(events):
    return [(e["name"], e["text"]) for e in events if e["kind"] == "stream"]


def only(events, kind):
    (found,) = [event for event in events if event["kind"] == kind]
    return found


def text(events, *names):
    streams = [event for event in events if event["kind"] == "stream"]
    return "".join(event["text"] for event in streams if not names or event["name"] in names)


# Installing


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


# Streams


def test_streams_come_apart_and_in_order(session):
    code = "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c', end='\\r')"
    reply, events = session.execute(code)
    assert streams(events) == [("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "c\r")]
    assert reply["data"]["text/plain"] == "a\nc\rb"


def test_text_is_told_while_the_statement_runs(session):
    statement = session.start("import time\nprint('begun')\ntime.sleep(0.5)\nprint('done')")
    seen = session.wait_for("stream")
    assert text(seen) == "begun\n" and seen[-1]["statement"] == statement
    session.reply()
    assert text(session.events()) == "done\n"


def test_what_a_failed_statement_printed_is_kept(session):
    events = session.run("print('before'); 1/0")
    assert kinds(events) == ["start", "stream", "error", "end"]
    session.run("0")  # Livy has the text in this one.


def test_text_printed_between_statements_is_not_lost(session):
    session.run("import threading\nthreading.Timer(0.2, print, ['late']).start()")
    time.sleep(0.4)
    statement = session.start("1")
    session.reply()
    events = session.events()
    late = only(events, "stream")
    assert (late["text"], late["statement"]) == ("late\n", None)
    assert events.index(late) < kinds(events).index("start") and events[-1]["statement"] == statement


def test_threads_print_whole_texts(session):
    events = session.run(
        "import threading\n"
        "def work(n):\n    for i in range(200): print(f'<{n}:{i}>\\n', end='')\n"
        "ts = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "for t in ts: t.start()\n"
        "for t in ts: t.join()"
    )
    lines = text(events).split("\n")[:-1]
    for thread in range(4):
        assert [line for line in lines if line.startswith(f"<{thread}:")] == [f"<{thread}:{i}>" for i in range(200)]


def test_a_log_handler_of_an_earlier_statement_still_writes(session):
    session.run("import logging, sys\nlog = logging.getLogger('t')\nlog.addHandler(logging.StreamHandler(sys.stderr))")
    assert streams(session.run("log.error('heard')")) == [("stderr", "heard\n")]


def test_writing_that_nobody_has_read_is_one_event(session):
    events = session.run("for i in range(1000): print(i)")
    assert len(streams(events)) == 1


def test_half_a_surrogate_pair_does_not_break_an_answer(session):
    assert text(session.run(r"print('x\ud83d' + 'é')")) == "x?é\n"


def test_output_is_bounded_and_says_what_was_lost():
    session = Session()
    session.execute("for i in range(40): print('x' * 1_000_000)")
    answer = session.call("events", 0, 0)
    assert answer["lost"] and answer["next"] > answer["events"][0]["n"] > 0
    assert sum(len(event.get("text", "")) for event in answer["events"]) <= 1 << 20
    total = 0
    while answer["events"]:
        total += sum(len(event.get("text", "")) for event in answer["events"])
        answer = session.call("events", answer["next"], 0)
        assert not answer["lost"]
    assert 15_000_000 < total <= 16 << 20
    session.close()


def test_a_thousand_statements_do_not_grow_the_process():
    session = Session()
    size = "int(open('/proc/self/statm').read().split()[1]) * 4096"
    statement = "x = [bytes(10000) for i in range(20)]\ndef f(): return x\nprint('y' * 1000)\nx[0][:100]"

    def many(count):
        for _ in range(count):
            session.start(statement)
            session.reply()
        return int(only(session.run(size), "result")["data"]["text/plain"])

    session.do("setattr(agent.events.events, 'KEPT', 1 << 20)")
    before = many(400)  # Now the list of events is as full as it gets.
    assert many(1000) - before < 3_000_000
    session.close()


# Children


def test_children_do_not_put_the_shell_out_of_step(session):
    events = session.run(
        "import os, subprocess\n"
        "print('one')\n"
        "x = os.system('echo two')\n"
        "print('three')\n"
        "x = subprocess.run(['echo', 'four'])"
    )
    assert text(events) == "one\ntwo\nthree\nfour\n"
    assert session.execute("'in step'")[0]["data"]["text/plain"] == "'in step'"


def test_what_children_write_to_stderr_is_shown_and_logged(session):
    events = session.run("import os\nx = os.system('echo two >&2')\nos.write(2, b'three\\n')")
    assert text(events, "stderr") == "two\nthree\n"


def test_the_shells_own_log_is_not_shown(session):
    events = session.run("import sys\nprint('to the log', file=sys.__stderr__)\nsys.__stderr__.flush()")
    assert text(events, "stderr") == ""


def test_children_have_neither_the_shells_requests_nor_its_replies(session):
    assert text(session.run("x = os.system('cat; echo empty')")) == "empty\n"
    assert text(session.run("x = os.system('ls /proc/self/fd')")) == "0\n1\n2\n3\n", "3 is what ls itself reads"


def test_a_forked_process_prints_into_the_cell(session):
    events = session.run(
        "import multiprocessing\n"
        "p = multiprocessing.get_context('fork').Process(target=print, args=('from the fork',))\n"
        "p.start(); p.join()"
    )
    assert text(events) == "from the fork\n"
    assert session.execute("'in step'")[0]["data"]["text/plain"] == "'in step'"


def test_a_child_that_prints_without_end_does_not_hold_the_statement(session):
    begun = time.monotonic()
    session.start("p = subprocess.Popen(['yes'])")
    assert session.reply()["status"] == "ok" and time.monotonic() - begun < 5
    session.start("p.kill(); p.wait()")
    assert session.reply()["status"] == "ok"


# Results


def test_a_result_is_a_bundle_and_its_repr_is_no_stream(session):
    session.run("class Rich:\n    def _repr_html_(self): return '<b>x</b>'\n    def _repr_png_(self): return b'png'")
    reply, events = session.execute("print('text'); Rich()")
    result = only(events, "result")
    assert result["data"]["text/html"] == "<b>x</b>"
    assert base64.b64decode(result["data"]["image/png"]) == b"png"
    assert "<Rich " in result["data"]["text/plain"]
    assert text(events) == "text\n" and "Rich object" in reply["data"]["text/plain"]


def test_a_repr_that_fails_is_left_out(session):
    session.run("class Bad:\n    def _repr_html_(self): 1/0\n    def _repr_json_(self): return float('nan')")
    events = session.run("Bad()")
    assert list(only(events, "result")["data"]) == ["text/plain"] and "error" not in kinds(events)


def test_an_object_that_has_every_name_is_shown_as_text(session):
    session.run("class Any:\n    def __getattr__(self, name): return lambda *a, **k: {'text/html': 'no'}\n")
    assert list(only(session.run("Any()"), "result")["data"]) == ["text/plain"]


def test_a_value_that_cannot_show_itself_is_shown_as_text(session):
    session.run("class S:\n    def _ipython_display_(self): 1/0\n    def _repr_mimebundle_(self, **k): return [1]")
    events = session.run("S()")
    assert kinds(events) == ["start", "result", "end"]
    session.run("class T:\n    def _ipython_display_(self): print('myself')")
    assert kinds(session.run("T()")) == ["start", "stream", "end"]


def test_a_mime_bundle_comes_with_its_metadata(session):
    session.run("class M:\n    def _repr_mimebundle_(self, **k): return {'text/html': 'm'}, {'text/html': {'w': 1}}")
    result = only(session.run("M()"), "result")
    assert result["data"]["text/html"] == "m" and result["metadata"] == {"text/html": {"w": 1}}


def test_long_values_are_laid_out(session):
    data = only(session.run("{i: 'x' * 20 for i in range(10)}"), "result")["data"]
    assert data["text/plain"].count("\n") == 9


def test_a_semicolon_hides_the_result(session):
    assert kinds(session.run("42;")) == ["start", "end"]


def test_results_are_remembered_by_name(session):
    session.run("1")
    session.run("2")
    session.run("3")
    assert only(session.run("_, __, ___"), "result")["data"]["text/plain"] == "(3, 2, 1)"
    statement = session.start("'numbered'")
    session.reply()
    session.call("events", 0, 0, [statement, 17])
    assert only(session.run("_17"), "result")["data"]["text/plain"] == "'numbered'"


def test_the_users_underscore_stays(session):
    session.run("_ = 'mine'")
    session.run("5")
    assert text(session.run("print(_); del _")) == "mine\n"


# Display


def test_display_and_its_handle(session):
    events = session.run("h = display('a', display_id='x'); h.update('b'); clear_output(wait=True)")
    shown, updated, cleared = events[1:-1]
    assert (shown["kind"], shown["id"], shown["data"]) == ("display", "x", {"text/plain": "'a'"})
    assert (updated["kind"], updated["id"]) == ("update_display", "x")
    assert (cleared["kind"], cleared["wait"]) == ("clear_output", True)


def test_a_display_of_the_users_own_stays():
    session = Session(install=False)
    session.start("def display(x): print('mine', x)")
    session.reply()
    session.install()
    assert text(session.run("display(1)")) == "mine 1\n"
    session.close()


def test_ipythons_display_is_ours(session):
    events = session.run(
        "from IPython.display import display as show, HTML, JSON\nshow(HTML('<i>'))\nshow(JSON({'a': 1}))"
    )
    html, json_ = [event for event in events if event["kind"] == "display"]
    assert html["data"]["text/html"] == "<i>" and json_["data"]["application/json"] == {"a": 1}


# Errors


def error_of(events):
    error = only(events, "error")
    error["text"] = re.sub(r"\x1b\[\d+m", "", "\n".join(error["traceback"]))
    return error


def test_an_error_shows_the_users_own_lines_of_each_cell(session):
    session.run("def f(x):\n    y = 2\n    return y / x")
    reply, events = session.execute("a = 1\nf(0)")
    error = error_of(events)
    assert (error["ename"], error["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert error["text"].split("\n") == [
        "Traceback (most recent call last):",
        "  Cell line 2",
        "      1 a = 1",
        "----> 2 f(0)",
        "  Cell line 3, in f",
        "      1 def f(x):",
        "      2     y = 2",
        "----> 3     return y / x",
        "ZeroDivisionError: division by zero",
    ]
    assert reply["traceback"][-1] == "ZeroDivisionError: division by zero\n"


def test_a_number_may_come_before_its_statement_begins(session):
    first = session.start("'first'")
    session.reply()
    session.call("events", 0, 0, [str(int(first) + 1), 31])
    session.run("'second'")
    assert only(session.run("_31"), "result")["data"]["text/plain"] == "'second'"


def test_an_earlier_cell_is_named_by_its_number(session):
    statement = session.start("def g(): 1/0")
    session.reply()
    session.call("events", 0, 0, [statement, 23])
    assert "Cell [23] line 1, in g" in error_of(session.run("g()"))["text"]


def test_the_cause_of_an_error_is_shown(session):
    events = session.run("try:\n    1/0\nexcept Exception as e:\n    raise ValueError('why') from e")
    text = error_of(events)["text"]
    assert text.index("ZeroDivisionError") < text.index("direct cause") < text.index("ValueError: why")


def test_a_syntax_error_points_at_its_place(session):
    assert error_of(session.run("x = 1\ny = (2 3)"))["text"].split("\n")[:2] == ["  Cell line 2", "    y = (2 3)"]


def test_frames_of_a_library_are_shown_and_ours_are_not(session):
    text = error_of(session.run("import json\njson.loads('{')"))["text"]
    assert "decoder.py" in text and "shell.py" not in text and "agent>" not in text


def test_a_deep_recursion_is_folded(session):
    error = error_of(session.run("def deep(): return deep()\ndeep()"))
    assert error["ename"] == "RecursionError" and "more frames" in error["text"]
    assert len(error["traceback"]) < 100


def test_javas_stack_is_folded_away(session):
    worker = 'Traceback:\\n  File "/x/pyspark.zip/pyspark/worker.py", line 1, in main\\n    process()\\n'
    java = worker + "An error occurred.\\n: java.lang.RuntimeException: told\\n\\tat a.b(C.java:1)\\n"
    session.run(f"class Py4JJavaError(Exception): pass\nfailed = Py4JJavaError('''{java}''')")
    error = error_of(session.run("raise failed"))
    assert error["evalue"].endswith("java.lang.RuntimeException: told") and "process()" not in error["evalue"]
    assert "C.java" not in error["text"] and "Java stack is left out" in error["text"]


def test_what_would_end_the_shell_is_an_error_like_others(session):
    session.run("thing = object()")
    reply, events = session.execute("%json thing")
    assert reply["status"] == "error" and only(events, "error")["ename"] == "TypeError"
    reply, _ = session.execute("import sys\nsys.stdout = None")
    assert reply["status"] == "error"
    assert text(session.run("print('well again')")) == "well again\n"


def test_sys_exit_is_an_error_and_the_session_lives(session):
    assert only(session.run("import sys; sys.exit(3)"), "error")["ename"] == "SystemExit"
    assert text(session.run("print('lives')")) == "lives\n"


# Interrupts


@pytest.mark.parametrize(
    "code",
    [
        "while True: pass",
        "import time\ntime.sleep(60)",
        "import socket\na, b = socket.socketpair()\na.recv(1)",
        "import threading\nthreading.Event().wait()",
        "while True: print('x', end='')",
        "import subprocess\nsubprocess.run(['sleep', '60'])",
        "import signal\nsignal.signal(signal.SIGINT, lambda *a: None)\nwhile True: pass",
    ],
    ids=["loop", "sleep", "socket", "lock", "printing", "child", "own handler"],
)
def test_an_interrupt_ends_what_the_user_runs(session, code):
    session.interrupt(session.start(code))
    begun = time.monotonic()
    reply = session.reply()
    assert reply["ename"] == "KeyboardInterrupt" and "<livy-kernel agent>" not in "".join(reply["traceback"])
    assert time.monotonic() - begun < 2
    assert only(session.wait_for("end"), "error")["ename"] == "KeyboardInterrupt"
    session.run("import signal\nx = signal.signal(signal.SIGINT, signal.default_int_handler)")


def test_three_interrupts_in_a_row_are_harmless(session):
    for _ in range(10):
        statement = session.start("while True: pass")
        session.interrupt(statement)
        for _ in range(3):
            session.call("interrupt", statement)
        assert session.reply()["status"] == "error"
    assert session.execute("'well'")[0]["data"]["text/plain"].endswith("'well'")


def test_the_shell_itself_is_never_interrupted(session):
    assert session.call("interrupt", None) == {"raised": False, "why": "no code of a statement is running"}
    done = threading.Event()

    def interrupt_again_and_again():
        while not done.is_set():
            session.call("interrupt", None)

    thread = threading.Thread(target=interrupt_again_and_again)
    thread.start()
    for _ in range(300):
        session.start("x = [i for i in range(100)]")
        assert session.reply()["status"] in ("ok", "error")
    done.set()
    thread.join()
    assert session.execute("'well'")[0]["data"]["text/plain"].endswith("'well'")


def test_another_statement_is_not_interrupted(session):
    session.start("import time\ntime.sleep(0.5)\nprint('undisturbed')")
    session.wait_for("start")
    assert session.call("interrupt", "99999")["raised"] is False
    assert session.reply()["status"] == "ok" and text(session.wait_for("end")) == "undisturbed\n"


# Input


def test_a_cell_asks_and_gets_an_answer(session):
    session.start("name = input('who? ')\nimport getpass\nword = getpass.getpass()\nprint(name, word)")
    asked = only(session.wait_for("input"), "input")
    assert (asked["prompt"], asked["password"]) == ("who? ", False)
    session.call("reply", asked["request"], "Ada")
    asked = only(session.wait_for("input"), "input")
    assert (asked["prompt"], asked["password"]) == ("Password: ", True)
    session.call("reply", asked["request"], "secret")
    session.reply()
    assert text(session.wait_for("end")) == "Ada secret\n"


def test_a_refused_question_is_an_end_of_file(session):
    session.start("input()")
    session.call("reply", only(session.wait_for("input"), "input")["request"], None)
    assert session.reply()["ename"] == "EOFError"


def test_a_waiting_question_can_be_interrupted(session):
    statement = session.start("input()")
    session.wait_for("input")
    session.interrupt(statement)
    assert session.reply()["ename"] == "KeyboardInterrupt"


def test_without_a_kernel_that_listens_input_fails_as_in_livy():
    session = Session()
    session.start("input()")
    assert session.reply()["ename"] == "EOFError"
    session.close()


# Completion and inspection


@pytest.fixture(params=["jedi", "rlcompleter"])
def completing(request, session):
    """With jedi, and as without it."""
    session.do(f"setattr(agent.base.state, 'has_jedi', {request.param == 'jedi'})")
    session.run(
        "import os, sys\nwidth, wide = 1, {'key one': 1, 'key two': 2}\n"
        "class Fish:\n    fin = 1\n    @property\n    def bad(self): raise SystemExit\nfish = Fish()"
    )
    session.call("complete", "os.pa", 5)  # The first one loads what it needs.
    time.sleep(0.5)
    return session


def complete(session, code):
    answer = session.call("complete", code, len(code))
    return answer, code[answer["start"] : answer["end"]]


def test_names_and_attributes_are_completed(completing):
    answer, word = complete(completing, "x = 1\nwid")
    assert word == "wid" and {"width", "wide"} <= set(answer["matches"])
    answer, word = complete(completing, "print(os.path.joi")
    assert word == "joi" and answer["matches"] == ["join"] and answer["types"][0]["type"] == "function"
    answer, word = complete(completing, "é = fish.")
    assert word == "" and {"fin", "bad"} <= set(answer["matches"])
    assert complete(completing, "fish.bad.")[0]["matches"] == []


def test_keys_are_completed(completing):
    answer, word = complete(completing, "wide['key t")
    assert word == "key t" and answer["matches"] == ["key two"]


def test_a_data_frames_columns_are_completed(completing):
    completing.run(
        "class DataFrame:\n    columns = ['age', 'a b']\n    def agg(self): pass\n"
        "DataFrame.__module__ = 'pyspark.sql.dataframe'\ndf = DataFrame()"
    )
    assert complete(completing, "df.a")[0]["matches"] == ["age", "agg"]
    assert complete(completing, "df[\"a")[0]["matches"] == ["a b", "age"]


def test_tables_are_completed(completing):
    completing.run(
        "import types\nT = types.SimpleNamespace\n"
        "spark = T(catalog=T(listTables=lambda: [T(name='people'), T(name='places')]))"
    )
    completing.do("setattr(agent.completion, 'asked', -10)")
    assert complete(completing, "spark.table('pe")[0]["matches"] == ["people"]


def test_completion_answers_while_a_cell_runs_and_in_time(completing):
    statement = completing.start("while True: pass")
    completing.wait_for("start")
    begun = time.monotonic()
    answer, _ = complete(completing, "fis")
    took = time.monotonic() - begun
    completing.interrupt(statement)
    completing.reply()
    assert "fish" in answer["matches"] and took < 1


def test_a_name_is_explained(session):
    session.run("def area(r, pi=3):\n    '''Of a circle.'''\n    return pi * r * r")
    for cursor in 2, 5:  # In the name, and in the call.
        found = session.call("inspect", "area(2)", cursor, 0)
        assert found["found"] and "Signature: area(r, pi=3)" in found["data"]["text/plain"]
        assert "Of a circle." in found["data"]["text/plain"]
    assert "return pi * r * r" in session.call("inspect", "area", 4, 1)["data"]["text/plain"]
    assert session.call("inspect", "nothing_like_it", 3, 0) == {"found": False, "data": {}}


# Figures


def pictures(events):
    return [event for event in events if event["kind"] == "display" and "image/png" in event["data"]]


def test_open_figures_are_shown_when_the_cell_ends(session):
    drawing = "import matplotlib.pyplot as plt\nx = plt.plot([1, 2])\nprint('drawn')"
    events = session.run(drawing)
    (picture,) = pictures(events)
    assert base64.b64decode(picture["data"]["image/png"]).startswith(b"\x89PNG")
    assert events.index(picture) > kinds(events).index("stream")
    assert pictures(session.run("1")) == [], "it is closed by now"
    assert only(session.run("plt.get_fignums()"), "result")["data"]["text/plain"] == "[]"


def test_show_shows_at_once_and_only_once(session):
    events = session.run("import matplotlib.pyplot as plt\nx = plt.plot([1])\nplt.show()\nprint('after')")
    assert [kind for kind in kinds(events) if kind in ("display", "stream")] == ["display", "stream"]


def test_a_figure_is_still_there_for_livys_matplot_in_the_next_statement(session):
    session.run("import matplotlib.pyplot as plt\nx = plt.plot([1])")
    within = session.run('"""\n%matplot plt\n""";print(plt.get_fignums())')
    assert text(within) == "[1]\n" and pictures(within) == []
    assert text(session.run("print(plt.get_fignums())")) == "[]\n"
