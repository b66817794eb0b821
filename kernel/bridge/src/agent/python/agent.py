# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""All of it: what is put in place, and taken away again."""

import builtins
import collections
import ctypes
import getpass
import importlib.util
import os
import signal
import sys
import threading

from .base import SHELL, safely, state, works
from .children import children
from .display import DISPLAYS
from .errors import tell_error
from .events import events
from .figures import figures
from .frames import table
from .imports import import_watch
from .inputs import inputs
from .interrupts import interrupts
from .logs import logs
from .patches import Patches
from .progress import progress
from .results import results
from .scala import scala
from .sources import sources
from .statements import Shell
from .streams import Streams


class Agent:
    def __init__(self):
        self.lock = threading.Lock()
        self.abilities = {}
        self.patches = Patches()
        self.shell = Shell(self)
        self.streams = None
        self.recent = collections.deque(maxlen=16)
        self.announced = collections.deque(maxlen=16)  # Numbers of cells whose statements may not have begun.

    def install(self):
        with self.lock:
            if not state.installed:
                state.has_ipython, state.has_jedi = [
                    bool(safely(importlib.util.find_spec, name)) for name in ('IPython', 'jedi')
                ]
                state.installed = True
                steps = {
                    'streams': self.install_streams,
                    'results': self.install_results,
                    'errors': lambda: self.patches.set(SHELL, 'compile', sources.compile),
                    'interrupt': lambda: signal.pthread_kill and ctypes.pythonapi,
                    'children': children.install,
                }
                self.abilities = {name: works(step) for name, step in steps.items()}
                if not works(lambda: self.shell.install(self.patches)):  # Whose would they be?
                    self.abilities.update(streams=False, results=False, errors=False)
                self.abilities['magics'] = self.abilities['progress'] = self.abilities['results']
                safely(self.install_others)
        return self.status()

    def install_streams(self):
        if not (callable(SHELL.clearOutputs) and sys.stdout.getvalue and sys.stderr.getvalue):
            raise TypeError('no shell of Livy')
        self.streams = Streams()
        self.streams.install(self.patches)

    def install_results(self):
        if not isinstance(SHELL.global_dict, dict):
            raise TypeError('no namespace')
        self.patches.set(sys, 'displayhook', results.show)
        self.offer_displays()

    def install_others(self):
        self.patches.set(builtins, 'input', inputs.input)
        self.patches.set(getpass, 'getpass', inputs.getpass)
        import_watch.install(self.patches)
        logs.install()
        safely(table.install)
        if 'matplotlib' not in sys.modules:
            os.environ.setdefault('MPLBACKEND', 'Agg')

    def uninstall(self):
        with self.lock:
            if state.installed:
                state.installed = False
                import_watch.uninstall()
                logs.uninstall()
                safely(children.uninstall)
                safely(table.uninstall)
                safely(self.shell.uninstall)
                safely(results.forget)
                self.patches.undo()
                for name, ours in DISPLAYS.items():
                    if SHELL.global_dict.get(name) is ours:
                        del SHELL.global_dict[name]
                for stream in sys.stdout, sys.stderr:
                    if self.streams and type(stream) is self.streams.recorder:
                        stream.__class__ = self.streams.base
        return {}

    def status(self):
        completion = 'jedi' if state.has_jedi else 'rlcompleter'
        return {
            'python': '%d.%d.%d' % sys.version_info[:3],
            'abilities': dict(self.abilities, completion=completion),
            'next': events.next,
        }

    def offer_displays(self):
        for name, ours in DISPLAYS.items():
            SHELL.global_dict.setdefault(name, ours)

    def begin(self, statement):
        for earlier in list(self.recent)[:-1]:  # What has no number by now keeps its value alive for nothing.
            earlier.result, earlier.has_result = None, False
        self.recent.append(statement)
        statement.count = dict(self.announced).get(statement.id)
        state.statement, events.statement = statement, statement.id
        events.add('start')
        for step in (lambda: figures.begin(statement), self.offer_displays):
            safely(step)
        progress.watch(statement.id)
        interrupts.begin(statement)

    def end(self, statement, reply):
        interrupts.end()
        safely(figures.end, statement)
        if children.moved:
            safely(children.drain)
        events.stream('stdout', statement.take_time())
        counts = safely(progress.end, statement.id)
        if counts:
            events.add_newest('progress', statement.id, **counts)
        safely(tell_error, statement, reply)
        statement.failure = None
        events.add('end')
        state.statement = events.statement = None

    def events(self, since, wait=0, cell=None, other=None):
        if cell:
            self.number(*cell)
        if other:  # A statement in another language.
            statement, language = other
            progress.renew(statement)
            if language == 'spark':
                scala.renew(statement)
        return events.since(since, wait)

    def number(self, id, count):
        self.announced.append((str(id), count))
        for statement in list(self.recent):
            if statement.id == str(id):
                statement.count = count
                results.number(statement)


agent = Agent()
