"""PySpark cells behave as in IPython when the agent is in their session, on real Spark."""

import threading
import time

import pytest
from conftest import SPARK_START, plain, running_kernel
from network import network_to


@pytest.fixture(scope="module")
def local_feeling(pyspark):
    """A kernel with an agent: what a cell prints comes while it runs."""
    for _ in range(100):
        shown = timed(pyspark, "import time\nprint('a', flush=True); time.sleep(0.5); print('b')")
        if [kind for _, kind, _ in shown] == ["stream", "stream"]:
            return pyspark
    pytest.fail("no agent came")


def wait_for_the_agent(kernel):
    kernel.outputs("import time", timeout=SPARK_START)
    while len(timed(kernel, "print('a'); time.sleep(0.5); print('b')")) < 2:
        pass


def timed(kernel, code):
    """Runs a cell; returns each text that it shows, and after how many seconds."""
    shown, began = [], time.monotonic()

    def note(message):
        if message["msg_type"] not in ("status", "execute_input"):
            shown.append((time.monotonic() - began, message["msg_type"], message["content"]))

    kernel.client.execute_interactive(code, timeout=60, output_hook=note, allow_stdin=False)
    return shown


def text(outputs, name="stdout"):
    return "".join(c["text"] for kind, c in outputs if kind == "stream" and c["name"] == name)


def test_text_comes_while_the_cell_runs(local_feeling):
    code = "for i in range(3):\n    print('tick', i)\n    time.sleep(0.7)"
    times = [at for at, kind, _ in timed(local_feeling, code) if kind == "stream"]
    assert len(times) == 3 and times[0] < 0.6 and times[1] - times[0] > 0.4


def test_both_streams_are_told_apart_and_kept_when_the_cell_fails(local_feeling):
    reply, shown = local_feeling.run("import sys\nprint('out')\nprint('err', file=sys.stderr)\n1/0")
    outputs = [(m["msg_type"], m["content"]) for m in shown]
    assert (text(outputs), text(outputs, "stderr")) == ("out\n", "err\n")
    assert reply["ename"] == "ZeroDivisionError"


def test_an_error_shows_the_lines_of_every_cell_in_its_stack(local_feeling):
    local_feeling.outputs("def f(x):\n    return 1 / x")
    reply, _ = local_feeling.run("f(0)")
    traceback = plain("\n".join(reply["traceback"]))
    assert "----> 1 f(0)" in traceback and "----> 2     return 1 / x" in traceback
    assert "fake_shell" not in traceback and "driver" not in traceback


def test_values_have_all_mime_types_and_frames_are_not_run(local_feeling):
    local_feeling.outputs("class A:\n    def _repr_html_(self):\n        return '<b>a</b>'\n")
    [(kind, result)] = local_feeling.outputs("print('x', end=''); A()")[1:]
    assert kind == "execute_result" and result["data"]["text/html"] == "<b>a</b>"
    [(kind, result)] = local_feeling.outputs("spark.range(3)")
    assert kind == "execute_result" and result["data"] == {"text/plain": "DataFrame[id: bigint]"}


def test_a_value_before_a_magic_of_livys_is_none_of_the_cell(local_feeling):
    [(kind, result)] = local_feeling.outputs("x = [1]\n42\n%json x")
    assert kind == "execute_result" and result["data"]["application/json"] == [1]


def test_earlier_values_have_their_names(local_feeling):
    [(_, result)] = local_feeling.outputs("6 * 7")
    count = result["execution_count"]
    [(_, again)] = local_feeling.outputs(f"_ + _{count}")
    assert again["data"]["text/plain"] == "84"


def test_what_a_child_process_prints_is_shown_and_harmless(local_feeling):
    assert text(local_feeling.outputs("import os\nos.system('echo child') and None")) == "child\n"
    assert text(local_feeling.outputs("print('next')")) == "next\n"


def test_a_loop_that_livy_cannot_stop_is_interrupted(local_feeling):
    for code in ["i = 0\nwhile True: i += 1", "time.sleep(60)"]:
        threading.Timer(1, local_feeling.manager.interrupt_kernel).start()
        began = time.monotonic()
        reply, _ = local_feeling.run(code)
        assert reply["ename"] == "KeyboardInterrupt" and time.monotonic() - began < 4
        assert text(local_feeling.outputs("print('next')")) == "next\n"


