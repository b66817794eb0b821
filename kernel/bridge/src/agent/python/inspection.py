# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""What is known of the name at a cursor."""

import inspect
import re

from .base import safely
from .names import columns, resolve, within_time
from .sources import sources


def name_at(code, cursor):
    """The dotted name under the cursor, or that of the function whose arguments it is in."""
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
    text = within_time(description, name_at(code, cursor), detail)
    return {'found': bool(text), 'data': {'text/plain': text} if text else {}}


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
    code = getattr(getattr(value, '__func__', value), '__code__', None)
    _, source = sources.of(code) if code else (None, '')
    if source:
        return ''.join(inspect.getblock(source.splitlines(True)[code.co_firstlineno - 1 :]))
    return safely(inspect.getsource, value)
