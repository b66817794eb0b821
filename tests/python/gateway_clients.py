"""The kernels behind Jupyter Kernel Gateway and Jupyter Enterprise Gateway, which are set up as the page says.

make test-gateway
"""

import hashlib
import re
import signal
from contextlib import ExitStack
from urllib.parse import parse_qs, urlsplit

import lab
import pytest
import websocket
from conftest import SPARK_START, list_sessions, plain, printed, sessions, wait_until
from gateways import NAMES, Gateway, Remote
from network import network_to
from playwright.sync_api import expect
from test_lab import browser  # noqa: F401 (fixture)
from widgets import is_update, opened

# Longer than a kernel and its session need, and shorter than the heartbeat of a session.
END = 30
COUNT = "import time\nfor i in range(40): print(i, flush=True); time.sleep(0.2)"
COUNTED = "".join(f"{i}\n" for i in range(40))
SLIDER = """\
import ipywidgets as w
slider, label = w.IntSlider(), w.Label()
slider.observe(lambda change: setattr(label, 'value', f'squared {change.new ** 2}'), 'value')"""
PICTURE = "picture = w.Image(value=bytes(range(256)) * 20_000)"


@pytest.fixture(scope="module")
def network(spark_url):
    """The way from the gateways to Livy, which notes each request, and its address."""
    with network_to(spark_url) as network:
        yield network


@pytest.fixture(scope="module", params=NAMES)
def gateway(request, network, kernelspecs, tmp_path_factory):
    gateway = Gateway(request.param, tmp_path_factory.mktemp("gateway"), network[1])
    gateway.start()
    yield gateway
    gateway.end(signal.SIGTERM)


@pytest.fixture(scope="module")
def pyspark(gateway):
    """A frontend of a PySpark kernel, its session started."""
    with gateway.kernel("livy-pyspark") as kernel:
        yield kernel.ready()


def those_are_left(before, spark_url):
    """Waits until the server has as many sessions as before."""
    wait_until(lambda: sessions(spark_url) == before, END, f"a session is left of {list_sessions(spark_url)}")


def value(shown):
    [result] = [m["content"]["data"]["text/plain"] for m in shown if m["msg_type"] == "execute_result"]
    return result


def test_who_has_not_the_token_gets_nothing(gateway):
    assert gateway.ask("GET", "kernelspecs", token="another").status_code == 401
    assert gateway.ask("POST", "kernels", {"name": "livy-pyspark"}, token="another").status_code == 401
    assert "livy-pyspark" in gateway.ask("GET", "kernelspecs").json()["kernelspecs"]


def test_a_websocket_without_the_token_is_refused(gateway, pyspark):
    address = f"{gateway.url.replace('http', 'ws')}/api/kernels/{pyspark.id}/channels"
    with pytest.raises(websocket.WebSocketBadStatusException, match=r"401|403"):
        websocket.create_connection(address)


def test_lines_come_while_the_cell_runs(pyspark):
    cell = pyspark.begin(COUNT)
    early = pyspark.until_printed("3\n")
    assert "39\n" not in printed(early)
    reply, later = pyspark.until_replied(cell)
    assert reply["status"] == "ok" and printed([*early, *later]) == COUNTED


def test_values_tables_and_errors_are_shown(pyspark):
    assert value(pyspark.run("sum(range(5))")[1]) == "10"
    _, [table] = pyspark.run("%%sql\nselect id from range(3)")
    assert "<table" in table["content"]["data"]["text/html"]
    reply, [error] = pyspark.run("1 / 0")
    assert reply["ename"] == error["content"]["ename"] == "ZeroDivisionError"


def test_input_is_asked_of_the_frontend(pyspark):
    cell = pyspark.begin("'I am ' + input('Who? ')")
    asked = pyspark.until(lambda m: m["msg_type"] == "input_request")[-1]
    assert asked["content"]["prompt"] == "Who? "
    pyspark.send("input_reply", {"value": "Ada"}, "stdin", asked["header"])
    assert value(pyspark.until_replied(cell)[1]) == "'I am Ada'"


