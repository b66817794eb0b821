# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Shows Spark DataFrames as tables: in `display` and `%table`, and as values if Spark's eagerEval is enabled."""

from . import tabular
from .common import SHELL, safely
from .stdlib import functools
from .threads import threads

ROWS = 'application/vnd.livy-kernel.rows+json'  # The kernel turns it into a table.
LIVYS_TABLE = 'application/vnd.livy.table.v1+json'
ROWS_LIMIT = 1000


def rows_of(frame, most):
    return dict(tabular.table(frame, most), livy_kernel=1)


def eager_rows(frame):
    """Returns how many rows a bare value shows: none unless Spark is set to, since it would run a job."""
    conf = frame.sparkSession.conf
    if conf.get('spark.sql.repl.eagerEval.enabled', 'false') == 'true':
        return int(conf.get('spark.sql.repl.eagerEval.maxNumRows', '20'))


def rows_to_show(value, wanted):
    """Returns the rows of a DataFrame that is to be shown, and None for everything else."""
    if threads.is_beside() or not tabular.is_spark(value) or value.isStreaming:
        return None
    most = ROWS_LIMIT if wanted else safely(eager_rows, value)
    if most is None:
        return None
    return {ROWS: rows_of(value, most), 'text/plain': columns_of(value)}


class LazyReprs:
    """Tools that look at DataFrames run no job, even if Spark's eagerEval is enabled: they see the columns."""

    def __init__(self):
        self.replaced = {}  # The methods of classes, by class and name.

    def install(self):
        for kind in {type(value) for value in list(SHELL.global_dict.values()) if tabular.is_spark(value)}:
            self.replace(kind, '__repr__', columns_of)
            self.replace(kind, '_repr_html_', lambda _: None)

    def replace(self, kind, name, lazy):
        eager = getattr(kind, name)
        if (kind, name) not in self.replaced:

            @functools.wraps(eager)
            def method(frame):
                return lazy(frame) if threads.is_beside() else eager(frame)

            self.replaced[kind, name] = vars(kind).get(name)
            setattr(kind, name, method)

    def uninstall(self):
        while self.replaced:
            (kind, name), before = self.replaced.popitem()
            if before is None:
                delattr(kind, name)
            else:
                setattr(kind, name, before)


def columns_of(frame):
    return 'DataFrame[%s]' % ', '.join('%s: %s' % tuple(pair) for pair in tabular.columns(frame))


lazy_reprs = LazyReprs()


class Table:
    """Replaces Livy's `%table`, which knows only rows and fails for DataFrames."""

    def install(self):
        self.livys = SHELL.magic_router['table']
        SHELL.magic_router['table'] = self.table

    def uninstall(self):
        if SHELL.magic_router.get('table') == self.table:
            SHELL.magic_router['table'] = self.livys

    def table(self, name):
        value = SHELL.global_dict.get(name)
        if tabular.is_pandas(value):
            value = tabular.frame_of(tabular.session(SHELL.global_dict), value, name)
        if not tabular.is_spark(value):
            return self.livys(name)
        told = tabular.table(value, ROWS_LIMIT)
        headers = [{'name': each, 'type': kind.upper() + '_TYPE'} for each, kind in told['columns']]
        more = {key: told[key] for key in ('more', 'total') if key in told}
        return {LIVYS_TABLE: dict(more, headers=headers, data=told['rows'])}


table = Table()
