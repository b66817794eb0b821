# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs code that no user has sent beside the cells: that of variable inspectors, and of silent requests.

It runs on a thread of its own, in the user's namespace, also while a cell runs. What it shows is in its answer alone.
"""

import asyncio
import builtins
import inspect

from . import tool_names
from .agent import agent
from .captures import captures
from .common import CELL, SHELL, TOP_LEVEL_AWAIT, safely, safely_from_all
from .dataframes import lazy_reprs
from .errors import describe, error_text, name_of
from .expressions import formatted
from .interrupts import active_spark_context
from .ipython_start import ipython
from .ipython_syntax import rewrite
from .stdlib import allocate_lock, ast, ctypes, get_ident, start_thread, time
from .threads import threads
from .tool_streams import tool_streams

FILE = CELL + ' of a tool>'
TIME_LIMIT = 30  # Seconds. A tool may let Spark compute the rows of a table that the user opens.
TOO_LONG = 'the code was stopped, since it took longer than %d s beside the cells' % TIME_LIMIT


class TookTooLong(BaseException):
    """Ends code that has no answer within the limit."""


class Work:
    """One piece of code."""

    def __init__(self, code):
        self.code = code
        self.capture = captures.begin()
        self.thread = None
        self.running = allocate_lock()

    def answer(self):
        """Runs the code; returns what it and its threads show as events, with its value or its error last."""
        until = time.monotonic() + TIME_LIMIT
        self.running.acquire()
        start_thread(self.run)
        if self.running.acquire(True, TIME_LIMIT):
            while threads.has_threads(self.capture.name) and time.monotonic() < until:
                time.sleep(0.005)
        else:
            self.stop()
            self.capture.add('error', ename='TimeoutError', evalue=TOO_LONG, traceback=['TimeoutError: ' + TOO_LONG])
        return captures.end(self.capture)

    def run(self):
        try:
            self.thread = get_ident()
            threads.giver.set(self.capture.name)
            safely(self.name_jobs)
            safely(lazy_reprs.install)
            with tool_streams.used(agent.streams.recorder if agent.streams else object):
                self.show(evaluate(self.code))
        except BaseException as error:
            told = safely_from_all(describe, error, error.__traceback__, set()) or [name_of(error)]
            self.capture.add('error', ename=name_of(error), evalue=error_text(error), traceback=told)
        finally:
            self.running.release()

    def show(self, value):
        if value is not None and not self.code.rstrip().endswith(';'):
            data, metadata = formatted(value)
            if data:
                self.capture.add('result', data=data, metadata=metadata)

    def name_jobs(self):
        """Gives the Spark jobs of the code a group, by which they can be cancelled."""
        context = active_spark_context()
        if context:
            context.setLocalProperty('spark.jobGroup.id', self.capture.name)

    def stop(self):
        """Ends the code at the next step of Python, and its Spark jobs."""
        thread, error = ctypes.c_ulong(self.thread), ctypes.py_object(TookTooLong)
        safely(ctypes.pythonapi.PyThreadState_SetAsyncExc, thread, error)
        safely(lambda: active_spark_context().cancelJobGroup(self.capture.name))


def beside(code):
    return {'events': Work(code).answer()}


def evaluate(code):
    """Runs the code; returns the value of its last expression, if it ends in one."""
    names = SHELL.global_dict
    names.setdefault('__builtins__', builtins)
    tree = parsed(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    if tree.body:
        run(compiled(tree, 'exec'), names)
    return run(compiled(ast.Expression(last.value), 'eval'), names) if last else None


def parsed(code):
    """Returns the syntax tree of code in IPython's syntax. Code without IPython's syntax is left as it is."""
    runner = ipython.runner_of(code, None)
    if runner:
        return compiled(safely(runner.shell.transform_cell, code) or code, 'exec', ast.PyCF_ONLY_AST)
    text, _ = safely_from_all(rewrite, code) or (code, {})
    return tool_names.offered_to(compiled(text, 'exec', ast.PyCF_ONLY_AST))


def compiled(source, mode, flags=0):
    return compile(source, FILE, mode, flags | TOP_LEVEL_AWAIT, dont_inherit=True)


def run(code, names):
    value = eval(code, names)
    if not code.co_flags & inspect.CO_COROUTINE:
        return value
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(value)
    finally:
        loop.close()
