# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Describes the object whose name is at a cursor."""

import inspect
import linecache

from .common import safely
from .ipython_start import ipython
from .names import columns, resolve, within_time
from .sources import sources
from .stdlib import ast, re


def name_at(code, cursor):
    """Returns the dotted name under the cursor, or that of the function whose arguments the cursor is in."""
    for match in re.finditer(r'[^\W\d]\w*(?:\.[^\W\d]\w*)*', code):
        if match.start() <= cursor <= match.end():
            end = re.match(r'\w*', code[cursor:]).end() + cursor
            return code[match.start() : end]
    depth = 0
    for place in range(min(cursor, len(code)) - 1, -1, -1):
        depth += {')': 1, '(': -1}.get(code[place], 0)
        if depth < 0:
            return re.search(r'[\w.]*\Z', code[:place]).group()
    return ''


def inspect_name(code, cursor, detail=0):
    text = ipython.runner and within_time(by_ipython, code, cursor, detail)
    text = text or within_time(description, name_at(code, cursor), detail)
    return {'found': bool(text), 'data': {'text/plain': text} if text else {}}


def by_ipython(code, cursor, detail):
    text = ipython.assist.describe(ipython.runner.shell, code, cursor, detail)
    names = columns(resolve(name_at(code, cursor))) if text else []
    return text and text + ('\nColumns: ' + ', '.join(names) if names else '')


def description(name, detail):
    value = resolve(name)
    parts = []
    if callable(value):
        signature = safely(inspect.signature, value)
        parts.append('Signature: %s%s' % (name, '(…)' if signature is None else signature))
    parts.append('Type: ' + type(value).__name__)
    if type(value) in (int, float, complex, bool, str, bytes, type(None)):
        parts.append('Value: ' + repr(value)[:1000])
    if columns(value):
        parts.append('Columns: ' + ', '.join(columns(value)))
    source = source_of(value) if detail else None
    if source:
        parts.append('Source:\n' + source)
    else:
        doc = safely(inspect.getdoc, value)
        if doc:
            parts.append('Docstring:\n' + doc)
    return '\n'.join(parts)


def source_of(value):
    code = code_of(value)
    _, source = sources.of(code) if code else (None, '')
    if source:
        return ''.join(inspect.getblock(source.splitlines(True)[code.co_firstlineno - 1 :]))
    if isinstance(value, type) and value.__module__ == '__main__':
        return safely(source_of_class, value)  # Python would look for it in the shell's own file.
    return safely(inspect.getsource, value)


def code_of(value):
    function = getattr(value, '__func__', None) or getattr(value, 'fget', None) or value
    return getattr(function, '__code__', None)


def source_of_class(value):
    """Returns the source of a class that a cell has defined, which its methods tell."""
    for code in filter(None, map(code_of, vars(value).values())):
        source = sources.of(code)[1] or ''.join(linecache.getlines(code.co_filename))
        for node in reversed(list(ast.walk(ast.parse(source)))) if source else ():
            begin = min([node.lineno] + [line.lineno for line in node.decorator_list]) if is_class(node, value) else 0
            if begin and node.lineno <= code.co_firstlineno <= node.end_lineno:
                return ''.join(source.splitlines(True)[begin - 1 : node.end_lineno])
    return None


def is_class(node, value):
    return isinstance(node, ast.ClassDef) and node.name == value.__name__
