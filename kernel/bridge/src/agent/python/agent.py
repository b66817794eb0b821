# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Installs and uninstalls the abilities of the agent, and follows the statements of the shell."""

import builtins
import getpass
import importlib.util
import sys

from . import exits, own_cells, user_module
from .children import children
from .common import SHELL, safely, safely_from_all, state, succeeds
from .comms import comms
from .dataframes import lazy_reprs, table
from .errors import tell_error
from .events import events
from .figures import figures, matplot
from .import_hook import import_hook
from .inputs import inputs
from .interrupts import interrupts
from .ipython_start import ipython
from .isolation import isolate_shell
from .link import links
from .logs import logs
from .patches import Patches
from .progress import progress
from .r import r
from .repair import repair
from .results import results
from .scala import scala
from .sources import sources
from .statements import Shell
from .stdlib import allocate_lock, ctypes, os, signal
from .streaming import streaming
from .streams import Streams
from .threads import threads
from .waiting import waiting

FOLLOWED = {'spark': scala, 'sparkr': r}


class Agent:
    def __init__(self):
        self.lock = allocate_lock()
        self.abilities = {}
        self.patches = Patches()
        self.shell = Shell(self)
        self.streams = None

    def install(self):
        with self.lock:
            if not state.installed:
                state.has_jedi = bool(safely(importlib.util.find_spec, 'jedi'))
                state.installed = True
                state.runner = own_cells.run
                steps = {
                    'streams': self.install_streams,
                    'results': self.install_results,
                    'errors': lambda: self.patches.set(SHELL, 'compile', sources.compile),
                    'interrupt': lambda: signal.pthread_kill and ctypes.pythonapi.PyThreadState_SetAsyncExc,
                    'children': children.install,
                    'waiting': lambda: waiting.install(self.patches),
                }
                self.abilities = {name: succeeds(step) for name, step in steps.items()}
                if not succeeds(self.shell.install, self.patches):
                    # No output has a statement that it could belong to.
                    self.abilities.update(streams=False, results=False, errors=False)
                self.abilities['magics'] = self.abilities['progress'] = self.abilities['results']
                safely(self.install_others)
                self.abilities['repair'] = succeeds(self.install_repair)
        return self.status()

    def install_streams(self):
        if not (callable(SHELL.clearOutputs) and sys.stdout.getvalue and sys.stderr.getvalue):
            raise TypeError('not the shell of Livy')
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
        exits.install(self.patches)
        import_hook.install(self.patches)
        logs.install()
        safely(threads.install)
        safely(streaming.install, self.patches)
        safely(table.install)
        safely(matplot.install)
        if 'matplotlib' not in sys.modules:
            os.environ.setdefault('MPLBACKEND', 'Agg')
        ipython.begin(self.patches)

    def install_repair(self):
        isolate_shell(self.patches)
        repair.install(self.patches, self.streams)

    def uninstall(self):
        with self.lock:
            if state.installed:
                state.installed = False
                import_hook.uninstall()
                logs.uninstall()
                threads.uninstall()
                safely(children.uninstall)
                safely(table.uninstall)
                safely(lazy_reprs.uninstall)
                safely(r.uninstall)
                safely(matplot.uninstall)
                safely(self.shell.uninstall)
                safely(events.leave)
                safely(waiting.log.uninstall)
                safely(user_module.end)
                safely(ipython.end)
                safely(results.forget)
                self.patches.undo()
                ipython.take_displays(SHELL.global_dict)
                for stream in sys.stdout, sys.stderr:
                    if self.streams and type(stream) is self.streams.recorder:
                        stream.__class__ = self.streams.base
        return {}

    def status(self):
        completion = 'jedi' if state.has_jedi else 'rlcompleter'
        return {
            'python': '%d.%d.%d' % sys.version_info[:3],
            'abilities': dict(self.abilities, completion=completion),
            'shell': ipython.describe(),
            'next': events.next,
        }

    def offer_displays(self):
        ipython.offer_displays(SHELL.global_dict)

    def begin(self, statement):
        comms.note_cell(statement)
        state.statement, events.statement = statement, statement.id
        events.add('start')
        for step in (lambda: figures.begin(statement), self.offer_displays, repair.begin):
            safely(step)
        if statement.is_own:
            safely(user_module.begin)
        progress.watch(statement.id)
        interrupts.begin(statement)

    def end(self, statement, reply):
        interrupts.end()
        if statement.is_own:
            safely_from_all(user_module.end)
        safely_from_all(children.report)
        events.stream('stdout', statement.take_time())
        counts = safely_from_all(progress.end, statement.id)
        if counts:
            events.add_newest('progress', statement.id, **counts)
        safely_from_all(tell_error, statement, reply)
        safely_from_all(figures.end, statement)
        statement.failure = None
        events.add('end')
        state.statement = events.statement = None

    def events(self, since, wait=0, other=None, linger=events.LINGER, reader=None):
        """Returns the events from a number on; `reader` has the names of the kernel that reads, and of its process."""
        if other:  # A statement in another language.
            statement, language = other
            progress.renew(statement)
            if language in FOLLOWED:
                FOLLOWED[language].renew(statement)
        if reader is None:
            return events.since(since, wait, linger)
        kernel, process = reader
        links.heard(kernel, process)
        answer = events.since(since, wait, linger, kernel)
        links.heard(kernel, process)
        owners = comms.owners(kernel)
        return dict(answer, threads=sorted(owners.union(answer['threads'])), comms=comms.has_any(kernel))


agent = Agent()
