# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The kernel's part inside the session's Python: what a cell prints, shows, asks and raises, told while it runs.

A job puts this module beside Livy's shell, which is `__main__`, and other jobs call it: see `call`. Jobs run on threads
of their own, also while a statement runs on the main thread. What the shell answers stays as it is, so that another
client of the session sees what it always saw. Each thing of the shell's is checked before use; what is missing turns
off only the ability that needs it.
"""

import ast
import base64
import builtins
import codecs
import collections
import ctypes
import fcntl
import functools
import getpass
import importlib.machinery
import importlib.util
import inspect
import io
import itertools
import json
import keyword
import os
import pprint
import re
import select
import signal
import sys
import threading
import time
import traceback
import types
import uuid
import weakref

VERSION = 1
USER = '<stdin>'  # The file name that the shell compiles statements under.
AGENT = (lambda: 0).__code__.co_filename
MAIN_THREAD = threading.main_thread().ident
SHELL = sys.modules['__main__']


def safely(step, *arguments):
    """For what must never spoil a statement that itself went well."""
    try:
        return step(*arguments)
    except Exception:
        return None


# Changes to what is the shell's or Python's


class Patches:
    """What was put in the place of something, so that `undo` can put that back."""

    def __init__(self):
        self.made = []

    def set(self, owner, name, value):
        names = vars(owner)
        self.made.append((names, name, names.get(name, self), value))
        names[name] = value

    def undo(self):
        for names, name, before, value in reversed(self.made):
            if names.get(name) is not value:
                continue  # Somebody else's by now.
            if before is self:
                del names[name]
            else:
                names[name] = before
        self.made.clear()


# Interrupts


class Interrupts:
    """KeyboardInterrupt for the user's code, never for the shell: that would end the session.

    A signal's handler runs on the main thread, so it can look at the stack and act on it with nothing in between.
    """

    def __init__(self):
        self.lock = threading.Lock()
        self.statement = None
        self.asked = False
        self.before = None
        self.shields = 0  # How deep the main thread is in what must not be left half done.
        self.held_back = False

    def begin(self, statement):
        self.statement = statement
        handler = signal.getsignal(signal.SIGINT)
        module = getattr(handler, '__module__', None) or ''
        is_users = callable(handler) and handler is not signal.default_int_handler and not module.startswith('pyspark')
        if handler is not None and not is_users:
            self.before = handler
            signal.signal(signal.SIGINT, self.on_signal)

    def end(self):
        """Afterwards nothing can be raised any more, nor is anything on its way."""
        while True:
            try:
                with self.lock:
                    self.statement, self.asked, self.held_back = None, False, False
                    raise_in_main_thread(None)
                break
            except KeyboardInterrupt:
                continue
        if signal.getsignal(signal.SIGINT) == self.on_signal:
            signal.signal(signal.SIGINT, self.before)

    def on_signal(self, number, frame):
        if not self.asked:  # Not by us.
            return self.before(number, frame) if callable(self.before) else None
        self.asked = False
        if not runs_user_code(frame):
            return None
        if self.shields:
            self.held_back = True
            return None
        forget_py4j_connection(frame)
        raise KeyboardInterrupt

    def interrupt(self, statement=None):
        with self.lock:
            running = self.statement
            if statement is not None and running is not None and running.id != str(statement):
                return {'raised': False, 'why': 'statement %s is not running' % statement}
            if not runs_user_code(sys._current_frames().get(MAIN_THREAD)):
                return {'raised': False, 'why': 'no code of a statement is running'}
            if running is not None and signal.getsignal(signal.SIGINT) == self.on_signal:
                self.asked = True
                signal.pthread_kill(MAIN_THREAD, signal.SIGINT)  # Ends a blocking call too.
                why = 'by a signal'
            else:  # The user's code handles signals itself, or was running before this module came.
                raise_in_main_thread(KeyboardInterrupt)
                why = 'at the next step of Python'
        self.insist()
        safely(cancel_spark_jobs, running)
        return {'raised': True, 'why': why}

    def insist(self):
        """A signal that came just before a blocking call has not woken it."""
        for _ in range(50):
            time.sleep(0.01)
            with self.lock:
                if not self.asked:
                    return
                signal.pthread_kill(MAIN_THREAD, signal.SIGINT)

    def shielded(self, method):
        """Holds an interrupt back until `method` is done."""

        @functools.wraps(method)
        def run(*arguments, **options):
            if threading.get_ident() != MAIN_THREAD:
                return method(*arguments, **options)
            self.shields += 1
            try:
                return method(*arguments, **options)
            finally:
                self.shields -= 1
                if self.held_back and not self.shields:
                    self.held_back = False
                    raise KeyboardInterrupt

        return run


def runs_user_code(frame):
    while frame is not None and frame.f_code.co_filename != USER:
        frame = frame.f_back
    return frame is not None


def raise_in_main_thread(exception):
    exception = ctypes.py_object(exception) if exception else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(MAIN_THREAD), exception)


def active_spark_context():
    pyspark = sys.modules.get('pyspark')
    return pyspark and pyspark.SparkContext._active_spark_context


def cancel_spark_jobs(statement):
    context = active_spark_context()
    if context and statement and statement.id:
        context.cancelJobGroup(statement.id)


def forget_py4j_connection(frame):
    """A call to the JVM that is left early has an answer to come, which the next call would take for its own."""
    while frame is not None and not frame.f_code.co_filename.endswith('clientserver.py'):
        frame = frame.f_back
    context = active_spark_context()
    if frame is not None and context:
        context._gateway._gateway_client.thread_connection.connection = None


interrupts = Interrupts()


# Events


class Events:
    """The numbered list of what happened, bounded in memory."""

    KEPT = 16 << 20  # Characters, in all.
    ANSWER = 1 << 20
    PIECE = 1 << 16  # Of one stream, in one event.
    LARGEST = 8 << 20
    URGENT = ('end', 'input')
    LINGER = 0.03  # Seconds in which what follows may join an answer that is not urgent.

    def __init__(self):
        self.changed = threading.Condition()
        self.kept = collections.deque()
        self.next = 0
        self.size = 0
        self.growing = None  # The last event, if it is text.
        self.told = 0  # Events below this number were told: no text is added to them.
        self.urgent = -1
        self.readers = 0
        self.last_read = 0.0
        self.statement = None

    @interrupts.shielded
    def add(self, kind, **content):
        with self.changed:
            self.keep(kind, content, len(json.dumps(content)))

    @interrupts.shielded
    def stream(self, name, text):
        with self.changed:
            for start in range(0, len(text), self.PIECE):
                piece = text[start : start + self.PIECE]
                last = self.growing
                if last and last['name'] == name and last['n'] >= self.told and last['size'] < self.PIECE:
                    last['text'].append(piece)
                    last['size'] += len(piece)
                    self.size += len(piece)
                else:
                    self.keep('stream', {'name': name, 'text': [piece]}, len(piece))
                    self.growing = self.kept[-1]

    def keep(self, kind, content, size):
        self.growing = None
        size += 100  # What an event takes without its text.
        self.kept.append(dict(content, n=self.next, statement=self.statement, kind=kind, size=size))
        if kind in self.URGENT:
            self.urgent = self.next
        self.next += 1
        self.size += size
        self.bound()
        self.changed.notify_all()

    def bound(self):
        while self.size > self.KEPT and len(self.kept) > 1:
            self.size -= self.kept.popleft()['size']

    def since(self, number, wait=0):
        with self.changed:
            self.readers += 1
            try:
                self.changed.wait_for(lambda: self.next > number, min(wait, 60))
                if number < self.next and self.urgent < number:
                    self.changed.wait_for(lambda: self.urgent >= number, min(wait, self.LINGER))
            finally:
                self.readers -= 1
                self.last_read = time.monotonic()
            return self.answer(number)

    def answer(self, number):
        first = self.next - len(self.kept)
        start = min(max(number, first), self.next)
        told, size = [], 0
        for event in itertools.islice(self.kept, start - first, None):
            size += event['size']
            if told and size > self.ANSWER:
                break
            told.append({key: value for key, value in event.items() if key != 'size'})
            if event['kind'] == 'stream':
                told[-1]['text'] = ''.join(event['text'])
        after = start + len(told)
        self.told = max(self.told, after)
        return {'events': told, 'next': after, 'lost': number < first}

    def has_reader(self, seconds):
        return self.readers > 0 or time.monotonic() - self.last_read < seconds


events = Events()


# Streams


class Children:
    """What child processes print, and the C code in this one.

    The shell talks to Livy over descriptors 0 and 1: a child that writes to 1 puts Livy out of step, one that reads
    from 0 eats its requests. So the shell's pipes move to descriptors that children do not get.
    """

    BURST = 64  # Pieces in a row, of a child that never stops to print.

    def __init__(self):
        self.moved = []
        self.lock = threading.Lock()
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self.forked = False
        self.read_end = None
        self.line_begins = True  # To look at each piece of a line would cost more than it tells.

    def install(self):
        self.move(0, sys.__stdin__, 'r', os.open(os.devnull, os.O_RDONLY))
        self.read_end, write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        safely(fcntl.fcntl, write_end, getattr(fcntl, 'F_SETPIPE_SZ', 1031), 1 << 20)
        self.move(1, sys.__stdout__, 'w', write_end)
        threading.Thread(target=self.follow, name='livy-kernel children', daemon=True).start()
        os.register_at_fork(after_in_child=self.after_fork)

    def move(self, descriptor, stream, mode, instead):
        """`stream` goes on over a private descriptor; `instead` is what `descriptor` is from now on."""
        raw = getattr(stream.buffer, 'raw', stream.buffer)
        if not isinstance(raw, io.FileIO):
            raise TypeError('where the shell writes is unknown')
        private = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20)
        through = raw.fileno() == descriptor
        if through:
            raw.__init__(private, mode, closefd=False)
        os.dup2(instead, descriptor)
        os.close(instead)
        self.moved.append((descriptor, raw if through else None, mode, private))

    def uninstall(self):
        for descriptor, raw, mode, private in self.moved:
            os.dup2(private, descriptor)
            if raw:
                raw.__init__(descriptor, mode, closefd=False)
        self.moved.clear()
        self.drain()

    def follow(self):
        ready = select.poll()
        ready.register(self.read_end, select.POLLIN)
        while self.moved:
            ready.poll()
            if not self.drain():
                return

    @interrupts.shielded
    def drain(self):
        """Tells what was printed until now; false when there can be no more."""
        with self.lock:
            for _ in range(self.BURST):
                try:
                    data = os.read(self.read_end, 1 << 16)
                except BlockingIOError:
                    return True
                if not data:
                    return False
                events.stream('stdout', self.decoder.decode(data))
        return True

    def after_fork(self):
        """A child that runs on without another program: multiprocessing's."""
        self.forked = bool(self.moved)
        null = os.open(os.devnull, os.O_RDWR)
        for _, _, _, private in self.moved:
            os.dup2(null, private)
        os.close(null)


