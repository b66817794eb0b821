# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Lays out the text of a value as IPython does, in a session without IPython."""

import inspect

from .stdlib import collections, itertools, types

WIDTH = 79
ITEMS_LIMIT = 1000
BRACKETS = {list: '[]', tuple: '()', dict: '{}', set: '{}', frozenset: ('frozenset({', '})')}
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType)


def pretty(value, indent=0, within=(), column=0):
    """Returns the text, which takes one line if that fits behind the column; others are indented."""
    column = max(column, indent)
    kind = type(value)
    if kind is collections.defaultdict:
        factory = pretty(value.default_factory)
        return 'defaultdict(%s, %s)' % (factory, pretty(dict(value), indent + len(factory) + 14, within))
    if kind not in BRACKETS or not value:
        return name_or_repr(value).replace('\n', '\n' + ' ' * indent)
    opening, closing = BRACKETS[kind]
    if any(value is outer for outer in within):
        return opening + '...' + closing
    parts = parts_of(value, indent + len(opening), (*within, value))
    if kind is tuple and len(parts) == 1:
        parts[0] += ','
    line = opening + ', '.join(parts) + closing
    if column + len(line) <= WIDTH and '\n' not in line:
        return line
    return opening + (',\n' + ' ' * (indent + len(opening))).join(parts) + closing


def parts_of(value, indent, within):
    """Returns the texts of a container's items."""
    items = itertools.islice(items_of(value), ITEMS_LIMIT)
    if isinstance(value, dict):
        parts = []
        for key, item in items:
            head = pretty(key, indent, within) + ': '
            parts.append(head + pretty(item, indent, within, indent + len(head)))
    else:
        parts = [pretty(item, indent, within) for item in items]
    return parts + ['...'] * (len(value) > ITEMS_LIMIT)


def items_of(value):
    if isinstance(value, dict):
        return list(value.items())
    try:
        return sorted(value) if isinstance(value, (set, frozenset)) else value
    except Exception:
        return value  # They have no order.


def name_or_repr(value):
    """Returns the name of a class or a function, and else what `repr` says, without the word `object`."""
    if isinstance(value, type) and type(value).__repr__ is type.__repr__:
        return full_name(value)
    if isinstance(value, FUNCTIONS):
        return '<function %s%s>' % (full_name(value), signature_of(value))
    if type(value).__repr__ is object.__repr__:
        return '<%s at %#x>' % (full_name(type(value)), id(value))
    return repr(value)


def full_name(value):
    module, name = value.__module__, value.__qualname__
    return name if module in (None, 'builtins') else '%s.%s' % (module, name)


def signature_of(function):
    try:
        return str(inspect.signature(function))
    except (TypeError, ValueError):
        return ''
