# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""What the last expression of a statement gave."""

import builtins
import collections
import sys

from .base import SHELL, safely, state
from .bundles import bundle_of
from .events import events


class Results:
    """What the last expression of a statement gave."""

    NUMBERED = 100  # More of `_1`, `_2`, … would keep too much alive.

    def __init__(self):
        self.last = {}
        self.numbered = collections.deque()

    def show(self, value):
        """As sys.displayhook does, and told as a bundle."""
        if value is None:
            return
        text = repr(value) + '\n'
        getattr(sys.stdout, 'write_untold', sys.stdout.write)(text)
        statement = state.statement
        if statement:
            events.stream('stdout', statement.take_time())
        if not (statement and statement.hides_its_value()):
            bundle = bundle_of(value)
            if bundle:
                events.add('result', data=bundle[0], metadata=bundle[1])
        builtins._ = value
        safely(self.remember, value, statement)

    def remember(self, value, statement):
        names = SHELL.global_dict
        if '_' not in names or names['_'] is self.last.get('_'):  # Else `_` is the user's.
            new = {'_': value, '__': self.last.get('_', ''), '___': self.last.get('__', '')}
            names.update(new)
            self.last = new
        if statement:
            statement.result = value
            statement.has_result = True
            self.number(statement)

    def forget(self):
        names = SHELL.global_dict
        for name in [name for name in self.last if names.get(name) is self.last[name]]:
            del names[name]

    def number(self, statement):
        """`_5` is the result of the cell that the frontend calls 5."""
        if statement.count is None or not statement.has_result:
            return
        name = '_%d' % statement.count
        SHELL.global_dict[name] = statement.result
        statement.has_result, statement.result = False, None
        self.numbered.append(name)
        if len(self.numbered) > self.NUMBERED:
            SHELL.global_dict.pop(self.numbered.popleft(), None)


results = Results()
