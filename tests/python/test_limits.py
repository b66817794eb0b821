"""The kernel withstands endless text, code that cannot be stopped, and impatient users."""

import threading
import time

import pytest
from conftest import SPARK_START, kernel_with_agent, printed, resident, running_kernel

# This holds Python's lock in C: no other thread runs, and no signal is handled.
UNSTOPPABLE = "import itertools; kept = 5; n = sum(itertools.islice(itertools.repeat(1), 1_500_000_000)); kept"


@pytest.fixture(scope="module")
def kernel(livy_url):
    with kernel_with_agent(livy_url) as kernel:
        yield kernel


def test_a_hundred_megabytes_of_text_are_cut_with_a_note(kernel, livy_url):
    sized = "int(open('/proc/self/statm').read().split()[1]) * 4096"
    kernel.run("print('x' * 20_000_000)")  # The most that the driver keeps.
    ours, drivers = resident(kernel.pid), int(kernel.value(sized))
    reply, shown = kernel.run("for i in range(1_000_000): print('x' * 100)", timeout=120)
    assert reply["status"] == "ok" and len(printed(shown)) < 5_000_000
    assert "left out" in printed(shown)
    assert kernel.value("1 + 1") == "2"
    assert resident(kernel.pid) - ours < 50_000_000
    # Livy's own shell keeps the text until the statement's end; Python gives it back.
    assert int(kernel.value(sized)) - drivers < 350_000_000


AT_ONCE = "print('x' * 200_000_000)"


def test_one_print_of_two_hundred_megabytes_is_cut_with_a_note(livy_url):
    with kernel_with_agent(livy_url) as kernel:
        reply, shown = kernel.run(AT_ONCE, timeout=180)
        assert reply["status"] == "ok", reply
        assert len(printed(shown)) < 5_000_000 and "left out" in printed(shown)
        reply, _ = kernel.run(AT_ONCE + "; 1 / 0", timeout=180)
        assert reply["ename"] == "ZeroDivisionError", reply
        assert kernel.value("1 + 1") == "2"


def test_without_the_agent_it_has_run_and_gave_too_much(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never") as kernel:
        kernel.run("1", timeout=SPARK_START)
        reply, _ = kernel.run(AT_ONCE, timeout=180)
        assert reply["ename"] == "OutputTooLarge" and "the cell has run" in reply["evalue"], reply
        assert kernel.run("1 + 1")[0]["status"] == "ok"


def test_what_cannot_be_stopped_is_said_and_the_next_cell_waits(kernel):
    threading.Timer(1, kernel.manager.interrupt_kernel).start()
    reply, _ = kernel.run(UNSTOPPABLE)
    assert reply["ename"] == "KeyboardInterrupt"
    assert "has not stopped" in reply["evalue"] and "next cell waits" in reply["evalue"]
    assert kernel.value("kept") == "5"


def test_three_interrupts_in_a_row_stop_one_cell(kernel):
    def interrupt():
        for _ in range(3):
            kernel.manager.interrupt_kernel()

    impatient = threading.Timer(1, interrupt)
    impatient.start()
    code = "before = 1\nwhile True:\n    try:\n        time.sleep(0.1)\n    except ValueError:\n        pass"
    assert kernel.run(code)[0]["ename"] == "KeyboardInterrupt"
    impatient.join()
    assert kernel.value("before") == "1"


def test_a_collect_is_interrupted(kernel):
    threading.Timer(2, kernel.manager.interrupt_kernel).start()
    began = time.monotonic()
    reply, _ = kernel.run("spark.range(4).rdd.map(lambda i: __import__('time').sleep(60)).collect()", timeout=60)
    assert reply["status"] == "error" and time.monotonic() - began < 30
    assert kernel.value("spark.range(3).count()") == "3"


def test_a_cell_in_the_queue_does_not_run_after_an_interrupt(kernel):
    running = kernel.client.execute("print('begun'); time.sleep(30)", allow_stdin=False)
    queued = kernel.client.execute("ran = True", allow_stdin=False)
    kernel.heard_until_printed(running, "begun")
    kernel.manager.interrupt_kernel()
    replies = {}
    while len(replies) < 2:
        message = kernel.client.get_shell_msg(timeout=30)
        replies[message["parent_header"]["msg_id"]] = message["content"]
    assert replies[running]["ename"] == "KeyboardInterrupt" and replies[queued]["status"] != "ok"
    assert kernel.value("'ran' in globals()") == "False"


def test_an_interrupt_during_the_start_keeps_the_session(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        threading.Timer(1, kernel.manager.interrupt_kernel).start()
        assert kernel.run("1", timeout=30)[0]["ename"] == "KeyboardInterrupt"
        reply, _ = kernel.run("2", timeout=SPARK_START)
        assert reply["status"] == "ok"


def test_a_bar_that_returns_its_carriage_is_sent_as_it_is(kernel):
    code = "for i in range(3):\n    print(f'\\r{i}/3', end='', flush=True); time.sleep(0.2)\nprint('\\r3/3')"
    assert printed(kernel.run(code)[1]) == "\r0/3\r1/3\r2/3\r3/3\n"


def test_output_is_cleared_when_the_next_comes(kernel):
    shown = kernel.outputs("for i in range(2):\n    print(i); clear_output(wait=True)\nprint('end')")
    kinds = [(kind, content.get("wait", content.get("text"))) for kind, content in shown]
    assert kinds == [
        ("stream", "0\n"),
        ("clear_output", True),
        ("stream", "1\n"),
        ("clear_output", True),
        ("stream", "end\n"),
    ]


def test_children_and_c_code_are_shown_on_both_streams(kernel):
    code = (
        "import os, subprocess, ctypes\n"
        "_ = os.system('echo out; echo err >&2')\n"
        "_ = subprocess.run(['sh', '-c', 'echo child'])\n"
        "c = ctypes.CDLL(None); _ = c.puts(b'from C'); _ = c.fflush(None)"
    )
    shown = kernel.outputs(code)
    streams = {name: "".join(c["text"] for _, c in shown if c["name"] == name) for name in ("stdout", "stderr")}
    assert streams == {"stdout": "out\nchild\nfrom C\n", "stderr": "err\n"}
    assert kernel.value("1 + 1") == "2"
