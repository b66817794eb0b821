"""Widgets of the session's Python in a notebook, as the messages of their comms."""

import time

import pytest
from conftest import SPARK_START, plain, printed, running_kernel, wait_until
from widgets import Widgets, is_idle, is_update, opened

FIRST = "import ipywidgets, time, hashlib; from comm import create_comm"


@pytest.fixture(scope="module")
def widgets(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        kernel.run(FIRST, timeout=SPARK_START)
        kernel.await_agent()
        yield Widgets(kernel)


def slider(widgets, code=""):
    """Makes a slider; returns its model's id, and the request of the cell."""
    reply, shown = widgets.kernel.run(f"slider = ipywidgets.IntSlider(value=3)\n{code}\nslider")
    assert reply["status"] == "ok", reply
    return opened(shown)["IntSliderModel"]["content"]["comm_id"], shown[0]["parent_header"]["msg_id"]


def test_a_slider_opens_its_models_before_it_is_shown(widgets):
    _, shown = widgets.kernel.run("ipywidgets.IntSlider(value=3, description='é')")
    kinds = [m["msg_type"] for m in shown]
    assert kinds == ["comm_open"] * 3 + ["execute_result"]
    models = opened(shown)
    assert sorted(models) == ["IntSliderModel", "LayoutModel", "SliderStyleModel"]
    slider = models["IntSliderModel"]
    assert slider["metadata"]["version"].startswith("2.") and slider["content"]["target_name"] == "jupyter.widget"
    assert slider["content"]["data"]["state"]["description"] == "é"
    view = shown[-1]["content"]["data"]["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == slider["content"]["comm_id"]
    assert len({m["parent_header"]["msg_id"] for m in shown}) == 1
    assert widgets.listed()[slider["content"]["comm_id"]] == "jupyter.widget"


def test_an_observer_hears_a_new_value_and_its_own_comes_back(widgets):
    model, _ = slider(
        widgets,
        "double = ipywidgets.IntText()\nipywidgets.dlink((slider, 'value'), (double, 'value'), lambda v: 2 * v)",
    )
    for value in range(10, 20):
        request = widgets.set(model, value=value)
        shown = widgets.until_idle(request)
        [update] = [m for m in shown if is_update(m, value=2 * value)]
        assert update["parent_header"]["msg_id"] == request
    assert widgets.kernel.value("slider.value, double.value") == "(19, 38)"


def test_it_hears_also_while_a_cell_runs(widgets):
    model, _ = slider(widgets)
    cell = widgets.client.execute("while slider.value != 50: time.sleep(0.01)\nprint('seen')", allow_stdin=False)
    widgets.until(lambda m: m["msg_type"] == "execute_input")
    shown = widgets.ask(model, value=50)
    shown += [] if any(is_idle(m, cell) for m in shown) else widgets.until_idle(cell)
    assert printed(shown) == "seen\n"


def parents_of_streams(shown):
    """Returns the cells to which texts belong: what is printed at once may come in several messages."""
    return {m["parent_header"]["msg_id"] for m in shown if m["msg_type"] == "stream"}


def test_what_a_handler_prints_goes_to_the_cell_that_made_the_widget(widgets):
    model, cell = slider(widgets, "slider.observe(lambda change: print('now', change['new']), 'value')")
    shown = widgets.ask(model, value=8)
    assert (printed(shown), parents_of_streams(shown)) == ("now 8\n", {cell})


def test_what_it_shows_in_an_output_widget_goes_there(widgets):
    show = "def show(change):\n    with out: print('now', change['new'])"
    code = f"out = ipywidgets.Output()\n{show}\nslider.observe(show, 'value'); display(out)"
    model, cell = slider(widgets, code)
    shown = widgets.ask(model, value=9)
    order = [
        m["content"]["data"]["state"]["msg_id"]
        for m in shown
        if is_update(m) and "msg_id" in m["content"]["data"]["state"]
    ]
    assert order == [cell, ""]
    takes, gives = (next(at for at, m in enumerate(shown) if is_update(m, msg_id=id)) for id in order)
    assert all(takes < at < gives for at, m in enumerate(shown) if m["msg_type"] == "stream")
    assert parents_of_streams(shown) == {cell}


def test_an_error_in_a_handler_is_shown_once_with_its_lines(widgets):
    model, cell = slider(widgets, "def fail(change):\n    1 / 0\nslider.observe(fail, 'value')")
    shown = widgets.ask(model, value=7)
    [error] = [m for m in shown if m["msg_type"] == "error"]
    assert error["parent_header"]["msg_id"] == cell and error["content"]["ename"] == "ZeroDivisionError"
    assert "1 / 0" in plain("\n".join(error["content"]["traceback"]))
    assert widgets.kernel.value("slider.value") == "7"


def test_an_interrupt_ends_a_handler(widgets):
    model, _ = slider(widgets, "def stay(change):\n    while True: time.sleep(0.01)\nslider.observe(stay, 'value')")
    request = widgets.set(model, value=7)
    widgets.until(lambda m: m["parent_header"].get("msg_id") == request)
    wait_until(lambda: interrupted(widgets, request), 30, "the handler goes on")


def interrupted(widgets, request):
    widgets.kernel.manager.interrupt_kernel()
    try:
        shown = widgets.until_idle(request, timeout=3)
    except AssertionError:
        return False
    return any(m["content"].get("ename") == "KeyboardInterrupt" for m in shown)


def test_five_megabytes_arrive_in_both_directions(widgets):
    data = bytes(range(256)) * 20_000
    code = "made = create_comm('bytes'); made.on_msg(lambda m: made.send({'back': 1}, buffers=m['buffers']))"
    _, shown = widgets.kernel.run(code)
    [comm] = [m["content"]["comm_id"] for m in shown if m["msg_type"] == "comm_open"]
    shown = widgets.until_idle(widgets.send("comm_msg", {"comm_id": comm, "data": {}}, [data, b"", b"x"]))
    [back] = [m for m in shown if m["msg_type"] == "comm_msg"]
    assert back["content"]["data"] == {"back": 1}
    assert [bytes(buffer) for buffer in back["buffers"]] == [data, b"", b"x"]


ORDER = "heard = []; made = create_comm('bytes'); made.on_msg(lambda m: (time.sleep({}), heard.append(m['buffers'])))"


def comm_that_hears(widgets, seconds):
    """Makes a comm whose handler takes its time; returns its id."""
    _, shown = widgets.kernel.run(ORDER.format(seconds))
    [comm] = [m["content"]["comm_id"] for m in shown if m["msg_type"] == "comm_open"]
    return comm


def test_a_cell_that_was_sent_behind_messages_runs_after_their_handlers(widgets):
    comm = comm_that_hears(widgets, 0.3)
    for size in (5_000_000, 0):
        widgets.send("comm_msg", {"comm_id": comm, "data": {}}, [bytes(size)])
    assert widgets.kernel.value("[len(buffer) for [buffer] in heard]") == "[5000000, 0]"


def test_a_message_that_comes_later_does_not_hold_a_cell_up(widgets):
    comm = comm_that_hears(widgets, 1)
    widgets.client.execute("time.sleep(0.5)", allow_stdin=False)
    cell = widgets.client.execute("print(len(heard))", allow_stdin=False)
    request = widgets.send("comm_msg", {"comm_id": comm, "data": {}}, [b""])
    shown = widgets.until_idle(cell)
    assert printed(shown) == "0\n" and not any(is_idle(message, request) for message in shown)
    widgets.until_idle(request)


def test_an_interrupt_ends_a_handler_and_the_cell_that_waits_for_it(widgets):
    comm = comm_that_hears(widgets, 60)
    request = widgets.send("comm_msg", {"comm_id": comm, "data": {}}, [b""])
    cell = widgets.client.execute("ran = True", allow_stdin=False)
    widgets.until(lambda m: m["msg_type"] == "execute_input" and m["parent_header"]["msg_id"] == cell)
    time.sleep(1)
    widgets.kernel.manager.interrupt_kernel()
    shown, over = [], set()
    while len(over) < 2:
        shown += widgets.until(lambda m: is_idle(m, request) or is_idle(m, cell), timeout=10)
        over.add(shown[-1]["parent_header"]["msg_id"])
    [error] = [m for m in shown if m["msg_type"] == "error" and m["parent_header"]["msg_id"] == cell]
    assert error["content"]["ename"] == "KeyboardInterrupt"
    assert widgets.kernel.value("'ran' in globals(), len(heard)") == "(False, 0)"


def test_an_interrupt_cancels_the_spark_jobs_of_a_handler(widgets):
    job = "spark.sparkContext.parallelize([1], 1).map(lambda x: __import__('time').sleep(60)).count()"
    widgets.kernel.run(f"began = []\ndef stay(change):\n    began.append(1)\n    {job}")
    model, _ = slider(widgets, "slider.observe(stay, 'value')")
    request = widgets.set(model, value=7)
    time.sleep(3)
    widgets.kernel.manager.interrupt_kernel()
    widgets.until_idle(request, timeout=20)
    active = "len(spark.sparkContext.statusTracker().getActiveJobsIds())"
    assert widgets.kernel.value("len(began)") == "1"
    wait_until(lambda: widgets.kernel.value(active) == "0", 10, "the job goes on")


def test_a_large_message_delays_no_other(widgets):
    slider(widgets)
    large = "made = create_comm('bytes'); made.send({'n': 1}, buffers=[bytes(16_000_000)]); made.send({'n': 2})"
    code = f"{large}\nslider.value = 77"
    _, shown = widgets.kernel.run(code)
    told = [m["content"]["data"].get("n", "slider") for m in shown if m["msg_type"] == "comm_msg"]
    assert told == ["slider", 1, 2]


def test_unknown_targets_and_closed_comms(widgets):
    request = widgets.send("comm_open", {"comm_id": "c1", "target_name": "nobody's", "data": {}})
    [closed] = [m for m in widgets.until_idle(request) if m["msg_type"] == "comm_close"]
    assert closed["content"]["comm_id"] == "c1" and closed["parent_header"]["msg_id"] == request
    model, _ = slider(widgets)
    assert model in widgets.listed()
    _, shown = widgets.kernel.run("slider.close()")
    assert model in [m["content"]["comm_id"] for m in shown if m["msg_type"] == "comm_close"]
    assert model not in widgets.listed()


def test_two_notebooks_on_one_session_have_their_own_comms(server_url):
    name = f"widgets-{time.time_ns()}"
    first = running_kernel("livy-pyspark", server_url, LIVY_SESSION=name)
    second = running_kernel("livy-pyspark", server_url, LIVY_SESSION=name)
    with first as first, second as second:
        first.run(FIRST, timeout=SPARK_START)
        second.run(FIRST, timeout=SPARK_START)
        one, two = Widgets(first), Widgets(second)
        ours, _ = slider(one)
        first.run("shared = slider")
        theirs, _ = slider(two)
        assert ours in one.listed() and theirs not in one.listed()
        assert theirs in two.listed() and ours not in two.listed()
        two.ask(theirs, value=22)
        assert second.value("slider.value") == "22"
        # Whoever uses the session may change the variable, but sends nothing to a notebook of another.
        second.run("shared.value = 33")
        _, shown = first.run("shared.value = 44")
        assert [m["content"]["data"]["state"]["value"] for m in shown if is_update(m)] == [44]
        for notebook in (one, two, one):
            own = {id for id, target in notebook.listed().items() if target == "jupyter.widget"}
            assert set(states(notebook)) == own


def states(widgets):
    """Asks for the states of all widgets, as a notebook does that is opened again."""
    control = f"control-{time.time_ns()}"
    opening = {"comm_id": control, "target_name": "jupyter.widget.control", "data": {}}
    shown = widgets.until_idle(widgets.send("comm_open", opening, version="1.0.0"))
    assert not [m for m in shown if m["msg_type"] == "comm_close"]
    shown = widgets.until_idle(widgets.send("comm_msg", {"comm_id": control, "data": {"method": "request_states"}}))
    [told] = [m for m in shown if m["content"].get("data", {}).get("method") == "update_states"]
    return told["content"]["data"]["states"]


def test_a_killed_kernel_has_its_widgets_back(server_url):
    with running_kernel("livy-pyspark", server_url) as kernel:
        kernel.run(FIRST, timeout=SPARK_START)
        widgets = Widgets(kernel)
        model, cell = slider(widgets, "slider.observe(lambda change: print('now', change['new']), 'value')")
        widgets.ask(model, value=44)
        kernel.kill()
        kernel.start_again()
        kernel.client.wait_for_ready(timeout=60)
        assert model in widgets.listed()
        told = states(widgets)
        assert told[model]["state"]["value"] == 44
        shown = widgets.ask(model, value=45)
        assert (printed(shown), parents_of_streams(shown)) == ("now 45\n", {cell})
        assert kernel.value("slider.value") == "45"


def test_a_kernel_that_is_killed_in_a_cell_hears_its_widgets_afterwards(server_url):
    with running_kernel("livy-pyspark", server_url) as kernel:
        kernel.run(FIRST, timeout=SPARK_START)
        widgets = Widgets(kernel)
        code = "slider = ipywidgets.IntSlider(value=3); display(slider); time.sleep(5)"
        cell = kernel.client.execute(code, allow_stdin=False)
        shown = widgets.until(lambda m: m["msg_type"] == "display_data")
        model = opened(shown)["IntSliderModel"]["content"]["comm_id"]
        kernel.kill()
        kernel.start_again()
        kernel.client.wait_for_ready(timeout=60)
        widgets.ask(model, value=44)
        assert kernel.value("slider.value") == "44"
        assert cell and model in widgets.listed()


def test_without_the_agent_a_widget_is_text_and_the_cell_says_once_why(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never") as kernel:
        kernel.run("import ipywidgets", timeout=SPARK_START)
        _, shown = kernel.run("ipywidgets.IntSlider(value=3)")
        why = "Widgets are only text here: LIVY_AGENT=never turns off what shows them. Set it to auto, and"
        assert "IntSlider(value=3)" in str(shown) and printed(shown, "stderr").startswith(why)
        _, shown = kernel.run("ipywidgets.HBox()")
        assert printed(shown, "stderr") == ""


def test_a_widget_that_another_program_has_made_is_text_and_says_why(server_url):
    name = f"widgets-{time.time_ns()}"
    first = running_kernel("livy-pyspark", server_url, LIVY_SESSION=name)
    second = running_kernel("livy-pyspark", server_url, LIVY_SESSION=name)
    with first as first, second as second:
        first.run(FIRST, timeout=SPARK_START)
        second.run(FIRST, timeout=SPARK_START)
        first.run("shared = ipywidgets.IntSlider(value=3)")
        for often in (1, 0):
            _, shown = second.run("shared")
            assert printed(shown, "stderr").count("This widget is only text here") == often
            [result] = [m for m in shown if m["msg_type"] == "execute_result"]
            assert result["content"]["data"] == {"text/plain": "IntSlider(value=3)"}


def test_without_comms_nothing_is_listed(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        widgets = Widgets(kernel)
        request = widgets.send("comm_open", {"comm_id": "c1", "target_name": "jupyter.widget.control", "data": {}})
        assert "comm_close" in [m["msg_type"] for m in widgets.until_idle(request)]
        assert widgets.listed() == {}
