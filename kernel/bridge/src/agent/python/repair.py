# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Restores what the session's Python needs and a cell has removed, when the cell's code has ended.

Only what is missing is restored: what a cell has put in the place of something stays, since the user may want it.
"""

import builtins
import sys
from sys import getprofile, getrecursionlimit, gettrace, setprofile, setrecursionlimit, settrace

from .children import children
from .common import AGENT, SHELL, safely_from_all, state
from .events import events
from .who_magics import LIVY_NAMES

PACKAGES = ('__main__', 'encodings', 'py4j', 'pyspark', __package__)
LOWEST_RECURSION_LIMIT = 200  # The shell and the agent need so many frames.
CHANGING = ('_', 'exit', 'quit')  # The first is a value; IPython hides the others.
NAMED = 5  # The message names so many of the restored objects.


class Repair:
    def __init__(self):
        self.streams = None
        self.replaced = {}  # The builtins that cells have replaced, while they are out.
        self.trace = self.profile = None

    def install(self, patches, streams):
        self.streams, self.limit = streams, getrecursionlimit()
        self.builtins = {name: value for name, value in vars(builtins).items() if name not in CHANGING}
        self.hooks = {name: getattr(sys, name) for name in ('displayhook', 'excepthook')}
        self.names = {name: SHELL.global_dict[name] for name in LIVY_NAMES if name in SHELL.global_dict}
        self.modules = sys.modules
        self.needed = {name: module for name, module in self.modules.items() if is_needed(name)}
        self.begin()
        patches.set(SHELL, 'exec', self.run)

    def begin(self):
        """Remembers what exists before a statement."""
        self.known = dict(self.modules)
        self.lists = {name: list(vars(sys).get(name) or ()) for name in ('meta_path', 'path', 'path_hooks')}

    def run(self, code, names, *rest):
        """Replaces the shell's `exec`."""
        if getattr(code, 'co_filename', None) == AGENT:  # It calls `run_cell`.
            safely_from_all(self.restore_modules)  # A thread may have removed some since the last cell.
            return exec(code, {'__builtins__': __builtins__})  # A cell may have broken those of its own.
        return self.execute(exec, code, names, *rest)

    def execute(self, execute, code, names, *rest):
        """Runs the user's code by `exec` or `eval`: only there works a trace function that a cell has set."""
        names.setdefault('__builtins__', builtins)
        self.resume_tracing()
        ended = code is state.last
        try:
            return execute(code, names, *rest)
        except BaseException:
            ended = True
            raise
        finally:
            for _ in range(9):
                try:
                    self.suspend_tracing(ended)
                    break
                # The trace function raised it, which Python then unsets; or an interrupt came after the end.
                except BaseException:
                    pass
            if ended:
                safely_from_all(self.restore)

    def run_in_ipython(self, execute, code, *names):
        """Runs a part of a cell with the builtins that cells have replaced, of which IPython has the originals."""
        self.put_replaced_back()
        try:
            return self.execute(execute, code, *names)
        finally:
            self.take_out_replaced()
            safely_from_all(self.restore)

    def take_out_replaced(self):
        there = vars(builtins)
        for name in self.builtins:
            if there.get(name, self.builtins[name]) is not self.builtins[name]:
                self.replaced[name] = there[name]
                there[name] = self.builtins[name]

    def put_replaced_back(self):
        vars(builtins).update(self.replaced)
        self.replaced = {}

    def resume_tracing(self):
        if self.profile:
            setprofile(self.profile)
        if self.trace:
            settrace(self.trace)

    def suspend_tracing(self, ended):
        profile, self.trace = getprofile(), gettrace()
        # That of `cProfile` is no function and stays: it cannot be set again, and does no harm.
        self.profile = profile if callable(profile) else None
        if self.profile:
            setprofile(None)
        settrace(None)
        if ended and getrecursionlimit() < LOWEST_RECURSION_LIMIT:
            setrecursionlimit(self.limit)

    def restore(self):
        """Restores what is missing, and tells the user what that was."""
        back = []
        # Each alone: one that fails must not take the others with it.
        for step in (
            self.restore_modules,
            self.streams.restore,
            children.restore,
            self.restore_builtins,
            self.restore_names,
            self.restore_hooks,
            self.restore_lists,
        ):
            back += safely_from_all(step) or []
        if back:
            more = ' and %d more' % (len(back) - NAMED) if len(back) > NAMED else ''
            text = 'What the session needs and this cell took away was put back: %s%s.\n'
            events.stream('stderr', text % (', '.join(sorted(back, key=is_inner)[:NAMED]), more))

    def restore_builtins(self):
        there, back = vars(builtins), []
        for name in self.builtins:
            if name not in there:
                there[name] = self.builtins[name]
                back.append('builtins.' + name)
        names = SHELL.global_dict
        if names.get('__builtins__') is not builtins and names.get('__builtins__') is not there:
            names['__builtins__'] = builtins
            back.append('__builtins__')
        return back

    def restore_names(self):
        """Restores all of Livy's names if all are gone, else only `cloudpickle`, which Livy's jobs call."""
        names = SHELL.global_dict
        lost = [name for name in self.names if name not in names]
        back = lost if len(lost) == len(self.names) else [name for name in lost if name == 'cloudpickle']
        names.update({name: self.names[name] for name in back})
        return back

    def restore_modules(self):
        """Restores all modules if a cell has removed all, else only those that a session needs."""
        back = []
        if vars(sys).get('modules') is not self.modules:
            sys.modules = self.modules
            back.append('sys.modules')
        needed = self.needed if 'builtins' in self.modules else dict(self.known, **self.needed)
        for name in needed:
            if name not in self.modules:
                self.modules[name] = needed[name]
                back.append("sys.modules['%s']" % name)
        return back

    def restore_hooks(self):
        back = [name for name in self.hooks if not callable(vars(sys).get(name))]
        for name in back:
            setattr(sys, name, self.hooks[name])
        return ['sys.' + name for name in back]

    def restore_lists(self):
        back = [name for name in self.lists if self.lists[name] and not vars(sys).get(name)]
        for name in back:
            setattr(sys, name, self.lists[name])
        return ['sys.' + name for name in back]


def is_inner(name):
    return '_' in name


def is_needed(name):
    first = name.partition('.')[0]
    return first in PACKAGES or first in getattr(sys, 'stdlib_module_names', sys.builtin_module_names)


repair = Repair()
