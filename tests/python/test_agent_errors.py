"""Errors, interrupts and `input()` in a session with the agent."""

import re
import threading
import time

import pytest
from agent_session import Session, only, text


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


def test_an_earlier_cell_is_named_by_its_number(session):
    session.run("def g(): 1/0", 23)
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
    session.run("import sys\nsys.stdout = None")
    assert text(session.run("print('well again')")) == "well again\n"


def test_sys_exit_is_an_error_and_the_session_lives(session):
    assert only(session.run("import sys; sys.exit(3)"), "error")["ename"] == "SystemExit"
    assert text(session.run("print('lives')")) == "lives\n"


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


def test_a_refused_question_is_an_error_as_in_ipykernel(session):
    session.start("input()")
    session.call("reply", only(session.wait_for("input"), "input")["request"], None)
    assert session.reply()["ename"] == "StdinNotImplementedError"


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


def test_what_livy_could_not_send_is_replaced(session):
    reply, _ = session.execute("raise ValueError('half \\ud800')")
    assert reply["evalue"] == "half ?"
    session.run("nan = float('nan')")
    assert session.execute("%json nan")[0]["ename"] == "ValueError"
    reply, _ = session.execute("print('half \\ud800')")
    assert reply["data"]["text/plain"] == "half ?"
