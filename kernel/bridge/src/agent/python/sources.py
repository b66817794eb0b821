# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Remembers the source of the user's code."""

import linecache

from .common import AGENT, CELL, USER, safely, state
from .stdlib import ast, collections, types, weakref

CALL_OF_RUN_CELL = "__import__('_livy_kernel_agent').run_cell()"


class Sources:
    """The source of each of the user's code objects while it lives.

    Each cell of this kernel has a file name of its own, under which `inspect`, `traceback` and `warnings` find its
    lines in `linecache`. The shell calls all other files `<stdin>`, so code is known by its identity.
    """

    def __init__(self):
        self.known = {}  # By identity, since equal code may come from several cells.
        self.alive = collections.Counter()  # How many code objects each file has.

    def compile(self, source, filename, mode, *rest, **options):
        """Replaces the shell's `compile`."""
        text = getattr(source.body[0], 'livy_kernel_source', '') if isinstance(source, ast.AST) and source.body else ''
        # The call is no code of the user's: it is not interrupted, traced or shown in an error.
        made = compile(source, AGENT if text == CALL_OF_RUN_CELL else filename, mode, *rest, **options)
        if mode == 'single':
            state.last = made
        if filename == USER:
            safely(self.note, source, made)
        return made

    def note(self, source, made):
        if isinstance(made, ast.AST):
            for node in made.body:
                node.livy_kernel_source = source if isinstance(source, str) else source.decode()
        elif source.body:
            self.note_code(made, (state.statement, source.body[0].livy_kernel_source))

    def note_code(self, code, where):
        key, file = id(code), code.co_filename
        alive = weakref.ref(code, lambda _: self.forget(key, file))
        self.known[key] = (alive, where)
        self.alive[file] += 1
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.note_code(constant, where)

    def forget(self, key, file):
        self.known.pop(key, None)
        self.alive[file] -= 1
        if not self.alive[file]:
            self.close(file)

    def open(self, text):
        """Returns a new file name for a text of the running statement, which `linecache` has from now on."""
        count = state.statement.count if state.statement else None
        stem = CELL if count is None else '%s %d' % (CELL, count)
        file, number = stem + '>', 1
        while file in self.alive:
            number += 1
            file = '%s, %d>' % (stem, number)
        self.alive[file] = 0
        originals = state.statement.originals if state.statement else {}
        lines = [originals.get(line, line) + '\n' for line in text.split('\n')]
        linecache.cache[file] = (len(text), None, lines, file)
        return file

    def close(self, file):
        """Forgets a file of which no code is left."""
        if not self.alive.get(file):
            self.alive.pop(file, None)
            linecache.cache.pop(file, None)

    def compile_cell(self, tree, text, file, mode, flags):
        """Compiles a part of a text that has its own file name."""
        made = compile(tree, file, mode, flags, dont_inherit=True)
        safely(self.note_code, made, (state.statement, text))
        return made

    def of(self, code):
        _, where = self.known.get(id(code), (None, (None, '')))
        return where


def restore_line(error, originals):
    """Lets a syntax error show the user's line in place of what that was rewritten to."""
    line = getattr(error, 'text', None) if isinstance(error, SyntaxError) else None
    for rewritten, original in originals.items():
        if line and line.strip() == rewritten.strip():
            error.text, error.offset = original, None


sources = Sources()
