# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Implements `exit` and `quit` as IPython has them: the frontend is asked to end, and the session goes on."""

import builtins

from .common import safely, state
from .payloads import ask_exit


class Exit:
    """Stands for Python's own `exit`, which a statement of another client still calls."""

    def __init__(self, name, pythons):
        self.name, self.pythons = name, pythons

    def __call__(self, *arguments, **options):
        if not in_own_cell():
            return self.pythons(*arguments, **options)
        ask_exit(arguments[0] if arguments else options.get('keep_kernel', False))

    def __repr__(self):
        return safely(repr, self.pythons) if not in_own_cell() else 'Use %s() to end the notebook.' % self.name


def in_own_cell():
    return state.statement is not None and state.statement.is_own


def exits(value):
    """Whether the value is `exit` alone at the end of a cell of this kernel, which IPython calls then."""
    return isinstance(value, Exit) and in_own_cell()


def install(patches):
    for name in 'exit', 'quit':
        pythons = vars(builtins).get(name)  # It is missing in a Python without `site`.
        if pythons:
            patches.set(builtins, name, Exit(name, pythons))
