"""LIVY_URL lists several servers, and requests_per_second says how often each is asked, on real Spark."""

import json
import os
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from conftest import SPARK_START, list_sessions, running_kernel, sessions, wait_until
from nbclient import NotebookClient
from network import network_to

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"


@contextmanager
def standby_of(active):
    """Yields the address of a server that sends every client to the active one, and what it was asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def redirect(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append(f"{self.command} {self.path}")
            self.send_response(307)
            self.send_header("Location", f"http://{urlsplit(active).hostname}:{urlsplit(active).port}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = do_DELETE = redirect

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def run(program, url, *arguments, **variables):
    """Runs a command of the program that must succeed; returns what it printed as JSON."""
    environment = os.environ | {"LIVY_URL": url} | variables
    ran = subprocess.run([program, *arguments, "--json"], env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_standby_that_leads_to_the_active_server_serves_a_whole_notebook(server_url, monkeypatch):
    before = sessions(server_url)
    with standby_of(server_url) as (standby, asked):
        monkeypatch.setenv("LIVY_URL", f"{standby}, {server_url}")
        notebook = nbformat.read(NOTEBOOKS / "tour.ipynb", as_version=4)
        NotebookClient(notebook, timeout=SPARK_START).execute()
    assert all(cell.get("execution_count") for cell in notebook.cells if cell.cell_type == "code")
    assert asked == ["POST /sessions"], "from then on the active server is asked first"
    wait_until(lambda: sessions(server_url) == before, 30, "a session stays")


def test_a_kernel_that_is_started_again_asks_its_sessions_server_first(server_url):
    with (
        standby_of(server_url) as (standby, asked),
        running_kernel("livy-pyspark", f"{standby},{server_url}") as kernel,
    ):
        kernel.run("x = 41", timeout=SPARK_START)
        kernel.kill()
        kernel.start_again()
        assert kernel.value("x + 1", timeout=60) == "42"
    assert asked == ["POST /sessions"]


def test_if_a_server_cannot_be_reached_kernels_and_commands_ask_the_next(server_url, program):
    with socket.socket() as listens_not:
        listens_not.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listens_not.getsockname()[1]},{server_url}"
        with running_kernel("livy-pyspark", url) as kernel:
            assert kernel.value("6 * 7", timeout=SPARK_START) == "42"
            listed = {session["name"] for session in run(program, url, "sessions", "--all")}
            assert listed == {session["name"] for session in list_sessions(server_url)["sessions"]}
            [other] = [c for c in run(program, url, "doctor") if c["found"].startswith("further server")]
            assert other["verdict"] == "warn" and "refused" in other["found"]


def test_all_programs_of_a_person_keep_to_one_pace(server_url, program, monkeypatch):
    with network_to(server_url) as (network, url):
        times, ask = [], network.ask
        monkeypatch.setattr(network, "ask", lambda *request: (times.append(time.monotonic()), ask(*request))[1])
        environment = os.environ | {"LIVY_URL": url, "LIVY_REQUESTS_PER_SECOND": "4"}
        commands = [
            subprocess.Popen([program, "sessions", "--all"], env=environment, stdout=subprocess.DEVNULL)
            for _ in range(6)
        ]
        assert [command.wait(60) for command in commands] == [0] * 6
    # A turn is given in time, and what is asked in it may only come later.
    assert len(times) == 6 and times[-1] - times[0] > 0.9
