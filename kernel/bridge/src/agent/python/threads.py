# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Knows which cell has started a thread: what the thread shows belongs to that cell, also when it has ended."""

import contextvars
import threading

from .common import state
from .stdlib import MAIN_THREAD, functools, get_ident

OWNER = '_livy_kernel_statement'
BESIDE = 'beside '  # The beginning of what owns the threads of code that runs beside the cells.


class Threads:
    def __init__(self):
        self.start = None
        self.giver = contextvars.ContextVar('livy_kernel_statement')

    def install(self):
        self.start = start = threading.Thread.start

        # A thread that no cell has started may start others while a cell runs: py4j's, which calls this Python.
        @functools.wraps(start)
        def start_owned(thread):
            owner = self.owner() or (self.running() if get_ident() == MAIN_THREAD else None)
            if owner is not None:
                setattr(thread, OWNER, owner)
            return start(thread)

        threading.Thread.start = self.replacement = start_owned

    def uninstall(self):
        if self.start and threading.Thread.start is self.replacement:
            threading.Thread.start = self.start

    def running(self):
        """Returns the id of the statement that runs, if it is a cell of this kernel's."""
        statement = state.statement
        return statement.id if statement and statement.is_own else None

    def owner(self):
        """Returns the id of the cell that has started the current thread, or has given it work by asyncio, or None.

        The scripts of IPython's cells, such as `%%bash`, all run in a thread that the first of them has started.
        """
        return self.giver.get(None) or getattr(threading._active.get(get_ident()), OWNER, None)

    def owners(self):
        """Returns the ids of the cells whose threads have not ended."""
        owners = {getattr(thread, OWNER, None) for thread in list(threading._active.values())} - {None}
        return sorted(owner for owner in owners if not owner.startswith(BESIDE))

    def has_threads(self, owner):
        return any(getattr(thread, OWNER, None) == owner for thread in list(threading._active.values()))

    def is_beside(self):
        """Tells whether the current thread runs code of a tool, beside the cells."""
        return (self.owner() or '').startswith(BESIDE)


threads = Threads()
