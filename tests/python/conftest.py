"""The kernel as Jupyter's own client drives it, on livy-local with real Spark.

With LIVY_TEST_URL set, the same tests run on that Livy server too.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from contextlib import contextmanager
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from agent_session import WITHOUT_IPYTHON, Session
from jupyter_client.manager import KernelManager

SPARK_START = 180
CELL = 120
SPARK_4 = version("pyspark") >= "4"
# Livy's answers were recorded with Spark 3.5, whose package lacks the server of Spark Connect.
collect_ignore = ["test_conformance.py" if SPARK_4 else "test_connect.py"]


def pytest_addoption(parser):
    parser.addoption("--kernel", type=Path, required=True, help="the livy-kernel program to test")


@pytest.fixture(scope="session")
def program(pytestconfig, tmp_path_factory):
    """A copy of the program, since the tests of the wheel build another in its place."""
    return Path(shutil.copy2(pytestconfig.getoption("--kernel"), tmp_path_factory.mktemp("program")))


@pytest.fixture(scope="session", autouse=True)
def kernelspecs(program, tmp_path_factory):
    """The four kernels, installed where this test run's Jupyter looks."""
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run([program, "install", "--prefix", prefix], check=True, capture_output=True)
    os.environ["JUPYTER_PATH"] = str(prefix / "share" / "jupyter")
    # The user's own history stays as it is.
    os.environ["JUPYTER_DATA_DIR"] = str(tmp_path_factory.mktemp("data"))
    # The user's own settings do not apply.
    os.environ["LIVY_KERNEL_CONFIG"] = os.environ["SPARKMAGIC_CONF_DIR"] = str(prefix / "nothing")
    # The Spark of the environment that runs the tests.
    os.environ["LIVY_LOCAL_PYTHON"] = sys.executable
    return prefix / "share" / "jupyter" / "kernels"


def livy_servers():
    return [None, *filter(None, [os.environ.get("LIVY_TEST_URL")])]


@pytest.fixture(scope="module", params=livy_servers(), ids=lambda url: "server" if url else "local")
def livy_url(request):
    """A server's address, or None if the kernel is to start Spark by itself."""
    return request.param


def pytest_collection_modifyitems(config, items):
    """Leaves out tests of R on livy-local, which cannot run it."""

    def runs(item):
        return "sparkr" not in item.fixturenames or item.callspec.params["livy_url"]

    left_out = [item for item in items if not runs(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if runs(item)]


def needs(program):
    """Skips tests that need a program if it is not installed."""
    reason = f"{program} is not installed (Debian: apt-get install {program})"
    return pytest.mark.skipif(shutil.which(program) is None, reason=reason)


def pytest_sessionfinish(session):
    """CI sets LIVY_TEST_ALL: no test may be left out there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    # Only the process that reports has seen the tests of all.
    if os.environ.get("LIVY_TEST_ALL") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="module")
def spark_url(program):
    """The `LIVY_URL` of a livy-local that starts without sessions, for tests with several clients."""
    with serving_spark(program, sys.executable) as url:
        yield url


@contextmanager
def serving_spark(program, python, **env):
    """Runs a livy-local with this Python's Spark."""
    command = [program, "local", "--python", python]
    serving = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | env)
    *_, address = (serving.stdout.readline() for _ in range(2))
    assert address.startswith("LIVY_URL="), address
    yield address.strip().removeprefix("LIVY_URL=")
    serving.terminate()
    assert serving.wait(30) == 0


@pytest.fixture(scope="module")
def server_url(livy_url, request):
    """The address of a Livy that outlives the kernels."""
    return livy_url or request.getfixturevalue("spark_url")


def sessions(livy_url):
    """Returns how many sessions a server has."""
    return list_sessions(livy_url)["total"]