def test_input_asks_the_person(local_feeling):
    client, shown = local_feeling.client, []
    reply = client.execute_interactive(
        "name = input('Who? ')\nprint('hello', name)",
        timeout=60,
        output_hook=shown.append,
        stdin_hook=lambda question: client.input("Ann" if question["content"]["prompt"] == "Who? " else "?"),
    )
    assert reply["content"]["status"] == "ok"
    assert text([(m["msg_type"], m["content"]) for m in shown]) == "hello Ann\n"


def test_names_are_completed_and_explained_also_while_a_cell_runs(local_feeling):
    client = local_feeling.client
    local_feeling.outputs("frame_of_mine = spark.range(3)")
    running = client.execute("time.sleep(3)")
    client.complete("frame_of_m", 10)
    reply = client.get_shell_msg(timeout=3)["content"]
    assert "frame_of_mine" in reply["matches"] and reply["cursor_start"] == 0
    client.inspect("frame_of_mine.count", 19)
    reply = client.get_shell_msg(timeout=3)["content"]
    assert reply["found"] and "number of rows" in plain(reply["data"]["text/plain"])
    assert client.get_shell_msg(timeout=10)["parent_header"]["msg_id"] == running


def test_a_display_is_updated_in_place(local_feeling):
    shown = local_feeling.outputs("h = display('one', display_id='d')\nupdate_display('two', display_id='d')")
    kinds = [kind for kind, _ in shown]
    assert kinds == ["display_data", "update_display_data"]
    assert {content["transient"]["display_id"] for _, content in shown} == {"d"}


def test_much_text_is_cut_with_a_word_on_it(local_feeling):
    outputs = local_feeling.outputs("for i in range(100_000): print('line', i, 'x' * 50)")
    shown = text(outputs)
    assert len(shown) < 4_000_000 and "are left out here" in shown
    assert shown.startswith("line 0 ") and shown.endswith("line 99999 " + "x" * 50 + "\n")


def test_a_threads_text_comes_to_its_cell_while_another_runs_and_while_none_does(local_feeling):
    client, texts = local_feeling.client, {}

    def hear_until(cell, text):
        while text not in texts.setdefault(cell, ""):
            message = client.get_iopub_msg(timeout=30)
            if message["msg_type"] == "stream":
                parent = message["parent_header"]["msg_id"]
                texts[parent] = texts.get(parent, "") + message["content"]["text"]

    work = "def work():\n    for i in range(9): print('tick', i); time.sleep(0.4)\n"
    first = client.execute(f"import threading\n{work}threading.Thread(target=work).start()")
    hear_until(first, "tick 3")
    second = client.execute("time.sleep(1); print('mine')")
    hear_until(first, "tick 8")
    hear_until(second, "mine")
    assert texts == {first: "".join(f"tick {i}\n" for i in range(9)), second: "mine\n"}


def test_losing_the_agent_in_a_cell_loses_and_doubles_no_output(spark_url):
    with network_to(spark_url) as (network, livy_url), running_kernel("livy-pyspark", livy_url) as kernel:
        wait_for_the_agent(kernel)
        threading.Timer(1, setattr, [network, "refused", "job"]).start()
        shown = text(kernel.outputs("for i in range(8):\n    print('line', i); time.sleep(0.4)"))
        assert shown == "".join(f"line {i}\n" for i in range(8))
        assert text(kernel.outputs("print('next')")) == "next\n"
        network.refused = None
        assert text(kernel.outputs("print('again')")) == "again\n"


def test_livy_is_polled_seldom_while_the_agent_reports(spark_url):
    with network_to(spark_url) as (network, livy_url), running_kernel("livy-pyspark", livy_url) as kernel:
        wait_for_the_agent(kernel)
        network.passed.clear()
        assert text(kernel.outputs("time.sleep(6); print('slept')")) == "slept\n"
        asked = [path for method, path in network.passed if method == "GET" and "/statements/" in path]
        assert 0 < len(asked) < 12, network.passed
