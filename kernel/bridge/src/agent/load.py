# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Imports the agent's package from a dictionary of sources: the first thing that a job runs.

Its `__builtins__` are a copy, as are the package's: a cell that deletes or changes a builtin does not affect them.
"""

import importlib
import importlib.util
import sys
import threading

OLDEST = (3, 7)  # Python 3.7 is that of Amazon's and of older Hadoop's clusters.
FILE = '<livy-kernel agent>'  # All modules have one name, by which their frames are recognized in a stack.


class SourceImporter:
    """Finds and runs the modules of a package whose sources are in a dictionary."""

    def __init__(self, package, sources):
        name = {'__init__': package}
        self.sources = {name.get(module, package + '.' + module): source for module, source in sources.items()}
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if name in self.sources:
            return importlib.util.spec_from_loader(name, self, is_package=name == self.package)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        vars(module)['__builtins__'] = __builtins__
        exec(compile(self.sources[module.__name__], FILE, 'exec'), module.__dict__)


def load(package, version, sources):
    """Returns the package, which is installed unless it is there in this version.

    One of another version, older or newer, is replaced: the kernel that came last needs its own, and an earlier kernel
    goes on with that.
    """
    if sys.version_info < OLDEST:
        raise RuntimeError(
            'the agent needs Python %d.%d or newer, and the session has %d.%d' % (OLDEST + sys.version_info[:2])
        )
    with vars(threading).setdefault('_livy_kernel_load', threading.Lock()):  # Two kernels may install it at once.
        there = sys.modules.get(package)
        if there is not None and getattr(there, 'VERSION', None) == version:
            return there
        if there is not None:
            there.uninstall()
        for name in [name for name in sys.modules if name == package or name.startswith(package + '.')]:
            del sys.modules[name]
        finder = SourceImporter(package, sources)
        sys.meta_path.insert(0, finder)
        try:
            made = importlib.import_module(package)
        finally:
            sys.meta_path.remove(finder)
        made.VERSION = version
        made.IMPORTER = finder  # For parts that are imported later.
        return made
