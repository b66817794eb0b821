# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The lines of the user's code."""

import ast
import builtins
import types
import weakref

from .base import USER, safely, state


class Sources:
    """The lines that a function of the user's was made of, as long as it lives: the shell calls all files `<stdin>`."""

    def __init__(self):
        self.known = {}  # By identity: equal code may come from several cells.

    def compile(self, source, filename, mode, *rest, **options):
        """The shell's `compile`."""
        made = builtins.compile(source, filename, mode, *rest, **options)
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
        key = id(code)
        alive = weakref.ref(code, lambda _: self.known.pop(key, None))
        self.known[key] = (alive, where)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self.note_code(constant, where)

    def run(self, text, names):
        """Runs it as part of the statement that runs; the value of what it ends in, if that is an expression."""
        tree = self.compile(text, USER, 'exec', ast.PyCF_ONLY_AST)
        ends_in_value = tree.body and isinstance(tree.body[-1], ast.Expr)
        last = tree.body.pop() if ends_in_value else None
        for node in tree.body:
            exec(self.compile(ast.Module([node], []), USER, 'exec'), names)
        return eval(self.value_code(last, text), names) if last else None

    def value_code(self, node, text):
        code = builtins.compile(ast.Expression(node.value), USER, 'eval')
        safely(self.note_code, code, (state.statement, text))
        return code

    def of(self, code):
        _, where = self.known.get(id(code), (None, (None, '')))
        return where


sources = Sources()
