# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs a cell in IPython's shell, on an event loop that runs, as ipykernel does."""

import builtins
import inspect
import sys

from IPython.core import interactiveshell
from IPython.core.error import InputRejected

from .common import safely, safely_from_all
from .errors import error_text, name_of
from .event_loop import event_loop
from .events import events
from .interrupts import interrupts
from .repair import repair
from .results import results
from .stdlib import types
from .streaming import streaming

# Errors that say what is wrong with the code itself.
OF_CODE = (SyntaxError, ValueError, OverflowError, MemoryError, InputRejected)


class CellRunner:
    def __init__(self, shell, earlier):
        self.shell = shell
        self.earlier = earlier  # The code of cells that ran without IPython, by their numbers.
        self.has_figures = False
        self.has_begun = False  # Whether code of the user's has run, or will not since it is none.
        self.transforms = 'transformed_cell' in inspect.signature(shell.should_run_async).parameters  # Not in 7.16.
        shell.runner = self

    def install(self, patches):
        """Gets between IPython and the user's code: only that is interrupted and traced."""
        patches.set(interactiveshell, 'exec', self.exec)
        patches.set(interactiveshell, 'eval', self.eval)

    def exec(self, code, *names):
        self.has_begun = True
        with interrupts.expose():
            return repair.run_in_ipython(exec, code, *names)

    def eval(self, code, *names):
        if isinstance(code, types.CodeType) and code.co_flags & inspect.CO_COROUTINE:
            return self.wait_for(code, *names)
        return eval(code, *names)

    async def wait_for(self, code, *names):
        self.has_begun = True
        with interrupts.expose():
            return await repair.run_in_ipython(eval, code, *names)

    def run(self, statement):
        """Runs a statement's code, reports what it gives, and returns the error that it raised."""
        shell = self.shell
        self.has_begun, shell.shown_error, shell.display_error = False, None, None
        try:
            self.prepare(statement.count)
            error = self.error_of(statement.code, statement.count is not None)
            self.report(error)
            return error
        finally:
            self.give_back()

    def error_of(self, code, keeps_history):
        try:
            with interrupts.shield():
                result = event_loop.run(self.run_cell(code, keeps_history))
            error = result.error_before_exec or result.error_in_exec or self.shell.display_error
            self.has_begun = error is None or self.is_of_user(error)
            return error
        except BaseException as error:
            if event_loop.was_cancelled:
                self.shell.shown_error = error
            return error

    def is_of_user(self, error):
        """Returns whether an error is the user's, or shows that IPython itself is broken."""
        return self.has_begun or isinstance(error, OF_CODE)

    def report(self, error):
        for payload in self.shell.payload_manager.read_payload():
            events.add('payload', payload=payload)
        self.shell.payload_manager.clear_payload()
        # IPython has told it on stderr: a usage error, for example.
        if self.has_begun and error is not None and error is not self.shell.shown_error:
            safely_from_all(streaming.tell_before, name_of(error))
            events.add('error', ename=name_of(error), evalue=error_text(error), traceback=[])

    def prepare(self, count):
        shell = self.shell
        repair.take_out_replaced()
        safely_from_all(forget_way_to_shell)
        if '_oh' not in shell.user_ns:
            shell.init_user_ns()  # A cell has cleared the namespace.
        if self.earlier is not None:
            earlier, self.earlier = self.earlier, None
            self.take_over(earlier)
        for name, value in shell.lent.items():
            shell.user_ns.setdefault(name, value)
        self.underscore = vars(builtins).pop('_', None)  # Of another client's statement; IPython would keep its own.
        if 'matplotlib' in sys.modules and not self.has_figures:
            self.has_figures = True
            safely_from_all(self.take_over_figures)
        if count is not None:
            shell.execution_count = count
            self.make_room(count)

    def take_over(self, earlier):
        """Goes on where the cells ended that ran while IPython was starting."""
        hook, last = self.shell.displayhook, results.last
        hook._, hook.__, hook.___ = (last.get(name, '') for name in ('_', '__', '___'))
        self.shell.user_ns.update(last)
        for count, code in earlier.items():
            self.make_room(count)
            self.shell.history_manager.store_inputs(count, code)
            if '_%d' % count in self.shell.user_ns:
                self.shell.user_ns['_oh'][count] = self.shell.user_ns['_%d' % count]

    def make_room(self, count):
        """Lets the next input have this number: cells that IPython does not run have numbers, too."""
        history = self.shell.history_manager
        if count < len(history.input_hist_parsed):
            safely(history.new_session)  # Another kernel counts anew.
        for inputs in (history.input_hist_parsed, history.input_hist_raw):
            inputs[count:] = []
            inputs.extend([''] * (count - len(inputs)))

    def take_over_figures(self):
        """Lets IPython show the figures, even if matplotlib was imported before it."""
        if matplotlib_backend() == 'agg':
            self.shell.enable_matplotlib('inline')

    def give_back(self):
        shell = self.shell
        for name, value in shell.lent.items():
            if shell.user_ns.get(name) is value:
                del shell.user_ns[name]
        if self.underscore is not None:
            vars(builtins).setdefault('_', self.underscore)
        repair.put_replaced_back()

    async def run_cell(self, code, keeps_history):
        shell = self.shell
        try:
            cell, failure = shell.transform_cell(code), None
        except Exception:
            cell, failure = code, sys.exc_info()
        transformed = {'transformed_cell': cell, 'preprocessing_exc_tuple': failure} if self.transforms else {}
        if not shell.should_run_async(code, **transformed):
            return shell.run_cell(code, store_history=keeps_history)
        result = None
        try:
            result = await shell.run_cell_async(code, store_history=keeps_history, **transformed)
        finally:
            shell.events.trigger('post_execute')
            shell.events.trigger('post_run_cell', result)
        return result


def forget_way_to_shell():
    """Takes from the last error the frames through which the shell got it, which `%debug` would count."""
    if getattr(sys, 'last_value', None) is not None:
        sys.last_value.__traceback__ = sys.last_traceback


def matplotlib_backend():
    """Returns the name of the backend, without choosing one."""
    return str(dict.__getitem__(sys.modules['matplotlib'].rcParams, 'backend')).lower()
