"""What a cell, its threads and its children print."""

import os
import subprocess
import sys
import threading
import time

from agent_session import Session, kinds, only, session, shared, streams, text


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
