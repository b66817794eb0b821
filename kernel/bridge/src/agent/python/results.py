# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Shows the value of a statement's last expression."""

import builtins
import sys

from .children import children
from .common import SHELL, safely, state
from .events import events
from .exits import exits
from .mime_bundles import bundle_of
from .stdlib import collections


class Results:
    """Shows the values of last expressions, and remembers them as `_`, `__`, `_5`."""

    NUMBERED_LIMIT = 100  # More of `_1`, `_2`, … would keep too much memory alive.

    def __init__(self):
        self.last = {}
        self.numbered = collections.deque()

    def show(self, value):
        """Prints the value as `sys.displayhook` does, and reports it as a MIME bundle."""
        if value is None:
            return
        if exits(value):
            return value()
        children.report()
        text = repr(value) + '\n'
        getattr(sys.stdout, 'write_unreported', sys.stdout.write)(text)
        statement = state.statement
        if statement:
            events.stream('stdout', statement.take_time())
        if not (statement and statement.hides_its_value()):
            state.display_error = None
            bundle = bundle_of(value)
            if statement:
                statement.display_error = state.display_error
            if bundle:
                events.add('result', data=bundle[0], metadata=bundle[1])
        builtins._ = value
        safely(self.remember, value, statement)

    def remember(self, value, statement):
        names = SHELL.global_dict
        if '_' not in names or names['_'] is self.last.get('_', ''):  # Otherwise `_` is the user's.
            new = {'_': value, '__': self.last.get('_', ''), '___': self.last.get('__', '')}
            names.update(new)
            self.last = new
        if statement and statement.count is not None:
            self.number('_%d' % statement.count, value)

    def forget(self):
        names = SHELL.global_dict
        for name in [name for name in self.last if names.get(name) is self.last[name]]:
            del names[name]

    def number(self, name, value):
        """Names the value after its cell: `_5` is the value of the cell that the frontend calls 5."""
        SHELL.global_dict[name] = value
        self.numbered.append(name)
        if len(self.numbered) > self.NUMBERED_LIMIT:
            SHELL.global_dict.pop(self.numbered.popleft(), None)


results = Results()
