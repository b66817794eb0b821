# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Keeps what tools print out of the streams that a running cell has put in place of `sys.stdout` and `sys.stderr`."""

import sys

from .events import events
from .stdlib import allocate_lock, contextlib
from .threads import threads

NAMES = ('stdout', 'stderr')


class Aside:
    """Stands in the place of a stream of the user's, which gets what the cell prints."""

    def __init__(self, name, stream):
        self.name, self.stream = name, stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        if not threads.is_beside():
            return self.stream.write(text)
        events.stream(self.name, text)
        return len(text)


class ToolStreams:
    def __init__(self):
        self.lock = allocate_lock()
        self.users = 0  # The pieces of code that run.
        self.placed = []

    @contextlib.contextmanager
    def used(self, recorder):
        """Puts streams before those that do not record what is printed, while the code of a tool runs."""
        with self.lock:
            self.users += 1
            for name in NAMES:
                stream = getattr(sys, name)
                if not isinstance(stream, (Aside, recorder)):
                    self.placed.append(Aside(name, stream))
                    setattr(sys, name, self.placed[-1])
        try:
            yield
        finally:
            with self.lock:
                self.users -= 1
                if not self.users:
                    self.remove()

    def remove(self):
        for aside in self.placed:
            if getattr(sys, aside.name) is aside:  # Otherwise the cell has replaced it since.
                setattr(sys, aside.name, aside.stream)
        self.placed.clear()


tool_streams = ToolStreams()