def list_sessions(livy_url):
    """Returns a server's list of its sessions."""
    url = urlsplit(livy_url)
    login = b64encode(f"{url.username}:{url.password}".encode()).decode()
    address = f"http://{url.hostname}:{url.port}/sessions?size=100"
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def wait_until(condition, timeout, problem):
    """Returns what the condition returns, as soon as that is true."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, problem
        time.sleep(0.05)
    return result


def printed(shown, *names):
    """Returns the text of these streams, or of both."""
    streams = [m["content"] for m in shown if m["msg_type"] == "stream"]
    return "".join(c["text"] for c in streams if not names or c["name"] in names)


def said(kernel, code, *names):
    """Returns what a cell prints that does its work."""
    reply, shown = kernel.run(code)
    assert reply["status"] == "ok", reply
    return printed(shown, *names)


def refused(kernel, code):
    """Returns why a cell does not do its work, and what to do."""
    reply, _ = kernel.run(code)
    assert reply["status"] == "error", code
    return "\n".join([reply["evalue"], *reply["traceback"]])


def plain(text):
    """Returns a text without its colours."""
    return re.sub(r"\x1b\[[\d;]*m", "", text)


class Kernel:
    """A running kernel and its frontend."""

    def __init__(self, manager, client):
        self.manager = manager
        self.client = client

    def run(self, code, timeout=CELL, **options):
        """Runs a cell; returns the content of its reply and what it published, without status."""
        published = []
        reply = self.client.execute_interactive(
            code, timeout=timeout, output_hook=published.append, allow_stdin=False, **options
        )
        shown = [m for m in published if m["msg_type"] not in ("status", "execute_input")]
        return reply["content"], shown

    def outputs(self, code, **options):
        """Runs a cell that must succeed; returns the type and content of each of its messages."""
        reply, shown = self.run(code, **options)
        assert reply["status"] == "ok", reply
        return [(m["msg_type"], m["content"]) for m in shown]

    def value(self, code, **options):
        """Returns the text of a cell's only value."""
        [result] = [content for kind, content in self.outputs(code, **options) if kind == "execute_result"]
        return result["data"]["text/plain"]

    def await_agent(self):
        """Waits until the session's agent is installed."""
        wait_until(lambda: "is there" in str(self.outputs("%info")), CELL, "no agent was installed")

    def heard_until(self, is_it, timeout=60):
        """Returns what is published from now on, up to the message that is awaited."""
        shown, deadline = [], time.monotonic() + timeout
        while not shown or not is_it(shown[-1]):
            shown.append(self.client.get_iopub_msg(timeout=max(0, deadline - time.monotonic())))
        return shown

    def heard_until_printed(self, cell, text, timeout=60):
        """Returns the messages that answer a cell from now on, until it has printed this text."""
        shown, deadline = [], time.monotonic() + timeout
        while text not in printed(shown):
            message = self.client.get_iopub_msg(timeout=max(0, deadline - time.monotonic()))
            if message["parent_header"].get("msg_id") == cell:
                shown.append(message)
        return shown

    def heard_until_idle(self, cell, timeout=60):
        """Returns the messages that answer a cell from now on."""
        return self.heard_until_all_idle([cell], timeout)[cell]

    def heard_until_all_idle(self, cells, timeout=60):
        """Returns the messages that answer each of these cells from now on."""
        shown, busy = {cell: [] for cell in cells}, set(cells)
        deadline = time.monotonic() + timeout
        while busy:
            message = self.client.get_iopub_msg(timeout=max(0, deadline - time.monotonic()))
            cell = message["parent_header"].get("msg_id")
            if message["content"].get("execution_state") == "idle":
                busy.discard(cell)
            elif cell in shown:
                shown[cell].append(message)
        return shown

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.manager.provisioner.process.wait()

    def start_again(self):
        """Starts the kernel as Jupyter does after a crash: with the same connection file."""
        self.manager.restart_kernel(now=True)

    @property
    def pid(self):
        return self.manager.provisioner.process.pid


@contextmanager
def running_kernel(name, livy_url=None, log=None, connection_file="", **env):
    """Starts a kernel and its frontend; `log` is an open file for the kernel's stderr."""
    environment = {k: v for k, v in os.environ.items() if k != "LIVY_URL"}
    # Whether a cell reports its progress depends on how quick the machine is.
    environment |= {"LIVY_PROGRESS": "never"} | env
    if livy_url:
        environment["LIVY_URL"] = livy_url
    manager = KernelManager(kernel_name=name, connection_file=connection_file)
    manager.start_kernel(env=environment, **({"stderr": log} if log else {}))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=30)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        if manager.is_alive():
            manager.shutdown_kernel()


@contextmanager
def kernel_with_agent(livy_url, code="import time"):
    """Starts a PySpark kernel that has run this code and whose session has its agent."""
    with running_kernel("livy-pyspark", livy_url) as kernel:
        kernel.run(code, timeout=SPARK_START)
        kernel.await_agent()
        yield kernel


def kept(kernel, extension):
    """Returns the files of this kind that a kernel keeps for its successor."""
    name = sha256(os.fsencode(kernel.manager.connection_file)).hexdigest()[:32]
    return list(Path(os.environ["JUPYTER_DATA_DIR"], "runtime", "livy-kernel").glob(f"{name}.{extension}"))


def resident(pid):
    """Returns the bytes of memory that a process takes."""
    return psutil.Process(pid).memory_info().rss


@pytest.fixture(scope="module")
def pyspark(livy_url):
    """One PySpark kernel, its session started."""
    with running_kernel("livy-pyspark", livy_url) as kernel:
        kernel.run("1", timeout=SPARK_START)
        yield kernel


@pytest.fixture(scope="module")
def plain_shell():
    """A stand-in for Livy's shell, with the agent in it, whose Python has no IPython."""
    session = Session(environment=WITHOUT_IPYTHON)
    yield session
    session.close()


@pytest.fixture
def plain_session(plain_shell):
    """The stand-in for Livy's shell without IPython, of whose events none is unread."""
    plain_shell.events()
    return plain_shell


@pytest.fixture
def session(plain_session):
    """The stand-in for Livy's shell, of whose events none is unread."""
    return plain_session


@pytest.fixture(scope="module", params=[{}, WITHOUT_IPYTHON], ids=["ipython", "plain"])
def shell_of_each_mode(request):
    """A stand-in for Livy's shell, with the agent in it."""
    session = Session(environment=request.param)
    yield session
    session.close()


@pytest.fixture
def each_session(shell_of_each_mode):
    """The stand-in for Livy's shell with IPython, and without, of whose events none is unread."""
    shell_of_each_mode.events()
    return shell_of_each_mode


def heed_signals():
    """Undoes what a shell in the background, or nohup, has programs ignore."""
    for number in [signal.SIGINT, signal.SIGHUP]:
        signal.signal(number, signal.SIG_DFL)


def descendants(pid):
    return psutil.Process(pid).children(recursive=True)