children = Children()


def printed(name, text):
    if isinstance(text, bytes):
        text = text.decode('utf-8')
    if children.forked:
        os.write(1, text.encode('utf-8', 'replace'))
        return
    if children.moved and children.line_begins:
        children.drain()  # A child that has ended printed earlier than this.
    children.line_begins = text.endswith('\n')
    events.stream(name, text)


def recorder(base):
    """The shell's class of sys.stdout and sys.stderr, telling what is written."""

    class Recorder(base):
        def write(self, text):
            now = getattr(sys, self.tells_of)
            if self.closed and isinstance(now, Recorder) and not now.closed:
                return now.write(text)  # A log handler of an earlier statement has kept the stream of that time.
            written = super().write(text)
            if agent.installed:
                printed(self.tells_of, text)
            return written

        def write_untold(self, text):
            super().write(text)

    return Recorder


class Streams:
    def __init__(self):
        self.base = type(sys.stdout)
        self.recorder = recorder(self.base)

    def install(self, patches):
        for name in 'stdout', 'stderr':
            stream = getattr(sys, name)
            stream.__class__ = self.recorder  # In place: a running statement's `print` has it already.
            stream.tells_of = name
        patches.set(SHELL, 'clearOutputs', self.clear)

    def clear(self):
        """As the shell's, without a moment in which a thread would find a closed stream."""
        for name in 'stdout', 'stderr':
            fresh = self.recorder()
            fresh.tells_of = name
            before = getattr(sys, name)
            setattr(sys, name, fresh)
            if hasattr(before, 'getvalue'):
                before.close()

    def mend(self):
        """After user code has put something in the place of a stream that the shell cannot read."""
        if not (hasattr(sys.stdout, 'getvalue') and hasattr(sys.stderr, 'getvalue')):
            self.clear()


