# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Completes the names of modules, and what can be imported from them, without importing anything."""

import importlib.machinery
import pkgutil
import sys

from .stdlib import ast, os, re, time

FROM = re.compile(r'^\s*from\s+(\.*[\w.]*)\s+import\s+(?:\(\s*)?(?:[\w\s,]*,\s*)?(\w*)\Z')
MODULE = re.compile(r'^\s*(?:from|import)\s+(?:[\w.\s]+,\s*)*([\w.]*)\Z')
SUFFIX = '.py'
KNOWN_FOR = 10  # Seconds for which the list of all modules is kept.


class Modules:
    def __init__(self):
        self.names, self.path, self.asked = [], [], -KNOWN_FOR

    def complete(self, before):
        """Returns the typed prefix and the names that fit, or None if the cursor is not in an import."""
        line = before.rpartition('\n')[2].rpartition(';')[2]
        names, module = FROM.match(line), MODULE.match(line)
        if names:
            path, prefix = names.groups()
            found = self.of(path)
        elif module:
            path, _, prefix = module.group(1).rpartition('.')
            found = dict.fromkeys(submodules(path) if path else self.top_level(), 'module')
        else:
            return None
        shown = {name: kind for name, kind in found.items() if name.startswith(prefix)}
        return prefix, {name: kind for name, kind in shown.items() if prefix.startswith('_') or name[0] != '_'}

    def of(self, path):
        """Returns what can be imported from a module."""
        found = dict.fromkeys(submodules(path), 'module')
        if path in sys.modules:
            found.update(
                (name, 'module' if isinstance(value, type(sys)) else 'instance')
                for name, value in list(vars(sys.modules[path]).items())
            )
        else:
            found.update(names_of_source(path))
        return found

    def top_level(self):
        if sys.path != self.path or time.monotonic() - self.asked > KNOWN_FOR:
            self.names = sorted({*sys.builtin_module_names, *(found.name for found in pkgutil.iter_modules())})
            self.path, self.asked = list(sys.path), time.monotonic()
        return self.names


def spec_of(path):
    """Finds a module by the folders of its packages, since the usual way imports the packages."""
    places, spec = None, None
    for place, name in enumerate(path.split('.')):
        known = sys.modules.get('.'.join(path.split('.')[: place + 1]))
        spec = getattr(known, '__spec__', None) or importlib.machinery.PathFinder.find_spec(
            '.'.join(path.split('.')[: place + 1]) if places is None else name, places
        )
        if spec is None:
            return None
        places = getattr(known, '__path__', None) or spec.submodule_search_locations or []
    return spec


def submodules(path):
    spec = spec_of(path)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return [found.name for found in pkgutil.iter_modules(places)]


def names_of_source(path):
    """Returns the names that a module defines at its top level, as its source says."""
    spec = spec_of(path)
    file = spec.origin if spec else None
    if not file or not file.endswith(SUFFIX) or not os.path.isfile(file):
        return {}
    with open(file, 'rb') as source:
        tree = ast.parse(source.read())
    found = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[node.name] = 'function'
        elif isinstance(node, ast.ClassDef):
            found[node.name] = 'class'
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((alias.asname or alias.name.partition('.')[0], 'instance') for alias in node.names)
        elif isinstance(node, ast.Assign):
            found.update((name.id, 'instance') for name in node.targets if isinstance(name, ast.Name))
    found.pop('*', None)
    return found


modules = Modules()
