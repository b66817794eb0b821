# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Implements `%who`, `%whos`, `%who_ls` and `%reset`, which list and forget the user's variables."""

from .common import SHELL, safely
from .display import DISPLAYS
from .threads import threads

LIVY_NAMES = (
    'HiveContext',
    'SparkSession',
    'SQLContext',
    'StreamingContext',
    'cloudpickle',
    'sc',
    'spark',
    'sqlContext',
)
HIDDEN = {*LIVY_NAMES, *DISPLAYS}
SHOWN_TO_TOOLS = {'spark'}  # Views of variables list it, since it is where everything begins.


def who_ls(text=''):
    """Returns the variables of the given types, or all."""
    wanted, hidden = text.split(), HIDDEN - SHOWN_TO_TOOLS if threads.is_beside() else HIDDEN
    names = [name for name in list(SHELL.global_dict) if not name.startswith('_') and name not in hidden]
    shown = [name for name in names if not wanted or type(SHELL.global_dict[name]).__name__ in wanted]
    return sorted(shown)


def who(text):
    names = who_ls(text)
    if not names:
        return print('Interactive namespace is empty.')
    for start in range(0, len(names), 8):
        print(''.join(name + '\t ' for name in names[start : start + 8]))


def whos(text):
    rows = [(name, type(SHELL.global_dict[name]).__name__, summary(SHELL.global_dict[name])) for name in who_ls(text)]
    if not rows:
        return print('Interactive namespace is empty.')
    rows.insert(0, ('Variable', 'Type', 'Data/Info'))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = ['%-*s   %-*s   %s' % (widths[0], name, widths[1], kind, info) for name, kind, info in rows]
    lines.insert(1, '-' * max(len(lines[0]), 29))
    print('\n'.join(lines))


def summary(value):
    """Returns one short line; `repr` of Spark's own objects computes nothing."""
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return 'n=%d' % len(value)
    shape = getattr(value, 'shape', None) if type(value).__module__.startswith(('numpy', 'pandas')) else None
    if shape is not None:
        return 'shape: %s' % (shape,)
    text = ' '.join((safely(repr, value) or '<unprintable>').split())
    return text if len(text) <= 60 else text[:57] + '...'


def reset(text):
    """Forgets all variables. IPython asks first unless `-f` is given, which is not possible here."""
    if '-f' not in text.split():
        return print('%reset -f forgets all variables of the session.')
    for name in who_ls():
        del SHELL.global_dict[name]
