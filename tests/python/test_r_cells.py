"""R cells, on a server that can run R: errors, live output, interrupts. Elsewhere they are left out (`conftest.py`)."""

import time

import pytest
from conftest import SPARK_START, printed, running_kernel
from test_scala_cells import interrupted, timed


@pytest.fixture(scope="module")
def sparkr(livy_url):
    """An R kernel whose agent is installed at once, and follows R."""
    with running_kernel("livy-sparkr", livy_url, LIVY_AGENT="always") as kernel:
        reply, _ = kernel.run("1", timeout=SPARK_START)
        if "Fail to start interpreter" in reply.get("evalue", ""):
            pytest.skip("this server cannot run R")
        kernel.await_agent()
        kernel.run("Sys.sleep(2)")
        yield kernel


def error(kernel, code):
    """Runs a cell that must fail; returns its error's message, its traceback, and what it printed."""
    reply, shown = kernel.run(code)
    assert reply["status"] == "error", shown
    assert reply["ename"] == "Error"
    return reply["evalue"], reply["traceback"], printed(shown)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("x <- 5; x", "[1] 5\n"),
        ("f <- function(a) {\n  a + 1\n}\nf(1)", "[1] 2\n"),
        ('"a\\\\b \\"c\\" \'d\' é 日本 😀"', '[1] "a\\\\b \\"c\\" \'d\' é 日本 😀"\n'),
        ('cat("a\\n\\nb")', "a\n\nb\n"),
        ('print(data.frame(n = 1:2, s = c("é", "b")))', "  n s\n1 1 é\n2 2 b\n"),
        ('message("to stderr")', "to stderr\n"),
        ("invisible(5)", ""),
        ('warning("w é")', "Warning message:\nw é\n"),
        ("log(-1)", "[1] NaN\nWarning message:\nIn log(-1) : NaNs produced\n"),
    ],
)
def test_a_cell_shows_what_rs_console_shows(sparkr, code, text):
    reply, shown = sparkr.run(code)
    assert reply["status"] == "ok", reply
    assert printed(shown) == text


def test_an_error_is_rs_message_and_what_was_printed_before_is_a_stream(sparkr):
    assert error(sparkr, 'stop("bad é")') == ("bad é", ["Error: bad é"], "")
    assert error(sparkr, 'cat("out\\n")\nstop("late \\"q\\" 😀")')[::2] == ('late "q" 😀', "out\n")
    assert error(sparkr, 'f <- function(x) stop("in f")\nf(1)')[:2] == ("in f", ["Error in f(1): in f"])
    assert error(sparkr, 'warning("w"); stop("after")')[::2] == ("after", "Warning message:\nw\n")


def test_a_syntax_error_shows_its_place(sparkr):
    message, lines, _ = error(sparkr, "x y")
    assert message.startswith("<text>:1:3: unexpected symbol")
    assert lines[1:] == ["1: x y", "      ^"]


def test_a_plot_is_an_image_beside_what_was_printed(sparkr):
    _, shown = sparkr.run('cat("before\\n")\nplot(1:3)')
    [display] = [message for message in shown if message["msg_type"] == "display_data"]
    assert list(display["content"]["data"]) == ["image/png"]
    assert printed(shown) == "before\n"


def test_text_comes_while_the_cell_runs_and_once(sparkr):
    heard = timed(sparkr, 'for (i in 1:3) { cat("tick", i, "é\\n"); Sys.sleep(0.9) }\n"end"')
    assert "".join(text for _, text in heard) == 'tick 1 é\ntick 2 é\ntick 3 é\n[1] "end"\n'
    assert heard[-1][0] - heard[0][0] > 0.5


def test_live_text_stands_before_the_error_that_ends_it(sparkr):
    message, _, text = error(sparkr, 'cat("a\\n"); Sys.sleep(0.8); cat("no newline"); Sys.sleep(0.8); stop("x")')
    assert (message, text) == ("x", "a\nno newline")


@pytest.mark.parametrize(
    "code",
    [
        "while (TRUE) {}",
        "repeat Sys.sleep(1)",
        'system("sleep 60")\nwhile (TRUE) {}',
        "dapplyCollect(createDataFrame(data.frame(a = 1)), function(x) { Sys.sleep(60); x })",
    ],
)
def test_an_interrupt_ends_it_and_the_session_goes_on(sparkr, code):
    sparkr.run("kept <- 42")
    reply, shown, seconds = interrupted(sparkr, 'cat("begun\\n")\n' + code, after=3)
    assert reply["status"] == "error" and reply["ename"] == "KeyboardInterrupt"
    assert printed(shown).startswith("begun\n")
    assert seconds < 5
    for number in range(3):  # Each answer is its own.
        assert printed(sparkr.run(f"kept + {number}")[1]) == f"[1] {42 + number}\n"
    assert printed(sparkr.run('head(sql("select 1 as a"))')[1]) == "  a\n1 1\n"


def test_an_interrupt_needs_no_agent_beforehand(livy_url, sparkr):
    with running_kernel("livy-sparkr", livy_url) as kernel:
        kernel.run("kept <- 1", timeout=SPARK_START)
        reply, _, seconds = interrupted(kernel, "while (TRUE) {}")
        assert reply["ename"] == "KeyboardInterrupt" and "has not stopped" not in str(reply)
        assert seconds < 8
        began = time.monotonic()
        assert printed(kernel.run("kept")[1]) == "[1] 1\n"
        assert time.monotonic() - began < 5
