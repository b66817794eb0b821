# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""IPython's own shell over the user's namespace: it runs the cells wherever the driver's Python has IPython.

What it shows, asks for and raises is reported; how Livy's shell works for other clients stays as it is.
"""

import importlib.util
import tempfile

from IPython.core import page
from IPython.core.autocall import ExitAutocall
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Instance, Type
from traitlets.config import Config

from . import user_module
from .comm_handlers import handlers, tell
from .common import SHELL, safely, safely_from_all, succeeds
from .errors import error_text, name_of
from .event_loop import event_loop
from .events import events
from .figures import matplot
from .frames import without_agent
from .interrupts import interrupts
from .ipython_errors import Tracebacks
from .ipython_kernel import Kernel
from .ipython_magics import register_magics
from .ipython_output import DisplayFormatter, ValueHook, ZMQDisplayPublisher
from .magics import SPARKMAGICS
from .stdlib import os
from .streaming import streaming
from .threads import threads
from .who_magics import LIVY_NAMES, SHOWN_TO_TOOLS

LENT = ('exit', 'quit', 'open')  # Names that IPython replaces, which other clients of the session have as they were.
WINDOWS = ('qt', 'qt4', 'qt5', 'qt6', 'tk', 'gtk', 'gtk3', 'gtk4', 'wx', 'osx', 'notebook', 'nbagg')
ENVIRONMENT = {  # Programs print in colour, and do not wait at the end of a page.
    'TERM': 'xterm-color',
    'CLICOLOR': '1',
    'FORCE_COLOR': '1',
    'CLICOLOR_FORCE': '1',
    'PAGER': 'cat',
    'GIT_PAGER': 'cat',
}


class Exit(ExitAutocall):
    def __call__(self, keep_kernel=False):
        self._ip.keeps_kernel = keep_kernel
        super().__call__()


class ZMQInteractiveShell(InteractiveShell):
    """The shell, under the name by which libraries know that they run in a notebook: rich and pandas, among others."""

    displayhook_class = Type(ValueHook)
    display_pub_class = Type(ZMQDisplayPublisher)
    exiter = Instance(ExitAutocall)
    keeps_kernel = False
    runner = kernel = None
    parent_header = {}
    displays = {}  # The functions that display something, which cells have without an import.
    shown_error = None  # The last error that was shown; a cell may show errors and go on.
    display_error = None  # The last error of a value's own code while the value was to be shown.

    @property
    def user_ns_hidden(self):
        hidden = self.hidden_names
        return {name: hidden[name] for name in hidden if name not in SHOWN_TO_TOOLS} if threads.is_beside() else hidden

    @user_ns_hidden.setter
    def user_ns_hidden(self, names):
        self.hidden_names = names

    def _exiter_default(self):
        return Exit(self)

    def init_sys_modules(self):
        """Leaves `__main__` to `user_module`."""

    def init_virtualenv(self):
        """Does nothing: the session's Python is the one that Spark was given."""

    def init_environment(self):
        os.environ.update(ENVIRONMENT)

    def init_user_ns(self):
        super().init_user_ns()
        livys = {name: self.livys_names[name] for name in self.livys_names if name not in self.user_ns}
        self.user_ns.update(livys)
        self.user_ns_hidden.update(self.livys_names, **self.displays)
        self.lent = {name: self.user_ns[name] for name in LENT if name in self.user_ns}

    def init_create_namespaces(self, *arguments, **options):
        self.livys_names = {name: SHELL.global_dict[name] for name in LIVY_NAMES if name in SHELL.global_dict}
        super().init_create_namespaces(*arguments, **options)

    def init_display_formatter(self):
        self.display_formatter = DisplayFormatter(parent=self)
        self.configurables.append(self.display_formatter)

    def init_hooks(self):
        super().init_hooks()
        self.set_hook('show_in_pager', page.as_hook(self.show_in_pager), 99)

    def init_traceback_handlers(self, custom_exceptions):
        super().init_traceback_handlers(custom_exceptions)
        self.InteractiveTB.__class__ = Tracebacks

    def init_magics(self):
        super().init_magics()
        register_magics(self)

    def show_in_pager(self, text, start=0, screen_lines=0, pager_cmd=None):
        data = text if isinstance(text, dict) else {'text/plain': text}
        self.payload_manager.write_payload({'source': 'page', 'data': data, 'start': max(0, start)})

    def set_next_input(self, text, replace=False):
        self.payload_manager.write_payload({'source': 'set_next_input', 'text': text, 'replace': replace})

    def ask_exit(self):
        self.payload_manager.write_payload({'source': 'ask_exit', 'keepkernel': self.keeps_kernel})

    def enable_gui(self, gui=None):
        """Does nothing: the driver has no windows."""

    def enable_matplotlib(self, gui=None):
        if gui is None or is_window(gui.lower()):
            if gui:
                self.warn_about_windows(gui)
            gui = 'inline'
        return super().enable_matplotlib(gui)

    def warn_about_windows(self, gui):
        events.stream('stderr', '%%matplotlib %s: figures are shown inline; the driver has no windows\n' % gui)

    def _get_exc_info(self, exc_tuple=None):
        etype, value, tb = super()._get_exc_info(exc_tuple)
        return etype, value, without_agent(tb)

    def run_line_magic(self, magic_name, line, _stack_depth=1):
        if magic_name == 'load_ext' and line.strip() in SPARKMAGICS:
            return events.stream('stderr', '%load_ext ' + line + ': not needed, this kernel runs on Spark already\n')
        return super().run_line_magic(magic_name, line, _stack_depth=_stack_depth + 1)

    def showtraceback(self, *arguments, **options):
        with interrupts.shield():
            super().showtraceback(*arguments, **options)

    def showsyntaxerror(self, *arguments, **options):
        with interrupts.shield():
            super().showsyntaxerror(*arguments, **options)

    def debugger(self, force=False):
        with interrupts.expose():
            super().debugger(force)

    def _showtraceback(self, etype, evalue, stb):
        name = 'KeyboardInterrupt' if event_loop.was_cancelled else name_of(evalue)
        if handlers.current():
            return tell(name_of(evalue), error_text(evalue), [str(line) for line in stb])
        if not self.runner.is_of_user(evalue):
            return
        self.shown_error = evalue
        if self.display_formatter.is_value:
            self.display_error = evalue
        safely_from_all(streaming.tell_before, name)
        events.add('error', ename=name, evalue=error_text(evalue), traceback=[str(line) for line in stb])


def is_window(gui):
    return gui in WINDOWS or (gui == 'ipympl' and not safely(importlib.util.find_spec, gui))


def start(displays):
    """Makes the shell, which is `get_ipython()` from then on."""
    config = Config()
    # What was run is kept by the kernel; here only in memory.
    config.HistoryManager.enabled = succeeds(importlib.import_module, 'sqlite3')
    config.HistoryManager.hist_file = ':memory:'
    config.HistoryManager.connection_options = {'check_same_thread': False}  # This thread is not that of the cells.
    ZMQInteractiveShell.displays = displays
    shell = ZMQInteractiveShell.instance(
        config=config,
        ipython_dir=tempfile.mkdtemp(prefix='livy-kernel-ipython-'),
        user_module=user_module.module,
        user_ns=SHELL.global_dict,
    )
    shell.kernel = Kernel(shell)
    safely(shell.extension_manager.load_extension, 'storemagic')
    shell.events.register('post_execute', matplot.note)  # Before the inline backend, which closes figures.
    return shell
