"""`%%local` cells run in a Python of this machine, and look as all cells of the notebook do."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest
from conftest import plain, printed, running_kernel, wait_until
from widgets import Widgets, is_update, opened

PID = "%%local\nimport os\nos.getpid()"


@pytest.fixture(scope="module")
def kernel():
    """A kernel whose session never starts: no server is there."""
    with running_kernel("livy-pyspark", "http://127.0.0.1:9") as kernel:
        yield kernel


def asked(kernel, code, answers):
    """Runs a cell that asks; returns its reply and what it showed."""
    shown = []

    def answer(question):
        kernel.client.input(answers[question["content"]["prompt"]])

    reply = kernel.client.execute_interactive(
        code, timeout=60, output_hook=shown.append, stdin_hook=answer, allow_stdin=True
    )
    return reply["content"], shown


def ends(pid):
    wait_until(lambda: not psutil.pid_exists(pid), 10, "the local Python runs on")


def test_a_cell_runs_without_a_session_and_keeps_its_variables(kernel):
    assert kernel.outputs("%%local\nkept = 40") == []
    assert kernel.value("# beside Spark\n%%local\nkept + 2") == "42"


def test_it_is_the_python_that_runs_jupyter(kernel):
    assert kernel.value("%%local\nimport sys\nsys.prefix") == repr(sys.prefix)


def test_outputs_are_those_of_ipykernel(kernel):
    code = """%%local
