"""What another user of this machine, who knows livy-local's port but no token, can do to it."""

import http.client
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nobody
import psutil
from conftest import SPARK_START, descendants, printed, running_kernel, wait_until

pytestmark = nobody.only_as_root

ATTACK = Path(__file__).with_name("attacker.py").read_text()


class Server:
    """A livy-local as a kernel starts it, and its owner's requests."""

    def __init__(self, process, lease):
        self.process = process
        self.__dict__.update(lease)

    def ask(self, through):
        """Returns how many seconds an answer takes, by the socket or by the port."""
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if through == "socket":
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(10)
            connection.sock.connect(self.socket)
        connection.request("GET", "/version", headers={"Authorization": f"Bearer {self.token}"})
        with connection.getresponse() as answer:
            assert answer.status == 200
        connection.close()
        return time.monotonic() - begun


@contextmanager
def livy_local(program, lease, files=256, **environment):
    command = [program, "local", "--python", sys.executable, "--beside", lease]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
    )
    try:
        yield Server(process, json.loads(process.stdout.readline())["Ok"])
    finally:
        process.kill()
        process.wait()


@contextmanager
def attacker(port, seconds):
    """Yields a list that gets the number of opened connections in the end."""
    actor, opened = nobody.act(ATTACK, port, seconds), []
    assert actor.stdout.readline() == "attacking\n"
    yield opened
    opened.append(int(actor.communicate()[0]))


def asked_for(server, through, seconds):
    """Returns how long each answer took that the owner got within this time."""
    taken, until = [], time.monotonic() + seconds
    while time.monotonic() < until:
        taken.append(server.ask(through))
        time.sleep(0.01)
    return taken


def test_ten_thousand_foreign_connections_do_not_block_a_kernel(program, tmp_path):
    with livy_local(program, tmp_path / "lease") as server:
        with attacker(server.port, 8) as opened:
            taken = asked_for(server, "socket", 6)
            files = psutil.Process(server.process.pid).num_fds()
        assert opened[0] > 10_000, "that is no attack"
        assert statistics.median(taken) < 0.1 and max(taken) < 1, (statistics.median(taken), max(taken))
        assert files < 100


def test_whoever_asks_at_the_port_meanwhile_is_answered_too(program, tmp_path):
    with livy_local(program, tmp_path / "lease") as server:
        with attacker(server.port, 8):
            taken = asked_for(server, "port", 6)
        # If the system's queue is full, a connection is tried again after 1 s, then after 2, 4, 8 s more.
        assert max(taken) < 20, taken
        assert server.ask("port") < 0.5


def test_another_user_neither_prolongs_nor_prevents_its_end(program, tmp_path):
    lease = tmp_path / "lease"
    with livy_local(program, lease, LIVY_LOCAL_IDLE_EXIT="3") as server, attacker(server.port, 12):
        asked_for(server, "socket", 5)
        assert server.process.poll() is None
        assert server.process.wait(6) == 0 and not lease.exists()
    with livy_local(program, lease) as server, attacker(server.port, 6):
        lease.unlink()
        assert server.process.wait(4) == 0
        assert not Path(server.socket).parent.exists()


def test_without_files_it_neither_ends_nor_spins(program, tmp_path):
    with livy_local(program, tmp_path / "lease", files=40) as server:
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
        process = psutil.Process(server.process.pid)
        wait_until(lambda: process.num_fds() == 40, 10, "it does not use all of its files")
        assert process.cpu_percent(2) < 50
        for connection in silent:
            connection.close()
        assert server.ask("socket") < 5 and server.ask("port") < 5


KNOCK = """
import socket, sys
stream = socket.socket(socket.AF_UNIX)
try:
    stream.connect(sys.argv[1])
    stream.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    print(stream.recv(100))
except OSError as error:
    print(type(error).__name__)
"""


def test_another_user_is_refused_at_the_socket_in_an_open_folder(program, tmp_path):
    with livy_local(program, tmp_path / "lease") as server:
        assert nobody.done(KNOCK, server.socket) == "PermissionError\n"
        Path(server.socket).chmod(0o777)
        Path(server.socket).parent.chmod(0o777)
        assert nobody.done(KNOCK, server.socket) in ("b''\n", "ConnectionResetError\n", "BrokenPipeError\n")
        assert server.ask("socket") < 5


LISTEN = """
import socket, sys
door = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
while True:
    peer, _ = door.accept()
    peer.settimeout(0.5)
    try:
        print(peer.recv(10_000), flush=True)
    except OSError:
        pass
"""


def test_a_process_on_a_dead_livy_locals_port_learns_nothing():
    with running_kernel("livy-pyspark") as kernel:
        kernel.run("1", timeout=SPARK_START)
        server, *_ = descendants(kernel.pid)
        [port] = {c.laddr.port for c in server.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
        server.kill()
        psutil.wait_procs([server], timeout=20)
        stranger = nobody.act(LISTEN, port)
        assert stranger.stdout.readline() == "listening\n"
        reply, shown = kernel.run("print('secret code')", timeout=SPARK_START)
        stranger.kill()
        assert reply["status"] == "ok" and printed(shown, "stdout") == "secret code\n"
        assert stranger.stdout.read() == ""
