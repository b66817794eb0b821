# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""KeyboardInterrupt, in the middle of what a statement does."""

import ctypes
import functools
import signal
import sys
import threading
import time

from .base import MAIN_THREAD, USER, safely


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