# Results

REPRS = {
    '_repr_html_': 'text/html',
    '_repr_markdown_': 'text/markdown',
    '_repr_svg_': 'image/svg+xml',
    '_repr_png_': 'image/png',
    '_repr_jpeg_': 'image/jpeg',
    '_repr_latex_': 'text/latex',
    '_repr_json_': 'application/json',
    '_repr_javascript_': 'application/javascript',
}


def own_method(value, name):
    """None for a class, and for an object that has every name that one asks for (py4j's, Spark's Column)."""
    if isinstance(value, type) or safely(getattr, value, '_livy_kernel_has_no_such_method_', None) is not None:
        return None
    method = safely(getattr, value, name, None)
    return method if callable(method) else None


def with_metadata(answer):
    return answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)


def plain(value):
    """As IPython shows it."""
    try:
        if agent.has_ipython and not isinstance(value, (int, float, str)):
            from IPython.lib.pretty import pretty

            return pretty(value)
        if type(value) in (list, tuple, dict, set, frozenset) and len(value) <= 1000:
            return pprint.pformat(value, width=80, compact=True, sort_dicts=False)
    except Exception:
        pass
    return repr(value)


def keep_bundle(data, metadata):
    """Without what is no JSON; bytes as base64."""
    good = {}
    for mime, content in data.items():
        if isinstance(content, (bytes, bytearray)):
            content = base64.b64encode(content).decode()
        size = safely(lambda: len(json.dumps(content, allow_nan=False)))
        if content is not None and size is not None and size <= events.LARGEST:
            good[str(mime)] = content
    if data and not good:
        good['text/plain'] = '<output that is too large or no JSON>'
    metadata = safely(lambda: json.loads(json.dumps(metadata, allow_nan=False)))
    return good, metadata if isinstance(metadata, dict) else {}


def mime_bundle(value):
    data, metadata = {}, {}
    bundle = own_method(value, '_repr_mimebundle_')
    if bundle:
        some, more = with_metadata(safely(bundle))
        data.update(some if isinstance(some, dict) else {})
        metadata.update(more if isinstance(more, dict) else {})
    for name, mime in REPRS.items():
        method = own_method(value, name) if mime not in data else None
        content, more = with_metadata(safely(method)) if method else (None, None)
        if content is not None:
            data[mime] = content
            if more:
                metadata[mime] = more
    if 'text/plain' not in data:
        data['text/plain'] = plain(value)
    return keep_bundle(data, metadata)


def bundle_of(value):
    """The bundle; None if the value shows itself."""
    shows_itself = own_method(value, '_ipython_display_')
    if shows_itself and works(shows_itself):
        return None
    lazy = vars(value).get('_support_repr_html') if hasattr(value, '__dict__') else None
    try:
        return mime_bundle(value)
    finally:
        if lazy is False:  # A DataFrame whose HTML was asked for writes itself in another way ever after.
            value._support_repr_html = False


