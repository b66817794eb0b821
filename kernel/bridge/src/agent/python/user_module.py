# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Makes the user's namespace the module `__main__` while a cell of this kernel runs, as it is in IPython.

Then `__name__ == '__main__'` holds, and `pickle`, `unittest` and `typing` find the classes that cells define. Between
cells `__main__` is Livy's shell again, which Livy and the session's other clients expect there.
"""

import sys

from .common import SHELL
from .stdlib import types

NAME = '__main__'


class UserModule(types.ModuleType):
    """A module whose names are those of a dictionary that exists already."""

    __dict__ = property(lambda self: SHELL.global_dict)

    def __getattr__(self, name):
        try:
            return SHELL.global_dict[name]
        except KeyError:
            raise AttributeError("module '__main__' has no attribute '%s'" % name) from None

    def __setattr__(self, name, value):
        SHELL.global_dict[name] = value

    def __delattr__(self, name):
        if name not in SHELL.global_dict:
            raise AttributeError(name)
        del SHELL.global_dict[name]

    def __dir__(self):
        return sorted(SHELL.global_dict)


module = UserModule(NAME, 'The names that cells have defined.')


def begin():
    SHELL.global_dict.setdefault('__name__', NAME)
    sys.modules[NAME] = module


def end():
    if SHELL.global_dict.get('__name__') == NAME:
        del SHELL.global_dict['__name__']
    if sys.modules.get(NAME) is module:
        sys.modules[NAME] = SHELL
