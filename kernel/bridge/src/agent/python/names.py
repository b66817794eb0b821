# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Looks objects up by their names without running any of their code."""

import builtins
import inspect

from .common import SHELL, safely
from .stdlib import allocate_lock, start_thread, types

ANSWER_TIMEOUT = 0.15  # Seconds that the user does not notice.


def within_time(work, *arguments, timeout=ANSWER_TIMEOUT):
    """Returns what the work returns, or None if it fails or takes long; it goes on, and may be quicker next time."""
    done, ended = [], allocate_lock()
    ended.acquire()

    def run():
        try:
            done.append(safely(work, *arguments))
        finally:
            ended.release()

    start_thread(run)
    ended.acquire(True, timeout)
    return done[0] if done else None


def resolve(path):
    """Returns the object of a dotted name without running any of its code."""
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
        raise AttributeError(name)  # A property may run any code.
    return found


def columns(value):
    module = type(value).__module__.split('.')[0]
    is_frame = type(value).__name__ == 'DataFrame' and module in ('pyspark', 'pandas')
    return [str(name) for name in value.columns] if is_frame else []
