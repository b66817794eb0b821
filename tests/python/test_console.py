"""`jupyter console` in a terminal, into which a user types."""

import os
import subprocess
import sys
import time

import pytest
from conftest import SPARK_START, needs, sessions, wait_until

pytestmark = needs("tmux")


class Terminal:
    """A terminal of tmux that runs a program."""

    def __init__(self):
        self.server = f"livy-kernel-{os.getpid()}"

    def start(self, *command):
        self.tmux("new-session", "-d", "-x", "100", "-y", "60", *command)

    def tmux(self, *arguments):
        command = ["tmux", "-L", self.server, "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=10)

    def type(self, text, *keys):
        self.tmux("send-keys", "-l", text)
        self.press(*keys)

    def press(self, *keys):
        self.tmux("send-keys", *keys)

    @property
    def screen(self):
        return self.tmux("capture-pane", "-p").stdout

    def until(self, text, timeout=30):
        """Waits until the screen ends with this text, spaces aside."""
        self.until_it(lambda screen: screen.rstrip().endswith(text), text, timeout)

    def until_it(self, is_right, text, timeout=30):
        deadline = time.monotonic() + timeout
        while not is_right(self.screen):
            assert time.monotonic() < deadline, f"{text!r} did not come:\n{self.screen}"
            time.sleep(0.05)

    def until_closed(self, timeout=10):
        wait_until(lambda: self.tmux("has-session").returncode != 0, timeout, "the terminal did not close")

    def close(self):
        self.tmux("kill-server")


@pytest.fixture
def console(spark_url, monkeypatch):
    """Returns a function that opens a console with a kernel."""
    monkeypatch.setenv("LIVY_URL", spark_url)
    terminal = Terminal()

    def open_console(kernel):
        terminal.start(sys.executable, "-m", "jupyter_console", "--kernel", kernel)
        terminal.until("In [1]:", SPARK_START)
        return terminal

    yield open_console
    terminal.close()


def test_a_console_runs_cells_of_many_lines_interrupts_and_exits(console, spark_url):
    before = sessions(spark_url)
    terminal = console("livy-pyspark")
    terminal.type("1 + 1", "Enter")
    terminal.until("Out[1]: 2\n\nIn [2]:", SPARK_START)

    terminal.type("def twice(x):", "Enter")
    terminal.until("...:")
    terminal.type("return 2 * x", "Enter", "Enter")
    terminal.until("In [3]:")
    terminal.type("twice(21)", "Enter")
    terminal.until("Out[3]: 42\n\nIn [4]:")

    slow = "sc.parallelize([1, 2], 2).map(lambda _: __import__('time').sleep(60)).count()"
    terminal.type(f"print('it'); {slow}", "Enter")
    terminal.until_it(lambda screen: "\nit\n" in screen, "it")
    terminal.press("C-c")
    terminal.until("In [5]:")
    assert "KeyboardInterrupt" in terminal.screen

    terminal.press("C-d")
    terminal.until("Do you really want to exit ([y]/n)?")
    terminal.press("Enter")
    terminal.until_closed()
    # The console does not wait for the kernel, which ends its session by itself.
    wait_until(lambda: sessions(spark_url) <= before, 30, "the session was not ended")


def test_a_console_pages_waits_for_magic_cells_and_exits(console, spark_url):
    before = sessions(spark_url)
    terminal = console("livy-pyspark")
    terminal.type("len?", "Enter")
    terminal.until_it(lambda screen: "number of items" in screen and "In [2]:" in screen, "the help", SPARK_START)
    terminal.type("%%bash", "Enter")
    terminal.until("...:")
    terminal.type("echo from bash", "Enter", "Enter", "Enter")
    terminal.until("from bash\n\nIn [3]:")
    terminal.type("%%sql", "Enter")
    terminal.until("...:")
    terminal.type("select 1", "Enter")
    terminal.until("...:")
    terminal.type("as one", "Enter", "Enter", "Enter")
    terminal.until_it(lambda screen: "1 row" in screen and "In [4]:" in screen, "the row")
    terminal.type("lines = !echo a", "Enter")
    terminal.until("In [5]:")
    terminal.type("exit", "Enter")
    terminal.until_closed()
    wait_until(lambda: sessions(spark_url) <= before, 30, "the session was not ended")


def test_a_console_completes_with_tab(console):
    terminal = console("livy-spark")
    terminal.type("val aLongName = 42", "Enter")
    terminal.until("aLongName: Int = 42\n\nIn [2]:", SPARK_START)
    terminal.type("aLong", "Tab")
    terminal.until("In [2]: aLongName")


def test_a_console_awaits_and_debugs_an_error(console):
    terminal = console("livy-pyspark")
    terminal.type("import asyncio; await asyncio.sleep(0.1, 'awaited')", "Enter")
    terminal.until("Out[1]: 'awaited'\n\nIn [2]:", SPARK_START)

    terminal.type("(lambda inner: inner / 0)(17 * 3)", "Enter")
    terminal.until("In [3]:")
    terminal.type("%debug", "Enter")
    terminal.until("ipdb>")
    terminal.type("p inner", "Enter")
    terminal.until("51\nipdb>")
    terminal.type("q", "Enter")
    terminal.until("In [4]:")
