"""Jupyter Kernel Gateway and Jupyter Enterprise Gateway, set up as the page says, and a client of their REST API and
websockets."""

import json
import os
import re
import secrets
import subprocess
import time
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

import kerberos
import requests
import websocket
from conftest import CELL, SPARK_START, heed_signals, printed
from jupyter_server.services.kernels.connection.base import deserialize_binary_message

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "kernel" / "docs" / "hub.md"
NAMES = "kernel", "enterprise"


def from_page(first_line):
    """Returns the file of the page that begins with this line."""
    [found] = re.findall(rf"^```\w*\n({re.escape(first_line)}.*?)^```", PAGE.read_text(), re.M | re.S)
    return found


class Gateway:
    """A gateway that runs, and what its clients can ask of it."""

    def __init__(self, name, folder, livy_url, **env):
        self.name, self.folder = name, folder
        self.token, self.port = secrets.token_hex(16), kerberos.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / f"jupyter_{name}_gateway_config.py"
        self.config.write_text(from_page(f"# {self.config.name}"))
        settings = folder / "livy-kernel.toml"
        page = from_page('url = "https://livy.example:8998"')
        settings.write_text(page.replace("https://livy.example:8998", livy_url) + 'progress = "never"\n')
        self.env = os.environ | {"LIVY_KERNEL_CONFIG": str(settings)} | env
        self.process = None

    def start(self, **options):
        app = {"kernel": "KernelGatewayApp", "enterprise": "EnterpriseGatewayApp"}[self.name]
        program = {"kernel": "kernelgateway", "enterprise": "enterprisegateway"}[self.name]
        command = [ROOT / f".venv-{self.name}-gateway" / "bin" / f"jupyter-{program}", f"--config={self.config}"]
        command += [f"--{app}.port={self.port}", f"--{app}.port_retries=0"]
        command += [f"--{option.replace('__', '.')}={value}" for option, value in options.items()]
        token = {"kernel": "KG_AUTH_TOKEN", "enterprise": "EG_AUTH_TOKEN"}[self.name]
        with (self.folder / "log").open("a") as log:
            env = self.env | {token: self.token}
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log, preexec_fn=heed_signals)
        kerberos.wait_for(self.port)

    def end(self, signal):
        self.process.send_signal(signal)
        self.process.wait(30)

    def ask(self, method, path, body=None, token=None):
        headers = {"Authorization": f"token {token or self.token}"}
        return requests.request(method, f"{self.url}/api/{path}", json=body, headers=headers, timeout=60)

    @contextmanager
    def kernel(self, name, user="alice", **env):
        """Starts a kernel for a user; yields a frontend of it."""
        started = self.ask("POST", "kernels", {"name": name, "env": {"KERNEL_USERNAME": user} | env})
        assert started.status_code == 201, started.text
        kernel = Remote(self, started.json()["id"])
        try:
            yield kernel
        finally:
            kernel.leave()
            with suppress(requests.ConnectionError):
                self.ask("DELETE", f"kernels/{kernel.id}")


class Remote:
    """A frontend of a kernel behind a gateway, by nothing but its websocket and its REST API."""

    def __init__(self, gateway, kernel):
        self.gateway, self.id, self.session = gateway, kernel, uuid.uuid4().hex
        self.socket = None
        self.come()

    def come(self):
        """Opens the websocket, as the same frontend each time."""
        address = f"{self.gateway.url.replace('http', 'ws')}/api/kernels/{self.id}/channels?session_id={self.session}"
        self.socket = websocket.create_connection(address, header=[f"Authorization: token {self.gateway.token}"])

    def leave(self):
        self.socket.close()

    def drop(self):
        """The connection breaks, without the goodbye of websockets."""
        self.socket.shutdown()

    def send(self, kind, content, channel="shell", parent=None):
        """Sends a message; returns its id."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": self.session,
            "username": "",
            "version": "5.3",
        }
        message = {
            "channel": channel,
            "header": header,
            "parent_header": parent or {},
            "metadata": {},
            "content": content,
        }
        self.socket.send(json.dumps(message))
        return header["msg_id"]

    def begin(self, code, **options):
        return self.send(
            "execute_request", {"code": code, "silent": False, "store_history": True, "allow_stdin": True} | options
        )

    def receive(self, timeout):
        self.socket.settimeout(max(0.01, timeout))
        data = self.socket.recv()
        return json.loads(data) if isinstance(data, str) else deserialize_binary_message(data)

    def until(self, is_it, timeout=CELL):
        """Returns the messages from now on up to the one that is awaited."""
        heard, deadline = [], time.monotonic() + timeout
        while not heard or not is_it(heard[-1]):
            heard.append(self.receive(deadline - time.monotonic()))
        return heard

    def until_printed(self, text, timeout=CELL):
        seen = []

        def is_it(message):
            seen.append(message)
            return text in printed(seen)

        return self.until(is_it, timeout)

    def until_replied(self, request, timeout=CELL):
        """Returns the reply to a request, and what was published for it from now on."""
        missing, heard = {"reply", "idle"}, []
        deadline = time.monotonic() + timeout
        while missing:
            message = self.receive(deadline - time.monotonic())
            if message["parent_header"].get("msg_id") != request:
                continue
            heard.append(message)
            if message["channel"] in ("shell", "control"):
                missing.discard("reply")
                reply = message["content"]
            if message["content"].get("execution_state") == "idle":
                missing.discard("idle")
        shown = [m for m in heard if m["channel"] == "iopub" and m["msg_type"] not in ("status", "execute_input")]
        return reply, shown

    def run(self, code, timeout=CELL, **options):
        """Runs a cell; returns the content of its reply and what it published, without status."""
        return self.until_replied(self.begin(code, **options), timeout)

    def ask(self, kind, content, channel="shell"):
        reply, _ = self.until_replied(self.send(kind, content, channel))
        return reply

    def interrupt(self):
        assert self.gateway.ask("POST", f"kernels/{self.id}/interrupt").status_code == 204

    def restart(self):
        assert self.gateway.ask("POST", f"kernels/{self.id}/restart").status_code == 200

    def ready(self):
        """Starts its session."""
        reply, _ = self.run("1", SPARK_START)
        assert reply["status"] == "ok", reply
        return self
