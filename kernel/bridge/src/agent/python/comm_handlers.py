# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs what the session's code does with a frontend's messages: on one thread for each kernel, beside its cells."""

from .common import safely, safely_from_all, state
from .errors import describe, error_text, name_of
from .events import events
from .interrupts import cancel_spark_jobs_since, forget_py4j_connection
from .ipython_start import ipython
from .stdlib import allocate_lock, collections, contextlib, ctypes, get_ident, start_thread, time
from .threads import threads


class Handled:
    """A message that is being handled; what its handler shows belongs to the statement."""

    def __init__(self, kernel, number, statement, message):
        self.kernel, self.number, self.statement, self.message = kernel, number, statement, message
        self.thread = None  # Its number, while the handler runs.
        self.begun = None  # When the handler began.
        self.is_over = False


class Worker:
    """Handles the messages for one kernel, one after the other."""

    END_LIMIT = 1  # Seconds in which an interrupted handler must end; then another thread goes on without it.

    def __init__(self, kernel):
        self.kernel = kernel
        self.lock = allocate_lock()
        self.queue = collections.deque()
        self.thread = None  # Stands for the thread that handles messages.

    def put(self, handled):
        with self.lock:
            self.queue.append(handled)
            if self.thread is None:
                self.start()

    def start(self):
        self.thread = ticket = object()
        start_thread(self.run, ticket)

    def run(self, ticket):
        while True:
            try:
                handled = self.next(ticket)
                if handled is None:
                    return
                self.do(handled)
            except KeyboardInterrupt:  # It came too late to interrupt the handler, or too early.
                pass

    def next(self, ticket):
        """Returns the first message, or None if this thread is to end."""
        with self.lock:
            if self.thread is not ticket:
                return None
            if self.queue:
                return self.queue[0]
            self.thread = None
            return None

    def do(self, handled):
        handlers.by_thread[get_ident()] = handled
        handled.begun, handled.thread = time.time(), get_ident()
        try:
            handle(handled)
        finally:
            handled.thread = None
            handlers.by_thread.pop(get_ident(), None)
            while not handled.is_over:
                with contextlib.suppress(KeyboardInterrupt):
                    self.end(handled)

    def end(self, handled):
        with self.lock:
            if self.queue and self.queue[0] is handled:
                self.queue.popleft()
        events.add_for(self.kernel, 'handled', handled.statement, request=handled.number)
        handled.is_over = True

    def interrupt(self):
        """Ends the running handler, or goes on without it."""
        with self.lock:
            handled = self.queue[0] if self.queue else None
        if handled is None or handled.thread is None:
            return False
        error = ctypes.py_object(KeyboardInterrupt)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(handled.thread), error)
        safely(cancel_spark_jobs_since, handled.begun)  # It waits for them, and hears of nothing else.
        until = time.monotonic() + self.END_LIMIT
        while not handled.is_over and time.monotonic() < until:
            time.sleep(0.01)
        if not handled.is_over:
            self.end(handled)
            with self.lock:
                self.start()
        return True


class Handlers:
    def __init__(self):
        self.workers = {}
        self.by_thread = {}
        self.receive = None  # Gives a message to the comm that it is for.
        self.refuse = None  # Does the same where there are no comms.

    def current(self):
        """Returns the message that the current thread handles, or None."""
        return self.by_thread.get(get_ident())

    def handle(self, kernel, number, statement, message):
        worker = self.workers.get(kernel) or self.workers.setdefault(kernel, Worker(kernel))
        worker.put(Handled(kernel, number, statement, message))

    def interrupt(self, kernel):
        worker = self.workers.get(kernel)
        return bool(worker and worker.interrupt())


def handle(handled):
    threads.giver.set(handled.statement)
    try:
        if state.installed:
            (handlers.receive or handlers.refuse)(handled)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            safely(forget_py4j_connection, last_frame(error.__traceback__))
        safely_from_all(show, error)


def last_frame(tb):
    while tb.tb_next:
        tb = tb.tb_next
    return tb.tb_frame


def show(error):
    """Shows the error of a handler, as that of a cell would be shown."""
    if ipython.runner:
        return ipython.runner.shell.showtraceback((type(error), error, error.__traceback__))
    tell(name_of(error), error_text(error), describe(error, error.__traceback__, set()))


def tell(name, text, lines):
    handled = handlers.current()
    content = {'ename': name, 'evalue': text, 'traceback': lines}
    events.add_for(handled.kernel, 'handler_error', handled.statement, **content)


handlers = Handlers()
