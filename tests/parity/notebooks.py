"""Reads the notebooks: those written here, one a subject, and those that packages bring in their sources."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tarfile import TarFile

HERE = Path(__file__).parent / "notebooks"

# A cell's first line; it may have answers to what the cell asks: `# %% answers=["42"]`.
TITLE = re.compile(r"^# %%(?: answers=(\[.*\]))?\n", re.MULTILINE)

# Packages' notebooks: the file of the package, a pattern of their paths, and why others of it are left out.
PACKAGES = {
    # Left out: the time; widgets, which are another package; cells that wait to be interrupted, and kernels that wait
    # for each other.
    "nbclient-*.tar.gz": (
        "tests/files/*.ipynb",
        (
            "Sleep1s",
            "JupyterWidgets",
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

# Packages' cells that are left out: they take minutes, wait for an interrupt, need the network or a terminal, or show
# what is the machine's and not the kernel's.
LEFT_OUT = re.compile(
    r"timeit|sleep\(60\)|http:|https:|%qtconsole|%connect_info|%magic|%lsmagic|papermill|df -h|!ls|^ls|bashout.readline"
)


@dataclass
class Cell:
    code: str
    answers: list = field(default_factory=list)


@dataclass
class Notebook:
    name: str
    cells: list


def notebooks(downloaded, only=None):
    """Returns the notebooks, or those whose names contain a text."""
    found = [*own(), *packages(Path(downloaded))]
    found.sort(key=lambda notebook: notebook.name == "exits")  # ipykernel ends there.
    return [notebook for notebook in found if not only or only in notebook.name]


def own():
    return [Notebook(path.stem, cells_of(path.read_text())) for path in sorted(HERE.glob("*.ipy"))]


def cells_of(text):
    """Reads cells, each below its title."""
    _, *parts = TITLE.split(text)
    return [
        Cell(code.strip("\n"), json.loads(answers or "[]")) for answers, code in zip(*[iter(parts)] * 2, strict=True)
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
            cells = code_cells(json.load(files.extractfile(member)))
            if cells:
                yield Notebook(f"{path.parts[0].split('-')[0]}/{path.stem}", cells)


def code_cells(notebook):
    """Returns a notebook's cells with code; the oldest formats have them in worksheets."""
    sheets = notebook.get("worksheets") or [notebook]
    found = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
    codes = ["".join(cell.get("source", cell.get("input", ""))) for cell in found]
    return [Cell(code) for code in codes if code.strip() and not LEFT_OUT.search(code)]
