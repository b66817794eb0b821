# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs this kernel's cells: in IPython's shell, where there is one, else as `cell_run` does."""

from . import cell_run
from .common import safely_from_all
from .events import events
from .ipython_start import ipython

WITHOUT_IPYTHON = 'IPython could not run this cell (%s: %s), so the cell ran without it.\n'


def run(statement):
    runner = ipython.runner_of(statement.code, statement.count)
    if runner is None:
        return cell_run.run(statement)
    statement.by_ipython = True
    error = runner.run(statement)
    if runner.has_begun:
        statement.has_told_error = error is not None
    else:
        # A cell has broken something of Python's that IPython needs.
        statement.by_ipython = False
        events.stream('stderr', WITHOUT_IPYTHON % (type(error).__name__, safely_from_all(str, error)))
        return cell_run.run(statement)
    if error is not None:
        raise error
