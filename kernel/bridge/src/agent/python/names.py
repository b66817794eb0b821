# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Objects by their names, without running any code of theirs."""

import builtins
import inspect
import threading
import types

from .base import SHELL, safely

TIME = 0.15  # Seconds that a person does not notice.


def within_time(work, *arguments):
    """Its answer; None if it failed or is not yet there: it goes on, and may be quicker next time."""
    done = []
    thread = threading.Thread(target=lambda: done.append(safely(work, *arguments)), daemon=True)
    thread.start()
    thread.join(TIME)
    return done[0] if done else None


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