class Results:
    """What the last expression of a statement gave."""

    NUMBERED = 100  # More of `_1`, `_2`, … would keep too much alive.

    def __init__(self):
        self.last = {}
        self.numbered = collections.deque()

    def show(self, value):
        """As sys.displayhook does, and told as a bundle."""
        if value is None:
            return
        text = repr(value) + '\n'
        getattr(sys.stdout, 'write_untold', sys.stdout.write)(text)
        statement = agent.statement
        if not (statement and statement.hides_its_value()):
            bundle = bundle_of(value)
            if bundle:
                events.add('result', data=bundle[0], metadata=bundle[1])
        builtins._ = value
        safely(self.remember, value, statement)

    def remember(self, value, statement):
        names = SHELL.global_dict
        if '_' not in names or names['_'] is self.last.get('_'):  # Else `_` is the user's.
            new = {'_': value, '__': self.last.get('_', ''), '___': self.last.get('__', '')}
            names.update(new)
            self.last = new
        if statement:
            statement.result = value
            statement.has_result = True
            self.number(statement)

    def forget(self):
        names = SHELL.global_dict
        for name in [name for name in self.last if names.get(name) is self.last[name]]:
            del names[name]

    def number(self, statement):
        """`_5` is the result of the cell that the frontend calls 5."""
        if statement.count is None or not statement.has_result:
            return
        name = '_%d' % statement.count
        SHELL.global_dict[name] = statement.result
        statement.has_result, statement.result = False, None
        self.numbered.append(name)
        if len(self.numbered) > self.NUMBERED:
            SHELL.global_dict.pop(self.numbered.popleft(), None)


results = Results()


# Display


class DisplayHandle:
    def __init__(self, display_id):
        self.display_id = display_id

    def display(self, *objects, **options):
        display(*objects, display_id=self.display_id, **options)

    def update(self, *objects, **options):
        update_display(*objects, display_id=self.display_id, **options)


def display(*objects, display_id=None, raw=False, metadata=None, clear=False, update=False, transient=None, **_):
    """Shows the objects; with `display_id=True` or a name, gives a handle to show something else in their place."""
    handle = DisplayHandle(uuid.uuid4().hex if display_id is True else display_id) if display_id else None
    if clear:
        clear_output(wait=True)
    for value in objects:
        bundle = keep_bundle(value, {}) if raw else bundle_of(value)
        if bundle:
            kind = 'update_display' if update else 'display'
            more = dict(bundle[1], **keep_bundle({}, metadata or {})[1])
            events.add(kind, data=bundle[0], metadata=more, id=handle and str(handle.display_id))
    return handle


def update_display(*objects, display_id, **options):
    """Shows the object in the place of what was displayed under this name."""
    display(*objects, display_id=display_id, update=True, **options)


def clear_output(wait=False):
    """Takes away what the cell has shown; with `wait`, when there is something new to show."""
    events.add('clear_output', wait=bool(wait))


DISPLAYS = {'display': display, 'update_display': update_display, 'clear_output': clear_output}


# Figures


class Figures:
    """Open matplotlib figures are shown when a statement ends, and closed when the next one begins.

    Not at once, and not by a statement that says so: Livy's `%matplot` shows what an earlier statement drew.
    """

    BACKENDS = ('agg', 'inline', 'module://matplotlib_inline.backend_inline')

    def __init__(self):
        self.shown = []

    def pyplot(self):
        plot = sys.modules.get('matplotlib.pyplot')
        drawn_here = plot and str(safely(plot.get_backend)).lower() in self.BACKENDS
        return plot if drawn_here else None

    def begin(self, statement):
        if not statement.asks('matplot'):
            shown, self.shown = self.shown, []
            plot = self.pyplot()
            for figure in shown if plot else []:
                plot.close(figure)

    def end(self, statement):
        for figure in self.new_ones():
            if not statement.asks('matplot'):
                self.draw(figure)

    def new_ones(self):
        plot = self.pyplot()
        current = plot and plot.get_fignums() and plot.gcf()
        for number in plot.get_fignums() if plot else []:
            figure = plot.figure(number)
            if not any(figure is other for other in self.shown):
                self.shown.append(figure)
                yield figure
        if current:
            plot.figure(current.number)  # What the user goes on drawing in.

    def draw(self, figure):
        image = io.BytesIO()
        figure.savefig(image, format='png', bbox_inches='tight')
        width, height = figure.get_size_inches()
        text = '<Figure size %dx%d with %d Axes>' % (width * figure.dpi, height * figure.dpi, len(figure.axes))
        png = base64.b64encode(image.getvalue()).decode()
        events.add('display', data={'image/png': png, 'text/plain': text}, metadata={}, id=None)


figures = Figures()


def show(*_, **__):
    """Shows the open figures."""  # A function: matplotlib writes a signature onto it.
    for figure in figures.new_ones():
        figures.draw(figure)


