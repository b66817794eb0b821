"""Scala cells with the agent in their session: live output and interrupts, on real Spark."""

import threading
import time

import pytest
from conftest import SPARK_START, printed, running_kernel


@pytest.fixture(scope="module")
def spark(livy_url):
    """A Scala kernel whose agent is installed at once."""
    with running_kernel("livy-spark", livy_url, LIVY_AGENT="always") as kernel:
        kernel.run("1", timeout=SPARK_START)
        heard = [text for _, text in timed(kernel, 'println("a"); Thread.sleep(5000); println("b")')]
        assert heard[0] == "a\n", heard  # The agent had five seconds for its installation.
        yield kernel


def timed(kernel, code):
    """Runs a cell; returns each text that it prints, and after how many seconds."""
    heard, began = [], time.monotonic()

    def note(message):
        if message["msg_type"] == "stream":
            heard.append((time.monotonic() - began, message["content"]["text"]))

    kernel.client.execute_interactive(code, timeout=120, output_hook=note, allow_stdin=False)
    return heard


def interrupted(kernel, code, after=1.5):
    """Interrupts a cell; returns its reply and its messages, and after how long it ended."""
    timer = threading.Timer(after, kernel.manager.interrupt_kernel)
    timer.start()
    began = time.monotonic()
    reply, shown = kernel.run(code)
    return reply, shown, time.monotonic() - began - after


def test_text_comes_while_the_cell_runs(spark):
    code = 'for (i <- 1 to 3) { println(s"tick $i é"); Thread.sleep(900) }'
    heard = timed(spark, code)
    assert "".join(text for _, text in heard) == "tick 1 é\ntick 2 é\ntick 3 é\n"
    assert heard[-1][0] - heard[0][0] > 0.5


def test_nothing_is_shown_twice_and_echoes_keep_their_place(spark):
    code = "val x = 5\nfor (i <- 1 to 2) { println(i); Thread.sleep(600) }\ncase class P(a: Int)\nP(x)"
    _, shown = spark.run(code)
    text = printed(shown)
    assert text.count("1\n") == 1 and text.count("x: Int = 5") == 1
    assert "defined class P" in text
    [result] = [m for m in shown if m["msg_type"] == "execute_result"]
    assert result["content"]["data"]["text/plain"].endswith("P = P(5)")


def test_an_error_keeps_what_was_printed_before(spark):
    reply, shown = spark.run('println("before"); Thread.sleep(800); throw new RuntimeException("ärger")')
    assert printed(shown) == "before\n"
    assert reply["status"] == "error" and "ärger" in reply["evalue"]


@pytest.mark.parametrize(
    "code",
    ["while (true) {}", "Thread.sleep(60000)", "sc.parallelize(1 to 2, 2).foreach(_ => Thread.sleep(60000))"],
)
def test_an_interrupt_ends_it_and_the_session_goes_on(spark, code):
    spark.run("val kept = 42")
    reply, _, seconds = interrupted(spark, code)
    assert reply["status"] == "error" and reply["ename"] == "KeyboardInterrupt"
    assert seconds < 5
    assert spark.value("kept + 1").endswith("= 43")
    spark.run("Thread.sleep(300)")
    assert spark.value("kept").endswith("= 42")


def test_the_agent_comes_by_itself_to_a_long_cell(livy_url):
    with running_kernel("livy-spark", livy_url) as kernel:
        kernel.run("1", timeout=SPARK_START)
        heard = timed(kernel, "for (i <- 1 to 24) { println(i); Thread.sleep(500) }")
        assert len(heard) > 2 and "".join(text for _, text in heard).split() == [str(i) for i in range(1, 25)]


def test_the_agent_comes_to_stop_a_loop(livy_url):
    with running_kernel("livy-spark", livy_url) as kernel:
        kernel.run("val kept = 42", timeout=SPARK_START)
        reply, _, seconds = interrupted(kernel, "while (true) {}", after=0.5)
        assert reply["ename"] == "KeyboardInterrupt" and seconds < 30
        assert kernel.value("kept").endswith("= 42")


def test_scala_in_a_python_notebook_is_overheard_too(pyspark):
    pyspark.run("%%spark\n1")
    heard = timed(pyspark, "%%spark\nfor (i <- 1 to 3) { println(i); Thread.sleep(900) }")
    assert "".join(text for _, text in heard) == "1\n2\n3\n"


def test_without_an_agent_text_comes_at_the_end(livy_url):
    with running_kernel("livy-spark", livy_url, LIVY_AGENT="never") as kernel:
        kernel.run("1", timeout=SPARK_START)
        assert [text for _, text in timed(kernel, "for (i <- 1 to 2) println(i)")] == ["1\n2\n"]
