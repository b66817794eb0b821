# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Completes the name at a cursor."""

import builtins
import inspect
import keyword

from .common import SHELL, safely, state
from .ipython_start import ipython
from .ipython_syntax import is_in_text
from .module_completion import modules
from .names import ANSWER_TIMEOUT, columns, resolve, static_attribute, within_time
from .path_completion import entries, path_at
from .stdlib import allocate_lock, re, time

KEY = re.compile(r'([^\W\d]\w*(?:\.[^\W\d]\w*)*)\[\s*(["\'])([^"\'\n]*)\Z')
TABLE = re.compile(r'\b(?:spark|sqlContext)\.(?:read\.)?table\(\s*["\']([\w.]*)\Z')
IMPORT = re.compile(r'(?:^|[\n;])\s*(?:from|import)\s[^\n;]*\Z')
MATCHES_LIMIT = 500
QUICK_TIMEOUT = 0.05


class Completion:
    def __init__(self):
        self.jedi = allocate_lock()  # jedi is not made for threads.
        self.tables, self.asked = [], -10.0

    def complete(self, code, cursor):
        before = code[:cursor]
        table, key = TABLE.search(before), KEY.search(before)
        if table:
            return answer(cursor, len(table.group(1)), self.tables_from(table.group(1)))
        if key:
            return answer(cursor, len(key.group(3)), within_time(keys_of, *key.group(1, 3)) or {})
        path = path_at(before)
        if path:
            prefix, found = within_time(entries, *path) or ('', {})
            return answer(cursor, len(prefix), found)
        imported = self.imported(before)
        if imported:
            return answer(cursor, len(imported[0]), imported[1])
        prefix = re.search(r'\w*\Z', before).group()
        start, end, names = self.names_at(code, cursor, prefix)
        if '.' in before[: len(before) - len(prefix)][-1:]:
            for name in within_time(self.columns_before, before) or []:
                if name.isidentifier() and name.startswith(prefix):
                    names[name] = 'column'
        return answer(end, end - start, names)

    def imported(self, before):
        """Returns what may follow `import`; the names of many modules come with the next completion."""
        if not IMPORT.search(before) or is_in_text(before):
            return None
        return within_time(modules.complete, before) or ('', {})

    def names_at(self, code, cursor, prefix):
        found = ipython.runner and within_time(self.by_ipython, code, cursor)
        if found:
            return found
        # While jedi loads, or searches for long, only the names that are certain are told.
        names = within_time(self.by_jedi, code, cursor) or within_time(
            self.by_names, code[:cursor], timeout=QUICK_TIMEOUT
        )
        names = names or {}
        return cursor - len(prefix), cursor, dict(names)

    def by_ipython(self, code, cursor):
        if not self.jedi.acquire(timeout=ANSWER_TIMEOUT):
            return None
        try:
            return ipython.assist.complete(ipython.runner.shell, code, cursor)
        finally:
            self.jedi.release()

    def by_jedi(self, code, cursor):
        if not state.has_jedi or not self.jedi.acquire(blocking=False):
            return None
        try:
            import jedi

            jedi.Interpreter._allow_descriptor_getattr_default = False  # A property may run any code.
            lines = code[:cursor].split('\n')
            script = jedi.Interpreter(code, [SHELL.global_dict])
            prefix = re.search(r'\w*\Z', lines[-1]).group()
            found = script.complete(len(lines), len(lines[-1]))
            return {name.name: name.type for name in found if name.name.startswith(prefix)}
        finally:
            self.jedi.release()

    def by_names(self, before):
        path, dot, prefix = re.search(r'[\w.]*\Z', before).group().rpartition('.')
        if is_in_text(before):
            return {}
        if path:
            value = resolve(path)
            names = {name: kind_of(safely(static_attribute, value, name)) for name in dir(value)}
        elif dot or not prefix:
            return {}  # An attribute of a value that only running the code would tell.
        else:
            names = dict.fromkeys(keyword.kwlist, 'keyword')
            for space in vars(builtins), SHELL.global_dict:
                names.update((name, kind_of(value)) for name, value in list(space.items()))
        shown = {name: kind for name, kind in names.items() if name.startswith(prefix)}
        return {name: kind for name, kind in shown.items() if prefix.startswith('_') or name[0] != '_'}

    def columns_before(self, before):
        return columns(resolve(re.search(r'([\w.]*)\.\w*\Z', before).group(1)))

    def tables_from(self, prefix):
        """Returns the tables known so far; a slow metastore's others come with the next completion."""
        if time.monotonic() - self.asked > 10:
            self.asked = time.monotonic()
            within_time(self.list_tables)
        return {name: 'table' for name in self.tables if name.startswith(prefix)}

    def list_tables(self):
        self.tables = [table.name for table in SHELL.global_dict['spark'].catalog.listTables()]


completion = Completion()


def answer(cursor, length, names):
    start = cursor - length
    names = sorted(names.items(), key=lambda entry: (entry[1] != 'column', entry[0].startswith('_'), entry[0]))
    names = names[:MATCHES_LIMIT]
    types_ = [{'start': start, 'end': cursor, 'text': name, 'type': kind} for name, kind in names]
    return {'matches': [name for name, _ in names], 'start': start, 'end': cursor, 'types': types_}


def kind_of(value):
    for test, kind in ((inspect.ismodule, 'module'), (inspect.isclass, 'class'), (callable, 'function')):
        if test(value):
            return kind
    return 'instance'


def keys_of(path, prefix):
    value = resolve(path)
    keys = [key for key in value if isinstance(key, str)] if type(value) is dict else columns(value)
    return {key: 'column' for key in keys if key.startswith(prefix)}