def test_code_is_completed_and_inspected(pyspark):
    pyspark.run("a_long_name = 3")
    reply = pyspark.ask("complete_request", {"code": "a_lo", "cursor_pos": 4})
    assert reply["matches"] == ["a_long_name"]
    reply = pyspark.ask("inspect_request", {"code": "a_long_name", "cursor_pos": 4, "detail_level": 0})
    assert "int" in plain(reply["data"]["text/plain"])


def test_an_interrupt_ends_the_cell_and_leaves_the_session(pyspark):
    pyspark.run("kept = 1")
    cell = pyspark.begin(COUNT)
    pyspark.until_printed("3\n")
    pyspark.interrupt()
    reply, _ = pyspark.until_replied(cell)
    assert reply["ename"] == "KeyboardInterrupt"
    assert value(pyspark.run("kept")[1]) == "1"


def test_a_widget_calls_back_and_its_bytes_arrive(pyspark):
    _, shown = pyspark.run(SLIDER)
    models = opened(shown)
    slider = models["IntSliderModel"]["content"]["comm_id"]
    data = {"method": "update", "state": {"value": 4}, "buffer_paths": []}
    pyspark.send("comm_msg", {"comm_id": slider, "data": data})
    pyspark.until(lambda m: is_update(m, value="squared 16"))
    _, shown = pyspark.run(PICTURE)
    [sent] = opened(shown)["ImageModel"]["buffers"]
    assert hashlib.sha256(sent).digest() == hashlib.sha256(bytes(range(256)) * 20_000).digest()


def test_two_megabytes_of_text_come_whole(pyspark):
    _, shown = pyspark.run("for i in range(19_000): print(f'{i:099}')")
    assert printed(shown, "stdout") == "".join(f"{i:099}\n" for i in range(19_000))


def test_fifty_megabytes_are_shortened_and_the_connection_stays(pyspark):
    reply, shown = pyspark.run("for i in range(500_000): print(f'{i:099}')")
    text = printed(shown, "stdout")
    assert reply["status"] == "ok" and len(text) < 3_000_000
    assert text.startswith("0" * 99 + "\n") and text.endswith("499999\n")
    assert value(pyspark.run("1 + 1")[1]) == "2"


def test_a_frontend_that_was_away_gets_each_line_once(pyspark):
    cell = pyspark.begin(COUNT)
    early = pyspark.until_printed("3\n")
    pyspark.drop()
    # It comes back in the middle, as a laptop that has changed its network does.
    wait_until(lambda: pyspark.gateway.ask("GET", f"kernels/{pyspark.id}").json()["connections"] == 0, END, "no end")
    pyspark.come()
    reply, later = pyspark.until_replied(cell)
    assert reply["status"] == "ok" and printed([*early, *later]) == COUNTED


def test_a_restart_ends_the_session_and_the_next_cell_has_another(pyspark, spark_url):
    pyspark.run("kept = 1")
    before = sessions(spark_url)
    pyspark.restart()
    reply, _ = pyspark.run("kept", SPARK_START)
    assert reply["ename"] == "NameError" and reply["execution_count"] == 1
    assert sessions(spark_url) == before


def test_scala_and_sql_run_too(gateway):
    with gateway.kernel("livy-spark") as scala, gateway.kernel("livy-sql") as sql:
        cells = scala.begin("val aLongName = spark.range(3).count()"), sql.begin("select id from range(3)")
        _, shown = scala.until_replied(cells[0], SPARK_START)
        assert "aLongName: Long = 3" in str(shown)
        reply = scala.ask("complete_request", {"code": "aLong", "cursor_pos": 5})
        assert reply["matches"] == ["aLongName"]
        _, shown = sql.until_replied(cells[1], SPARK_START)
        assert "<table" in shown[-1]["content"]["data"]["text/html"]


def test_a_kernel_that_is_deleted_leaves_no_session(gateway, spark_url):
    before = sessions(spark_url)
    with gateway.kernel("livy-pyspark") as kernel:
        kernel.ready()
        assert sessions(spark_url) == before + 1
    those_are_left(before, spark_url)


