# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Gives the shell private copies of the modules and builtins that it calls, such as `json.dumps` and `print`."""

from . import stdlib
from .common import SHELL

SHARED = ('builtins', 'logging', 'sys')  # Their state is meant to be the same for everyone.


def isolate_shell(patches):
    names = vars(SHELL)
    for name, value in list(names.items()):
        if isinstance(value, stdlib.types.ModuleType) and value.__name__ not in SHARED:
            patches.set(SHELL, name, getattr(stdlib, name, None) or stdlib.copy_of(value))
    for name, value in __builtins__.items():
        if not name.startswith('_') and name not in names:
            patches.set(SHELL, name, value)
    patches.set(SHELL, '__builtins__', __builtins__)
