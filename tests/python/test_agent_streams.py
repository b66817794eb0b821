"""The output of a cell, its threads and its child processes in a session with the agent."""

import time

from agent_session import Session, kinds, only, streams, text


def test_streams_come_apart_and_in_order(each_session):
    code = "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c', end='\\r')"
    reply, events = each_session.execute(code)
    assert streams(events) == [("stdout", "a\n"), ("stderr", "b\n"), ("stdout", "c\r")]
    assert reply["data"]["text/plain"] == "a\nc\rb"


def test_text_is_told_while_the_statement_runs(each_session):
    statement = each_session.start("import time\nprint('begun')\ntime.sleep(0.5)\nprint('done')")
    seen = each_session.wait_for("stream")
    assert text(seen) == "begun\n" and seen[-1]["statement"] == statement
    each_session.reply()
    assert text(each_session.events()) == "done\n"


def test_what_a_failed_statement_printed_is_kept(each_session):
    events = each_session.run("print('before'); 1/0")
    assert kinds(events) == ["start", "stream", "error", "end"]
    each_session.run("0")  # Livy answers the text with this statement.


def test_a_threads_text_belongs_to_the_cell_that_started_it(each_session):
    first = each_session.start(
        "import threading, time\n"
        "def work():\n    for word in ('one', 'two', 'three'): print(word); time.sleep(0.3)\n"
        "thread = threading.Thread(target=work)\nthread.start(); time.sleep(0.1)"
    )
    each_session.reply()
    assert each_session.call("events", each_session.next)["threads"] == [first]
    events = each_session.wait_for("end")
    reply, _ = each_session.execute("time.sleep(0.3); print('mine')")
    assert reply["data"]["text/plain"] == "mine", "the text is no part of this cell"
    each_session.next = events[0]["n"]
    told = [(e["statement"], e["text"]) for e in each_session.wait_until_text("three") if e["kind"] == "stream"]
    assert [text for statement, text in told if statement == first] == ["one\n", "two\n", "three\n"]
    assert each_session.run("thread.join()") and each_session.call("events", each_session.next)["threads"] == []


def test_a_threads_thread_and_its_displays_belong_to_its_cell_too(each_session):
    first = each_session.start(
        "import threading, time\n"
        "def show(): time.sleep(0.2); display('shown')\n"
        "def start(): time.sleep(0.1); threading.Thread(target=show).start()\n"
        "threading.Thread(target=start).start()"
    )
    each_session.reply()
    each_session.run("time.sleep(0.2)")
    assert only(each_session.wait_for("display"), "display")["statement"] == first


def test_a_thread_prints_into_the_statement_of_another_client_as_in_livy(each_session):
    each_session.run("import threading, time\nthreading.Timer(0.2, print, ['late']).start()")
    reply, _ = each_session.execute("time.sleep(0.4)", cell=None)
    assert reply["data"]["text/plain"] == "late"


def test_a_stream_is_like_one_of_ipykernel(each_session):
    stream = "stream.encoding, stream.errors, stream.isatty(), stream.name, stream.readable(), stream.writable()"
    for name in "stdout", "stderr":
        result = only(each_session.run(f"import sys\nstream = sys.{name}\n{stream}"), "result")
        assert result["data"]["text/plain"] == f"('UTF-8', None, False, {name!r}, False, True)"
    assert only(each_session.run("sys.stdout.write('three')"), "result")["data"]["text/plain"] == "5"
    assert "result" not in kinds(each_session.run("sys.stdout.write('three')", cell=None))


def test_a_streams_descriptor_is_shown(each_session):
    code = "import faulthandler, subprocess, sys\nx = subprocess.run(['echo', 'child'], stdout=sys.stdout)"
    assert text(each_session.run(code)) == "child\n"
    assert "most recent call first" in text(each_session.run("faulthandler.dump_traceback()"), "stderr")


def test_what_c_code_has_printed_is_shown_with_its_cell(each_session):
    assert text(each_session.run("import ctypes\nx = ctypes.CDLL(None).printf(b'from C\\n')")) == "from C\n"


def test_loggers_write_where_the_user_said(each_session, tmp_path):
    assert streams(each_session.run("import logging\nlogging.getLogger('a').warning('first')")) == [
        ("stderr", "first\n")
    ]
    each_session.run(
        "import sys\nlogging.basicConfig(level='INFO', format='%(name)s says %(message)s', stream=sys.stdout)"
    )
    assert streams(each_session.run("logging.getLogger('b').info('hello')")) == [("stdout", "b says hello\n")]
    log = tmp_path / "log"
    each_session.run(f"logging.basicConfig(filename={str(log)!r}, force=True)")
    assert streams(each_session.run("logging.warning('to the file')")) == []
    assert log.read_text() == "WARNING:root:to the file\n"
    each_session.run("logging.getLogger().handlers.clear()")