@pytest.fixture(params=NAMES)
def own_gateway(request, network, kernelspecs, tmp_path):
    """A gateway of this test alone."""
    gateway = Gateway(request.param, tmp_path, network[1])
    yield gateway
    if gateway.process.poll() is None:
        gateway.end(signal.SIGKILL)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda how: how.name)
@pytest.mark.parametrize("state", ["idle", "busy"])
def test_a_gateway_that_ends_leaves_no_session(own_gateway, how, state, spark_url):
    before = sessions(spark_url)
    own_gateway.start()
    with own_gateway.kernel("livy-pyspark") as kernel:
        kernel.ready()
        if state == "busy":
            kernel.begin(COUNT.replace("40", "4000"))
            kernel.until_printed("3\n")
        own_gateway.end(how)
        those_are_left(before, spark_url)


def test_a_kernel_that_is_culled_leaves_no_session(own_gateway, spark_url):
    manager = {"kernel": "MappingKernelManager", "enterprise": "RemoteMappingKernelManager"}[own_gateway.name]
    before = sessions(spark_url)
    own_gateway.start(**{f"{manager}__cull_idle_timeout": 3, f"{manager}__cull_interval": 1})
    with own_gateway.kernel("livy-pyspark") as kernel:
        # A cell that takes longer than that is no idle time.
        reply, shown = kernel.run(COUNT, SPARK_START)
        assert reply["status"] == "ok" and printed(shown).endswith(COUNTED)
        gone = lambda: own_gateway.ask("GET", f"kernels/{kernel.id}").status_code == 404  # noqa: E731
        wait_until(gone, END, "the kernel is not culled")
        those_are_left(before, spark_url)


@pytest.fixture
def enterprise(network, kernelspecs, tmp_path):
    gateway = Gateway("enterprise", tmp_path, network[1])
    gateway.start()
    yield gateway
    gateway.end(signal.SIGTERM)


def people_of(requests):
    """Returns for which users these requests asked, by the session of each."""
    found = {}
    for _, path in requests:
        if session := re.match(r"/sessions/([^/?]+)", path):
            found.setdefault(session[1], set()).update(parse_qs(urlsplit(path).query).get("doAs", ["nobody"]))
    return found


def test_each_users_session_is_the_users_own(enterprise, network, spark_url):
    requests, people = network[0].passed, ["alice", "bob", "carol"]
    before = sessions(spark_url)
    del requests[:]
    with ExitStack() as kernels:
        kernels = [kernels.enter_context(enterprise.kernel("livy-pyspark", user)) for user in people]
        cells = [kernel.begin(f"who = {user!r}") for kernel, user in zip(kernels, people, strict=True)]
        for kernel, cell in zip(kernels, cells, strict=True):
            assert kernel.until_replied(cell, SPARK_START)[0]["status"] == "ok"
        assert [value(kernel.run("who")[1]) for kernel in kernels] == ["'alice'", "'bob'", "'carol'"]
    those_are_left(before, spark_url)
    users = people_of(requests).values()
    assert all(len(user) == 1 for user in users) and set().union(*users) == set(people)
    assert {"GET", "POST", "DELETE"} <= {method for method, _ in requests}


def test_who_is_not_on_the_list_gets_no_kernel(enterprise):
    model = {"name": "livy-pyspark", "env": {"KERNEL_USERNAME": "mallory"}}
    refused = enterprise.ask("POST", "kernels", model)
    assert refused.status_code == 403 and "mallory" in refused.text


def test_a_client_can_set_nothing_but_its_name(gateway, network):
    requests = network[0].passed
    del requests[:]
    env = {"LIVY_DO_AS": "bob", "LIVY_URL": "http://127.0.0.1:9", "LIVY_KERNEL_CONFIG": "/dev/null"}
    with gateway.kernel("livy-pyspark", **env) as kernel:
        kernel.run("%sessions")
    assert {path for _, path in requests if "doAs=alice" not in path} == set()
    assert requests


