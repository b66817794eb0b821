# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Starts IPython's shell in the background, since its import takes about a second."""

import importlib
import importlib.util
import sys

from .common import safely, safely_from_all, succeeds
from .display import DISPLAYS
from .ipython_syntax import is_python
from .stdlib import Condition, os, re, start_thread
from .without_ipython import HOW

INLINE = 'matplotlib_inline.backend_inline'
# What only IPython understands: its syntax, and names that it defines.
NEEDS_IPYTHON = re.compile(
    r'\b(?:get_ipython|IPython|display)\b|\bawait\b|\basync\b|\b(?:In|Out)\[|\b_(?:i|ih|oh|dh|i?\d+)\b'
)


class IPythonStart:
    """The start of IPython's shell, which succeeds once, fails, or does not come to an end."""

    PLAIN_CELL_WAIT = 0.3  # Seconds for which a cell waits that can do without.

    def __init__(self):
        self.changed = Condition()
        self.is_over = True
        self.runner = self.assist = None
        self.earlier = {}  # The code of cells that did not wait, by their numbers.
        self.displays = DISPLAYS
        self.failure = HOW
        self.patches = None

    def begin(self, patches):
        self.patches = patches
        self.look()

    def look(self):
        """Starts the shell, if IPython is there and has not been before: `%pip` may bring it."""
        if self.is_over and self.runner is None and safely(importlib.util.find_spec, 'IPython'):
            self.is_over = False
            start_thread(self.start)

    def describe(self):
        """Says in `%info` what runs the cells."""
        if self.runner:
            return 'IPython ' + sys.modules['IPython'].__version__
        return 'IPython, which is starting' if not self.is_over else 'plain Python, without IPython: ' + self.failure

    def start(self):
        try:
            self.runner = self.make_runner()
        except BaseException as error:
            self.failure = '%s: %s' % (type(error).__name__, error)
        finally:
            with self.changed:
                self.is_over = True
                self.changed.notify_all()

    def make_runner(self):
        self.displays = display_functions()
        self.assist = import_part('ipython_assist')
        runner = import_part('ipython_run').CellRunner(import_part('ipython_shell').start(self.displays), self.earlier)
        runner.install(self.patches)
        debugger = importlib.import_module('IPython.core.debugger')
        pdb = importlib.import_module('pdb')
        self.patches.set(pdb, 'Pdb', debugger.Pdb)
        self.patches.set(pdb, 'set_trace', debugger.set_trace)
        if os.environ.get('MPLBACKEND') == 'Agg' and safely(importlib.util.find_spec, 'matplotlib_inline'):
            os.environ['MPLBACKEND'] = 'module://' + INLINE
        return runner

    def is_possible(self):
        return not self.is_over or self.runner is not None

    def offer_displays(self, names):
        """Puts the functions that display something among the user's names, unless the user has others there."""
        for name, function in self.displays.items():
            if names.get(name, DISPLAYS[name]) is DISPLAYS[name]:
                names[name] = function

    def take_displays(self, names):
        for name, function in self.displays.items():
            if names.get(name) is function:
                del names[name]

    def runner_of(self, code, count):
        """Returns what runs a cell, or None if it runs without IPython."""
        if not self.is_over:
            needed = NEEDS_IPYTHON.search(code) or not safely_from_all(is_python, code)
            with self.changed:
                self.changed.wait_for(lambda: self.is_over, None if needed else self.PLAIN_CELL_WAIT)
        if not self.is_over and count is not None:
            self.earlier[count] = code
        return self.runner

    def end(self):
        if self.runner:
            safely(type(self.runner.shell).clear_instance)
            self.runner = None


def display_functions():
    there = vars(importlib.import_module('IPython.display'))
    return {name: there[name] for name in DISPLAYS}


def import_part(name):
    """Imports a part of the agent that was left out at first."""
    importer = sys.modules[__package__].IMPORTER
    sys.meta_path.insert(0, importer)
    try:
        return importlib.import_module('%s.%s' % (__package__, name))
    finally:
        succeeds(sys.meta_path.remove, importer)


ipython = IPythonStart()
