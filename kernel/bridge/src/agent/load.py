# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Makes a package of sources that lie in no folder; what a job runs first."""

import importlib
import importlib.util
import sys
import threading

FILE = '<livy-kernel agent>'  # One name for all, so that its frames are known in a stack.


class Sources:
    """Finds and runs a package's modules, of which a dictionary has the sources."""

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
        exec(compile(self.sources[module.__name__], FILE, 'exec'), module.__dict__)


def load(package, version, sources):
    """The package that is there, unless it is of another version: that one makes place."""
    with vars(threading).setdefault('_livy_kernel_load', threading.Lock()):  # Two kernels may come at once.
        there = sys.modules.get(package)
        if there is not None and getattr(there, 'VERSION', None) == version:
            return there
        if there is not None:
            there.uninstall()
        for name in [name for name in sys.modules if name == package or name.startswith(package + '.')]:
            del sys.modules[name]
        finder = Sources(package, sources)
        sys.meta_path.insert(0, finder)
        try:
            made = importlib.import_module(package)
        finally:
            sys.meta_path.remove(finder)
        made.VERSION = version
        return made
