"""The server under test: the one at LIVY_TEST_URL, or a new livy-local."""

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ANSWER_WITHIN = 90


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: object


class Server:
    def __init__(self, url, name):
        parts = urllib.parse.urlsplit(url.rstrip("/"))
        self.name = name
        self.on_this_machine = parts.hostname in ("127.0.0.1", "localhost")
        self.base = urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self.headers = {"X-Requested-By": "conformance"}
        if parts.username:
            login = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
            self.headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()

    def ask(self, method, path, body=None, content_type="application/json"):
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        headers = self.headers | {"Content-Type": content_type}
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_WITHIN) as reply:
                return answer(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as reply:
            with reply:
                return answer(reply.code, reply.headers, reply.read())


def answer(status, headers, data):
    text = data.decode("utf-8", "replace")
    try:
        body = json.loads(text)
    except ValueError:
        body = text
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)


def is_older(server):
    """Returns whether a Livy is older than the one that was recorded, which was 0.9."""
    version = server.ask("GET", "/version").body["version"]
    return [int(part) for part in version.split("-")[0].split(".")[:2]] < [0, 9]


@contextmanager
def under_test():
    url = os.environ.get("LIVY_TEST_URL")
    if url:
        server = Server(url, "server")
        server.name = "older" if is_older(server) else server.name
        yield server
    else:
        with livy_local(ROOT / "target" / "debug" / "livy-kernel") as server:
            yield server


@contextmanager
def livy_local(program):
    """A livy-local on the Spark of LIVY_LOCAL_PYTHON, or of the Python that runs this."""
    python = os.environ.get("LIVY_LOCAL_PYTHON", sys.executable)
    local = subprocess.Popen([program, "local", "--python", python], stdout=subprocess.PIPE, text=True)
    try:
        url = next((line for line in local.stdout if line.startswith("LIVY_URL=")), None)
        if url is None:
            raise RuntimeError(f"{program} local did not start")
        yield Server(url.strip().removeprefix("LIVY_URL="), "livy-local")
    finally:
        local.terminate()
        local.wait(30)
