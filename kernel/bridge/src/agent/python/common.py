# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Names and helpers that every module of the agent uses."""

import ast
import sys

USER = '<stdin>'  # The file name under which the shell compiles statements.
CELL, IPYTHON_CELL = '<cell', '<ipython-input-'  # The beginning of the file names of this kernel's cells.
AGENT = (lambda: 0).__code__.co_filename
SHELL = sys.modules['__main__']
TOP_LEVEL_AWAIT = getattr(ast, 'PyCF_ALLOW_TOP_LEVEL_AWAIT', 0)  # Python 3.7 does not have it.


class Refused(Exception):
    """What was asked for cannot be, for a reason that the user is told as it is."""


class State:
    installed = False
    statement = None  # The statement that is running.
    last = None  # The code object that the shell runs last for it.
    display_error = None  # The last error of a value's own code while it was to be shown.
    runner = None  # Runs the cell of an own statement: `state.runner(statement)`.
    has_jedi = False


state = State()


def is_users(code):
    """Tells whether a code object is the user's own."""
    return code.co_filename == USER or code.co_filename.startswith((CELL, IPYTHON_CELL))


def safely(step, *arguments):
    """Returns what the step returns, or None if it raises an exception: a statement must not fail because of it."""
    try:
        return step(*arguments)
    except Exception:
        return None


def safely_from_all(step, *arguments):
    """Does the same where anything that is raised, even `SystemExit`, would end the shell."""
    try:
        return step(*arguments)
    except BaseException:
        return None


def succeeds(step, *arguments):
    try:
        step(*arguments)
        return True
    except Exception:
        return False