class ImportWatch:
    """Turns a library's own ways to show something into ours, as soon as it is imported."""

    PATCHES = {
        'IPython.core.display_functions': DISPLAYS,
        'IPython.display': DISPLAYS,
        'matplotlib.pyplot': {'show': show},
    }

    def install(self, patches):
        self.patches = patches
        for name in self.PATCHES:
            if name in sys.modules:
                self.patch(sys.modules[name])
        sys.meta_path.insert(0, self)

    def uninstall(self):
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def patch(self, module):
        if module.__name__ == 'matplotlib.pyplot' and not figures.pyplot():
            return  # It shows figures in a way of its own.
        for name, ours in self.PATCHES[module.__name__].items():
            if hasattr(module, name):
                self.patches.set(module, name, ours)

    def find_spec(self, name, path=None, target=None):
        if name not in self.PATCHES:
            return None
        spec = safely(importlib.machinery.PathFinder.find_spec, name, path, target)
        if spec and hasattr(spec.loader, 'exec_module'):
            load = spec.loader.exec_module

            def load_and_patch(module):
                load(module)
                safely(self.patch, module)

            spec.loader.exec_module = load_and_patch
        return spec


import_watch = ImportWatch()


# Errors


class Sources:
    """The lines that a function of the user's was made of, as long as it lives: the shell calls all files `<stdin>`."""

    def __init__(self):
        self.known = {}  # By identity: equal code may come from several cells.

    def compile(self, source, filename, mode, *rest, **options):
        """The shell's `compile`."""
        made = builtins.compile(source, filename, mode, *rest, **options)
        if filename == USER:
            safely(self.note, source, made)
        return made

    def note(self, source, made):
        if isinstance(made, ast.AST):
            for node in made.body:
                node.livy_kernel_source = source if isinstance(source, str) else source.decode()
        elif source.body:
            self.note_code(made, (agent.statement, source.body[0].livy_kernel_source))

    def note_code(self, code, where):
        key = id(code)
        alive = weakref.ref(code, lambda _: self.known.pop(key, None))
        self.known[key] = (alive, where)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.note_code(constant, where)

    def of(self, code):
        _, where = self.known.get(id(code), (None, (None, '')))
        return where


sources = Sources()

RED, GREEN, PLAIN = '\x1b[31m', '\x1b[32m', '\x1b[0m'
CAUSE = 'The above exception was the direct cause of the following exception:'
CONTEXT = 'During handling of the above exception, another exception occurred:'
JAVA_FRAME = re.compile(r'^\s+(?:at \S|\.\.\. \d+ more).*\n', re.MULTILINE)
SPARKS_FILE = r'^  File "[^"]*(?:\.zip|-packages|python)[/\\]pyspark[/\\][^"]*", line .*\n'
WORKER_FRAME = re.compile(SPARKS_FILE + r'(?:    .*\n)*', re.MULTILINE)
FRAMES = 30


def error_text(error):
    """What the exception says; of Java's without the stack."""
    text = safely(str, error)
    if text is None:
        return '<an exception that cannot say what it is>'
    if type(error).__name__ != 'Py4JJavaError':
        return text
    text = WORKER_FRAME.sub('', text.split('\n\nDriver stacktrace:')[0] + '\n')
    return JAVA_FRAME.sub('', text).strip()


def only_error(error):
    """The last lines of a traceback."""
    if type(error).__name__ == 'Py4JJavaError':
        folded = '(the Java stack is left out: see `java_exception` of the error)'
        lines = split(['Py4JJavaError: ' + error_text(error), folded])
    else:
        lines = split(traceback.format_exception_only(type(error), error))
    if isinstance(error, SyntaxError) and error.filename == USER:
        lines = [re.sub(r'^  File "<stdin>", line', '  Cell line', line) for line in lines]
    name = type(error).__name__
    return [re.sub(r'^(?:\w+\.)*%s\b' % re.escape(name), RED + name + PLAIN, line) for line in lines]


def frames_of(tb):
    """The frames from the user's code on: those of the shell come before it."""
    frames = list(traceback.walk_tb(tb))
    user = [place for place, (frame, _) in enumerate(frames) if frame.f_code.co_filename == USER]
    frames = frames[user[0] :] if user else []
    return [(frame, line) for frame, line in frames if frame.f_code.co_filename != AGENT]


def frame_lines(frame, number):
    code = frame.f_code
    if code.co_filename != USER:
        return split(traceback.StackSummary.extract([(frame, number)]).format())
    statement, source = sources.of(code)
    inside = '' if code.co_name == '<module>' else ', in ' + code.co_name
    return ['  %s line %d%s' % (cell_name(statement), number, inside)] + around(source, number)


def around(source, number):
    """The line, and two before and after it, as IPython shows them."""
    lines = list(enumerate(source.split('\n') if source else [], 1))
    shown = []
    for at, line in lines[max(0, number - 3) : number + 2]:
        arrow = '----> %d' % at
        shown.append(GREEN + arrow + PLAIN + ' ' + line if at == number else '%*d %s' % (len(arrow), at, line))
    return shown


def split(texts):
    return [line for text in texts for line in text.rstrip('\n').split('\n')]


def cell_name(statement):
    if statement is None or statement is agent.statement:
        return 'Cell'
    return 'Cell' if statement.count is None else 'Cell [%d]' % statement.count


def describe(error, tb, seen):
    seen.add(id(error))
    lines = []
    context = None if error.__suppress_context__ else error.__context__
    for earlier, words in ((error.__cause__, CAUSE), (context, CONTEXT)):
        if earlier is not None and id(earlier) not in seen and tb is not None:  # Else it is the shell's.
            lines += describe(earlier, earlier.__traceback__, seen) + ['', words, '']
            break
    frames = frames_of(tb)
    if frames:
        lines.append('Traceback (most recent call last):')
        lines += fold(frames)
    lines += only_error(error)
    for part in getattr(error, 'exceptions', ()):
        if isinstance(part, BaseException) and id(part) not in seen:
            lines += ['  | ' + line for line in describe(part, part.__traceback__, seen)]
    return lines


