"""Runs the agent in a stand-in for Livy's Python shell (shell.py), without Spark or a server."""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
AGENT = HERE.parents[1] / "kernel" / "bridge" / "src" / "agent"
PARTS = AGENT / "python"

# The expression that the kernel writes (`agent/job.rs`).
INSTALL = (
    "lambda jc: (lambda space: (exec(%r, space), space['load'](%r, %r, %r).call('install'))[1])"
    "({'__builtins__': dict(vars(__import__('builtins')))})"
)


def installation(version):
    parts = {part.stem: part.read_text() for part in PARTS.glob("*.py")}
    return INSTALL % ((AGENT / "load.py").read_text(), "_livy_kernel_agent", version, parts)


def pickled(expression, *data):
    """Pickles a call of `eval`, and of what that gives with bytes if there are any, as the kernel does."""
    text = expression.encode()
    more = [b"(B" + struct.pack("<I", len(bytes)) + bytes + b"tR" for bytes in data]
    return b"cbuiltins\neval\n(X" + struct.pack("<I", len(text)) + text + b"tR" + b"".join(more) + b"."


WITHOUT_IPYTHON = {"WITHOUT_IPYTHON": "yes"}


class Session:
    """A stand-in for Livy's shell, in which the agent is installed."""

    def __init__(self, python=sys.executable, environment=(), install=True):
        self.shell = subprocess.Popen(
            [python, HERE / "shell.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "YES", **dict(environment)},
        )
        ready = re.match(rb"READY\(port=(\d+)\)", self.shell.stdout.readline())
        self.port = int(ready.group(1))
        self.statement = 0
        self.next = 0
        if install:
            self.install()

    def install(self, version="a hash of the sources"):
        return self.job(installation(version))

    def close(self):
        self.shell.stdin.close()
        self.shell.wait(10)
        self.shell.stdout.close()

    def job(self, expression, *data):
        with socket.create_connection(("127.0.0.1", self.port)) as job:
            body = pickled(expression, *data)
            job.sendall(b"%d\n" % len(body) + body)
            answer = job.makefile("rb").read()
        if answer.startswith(b"bytes "):
            return answer[6:]
        answer = json.loads(answer)
        assert "ok" in answer, answer
        return answer["ok"]

    def call(self, name, *arguments):
        module = "__import__('sys').modules['_livy_kernel_agent']"
        return self.job(f"lambda jc: {module}.call({name!r}, {json.dumps(arguments)!r})")

    def call_with_bytes(self, name, *arguments):
        """Makes a call whose last argument is bytes."""
        module = "__import__('sys').modules['_livy_kernel_agent']"
        *arguments, data = arguments
        call = f"{module}.call({name!r}, {json.dumps(arguments)!r}, data)"
        return self.job(f"lambda data: lambda jc: {call}", data)

    def do(self, expression):
        """Reaches into the agent's package, which is `agent`."""
        module = "__import__('sys').modules['_livy_kernel_agent']"
        self.job(f"lambda jc: (lambda agent: ({expression}, '{{\"ok\": 0}}'))({module})[1]")

    def request(self, code):
        line = {"msg_type": "execute_request", "content": {"code": code}}
        self.shell.stdin.write(json.dumps(line).encode() + b"\n")
        self.shell.stdin.flush()

    def reply(self):
        return json.loads(self.shell.stdout.readline())["content"]

    def start(self, code, cell=""):
        """Sends a cell as the kernel and Livy do, and returns its statement's id.

        `cell` is its number, if it has one, and None for a statement of another client.
        """
        id = self.statement
        self.statement += 1
        self.request(f'sc.setJobGroup("{id}", "Job group for statement {id}")')
        self.reply()
        self.request(code if cell is None else f"{code}\n# livy-kernel cell {cell}".rstrip())
        return str(id)

    def execute(self, code, cell=""):
        """Runs a cell; returns Livy's reply and the cell's events."""
        statement = self.start(code, cell)
        reply = self.reply()
        return reply, [event for event in self.events() if event["statement"] == statement]

    def run(self, code, cell=""):
        return self.execute(code, cell)[1]

    def events(self, wait=0):
        """Returns the events that have not been read yet."""
        seen = []
        while answer := self.call("events", self.next, 0 if seen else wait):
            self.next = answer["next"]
            seen += answer["events"]
            if not answer["events"]:
                return seen

    def wait_for(self, kind):
        """Waits for an event of this kind; returns all events up to it."""
        seen, deadline = [], time.monotonic() + 10
        while not any(event["kind"] == kind for event in seen):
            assert time.monotonic() < deadline, seen
            seen += self.events(1)
        return seen

    def wait_until_text(self, wanted):
        """Waits for a text; returns all events up to it."""
        seen, deadline = [], time.monotonic() + 10
        while wanted not in text(seen):
            assert time.monotonic() < deadline, seen
            seen += self.events(1)
        return seen

    def interrupt(self, statement):
        """Interrupts a statement as the kernel does, as soon as its code runs."""
        deadline = time.monotonic() + 5
        while not (answer := self.call("interrupt", statement))["raised"]:
            assert time.monotonic() < deadline, answer
            time.sleep(0.01)


def kinds(events):
    return [event["kind"] for event in events]


def streams(events):
    return [(e["name"], e["text"]) for e in events if e["kind"] == "stream"]


def only(events, kind):
    (found,) = [event for event in events if event["kind"] == kind]
    return found


def text(events, *names):
    streams = [event for event in events if event["kind"] == "stream"]
    return "".join(event["text"] for event in streams if not names or event["name"] in names)
