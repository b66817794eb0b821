"""Measures widgets: how fast their bytes travel, how soon a slider answers, also beside them, and what memory stays.

With LIVY_TEST_URL this is measured on that Livy, otherwise on a livy-local. MINUTES says how long a slider is dragged.
"""

import base64
import json
import os
import statistics
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from agent_session import pickled
from bench_cells import serve
from conftest import running_kernel
from test_comms import FIRST, slider
from widgets import Widgets, is_idle

MEGABYTE = 1 << 20
ECHO = """
made = create_comm('bytes')
def answer(message):
    size = message['content']['data']
    made.send({'n': size}, buffers=[bytes(size)] if size else [])
made.on_msg(answer)
"""


class Job:
    """A job that only returns, as the measure of the server."""

    def __init__(self, livy_url):
        url = urlsplit(livy_url)
        login = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
        login = {"Authorization": f"Basic {login}", "X-Requested-By": "bench_widgets"}
        self.headers = login | {"Content-Type": "application/json"}
        self.address = f"http://{url.hostname}:{url.port}/sessions"
        self.session = self.ask("?size=100")["sessions"][-1]["id"]

    def ask(self, path, **content):
        body = json.dumps(content).encode() if content else None
        with urllib.request.urlopen(urllib.request.Request(self.address + path, body, self.headers)) as answer:
            return json.load(answer)

    def run(self):
        job = base64.b64encode(pickled("lambda jc: ''")).decode()
        sent = self.ask(f"/{self.session}/submit-job", job=job, jobType="pyspark")
        while sent["state"] != "SUCCEEDED":
            sent = self.ask(f"/{self.session}/jobs/{sent['id']}")


def timed(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def median_of(action, rounds=15):
    return statistics.median(timed(action) for _ in range(rounds))


def transfer(widgets, comm, up=0, down=0):
    """Sends a message of so many bytes, which is answered by so many."""
    return widgets.until_idle(widgets.send("comm_msg", {"comm_id": comm, "data": down}, [bytes(up)]))


def beside(widgets, comm, size, drag):
    """Returns how long the slider takes, in the median, while so many bytes come."""
    request = widgets.send("comm_msg", {"comm_id": comm, "data": size}, [b""])
    took, shown = [], []
    while not any(is_idle(message, request) for message in shown):
        took.append(timed(lambda: shown.extend(drag())))
    return statistics.median(took)


def measure_speed(widgets, job):
    model, _ = slider(widgets)
    _, shown = widgets.kernel.run(ECHO)
    [comm] = [m["content"]["comm_id"] for m in shown if m["msg_type"] == "comm_open"]
    values = iter(range(1_000_000))

    def drag():
        return widgets.ask(model, value=next(values))

    for _ in range(10):
        drag()
    size = 24 * MEGABYTE
    for _ in range(2):
        print(f"a job that only returns   {1000 * median_of(job.run):8.0f} ms")
        print(f"a slider's value and idle {1000 * median_of(drag):8.0f} ms")
        down, up = (timed(lambda to=to: transfer(widgets, comm, **{to: size})) for to in ("down", "up"))
        print(f"{size / MEGABYTE:.0f} MB to the page   {size / 1e6 / down:8.1f} MB/s")
        print(f"{size / MEGABYTE:.0f} MB from the page {size / 1e6 / up:8.1f} MB/s")
        print(f"a slider's beside 60 MB   {1000 * beside(widgets, comm, 60 * MEGABYTE, drag):8.0f} ms", flush=True)


@contextmanager
def memory_shown(processes):
    before = {name: process.memory_info().rss for name, process in processes.items()}
    yield
    for name, process in processes.items():
        after = process.memory_info().rss
        grown = (after - before[name]) / MEGABYTE
        print(f"{name}: {before[name] / MEGABYTE:.1f} MB before, {after / MEGABYTE:.1f} MB after ({grown:+.1f} MB)")


def measure_memory(widgets, minutes):
    show = "lambda change: setattr(label, 'value', str(change['new']))"
    model, _ = slider(widgets, f"label = ipywidgets.Label()\nslider.observe({show}, 'value')")
    driver = psutil.Process(int(widgets.kernel.value("import os; os.getpid()")))
    count = 0
    with memory_shown({"kernel": psutil.Process(widgets.kernel.pid), "driver's Python": driver}):
        deadline = time.monotonic() + 60 * minutes
        while time.monotonic() < deadline:
            count += 1
            widgets.ask(model, value=count % 100)
    print(f"the slider was dragged {count} times in {minutes:g} minutes")


def main(program):
    url = os.environ.get("LIVY_TEST_URL")
    local, url = (None, url) if url else serve(Path(program).resolve())
    try:
        with running_kernel("livy-pyspark", url) as kernel:
            assert kernel.run(FIRST, timeout=180)[0]["status"] == "ok"
            kernel.await_agent()
            measure_speed(Widgets(kernel), Job(url))
            measure_memory(Widgets(kernel), float(os.environ.get("MINUTES", "3")))
    finally:
        if local:
            local.terminate()


if __name__ == "__main__":
    main(*sys.argv[1:])