def is_sparks(file):
    packages = [sys.modules[name] for name in ('pyspark', 'py4j') if name in sys.modules]
    return any(file.startswith(os.path.dirname(package.__file__) + os.sep) for package in packages)


def fold(frames):
    """The lines of the frames, without those inside Spark's Python and the middle of a deep recursion."""
    lines = []
    left_out = len(frames) - FRAMES
    if left_out > 0:
        middle = '  … %d more frames …' % left_out
        return fold(frames[: FRAMES // 2]) + [middle] + fold(frames[-(FRAMES // 2) :])
    for inside, run in itertools.groupby(frames, lambda entry: is_sparks(entry[0].f_code.co_filename)):
        run = list(run)
        if inside:
            lines.append('  (%d frames inside pyspark are left out)' % len(run))
        else:
            lines += [line for frame, number in run for line in frame_lines(frame, number)]
    return lines


# Statements


class Statement:
    def __init__(self, id, code):
        self.id = id
        self.code = code
        self.count = None  # The number that its cell has in the frontend.
        self.result = None
        self.has_result = False
        self.failure = None

    def hides_its_value(self):
        """As in IPython, by a semicolon; and where a magic of Livy's comes last, no expression does."""
        last = self.code.rstrip().split('\n')[-1]
        return last.endswith(';') or last.startswith('%')

    def asks(self, magic):
        return any(line.startswith('%' + magic) for line in self.code.split('\n'))


GROUP_LINE = re.compile(r'\s*sc\.setJobGroup\("(\d+)", "Job group for statement \1"[^\n]*\)\s*\Z')


class Shell:
    """Sees each statement begin and end."""

    def __init__(self):
        self.waiting = None  # The id from Livy's own line, which comes before each statement.

    def install(self, patches):
        self.execute = SHELL.msg_type_router['execute_request']
        SHELL.msg_type_router['execute_request'] = self.execute_request
        self.reply_error = getattr(SHELL, 'execute_reply_error', None)
        if self.reply_error:
            patches.set(SHELL, 'execute_reply_error', self.execute_reply_error)

    def uninstall(self):
        if SHELL.msg_type_router.get('execute_request') == self.execute_request:
            SHELL.msg_type_router['execute_request'] = self.execute

    def execute_request(self, content):
        code = content.get('code')
        if not isinstance(code, str) or self.is_group_line(code):
            return self.execute(content)
        statement, self.waiting = Statement(self.waiting, code), None
        agent.begin(statement)
        reply = None
        try:
            reply = self.answer(statement, content)
        finally:
            agent.end(statement, reply)
        return reply

    def is_group_line(self, code):
        match = GROUP_LINE.match(code)
        # A second one that does not count up is a cell of the user's.
        if not match or (self.waiting is not None and int(match.group(1)) <= int(self.waiting)):
            return False
        self.waiting = match.group(1)
        return True

    def answer(self, statement, content):
        """What would end the shell, and the session with it, is an error like others: `%json` of what is no JSON."""
        try:
            reply = self.execute(content)
            if statement.asks('json') or statement.asks('table'):
                json.dumps(reply)
            return reply
        except (Exception, KeyboardInterrupt) as error:
            statement.failure = error, None
            agent.streams.mend()
            said = {'status': 'error', 'ename': type(error).__name__, 'evalue': str(error), 'traceback': []}
            return {'msg_type': 'execute_reply', 'content': said}

    def execute_reply_error(self, kind, value, tb):
        if not isinstance(value, BaseException):
            value = kind(value)  # `%table` of ragged rows: the shell would end over a text.
        if agent.statement:
            agent.statement.failure = value, tb
        return self.reply_error(kind, value, without_agent(tb))


def without_agent(tb):
    """An interrupt's last frame is our own."""
    entry = tb
    while entry is not None:
        if entry.tb_next and entry.tb_next.tb_frame.f_code.co_filename == AGENT:
            entry.tb_next = entry.tb_next.tb_next
        else:
            entry = entry.tb_next
    return tb


def tell_error(statement, reply):
    content = (reply or {}).get('content', {})
    if content.get('status') != 'error':
        return
    lines = content.get('traceback') or []
    told = {'ename': str(content.get('ename')), 'evalue': str(content.get('evalue'))}
    if statement.failure:
        error, tb = statement.failure
        told['evalue'] = error_text(error)
        lines = safely(describe, error, tb, set()) or lines
    events.add('error', traceback=lines, **told)


# Input


class Inputs:
    """Questions that only the person in front of the notebook can answer."""

    LISTENED = 30  # Seconds since a kernel last asked for events, after which nobody will answer.

    def __init__(self):
        self.numbers = itertools.count(1)
        self.waiting = {}

    def input(self, prompt=''):
        return self.ask(str(prompt), False)

    def getpass(self, prompt='Password: ', stream=None, **_):
        return self.ask(str(prompt), True)

    def ask(self, prompt, password):
        if agent.statement is None or not events.has_reader(self.LISTENED) or children.forked:
            raise EOFError('EOF when reading a line')
        request, answered = next(self.numbers), threading.Event()
        self.waiting[request] = [answered, None]
        try:
            events.add('input', request=request, prompt=prompt, password=password)
            while not answered.wait(0.2):
                if not events.has_reader(self.LISTENED):
                    raise EOFError('nobody is there to answer')
            text = self.waiting[request][1]
        finally:
            del self.waiting[request]
        if text is None:
            raise EOFError('EOF when reading a line')
        return text

    def reply(self, request, text):
        waiting = self.waiting.get(request)
        if waiting:
            waiting[1] = text
            waiting[0].set()
        return {}


inputs = Inputs()


# Completion and inspection

TIME = 0.15  # Seconds that a person does not notice.
KEY = re.compile(r'([^\W\d]\w*(?:\.[^\W\d]\w*)*)\[\s*(["\'])([^"\'\n]*)\Z')
TABLE = re.compile(r'\b(?:spark|sqlContext)\.(?:read\.)?table\(\s*["\']([\w.]*)\Z')
MOST = 500


class Completion:
    def __init__(self):
        self.jedi = threading.Lock()  # It is not made for threads.
        self.tables, self.asked = [], -10.0

    def complete(self, code, cursor):
        before = code[:cursor]
        table, key = TABLE.search(before), KEY.search(before)
        if table:
            return answer(cursor, len(table.group(1)), self.tables_from(table.group(1)))
        if key:
            return answer(cursor, len(key.group(3)), within_time(keys_of, *key.group(1, 3)) or {})
        prefix = re.search(r'\w*\Z', before).group()
        names = dict(within_time(self.by_jedi, code, cursor) or within_time(self.by_names, before) or {})
        if '.' in before[: len(before) - len(prefix)][-1:]:
            for name in within_time(self.columns_before, before) or []:
                if name.isidentifier() and name.startswith(prefix):
                    names[name] = 'column'
        return answer(cursor, len(prefix), names)

    def by_jedi(self, code, cursor):
        if not agent.has_jedi or not self.jedi.acquire(blocking=False):
            return None
        try:
            import jedi

            jedi.Interpreter._allow_descriptor_getattr_default = False  # Properties may do anything.
            lines = code[:cursor].split('\n')
            script = jedi.Interpreter(code, [SHELL.global_dict])
            prefix = re.search(r'\w*\Z', lines[-1]).group()
            found = script.complete(len(lines), len(lines[-1]))
            return {name.name: name.type for name in found if name.name.startswith(prefix)}
        finally:
            self.jedi.release()

    def by_names(self, before):
        path, _, prefix = re.search(r'[\w.]*\Z', before).group().rpartition('.')
        if path:
            value = resolve(path)
            names = {name: kind_of(safely(static_attribute, value, name)) for name in dir(value)}
        else:
            names = {name: 'keyword' for name in keyword.kwlist}
            for space in vars(builtins), SHELL.global_dict:
                names.update((name, kind_of(value)) for name, value in list(space.items()))
        shown = {name: kind for name, kind in names.items() if name.startswith(prefix)}
        return {name: kind for name, kind in shown.items() if prefix.startswith('_') or name[0] != '_'}

    def columns_before(self, before):
        return columns(resolve(re.search(r'([\w.]*)\.\w*\Z', before).group(1)))

    def tables_from(self, prefix):
        """A metastore may be slow: then the tables known so far, and the others next time."""
        if time.monotonic() - self.asked > 10:
            self.asked = time.monotonic()
            within_time(self.list_tables)
        return {name: 'table' for name in self.tables if name.startswith(prefix)}

    def list_tables(self):
        self.tables = [table.name for table in SHELL.global_dict['spark'].catalog.listTables()]


completion = Completion()


def answer(cursor, length, names):
    start = cursor - length
    names = sorted(names.items(), key=lambda entry: (entry[1] != 'column', entry[0].startswith('_'), entry[0]))[:MOST]
    types_ = [{'start': start, 'end': cursor, 'text': name, 'type': kind} for name, kind in names]
    return {'matches': [name for name, _ in names], 'start': start, 'end': cursor, 'types': types_}


def within_time(work, *arguments):
    """Its answer; None if it failed or is not yet there: it goes on, and may be quicker next time."""
    done = []
    thread = threading.Thread(target=lambda: done.append(safely(work, *arguments)), daemon=True)
    thread.start()
    thread.join(TIME)
    return done[0] if done else None


def kind_of(value):
    for test, kind in ((inspect.ismodule, 'module'), (inspect.isclass, 'class'), (callable, 'function')):
        if test(value):
            return kind
    return 'instance'


def resolve(path):
    """The object of a dotted name, without running any code of its."""
    first, *rest = path.split('.')
    value = SHELL.global_dict[first] if first in SHELL.global_dict else getattr(builtins, first)
    for name in rest:
        value = static_attribute(value, name)
    return value


def static_attribute(value, name):
    if isinstance(value, (types.ModuleType, type)):
        return getattr(value, name)
    found = inspect.getattr_static(value, name)
    if isinstance(found, types.FunctionType):
        return types.MethodType(found, value)
    if isinstance(found, (staticmethod, classmethod)):
        return found.__func__
    if isinstance(found, (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)):
        return found
    if hasattr(type(found), '__get__'):
        raise AttributeError(name)  # A property: reading it may do anything.
    return found


def columns(value):
    module = type(value).__module__.split('.')[0]
    is_frame = type(value).__name__ == 'DataFrame' and module in ('pyspark', 'pandas')
    return [str(name) for name in value.columns] if is_frame else []


def keys_of(path, prefix):
    value = resolve(path)
    keys = [key for key in value if isinstance(key, str)] if type(value) is dict else columns(value)
    return {key: 'column' for key in keys if key.startswith(prefix)}


def name_at(code, cursor):
    """The dotted name under the cursor, or that of the function whose arguments it is in."""
    for match in re.finditer(r'[^\W\d]\w*(?:\.[^\W\d]\w*)*', code):
        if match.start() <= cursor <= match.end():
            end = re.match(r'\w*', code[cursor:]).end() + cursor
            return code[match.start() : end]
    depth = 0
    for place in range(min(cursor, len(code)) - 1, -1, -1):
        depth += {')': 1, '(': -1}.get(code[place], 0)
        if depth < 0:
            return re.search(r'[\w.]*\Z', code[:place]).group()
    return ''


def inspect_name(code, cursor, detail=0):
    text = within_time(description, name_at(code, cursor), detail)
    return {'found': bool(text), 'data': {'text/plain': text} if text else {}}


def description(name, detail):
    value = resolve(name)
    parts = []
    if callable(value):
        signature = safely(inspect.signature, value)
        parts.append('Signature: %s%s' % (name, '(…)' if signature is None else signature))
    parts.append('Type: ' + type(value).__name__)
    if type(value) in (int, float, complex, bool, str, bytes, type(None)):
        parts.append('Value: ' + repr(value)[:1000])
    if columns(value):
        parts.append('Columns: ' + ', '.join(columns(value)))
    source = source_of(value) if detail else None
    if source:
        parts.append('Source:\n' + source)
    else:
        doc = safely(inspect.getdoc, value)
        if doc:
            parts.append('Docstring:\n' + doc)
    return '\n'.join(parts)


def source_of(value):
    code = getattr(getattr(value, '__func__', value), '__code__', None)
    _, source = sources.of(code) if code else (None, '')
    if source:
        return ''.join(inspect.getblock(source.splitlines(True)[code.co_firstlineno - 1 :]))
    return safely(inspect.getsource, value)


# All of it


class Agent:
    def __init__(self):
        self.lock = threading.Lock()
        self.installed = False
        self.abilities = {}
        self.patches = Patches()
        self.shell = Shell()
        self.streams = None
        self.statement = None
        self.recent = collections.deque(maxlen=16)
        self.announced = collections.deque(maxlen=16)  # Numbers of cells whose statements may not have begun.
        self.has_ipython = self.has_jedi = False

    def install(self):
        with self.lock:
            if not self.installed:
                self.has_ipython, self.has_jedi = [
                    bool(safely(importlib.util.find_spec, name)) for name in ('IPython', 'jedi')
                ]
                self.installed = True
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
        if 'matplotlib' not in sys.modules:
            os.environ.setdefault('MPLBACKEND', 'Agg')

    def uninstall(self):
        with self.lock:
            if self.installed:
                self.installed = False
                import_watch.uninstall()
                safely(children.uninstall)
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
        completion = 'jedi' if self.has_jedi else 'rlcompleter'
        return {
            'version': VERSION,
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
        self.statement, events.statement = statement, statement.id
        events.add('start')
        for step in (lambda: figures.begin(statement), self.offer_displays):
            safely(step)
        interrupts.begin(statement)

    def end(self, statement, reply):
        interrupts.end()
        safely(figures.end, statement)
        if children.moved:
            safely(children.drain)
        safely(tell_error, statement, reply)
        statement.failure = None
        events.add('end')
        self.statement = events.statement = None

    def events(self, since, wait=0, cell=None):
        if cell:
            self.number(*cell)
        return events.since(since, wait)

    def number(self, id, count):
        self.announced.append((str(id), count))
        for statement in list(self.recent):
            if statement.id == str(id):
                statement.count = count
                results.number(statement)


def works(step):
    try:
        step()
        return True
    except Exception:
        return False


agent = Agent()

CALLS = {
    'install': agent.install,
    'uninstall': agent.uninstall,
    'status': agent.status,
    'events': agent.events,
    'interrupt': interrupts.interrupt,
    'complete': completion.complete,
    'inspect': inspect_name,
    'reply': inputs.reply,
}


def uninstall():
    agent.uninstall()


def adopt(old, new):
    """The module to call: the one that is there, unless it is of another version; then `new`, which this code is in."""
    if old is not None and old.VERSION == VERSION:
        return old
    if old is not None:
        old.uninstall()
    sys.modules['_livy_kernel_agent'] = new
    return new


def call(name, arguments='[]'):
    """One JSON text, whatever happens: what a job returns."""
    try:
        answer = {'ok': CALLS[name](*json.loads(arguments))}
    except Exception as error:
        answer = {'error': '%s: %s' % (type(error).__name__, error)}
    # Half of a surrogate pair is no UTF-8.
    return json.dumps(answer, ensure_ascii=False).encode('utf-8', 'replace').decode('utf-8')
