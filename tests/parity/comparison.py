"""Compares what is seen of cells in two kernels."""

from dataclasses import dataclass

from .differences import KNOWN
from .outputs import Seen

# What a driver's Python has, and how many cells of a hundred must agree then.
GOALS = {"ipython": 99, "plain": 96, "itself": 100}


@dataclass
class Compared:
    """A cell in livy-pyspark and in ipykernel."""

    name: str
    code: str
    ours: Seen
    theirs: Seen
    key: tuple | None
    why: str | None

    @property
    def agrees(self):
        return self.ours == self.theirs


@dataclass
class Comparison:
    mode: str
    cells: list

    @property
    def agreeing(self):
        return [cell for cell in self.cells if cell.agrees]

    @property
    def explained(self):
        return [cell for cell in self.cells if not cell.agrees and cell.why]

    @property
    def unexplained(self):
        return [cell for cell in self.cells if not cell.agrees and not cell.why]

    @property
    def share(self):
        return 100 * len(self.agreeing) / max(1, len(self.cells))

    @property
    def has_succeeded(self):
        return not self.unexplained and self.share >= GOALS[self.mode]


def compare(notebooks, ours, theirs, mode):
    """Compares what was seen of each cell. A driver without IPython has tracebacks of its own."""
    form = Seen.without_tracebacks if mode == "plain" else (lambda seen: seen)
    cells = [
        Compared(notebook.name, cell.code, form(our), form(their), *reason(mode, notebook.name, cell.code))
        for notebook, our_cells, their_cells in zip(notebooks, ours, theirs, strict=True)
        for cell, our, their in zip(
            notebook.in_mode(mode), our_cells, in_mode(notebook, their_cells, mode), strict=True
        )
    ]
    return Comparison(mode, cells)


def in_mode(notebook, seen, mode):
    """Returns what was seen of the cells that are run in this mode, of what was seen of all."""
    chosen = notebook.in_mode(mode)
    return [seen for cell, seen in zip(notebook.cells, seen, strict=True) if cell in chosen]


def reason(mode, name, code):
    """Returns where the table of differences has a cell, and why it may differ."""
    known = KNOWN[mode].items()
    return next(((key, why) for key, why in known if key[0] == name and code.startswith(key[1])), (None, None))