from IPython.display import HTML, display
print('text')
display(HTML('<b>bold</b>'))
import sys; print('error', file=sys.stderr)
{'a': 1}"""
    shown = kernel.outputs(code)
    assert [kind for kind, _ in shown] == ["stream", "display_data", "stream", "execute_result"]
    assert shown[1][1]["data"]["text/html"] == "<b>bold</b>"
    reply, _ = kernel.run("%%local\nNone")
    assert shown[3][1]["execution_count"] == reply["execution_count"] - 1


def test_an_error_names_the_cell_by_its_number_in_the_notebook(kernel):
    reply, shown = kernel.run("%%local\ndef f(x):\n    return 1 / x\nf(0)")
    [error] = [message["content"] for message in shown if message["msg_type"] == "error"]
    assert error["ename"] == reply["ename"] == "ZeroDivisionError"
    assert f"Cell In[{reply['execution_count']}], line 3" in plain("\n".join(error["traceback"]))


def test_a_cell_asks_the_user(kernel):
    code = "%%local\nimport getpass\nname, word = input('name? '), getpass.getpass('word? ')\nprint(name + word)"
    reply, shown = asked(kernel, code, {"name? ": "Ada", "word? ": "s"})
    assert reply["status"] == "ok" and printed(shown) == "Adas\n"
    reply, _ = kernel.run("%%local\ninput()")
    assert reply["ename"] == "StdinNotImplementedError"


@pytest.mark.parametrize("waiting", ["time.sleep(60)", "[None for _ in iter(int, 1)]"])
def test_an_interrupted_cell_ends_and_keeps_its_variables(kernel, waiting):
    kernel.run("%%local\nbefore = 1")
    cell = kernel.client.execute(f"%%local\nimport time\nprint('begun', flush=True)\n{waiting}")
    kernel.heard_until_printed(cell, "begun")
    kernel.manager.interrupt_kernel()
    [error] = [m["content"] for m in kernel.heard_until_idle(cell) if m["msg_type"] == "error"]
    assert error["ename"] == "KeyboardInterrupt"
    assert kernel.value("%%local\nbefore") == "1"


def test_what_a_thread_prints_later_belongs_to_its_cell(kernel):
    code = "%%local\nimport threading\nthreading.Timer(0.5, print, ['late']).start()"
    cell = kernel.client.execute(code)
    kernel.heard_until_printed(cell, "late")


def test_names_are_completed_and_inspected(kernel):
    kernel.run('%%local\ndef greeting():\n    """Says hello."""\nx = 1')
    for code in ("%%local\nprint(greet", "# one\n%%local\ngreet"):
        reply = kernel.client.complete(code, reply=True, timeout=30)["content"]
        assert "greeting" in [match.rstrip("(") for match in reply["matches"]]
        assert code[reply["cursor_start"] : reply["cursor_end"]] == "greet"
    described = kernel.client.inspect("%%local\ngreeting", reply=True, timeout=30)["content"]
    assert "Says hello." in plain(described["data"]["text/plain"])


SLIDER = """%%local
import ipywidgets
slider, double = ipywidgets.IntSlider(), ipywidgets.IntText()
ipywidgets.dlink((slider, 'value'), (double, 'value'), lambda value: 2 * value)
slider.observe(lambda change: print('moved to', change['new']), 'value')
slider"""


@pytest.fixture
def slider(kernel):
    """A frontend, and the id of a slider of the local Python."""
    _, shown = kernel.run(SLIDER)
    return Widgets(kernel), opened(shown)["IntSliderModel"]["content"]["comm_id"]


def test_a_widget_hears_its_view_and_answers_it(kernel, slider):
    widgets, model = slider
    assert widgets.listed()[model] == "jupyter.widget"
    for value in range(1, 4):
        request = widgets.set(model, value=value)
        shown = widgets.until_idle(request)
        [update] = [m for m in shown if is_update(m, value=2 * value)]
        assert update["parent_header"]["msg_id"] == request
        assert f"moved to {value}\n" in printed(shown)
    assert kernel.value("%%local\nslider.value") == "3"


def test_a_cell_hears_its_reply_after_many_messages_of_a_slider(kernel, slider):
    widgets, model = slider
    cell = kernel.client.execute("%%local\nimport time; time.sleep(1); 'over'")
    for value in range(50, 350):
        widgets.set(model, value=value % 100)
    shown = kernel.heard_until_idle(cell)
    assert [m["content"]["data"]["text/plain"] for m in shown if m["msg_type"] == "execute_result"] == ["'over'"]


def test_widgets_come_back_when_the_page_is_loaded_again(slider):
    widgets, model = slider
    control = {"comm_id": "control", "target_name": "jupyter.widget.control", "data": {}}
    widgets.until_idle(widgets.send("comm_open", control, version="1.0.0"))
    ask = widgets.send("comm_msg", {"comm_id": "control", "data": {"method": "request_states"}})
    [states] = [m for m in widgets.until_idle(ask) if m["msg_type"] == "comm_msg"]
    assert model in states["content"]["data"]["states"]


def test_a_thread_moves_a_widget_after_its_cell(kernel, slider):
    widgets, _ = slider
    kernel.outputs(
        "%%local\nimport threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(1), setattr(double, 'value', 77))).start()"
    )
    widgets.until(lambda message: is_update(message, value=77))


def test_a_python_that_dies_is_told_and_replaced(kernel):
    pid = int(kernel.value(PID))
    reply, _ = kernel.run("%%local\nkept = 1\nimport os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert "has ended while it ran" in reply["evalue"] and "starts another" in reply["traceback"][1]
    assert int(kernel.value(PID)) != pid
    os.kill(int(kernel.value(PID)), signal.SIGKILL)
    time.sleep(0.5)
    reply, shown = kernel.run("%%local\nkept")
    assert reply["ename"] == "NameError" and "has ended" in printed(shown, "stderr")


def test_a_name_that_is_missing_may_be_in_the_session(kernel):
    reply, _ = kernel.run("%%local\nrows")
    assert reply["ename"] == "NameError" and "Without the line %%local" in reply["traceback"][-1]


@pytest.mark.parametrize("end", ["shutdown", "kill"])
def test_nothing_is_left_when_the_kernel_ends(end):
    with running_kernel("livy-pyspark", "http://127.0.0.1:9") as kernel:
        pid = int(kernel.value(PID))
        folder = psutil.Process(pid).cmdline()[-1]
        kernel.manager.shutdown_kernel() if end == "shutdown" else kernel.kill()
        ends(pid)
    assert end == "kill" or not os.path.exists(folder)


def test_its_sockets_are_in_a_folder_that_is_closed_to_others(kernel):
    file = Path(psutil.Process(int(kernel.value(PID))).cmdline()[-1])
    connection = json.loads(file.read_text())
    assert connection["transport"] == "ipc" and Path(connection["ip"]).parent == file.parent
    assert file.stat().st_mode & 0o77 == 0 and file.parent.stat().st_mode & 0o77 == 0


def test_without_ipykernel_the_cell_says_what_to_install(tmp_path):
    with running_kernel("livy-pyspark", LIVY_LOCAL_CELLS_PYTHON=str(tmp_path / "python")) as kernel:
        reply, _ = kernel.run("%%local\n1")
    assert "which local.python names, has none" in reply["evalue"]
    assert "pip install ipykernel" in reply["traceback"][1]