def test_the_shells_log_goes_on_for_the_shell(each_session):
    there = "import logging\nlen(logging.getLogger().handlers)"
    assert each_session.execute(there, cell=None)[0]["data"]["text/plain"] == "1"
    assert only(each_session.run(there), "result")["data"]["text/plain"] == "0"
    each_session.run("logging.basicConfig()")
    errors = "logging.getLogger('fake_shell').error('the shell repeats a cell that failed')"
    assert streams(each_session.run(errors)) == []
    each_session.run("logging.getLogger().handlers.clear()")


def test_threads_print_whole_texts(each_session):
    events = each_session.run(
        "import threading\n"
        "def work(n):\n    for i in range(200): print(f'<{n}:{i}>\\n', end='')\n"
        "ts = [threading.Thread(target=work, args=(n,)) for n in range(4)]\n"
        "for t in ts: t.start()\n"
        "for t in ts: t.join()"
    )
    lines = text(events).split("\n")[:-1]
    for thread in range(4):
        assert [line for line in lines if line.startswith(f"<{thread}:")] == [f"<{thread}:{i}>" for i in range(200)]


def test_a_log_handler_of_an_earlier_statement_still_writes(each_session):
    each_session.run(
        "import logging, sys\nlog = logging.getLogger('t')\nlog.addHandler(logging.StreamHandler(sys.stderr))"
    )
    assert streams(each_session.run("log.error('heard')")) == [("stderr", "heard\n")]


def test_writing_that_nobody_has_read_is_one_event(each_session):
    events = each_session.run("for i in range(1000): print(i)")
    assert len(streams(events)) == 1


def test_half_a_surrogate_pair_does_not_break_an_answer(each_session):
    assert text(each_session.run(r"print('x\ud83d' + 'é')")) == "x?é\n"


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

    session.do("setattr(agent.events.events, 'KEPT_LIMIT', 1 << 20)")
    before = many(400)  # Now the list of events is full.
    assert many(1000) - before < 3_000_000
    session.close()


def test_children_do_not_put_the_shell_out_of_step(each_session):
    events = each_session.run(
        "import os, subprocess\n"
        "print('one')\n"
        "x = os.system('echo two')\n"
        "print('three')\n"
        "x = subprocess.run(['echo', 'four'])"
    )
    assert text(events) == "one\ntwo\nthree\nfour\n"
    assert each_session.execute("'in step'")[0]["data"]["text/plain"] == "'in step'"


def test_what_children_write_to_stderr_is_shown_and_logged(each_session):
    events = each_session.run("import os\nx = os.system('echo two >&2')\nos.write(2, b'three\\n')")
    assert text(events, "stderr") == "two\nthree\n"


def test_the_shells_own_log_is_not_shown(each_session):
    events = each_session.run("import sys\nprint('to the log', file=sys.__stderr__)\nsys.__stderr__.flush()")
    assert text(events, "stderr") == ""


def test_children_have_neither_the_requests_nor_the_replies(each_session):
    assert text(each_session.run("x = os.system('cat; echo empty')")) == "empty\n"
    assert text(each_session.run("x = os.system('ls /proc/self/fd')")) == "0\n1\n2\n3\n", "3 is what ls itself reads"


def test_a_forked_process_prints_into_the_cell(each_session):
    events = each_session.run(
        "import multiprocessing\n"
        "p = multiprocessing.get_context('fork').Process(target=print, args=('from the fork',))\n"
        "p.start(); p.join()"
    )
    assert text(events) == "from the fork\n"
    assert each_session.execute("'in step'")[0]["data"]["text/plain"] == "'in step'"


def test_a_child_that_prints_endlessly_blocks_no_statement(each_session):
    begun = time.monotonic()
    each_session.start("p = subprocess.Popen(['yes'])")
    assert each_session.reply()["status"] == "ok" and time.monotonic() - begun < 5
    each_session.start("p.kill(); p.wait()")
    assert each_session.reply()["status"] == "ok"


def test_py4js_own_records_are_no_output(each_session):
    code = """
import logging
logging.basicConfig(level=logging.INFO, format="%(message)s", force=True)
path = "/lib/py4j/clientserver.py"
for name, level in ("py4j.clientserver", logging.INFO), ("py4j.clientserver", logging.WARNING), (None, logging.INFO):
    logger = logging.getLogger(name)
    logger.handle(logger.makeRecord(str(name), level, path if name else "a.py", 1, f"{name} {level}", (), None))
"""
    assert text(each_session.run(code), "stderr") == "None 20\n"


def test_threads_that_others_start_while_a_cell_runs_are_not_the_cells(each_session):
    """In Livy, py4j starts them for jobs, and they last."""
    each_session.start("import time\ntime.sleep(0.7)")
    each_session.wait_for("start")
    starts = "__import__('threading').Thread(target=__import__('time').sleep, args=(2,), daemon=True).start()"
    each_session.job(f"lambda jc: ({starts}, '{{\"ok\": 0}}')[1]")
    each_session.reply()
    assert each_session.call("events", each_session.next, 0)["threads"] == []
