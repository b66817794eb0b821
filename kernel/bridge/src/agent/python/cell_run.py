# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs this kernel's cells as IPython does, in a session without IPython.

Livy's shell is told to run `run_cell()` in place of the cell's code. So it still collects the text and answers the
statement, for the session's other clients, too.
"""

import __future__

import inspect
import sys

from .common import SHELL, TOP_LEVEL_AWAIT, safely, state
from .event_loop import event_loop
from .logs import logs
from .repair import repair
from .sources import sources
from .stdlib import ast, functools
from .without_ipython import hint

FEATURES = [getattr(__future__, name).compiler_flag for name in __future__.all_feature_names]
ALL_FEATURES = functools.reduce(int.__or__, FEATURES)


class Compiler:
    """Compiles cells; what one imports from `__future__` holds for those after it, as in IPython."""

    def __init__(self):
        self.flags = TOP_LEVEL_AWAIT

    def compile(self, text, mode):
        """Returns the code of all but the last expression, if there is any, and that of the last one, if there is one.

        The last expression is compiled in `mode`: `single` shows its value, and `eval` returns it.
        """
        file = sources.open(text)
        try:
            tree = compile(text, file, 'exec', ast.PyCF_ONLY_AST | self.flags, dont_inherit=True)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            return tree.body and self.code_of(tree, text, file, 'exec'), last and self.code_of(
                ast.Interactive([last]) if mode == 'single' else ast.Expression(last.value), text, file, mode
            )
        finally:
            sources.close(file)  # It stays open if it has code.

    def code_of(self, tree, text, file, mode):
        code = sources.compile_cell(tree, text, file, mode, self.flags)
        self.flags |= code.co_flags & ALL_FEATURES
        return code


compiler = Compiler()


def run_cell():
    """Runs the cell of the running statement."""
    with logs.of_user():
        state.runner(state.statement)


def run(statement):
    statement.rewrite()
    SHELL.global_dict.pop('__warningregistry__', None)  # A cell that runs again warns again, as in IPython.
    codes = [code for code in compiler.compile(statement.code, 'single') if code]
    for code in codes:
        state.last = codes[-1]
        try:
            repair.execute(evaluate, code, SHELL.global_dict)
        except Exception as error:
            sys.last_type, sys.last_value, sys.last_traceback = sys.exc_info()  # For `pdb.pm()`.
            safely(hint.tell_if_asked, error)
            raise
    if statement.display_error:
        statement.has_told_error = True
        raise statement.display_error


def run_text(text):
    """Runs a text as part of the running cell; returns the value of its last expression, if it ends in one."""
    before, last = compiler.compile(text, 'eval')
    if before:
        evaluate(before, SHELL.global_dict)
    return evaluate(last, SHELL.global_dict) if last else None


def evaluate(code, names):
    if code.co_flags & inspect.CO_COROUTINE:
        return event_loop.run(eval(code, names))
    with event_loop.seen_running():
        return eval(code, names)
