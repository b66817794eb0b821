# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Copies of what the agent uses of the standard library, which a cell cannot change.

The builtins are copied by `load.py`: each module of the agent has `__builtins__` of its own.
"""

import _signal as signal  # noqa: F401, other modules import it from here
import _thread
import ast
import base64
import codecs
import collections
import ctypes
import fcntl
import functools
import hashlib
import importlib
import importlib.util
import io
import itertools
import os
import re
import select
import threading
import time
import types
import weakref


def copy_of(module):
    """Returns a module with the same functions, which still call those of the original."""
    copy = types.ModuleType(module.__name__, module.__doc__)
    vars(copy).update(vars(module))
    return copy


def private_copy_of(name):
    """Runs a module once more, so that what its functions call is private to the agent, too."""
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    vars(module)['__builtins__'] = __builtins__
    spec.loader.exec_module(module)
    return module


contextlib, traceback = private_copy_of('contextlib'), private_copy_of('traceback')
encoder, decode = private_copy_of('json.encoder'), private_copy_of('json.decoder').JSONDecoder().decode
ast, base64, codecs, collections = map(copy_of, (ast, base64, codecs, collections))
ctypes = copy_of(ctypes)
fcntl, functools, hashlib, io = map(copy_of, (fcntl, functools, hashlib, io))
itertools, os = map(copy_of, (itertools, os))
re, select, time, types, weakref = map(copy_of, (re, select, time, types, weakref))

MAIN_THREAD = threading.main_thread().ident
allocate_lock, get_ident, RLock = _thread.allocate_lock, _thread.get_ident, _thread.RLock


class json:
    loads = staticmethod(decode)

    @staticmethod
    def dumps(value, **options):
        return encoder.JSONEncoder(**options).encode(value)


def start_thread(function, *arguments):
    """Starts a daemon thread without `threading`, whose hooks (`settrace`, `excepthook`) belong to the user."""
    _thread.start_new_thread(function, arguments)


class Condition:
    """The part of `threading.Condition` that is used here, made of nothing that a cell can change."""

    def __init__(self):
        self.lock = RLock()  # A finalizer that prints may run in between.
        self.waiting = []

    def __enter__(self):
        self.lock.acquire()

    def __exit__(self, *_):
        self.lock.release()

    def wait_for(self, is_so, seconds=None):
        """Waits until `is_so()` holds and returns whether it does; the caller holds the lock."""
        until = None if seconds is None else time.monotonic() + seconds
        while not is_so():
            left = -1 if until is None else until - time.monotonic()
            if until is not None and left <= 0:
                return False
            wakeup = allocate_lock()
            wakeup.acquire()
            self.waiting.append(wakeup)
            depth = self.lock._release_save()
            try:
                wakeup.acquire(True, left)
            finally:
                self.lock._acquire_restore(depth)
                if wakeup in self.waiting:
                    self.waiting.remove(wakeup)
        return True

    def notify_all(self):
        waiting, self.waiting = self.waiting, []
        for wakeup in waiting:
            wakeup.release()