def test_a_name_is_a_name_whatever_it_contains(own_gateway, network):
    requests = network[0].passed
    own_gateway.config.write_text(own_gateway.config.read_text().replace("alice", "a&doAs=bob/../x"))
    own_gateway.start()
    del requests[:]
    with own_gateway.kernel("livy-pyspark", "a&doAs=bob/../x") as kernel:
        kernel.run("%sessions")
    assert {name for _, path in requests for name in parse_qs(urlsplit(path).query)["doAs"]} == {"a&doAs=bob/../x"}


def test_who_does_not_say_a_name_gets_no_session(gateway, network):
    """Enterprise Gateway gives such a kernel the name of its own user, who is not on the list."""
    started = gateway.ask("POST", "kernels", {"name": "livy-pyspark", "env": {}})
    if gateway.name == "enterprise":
        assert started.status_code == 403
        return
    requests = network[0].passed
    del requests[:]
    kernel = Remote(gateway, started.json()["id"])
    reply, _ = kernel.run("1")
    assert reply["status"] == "error" and "${KERNEL_USERNAME}, which is not set" in reply["evalue"], reply
    kernel.leave()
    assert gateway.ask("DELETE", f"kernels/{kernel.id}").status_code == 204
    assert not requests


@pytest.fixture(scope="module")
def lab_server(gateway, network, tmp_path_factory):
    """JupyterLab, all of whose kernels are the gateway's."""
    token = {"JUPYTER_GATEWAY_AUTH_TOKEN": gateway.token, "KERNEL_USERNAME": "alice"}
    options = [f"--gateway-url={gateway.url}"]
    with lab.serving(tmp_path_factory.mktemp("lab"), "http://127.0.0.1:9", options, **token) as server:
        yield server


def test_jupyterlab_runs_them(browser, lab_server, spark_url):  # noqa: F811
    before = sessions(spark_url)
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    page.goto(f"{lab_server[0]}/lab")
    notebook = lab.Notebook(page, "PySpark (Livy)")
    notebook.run("import pandas", SPARK_START * 1000)
    running = notebook.begin(COUNT)
    expect(running).to_contain_text("5\n6\n7")
    expect(running).not_to_contain_text("39")
    notebook.command("notebook:interrupt-kernel")
    expect(running).to_contain_text("KeyboardInterrupt")
    expect(notebook.run("pandas.DataFrame({'a': [1, 2]})").locator("table")).to_be_visible()
    notebook.run("aLongName = 'Ada'")
    notebook.write("aLong")
    page.keyboard.press("Tab")
    expect(page.locator(".jp-Completer-item")).to_contain_text("aLongName", timeout=lab.CELL)
    page.keyboard.press("Enter")
    expect(notebook.run("")).to_contain_text("'Ada'")
    asks = notebook.begin("input('Who? ') + ' was here'")
    page.locator(".jp-Stdin-input").fill("Ada")
    page.keyboard.press("Enter")
    expect(asks).to_contain_text("'Ada was here'")
    slider = notebook.run(SLIDER + "\nw.VBox([slider, label])")
    slider.locator(".jp-Cell-outputArea .noUi-handle").press("ArrowRight")
    expect(slider.locator(".widget-label").last).to_have_text("squared 1")
    notebook.restart()
    expect(notebook.run("pandas", SPARK_START * 1000)).to_contain_text("NameError")
    notebook.menu("Kernel", "Shut Down Kernel")
    expect(notebook.panel).to_contain_text("No Kernel")
    those_are_left(before, spark_url)
    page.close()


def test_a_page_of_jupyterlab_that_is_loaded_again_shows_what_comes(browser, lab_server):  # noqa: F811
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    page.goto(f"{lab_server[0]}/lab/workspaces/again")
    notebook = lab.Notebook(page, "PySpark (Livy)")
    notebook.run("1", SPARK_START * 1000)
    notebook.begin(COUNT)
    expect(notebook.cells.nth(1)).to_contain_text("3\n4")
    notebook.save()
    page.reload()
    notebook.wait_for_status("Idle")
    expect(notebook.run("1 + 1")).to_contain_text("2")
    notebook.menu("Kernel", "Shut Down Kernel")
    page.close()
