# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""What the session's Python prints."""

import os
import sys

from .base import SHELL, state
from .children import children
from .events import events


def printed(name, text):
    if isinstance(text, bytes):
        text = text.decode('utf-8')
    if children.forked:
        os.write(2 if name == 'stderr' else 1, text.encode('utf-8', 'replace'))
        return
    if children.moved and children.line_begins:
        children.drain()  # A child that has ended printed earlier than this.
    children.line_begins = text.endswith('\n')
    events.stream(name, text)


def recorder(base):
    """The shell's class of sys.stdout and sys.stderr, telling what is written."""

    class Recorder(base):
        def write(self, text):
            now = getattr(sys, self.tells_of)
            if self.closed and isinstance(now, Recorder) and not now.closed:
                return now.write(text)  # A log handler of an earlier statement has kept the stream of that time.
            written = super().write(text)
            if state.installed:
                printed(self.tells_of, text)
            return written

        def write_untold(self, text):
            super().write(text)

    return Recorder


class Streams:
    def __init__(self):
        self.base = type(sys.stdout)
        self.recorder = recorder(self.base)

    def install(self, patches):
        for name in 'stdout', 'stderr':
            stream = getattr(sys, name)
            stream.__class__ = self.recorder  # In place: a running statement's `print` has it already.
            stream.tells_of = name
        patches.set(SHELL, 'clearOutputs', self.clear)

    def clear(self):
        """As the shell's, without a moment in which a thread would find a closed stream."""
        for name in 'stdout', 'stderr':
            fresh = self.recorder()
            fresh.tells_of = name
            before = getattr(sys, name)
            setattr(sys, name, fresh)
            if hasattr(before, 'getvalue'):
                before.close()

    def mend(self):
        """After user code has put something in the place of a stream that the shell cannot read."""
        if not (hasattr(sys.stdout, 'getvalue') and hasattr(sys.stderr, 'getvalue')):
            self.clear()
