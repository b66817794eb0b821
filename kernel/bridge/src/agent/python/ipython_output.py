# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reports what IPython shows: a cell's value, and displays."""

import sys

from IPython.core import formatters
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher

from . import dataframes
from .children import children
from .common import safely
from .events import events
from .mime_bundles import keep_bundle, keeping_lazy_repr
from .stdlib import contextlib
from .widget_views import widget_views


class DisplayFormatter(formatters.DisplayFormatter):
    """Forms MIME bundles; those of Spark's DataFrames are tables, as in the other kernels."""

    is_value = False

    def format(self, value, include=None, exclude=None):
        rows = dataframes.rows_to_show(value, wanted=not self.is_value)
        if rows:
            return rows, {}
        with keeping_lazy_repr(value):
            return super().format(value, include=include, exclude=exclude)

    @contextlib.contextmanager
    def of_value(self):
        self.is_value = True
        try:
            yield
        finally:
            self.is_value = False


class ValueHook(DisplayHook):
    """Reports the value of a cell. The text goes to Livy, too, for the session's other clients."""

    def quiet(self):
        return bool(safely(super().quiet))

    def write_output_prompt(self):
        """Writes none: the frontend numbers results."""

    def compute_format_data(self, result):
        try:
            with self.shell.display_formatter.of_value():
                return super().compute_format_data(result)
        except Exception:  # A cell has broken something that IPython needs.
            return {'text/plain': repr(result)}, {}

    def write_format_data(self, format_dict, md_dict=None):
        children.report()
        data, metadata = keep_bundle(widget_views.without_dead(format_dict), md_dict or {})
        stream = sys.stdout
        getattr(stream, 'write_unreported', stream.write)(str(data.get('text/plain', '')) + '\n')
        events.add('result', data=data, metadata=metadata)

    def finish_displayhook(self):
        self._is_active = False


class ZMQDisplayPublisher(DisplayPublisher):
    """Reports displays, updates of them, and that the output is to be cleared."""

    def publish(self, data, metadata=None, source=None, transient=None, update=False, **_):
        self._validate_data(data, metadata)
        children.report()
        data, metadata = keep_bundle(widget_views.without_dead(data), metadata or {})
        name = (transient or {}).get('display_id')
        kind = 'update_display' if update else 'display'
        events.add(kind, data=data, metadata=metadata, id=None if name is None else str(name))

    def clear_output(self, wait=False):
        events.add('clear_output', wait=bool(wait))
