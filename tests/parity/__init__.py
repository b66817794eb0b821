"""The same hundred everyday cells in livy-pyspark and in ipykernel, with the same libraries."""

from dataclasses import dataclass

from .cells import CELLS
from .differences import KNOWN
from .outputs import run


@dataclass
class Cell:
    about: str
    code: str
    ours: list
    theirs: list

    @property
    def agrees(self):
        return self.ours == self.theirs

    @property
    def why(self):
        """The reason of a difference that is known."""
        return next((why for begin, why in KNOWN.items() if self.code.startswith(begin)), None)


def compare(ours, theirs):
    """Each cell as both kernels' clients have seen it."""
    return [Cell(about, code, run(ours, code), run(theirs, code)) for about, code in CELLS]
