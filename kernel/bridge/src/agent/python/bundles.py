# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""An object as MIME types."""

import base64
import json
import pprint

from . import frames
from .base import safely, state, works
from .events import events

REPRS = {
    '_repr_html_': 'text/html',
    '_repr_markdown_': 'text/markdown',
    '_repr_svg_': 'image/svg+xml',
    '_repr_png_': 'image/png',
    '_repr_jpeg_': 'image/jpeg',
    '_repr_latex_': 'text/latex',
    '_repr_json_': 'application/json',
    '_repr_javascript_': 'application/javascript',
}


def own_method(value, name):
    """None for a class, and for an object that has every name that one asks for (py4j's, Spark's Column)."""
    if isinstance(value, type) or safely(getattr, value, '_livy_kernel_has_no_such_method_', None) is not None:
        return None
    method = safely(getattr, value, name, None)
    return method if callable(method) else None


def with_metadata(answer):
    return answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)


def plain(value):
    """As IPython shows it."""
    try:
        if state.has_ipython and not isinstance(value, (int, float, str)):
            from IPython.lib.pretty import pretty

            return pretty(value)
        if type(value) in (list, tuple, dict, set, frozenset) and len(value) <= 1000:
            return pprint.pformat(value, width=80, compact=True, sort_dicts=False)
    except Exception:
        pass
    return repr(value)


def keep_bundle(data, metadata):
    """Without what is no JSON; bytes as base64."""
    good = {}
    for mime, content in data.items():
        if isinstance(content, (bytes, bytearray)):
            content = base64.b64encode(content).decode()
        size = safely(lambda: len(json.dumps(content, allow_nan=False)))
        if content is not None and size is not None and size <= events.LARGEST:
            good[str(mime)] = content
    if data and not good:
        good['text/plain'] = '<output that is too large or no JSON>'
    metadata = safely(lambda: json.loads(json.dumps(metadata, allow_nan=False)))
    return good, metadata if isinstance(metadata, dict) else {}


def attempt(method, name):
    """The form that a method gives; if it fails there are others, and the user wants to know."""
    try:
        return method()
    except Exception as error:
        events.stream('stderr', '%s failed: %s: %s\n' % (name, type(error).__name__, safely(str, error)))
        return None


def mime_bundle(value):
    data, metadata = {}, {}
    bundle = own_method(value, '_repr_mimebundle_')
    if bundle:
        some, more = with_metadata(safely(bundle))
        data.update(some if isinstance(some, dict) else {})
        metadata.update(more if isinstance(more, dict) else {})
    for name, mime in REPRS.items():
        method = own_method(value, name) if mime not in data else None
        content, more = with_metadata(attempt(method, name)) if method else (None, None)
        if content is not None:
            data[mime] = content
            if more:
                metadata[mime] = more
    if 'text/plain' not in data:
        data['text/plain'] = plain(value)
    return keep_bundle(data, metadata)


def bundle_of(value, wanted=False):
    """The bundle; None if the value shows itself."""
    rows = frames.shown(value, wanted)
    if rows:
        return keep_bundle(rows, {})
    shows_itself = own_method(value, '_ipython_display_')
    if shows_itself and works(shows_itself):
        return None
    lazy = vars(value).get('_support_repr_html') if hasattr(value, '__dict__') else None
    try:
        return mime_bundle(value)
    finally:
        if lazy is False:  # A DataFrame whose HTML was asked for writes itself in another way ever after.
            value._support_repr_html = False
