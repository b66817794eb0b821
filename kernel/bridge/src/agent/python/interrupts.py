# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Raises KeyboardInterrupt in a running statement."""

import sys

from .common import is_users, safely, state
from .stdlib import MAIN_THREAD, allocate_lock, contextlib, ctypes, functools, get_ident, signal, time


class Interrupts:
    """Raises KeyboardInterrupt in the user's code but never in the shell, since that would end the session.

    A signal handler runs on the main thread, so nothing can happen between its look at the stack and what it raises.
    """

    def __init__(self):
        self.lock = allocate_lock()
        self.statement = None
        self.asked = False
        self.before = None
        self.shields = 0  # How deep the main thread is in functions that must not be left half done.
        self.held_back = False
        self.for_user = set()  # The code objects of functions that wait for the user's code.

    def interruptible(self, function):
        """Decorates a function that may be interrupted as if it were the user's own."""
        self.for_user.add(function.__code__)
        return function

    def begin(self, statement):
        self.statement = statement
        handler = signal.getsignal(signal.SIGINT)
        module = getattr(handler, '__module__', None) or ''
        is_users = callable(handler) and handler is not signal.default_int_handler and not module.startswith('pyspark')
        if handler is not None and not is_users:
            self.before = handler
            signal.signal(signal.SIGINT, self.on_signal)

    def end(self):
        """Ends the statement: afterwards no interrupt can be raised any more, nor is one pending."""
        while True:
            try:
                with self.lock:
                    self.statement, self.asked, self.held_back = None, False, False
                # A pending interrupt arrives here. Clearing it would leave Python 3.11 unable to trace.
                for _ in range(10):
                    pass
                break
            except KeyboardInterrupt:
                continue
        if signal.getsignal(signal.SIGINT) == self.on_signal:
            signal.signal(signal.SIGINT, self.before)

    def on_signal(self, number, frame):
        if not self.asked:  # The signal does not come from `interrupt`.
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
                signal.pthread_kill(MAIN_THREAD, signal.SIGINT)  # This ends a blocking call, too.
                why = 'by a signal'
            else:  # The user's code handles signals itself, or began before the agent was installed.
                raise_in_main_thread()
                why = 'at the next step of Python'
        self.insist()
        safely(cancel_spark_jobs, running)
        return {'raised': True, 'why': why}

    def insist(self):
        """Repeats the signal, since one that came just before a blocking call has not woken it."""
        for _ in range(50):
            time.sleep(0.01)
            with self.lock:
                if not self.asked:
                    return
                signal.pthread_kill(MAIN_THREAD, signal.SIGINT)

    @contextlib.contextmanager
    def shield(self):
        """Holds interrupts back; one that came meanwhile is forgotten, since the code has ended or not begun."""
        if get_ident() != MAIN_THREAD:
            yield
            return
        self.shields += 1
        try:
            yield
        finally:
            self.shields -= 1
            if not self.shields:
                self.held_back = False

    @contextlib.contextmanager
    def expose(self):
        """Lets interrupts through to the user's code, within a shield."""
        shields, self.shields = self.shields, 0
        try:
            if self.held_back:
                self.held_back = False
                raise KeyboardInterrupt
            yield
        finally:
            self.shields = shields

    def shielded(self, method):
        """Decorates a method so that an interrupt waits until it is done."""

        @functools.wraps(method)
        def run(*arguments, **options):
            if get_ident() != MAIN_THREAD:
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
    while frame is not None and not (is_users(frame.f_code) or frame.f_code in interrupts.for_user):
        frame = frame.f_back
    return frame is not None


def raise_in_main_thread():
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(MAIN_THREAD), ctypes.py_object(KeyboardInterrupt))


def active_spark_context():
    pyspark = sys.modules.get('pyspark')
    return pyspark and pyspark.SparkContext._active_spark_context


def cancel_spark_jobs(statement):
    context = active_spark_context()
    if context and statement and statement.id:
        context.cancelJobGroup(statement.id)


def cancel_spark_jobs_since(time):
    """Cancels the jobs that were submitted from a time on, in seconds, and are not the running statement's.

    Code beside the statements has no job group of its own: its call may go over a connection to the JVM that a
    statement has used before, and then has the group of that one. Streaming queries have others.
    """
    context = active_spark_context()
    if context is None:
        return
    running = state.statement.id if state.statement else None
    scala_context = context._jsc.sc()
    for id in context.statusTracker().getActiveJobsIds():
        job = scala_context.statusStore().job(id)
        group = job.jobGroup().get() if job.jobGroup().isDefined() else None
        submitted = job.submissionTime().get().getTime() / 1000 if job.submissionTime().isDefined() else 0
        if submitted >= time and (group is None or (group.isdigit() and group != running)):
            scala_context.cancelJob(id)


def forget_py4j_connection(frame):
    """Drops the connection of an unfinished JVM call, whose answer the next call would take for its own."""
    while frame is not None and not frame.f_code.co_filename.endswith('clientserver.py'):
        frame = frame.f_back
    context = active_spark_context()
    if frame is not None and context:
        context._gateway._gateway_client.thread_connection.connection = None


interrupts = Interrupts()
