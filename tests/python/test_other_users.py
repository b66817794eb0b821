"""What other users of this machine put where the kernel keeps its files cannot affect it."""

import json
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from pathlib import Path

import nobody
import pytest
from conftest import SPARK_START, kept, running_kernel

pytestmark = nobody.only_as_root

# A server that prints its port, and then everything that it receives.
LISTEN = """
import http.server, sys
class Listener(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        print('HEARD', self.command, self.path, dict(self.headers), body, flush=True)
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.end_headers()
        self.wfile.write(b'{"id": 0, "name": null, "state": "idle", "kind": "pyspark", "sessions": [], "total": 0}')
    do_POST = do_DELETE = do_GET
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Listener)
print(server.server_port, flush=True)
server.serve_forever()
"""
PUT = """
import os, sys
path, text, mode = sys.argv[1], sys.argv[2], int(sys.argv[3], 8)
with open(path, 'x') as file:
    file.write(text)
os.chmod(path, mode)
"""


@pytest.fixture
def shared():
    """A folder like the system's temporary one."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def listener():
    actor = nobody.act(LISTEN)
    yield int(actor.stdout.readline()), actor
    actor.kill()


@contextmanager
def kernel_in(folder, **env):
    """Starts a kernel whose connection file is in this folder, after `nobody` has learned its name."""
    with running_kernel("livy-pyspark", connection_file=str(folder / "kernel-1.json"), **env) as kernel:
        yield kernel


def heard(actor):
    actor.kill()
    return actor.stdout.read()


@pytest.mark.parametrize("mode", ["600", "644", "666"])
def test_a_lease_that_another_user_planted_gets_no_code(shared, listener, mode):
    port, actor = listener
    lease = json.dumps({"port": port, "token": "theirs", "spark": "4.3.0", "socket": str(shared / "socket")})
    nobody.done(PUT, shared / "kernel-1.livy-local", lease, mode)
    with kernel_in(shared) as kernel:
        assert kernel.value("40 + 2", timeout=SPARK_START) == "42"
    assert "HEARD" not in heard(actor)


def test_a_journal_that_another_user_planted_is_not_followed(shared, listener):
    port, actor = listener
    url = f"http://127.0.0.1:{port}"
    with kernel_in(shared, LIVY_URL=url) as kernel:
        kernel.run("%info")
        beside = {"version": 4, "kind": "pyspark", "server": url, "session": "77", "own": True, "count": 7, "cells": []}
        nobody.done(PUT, shared / "kernel-1.livy", json.dumps(beside | {"pid": kernel.pid}), "644")
        kernel.kill()
        kernel.start_again()
        kernel.client.wait_for_ready(timeout=30)
        reply, _ = kernel.run("%info")
        assert reply["execution_count"] == 1
    assert "/sessions/77" not in heard(actor)


def test_a_file_made_beforehand_does_not_give_the_token_away(shared):
    for name in "kernel-1.livy-local", "kernel-1.livy-local-new", "kernel-1.livy-new":
        nobody.done(PUT, shared / name, "", "666")
    with kernel_in(shared) as kernel:
        kernel.run("1", timeout=SPARK_START)
        [lease] = kept(kernel, "livy-local")
        token = json.loads(lease.read_text())["token"]
        assert not [path for path in shared.iterdir() if token in path.read_text(errors="replace")]


def test_a_link_made_beforehand_overwrites_no_file_of_ones_own(shared, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in "kernel-1.livy-local", "kernel-1.livy-local-new", "kernel-1.livy", "kernel-1.livy-new":
        nobody.done("import os, sys; os.symlink(*sys.argv[1:])", victim, shared / name)
    with kernel_in(shared) as kernel:
        kernel.run("1", timeout=SPARK_START)
    assert victim.read_text() == "mine"


def test_nobody_can_read_or_list_what_a_kernel_keeps(shared):
    with kernel_in(shared) as kernel:
        kernel.run("1", timeout=SPARK_START)
        files = [*kept(kernel, "livy"), *kept(kernel, "livy-local")]
        assert len(files) == 2
        for file in files:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
            tried = "import sys\ntry: print(open(sys.argv[1]).read())\nexcept PermissionError: print('refused')"
            assert nobody.done(tried, file) == "refused\n"


def test_a_runtime_folder_that_another_user_planted_is_not_used(shared, tmp_path):
    nobody.done("import os, sys; os.mkdir(sys.argv[1]); os.chmod(sys.argv[1], 0o777)", shared / "livy-kernel")
    places = {"JUPYTER_RUNTIME_DIR": str(shared), "XDG_RUNTIME_DIR": str(tmp_path)}
    with kernel_in(shared, **places) as kernel:
        kernel.run("1", timeout=SPARK_START)
        assert os.listdir(shared / "livy-kernel") == []
        assert len(list((tmp_path / "livy-kernel").iterdir())) == 2


def test_without_a_private_folder_the_log_warns_of_crashes(shared, tmp_path):
    nobody.done("import os, sys; os.mkdir(sys.argv[1])", shared / "livy-kernel")
    places = {"JUPYTER_RUNTIME_DIR": str(shared), "XDG_RUNTIME_DIR": ""}
    with (tmp_path / "log").open("w") as log, kernel_in(shared, log=log, **places) as kernel:
        assert kernel.value("40 + 2", timeout=SPARK_START) == "42"
    told = (tmp_path / "log").read_text()
    assert "would lose the session" in told and "JUPYTER_RUNTIME_DIR" in told


def test_a_connection_file_in_a_shared_folder_is_no_obstacle(shared):
    with kernel_in(shared) as kernel:
        kernel.run("x = 5", timeout=SPARK_START)
        kernel.kill()
        kernel.start_again()
        kernel.client.wait_for_ready(timeout=30)
        assert kernel.value("x") == "5"
