"""Debian's haproxy before several Livys, which pins each client to one of them by a cookie, or pins none."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from conftest import wait_until

# Some systems have it where only root looks.
HAPROXY = shutil.which("haproxy", path=os.environ["PATH"] + ":/usr/sbin")

TOKEN = "of-both"

CONFIGURATION = """
global
    log stderr format raw local0
defaults
    mode http
    option httplog
    log global
    option redispatch
    timeout connect 2s
    timeout client 90s
    timeout server 90s
frontend livy
    bind 127.0.0.1:{port}
    log-format "%ST %HM %HP %s"
    default_backend livys
backend livys
    balance roundrobin
    {affinity}
    {servers}
"""


class Livy:
    """A livy-local, which can be stopped as if its machine had failed."""

    def __init__(self, program):
        command = [program, "local", "--python", sys.executable]
        environment = os.environ | {"LIVY_LOCAL_TOKEN": TOKEN}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True
        )
        *_, address = (self.process.stdout.readline() for _ in range(2))
        assert address.startswith("LIVY_URL="), address
        self.url = address.strip().removeprefix("LIVY_URL=")

    def kill(self):
        """Ends it with its Sparks, whose parent it is."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
            self.process.stdout.close()


class Balancer:
    """A running haproxy, and what has passed it."""

    def __init__(self, url, log):
        self.url, self.log = url, log

    def passed(self):
        """Returns (status, method, path, server) of each request."""
        lines = (line.split() for line in self.log.read_text().splitlines())
        return [tuple(words) for words in lines if len(words) == 4 and words[0].isdigit()]

    def posted(self):
        """Returns how many statements each server has got."""
        posts = [server for _, method, path, server in self.passed() if method == "POST" and "/statements" in path]
        return {server: posts.count(server) for server in sorted(set(posts))}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def balancer(folder, livy_urls, pins=True):
    """Yields a haproxy before these Livys, which takes turns among clients that it does not know."""
    port, log = free_port(), Path(folder, "haproxy.log")
    servers = [
        f"server livy{n} {urlsplit(url).hostname}:{urlsplit(url).port} cookie livy{n} check inter 500ms fall 2 rise 2"
        for n, url in enumerate(livy_urls)
    ]
    text = CONFIGURATION.format(
        port=port,
        affinity="cookie LIVY insert indirect nocache httponly" if pins else "",
        servers="\n    ".join(servers),
    )
    configuration = Path(folder, "haproxy.cfg")
    configuration.write_text(text)
    with log.open("w") as output:
        haproxy = subprocess.Popen([HAPROXY, "-db", "-f", configuration], stdout=output, stderr=output)
        try:
            wait_until(lambda: answers(port), 30, "haproxy does not start")
            login = urlsplit(livy_urls[0]).netloc.rpartition("@")[0]
            yield Balancer(f"http://{login}{'@' if login else ''}127.0.0.1:{port}", log)
        finally:
            haproxy.terminate()
            haproxy.wait(30)


@contextmanager
def two_livys(program):
    """Yields two livy-locals that accept the same login."""
    with ExitStack() as stack:
        livys = [Livy(program) for _ in range(2)]
        for livy in livys:
            stack.callback(livy.end)
        yield livys
