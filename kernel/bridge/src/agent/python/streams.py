# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reports what the session's Python prints."""

import io
import sys

from .children import children
from .common import SHELL, state, succeeds
from .events import events
from .stdlib import os
from .threads import threads


def printed(name, text):
    if isinstance(text, bytes):
        text = text.decode('utf-8')
    if children.forked:
        os.write(2 if name == 'stderr' else 1, text.encode('utf-8', 'replace'))
        return
    if threads.is_beside():
        return events.stream(name, text)
    if children.moved and children.line_begins:
        children.drain()  # What a child process has printed came before this.
    children.line_begins = text.endswith('\n')
    events.stream(name, text)


def belongs_elsewhere():
    """Tells whether what is printed is no part of the running statement's text.

    It is printed beside the cells, or by a thread of a cell that has ended while no statement of another client's runs:
    that gets the text, as without the agent.
    """
    if threads.is_beside():
        return True
    owner = threads.owner()
    return owner is not None and owner != threads.running() and (state.statement is None or state.statement.is_own)


def recorder(base):
    """Derives a class from the shell's own for sys.stdout and sys.stderr, which reports what is written.

    Its name and its other attributes are those of ipykernel's streams.
    """

    class OutStream(base):
        encoding = 'UTF-8'

        def write(self, text):
            is_own = state.statement is None or state.statement.is_own
            if not isinstance(text, str if is_own else (str, bytes)):
                raise TypeError('write() argument must be str, not %s' % type(text))
            if not self.closed and not belongs_elsewhere():
                super().write(text)
            if self.closed:  # A log handler may have kept the stream of an earlier statement.
                now = getattr(sys, self.name)
                if isinstance(now, OutStream) and not now.closed:
                    return now.write(text)
            if state.installed:
                printed(self.name, text)
            # Livy's stream returns nothing, so that a statement that ends in a call of it shows no number.
            return len(text) if is_own else None

        def write_unreported(self, text):
            super().write(text)

        def fileno(self):
            """Returns a descriptor whose text is reported, for `subprocess` and `faulthandler`."""
            descriptor = 2 if self.name == 'stderr' else 1
            if descriptor not in children.instead:
                raise io.UnsupportedOperation('fileno')
            return descriptor

        def readable(self):
            return False

        seekable = readable

        def flush(self):
            """Does nothing, since nothing is held back; a stream that has been closed can be flushed, too."""

        def close(self):
            """Does nothing, since the shell reads the stream when the statement has ended; `end` closes it."""

        def end(self):
            super().close()

    return OutStream


def read(name):
    return getattr(sys, name).getvalue()


class Streams:
    def __init__(self):
        self.base = type(sys.stdout)
        self.recorder = recorder(self.base)
        self.fresh = {}  # The streams of the running statement, by name.

    def install(self, patches):
        for name in 'stdout', 'stderr':
            stream = getattr(sys, name)
            stream.__class__ = self.recorder  # Changed in place, since a running statement's `print` uses it.
            stream.name = name
            self.fresh[name] = stream
        patches.set(SHELL, 'clearOutputs', self.clear)

    def clear(self):
        """Replaces the shell's `clearOutputs`, but leaves no moment in which a thread finds a closed stream."""
        for name in 'stdout', 'stderr':
            fresh = self.recorder()
            fresh.name = name
            before, self.fresh[name] = self.fresh.get(name), fresh
            setattr(sys, name, fresh)
            if before is not None:
                before.end()

    def restore(self):
        """Restores a stream in whose place the user's code has put something that the shell cannot read."""
        for name in 'stdout', 'stderr':
            if not succeeds(read, name):
                setattr(sys, name, self.fresh[name])
