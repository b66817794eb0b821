"""Programs that run notebooks wait for a cluster that takes a minute to start a session."""

import json
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import nbformat
import pytest
from conftest import CELL

START = 60
STATEMENT = {
    "id": 0,
    "code": "1",
    "state": "available",
    "output": {"status": "ok", "execution_count": 0, "data": {"text/plain": "at last"}},
    "progress": 1.0,
}
RUNNERS = {
    "papermill": ["-m", "papermill", "in.ipynb", "out.ipynb"],
    "nbclient": ["-c", "from nbclient.cli import main; main()", "in.ipynb", "--output=out.ipynb"],
}


class SlowLivy(BaseHTTPRequestHandler):
    """The part of Livy that one cell needs. Each client has one session, whose number is the time of its creation."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        statement = self.path.endswith("/statements")
        self.answer(STATEMENT if statement else self.session(time.monotonic_ns()), 201)

    def do_GET(self):
        if "/statements" in self.path:
            return self.answer(STATEMENT)
        number = self.path.split("/")[2] if self.path.count("/") > 1 else ""
        self.answer(self.session(int(number)) if number.isdigit() else {"sessions": [], "total": 0})

    def do_DELETE(self):
        self.answer({"msg": "deleted"})

    def session(self, number):
        ready = time.monotonic_ns() - number > START * 1e9
        return {"id": number, "state": "idle" if ready else "starting", "kind": "pyspark", "log": []}

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def slow_livy(monkeypatch):
    with ThreadingHTTPServer(("127.0.0.1", 0), SlowLivy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("LIVY_URL", f"http://127.0.0.1:{server.server_port}")
        yield
        server.shutdown()


def start(folder, command):
    """Runs a notebook of one cell in a folder of its own."""
    folder.mkdir()
    kernelspec = {"name": "livy-pyspark", "display_name": "PySpark (Livy)", "language": "python"}
    cells = [nbformat.v4.new_code_cell("1", metadata={"tags": []})]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})
    nbformat.write(notebook, folder / "in.ipynb")
    options = {"cwd": folder, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([sys.executable, *command], **options)


def test_papermill_and_nbclient_wait_for_a_slow_session(slow_livy, tmp_path):
    begun = time.monotonic()
    running = {name: start(tmp_path / name, command) for name, command in RUNNERS.items()}
    for name, process in running.items():
        said, _ = process.communicate(timeout=START + CELL)
        assert process.returncode == 0, f"{name}: {said}"
        notebook = nbformat.read(tmp_path / name / "out.ipynb", as_version=4)
        nbformat.validate(notebook)
        # The display of the start is left with its last text.
        told, result = notebook.cells[0].outputs
        assert told.output_type == "display_data" and "is starting" not in told.data["text/plain"]
        assert result.output_type == "execute_result" and result.data["text/plain"] == "at last"
    assert time.monotonic() - begun > START
