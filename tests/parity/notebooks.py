"""Reads the notebooks: those written here, one a subject, and those that packages bring in their sources."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tarfile import TarFile

HERE = Path(__file__).parent / "notebooks"

# A cell's first line; it may say that the cell is about IPython itself, and have answers to what the cell asks:
# `# %% ipython answers=["42"]`.
TITLE = re.compile(r"^# %%( ipython)?(?: answers=(\[.*\]))?\n", re.MULTILINE)
NEEDS_IPYTHON = "# Needs IPython.\n"  # The first line of a notebook of which that holds for all cells.

# Packages' notebooks: the file of the package, a pattern of their paths, and why others of it are left out.
PACKAGES = {
    # Left out: the time; widgets, which are another package; cells that wait to be interrupted, kernels that wait
    # for each other, and an option of ipykernel's that nbclient gives.
    "nbclient-*.tar.gz": (
        "tests/files/*.ipynb",
        (
            "Sleep1s",
            "JupyterWidgets",
            "Check History in Memory",
            "Other Comms",
            "Autokill",
            "Interrupt",
            "Parallel Execute A",
            "Parallel Execute B",
        ),
    ),
    # Left out: clouds, and a level of logging that would hold for the notebooks after it.
    "papermill-*.tar.gz": (
        "papermill/tests/notebooks/*.ipynb",
        ("gcs-simple_notebook", "s3-simple_notebook", "test_logging"),
    ),
    # Left out: the network, scipy, a terminal with windows, and jobs that go on in the background.
    "ipython-*.tar.gz": (
        "examples/IPython Kernel/*.ipynb",
        (
            "Animations Using clear_output",
            "Background Jobs",
            "Importing Notebooks",
            "Terminal Usage",
            "Third Party Rich Output",
            "Trapezoid Rule",
        ),
    ),
}

# Packages' cells that are left out: they take minutes, wait for an interrupt, need the network, a terminal or widgets,
# or show what is the machine's and not the kernel's.
LEFT_OUT = re.compile(
    r"timeit|sleep\(60\)|http:|https:|%qtconsole|%connect_info|%magic|%lsmagic|%quickref|papermill|df -h|!ls|^ls"
    r"|bashout.readline|%matplotlib notebook"
)


@dataclass
class Cell:
    code: str
    answers: list = field(default_factory=list)
    needs_ipython: bool = False


@dataclass
class Notebook:
    name: str
    cells: list

    @property
    def needs_ipython(self):
        return all(cell.needs_ipython for cell in self.cells)

    def in_mode(self, mode):
        """Returns the cells that a driver can run which has IPython, or not."""
        return [cell for cell in self.cells if mode != "plain" or not cell.needs_ipython]


def notebooks(downloaded, only=None):
    """Returns the notebooks, or those whose names contain a text."""
    found = [*own(), *packages(Path(downloaded))]
    # A plain driver leaves out some, which must not change what comes after them. ipykernel ends at the last.
    found.sort(key=lambda notebook: (notebook.name == "exits", notebook.needs_ipython))
    return [notebook for notebook in found if not only or only in notebook.name]


def own():
    return [Notebook(path.stem, cells_of(path.read_text())) for path in sorted(HERE.glob("*.ipy"))]


def cells_of(text):
    """Reads cells, each below its title."""
    head, *parts = TITLE.split(text)
    return [
        Cell(code.strip("\n"), json.loads(answers or "[]"), head == NEEDS_IPYTHON or bool(ipython))
        for ipython, answers, code in zip(*[iter(parts)] * 3, strict=True)
    ]


def packages(downloaded):
    for archive, (pattern, left_out) in PACKAGES.items():
        for path in sorted(downloaded.glob(archive)):
            with TarFile.open(path) as files:
                yield from archived(files, pattern, left_out)


def archived(files, pattern, left_out):
    for member in sorted(files.getmembers(), key=lambda member: member.name):
        path = PurePosixPath(member.name)
        if path.match(pattern) and path.stem not in left_out:
            package = path.parts[0].split("-")[0]
            cells = code_cells(json.load(files.extractfile(member)), package == "ipython")
            if cells:
                yield Notebook(f"{package}/{path.stem}", cells)


def code_cells(notebook, needs_ipython):
    """Returns a notebook's cells with code; the oldest formats have them in worksheets."""
    sheets = notebook.get("worksheets") or [notebook]
    found = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
    codes = ["".join(cell.get("source", cell.get("input", ""))) for cell in found]
    needs_ipython = needs_ipython or any("IPython" in code or "get_ipython" in code for code in codes)
    return [Cell(code, needs_ipython=needs_ipython) for code in codes if code.strip() and not LEFT_OUT.search(code)]
