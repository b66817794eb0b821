# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Turns an object into a MIME bundle, as IPython does."""

from . import dataframes
from .common import safely, state
from .errors import describe, error_text, name_of
from .events import events
from .figures import is_figure, png_of
from .pretty import pretty
from .stdlib import base64, contextlib, json

REPRS = {
    '_repr_html_': 'text/html',
    '_repr_markdown_': 'text/markdown',
    '_repr_svg_': 'image/svg+xml',
    '_repr_png_': 'image/png',
    '_repr_jpeg_': 'image/jpeg',
    '_repr_latex_': 'text/latex',
    '_repr_json_': 'application/json',
    '_repr_javascript_': 'application/javascript',
    '_repr_pdf_': 'application/pdf',
}


def own_method(value, name):
    """Returns a method, except of classes and of objects with attributes of any name (py4j's, Spark's Column)."""
    if isinstance(value, type) or safely(getattr, value, '_livy_kernel_has_no_such_method_', None) is not None:
        return None
    method = safely(getattr, value, name, None)
    return method if callable(method) else None


def with_metadata(answer):
    return answer if isinstance(answer, tuple) and len(answer) == 2 else (answer, None)


def plain(value):
    """Returns the text that IPython shows for a value."""
    try:
        return pretty(value)
    except Exception:
        return repr(value)


def json_size(content):
    return len(json.dumps(content, allow_nan=False))


def keep_bundle(data, metadata):
    """Leaves out what JSON cannot represent and what is too large, and encodes bytes in Base64."""
    good = {}
    for mime, content in data.items():
        if isinstance(content, (bytes, bytearray)):
            content = base64.b64encode(content).decode()
        size = safely(json_size, content)
        if content is not None and size is not None and size <= events.CONTENT_LIMIT:
            good[str(mime)] = content
    if data and not good:
        good['text/plain'] = '<output that is too large or no JSON>'
    metadata = safely(lambda: json.loads(json.dumps(metadata, allow_nan=False)))
    return good, metadata if isinstance(metadata, dict) else {}


def attempt(method):
    """Returns what the method returns. If it fails, the user is told, and the other representations are used."""
    try:
        return method()
    except NotImplementedError:
        return None
    except Exception as error:
        state.display_error = error
        lines = safely(describe, error, error.__traceback__, set()) or []
        events.add('error', ename=name_of(error), evalue=error_text(error), traceback=lines)
        return None


def mime_bundle(value):
    data, metadata = {}, {}
    bundle = own_method(value, '_repr_mimebundle_')
    if bundle:
        some, more = with_metadata(attempt(lambda: bundle(include=None, exclude=None)))
        data.update(some if isinstance(some, dict) else {})
        metadata.update(more if isinstance(more, dict) else {})
    for name, mime in REPRS.items():
        method = own_method(value, name) if mime not in data else None
        content, more = with_metadata(attempt(method)) if method else (None, None)
        if isinstance(content, (str, bytes, bytearray)) or (mime == 'application/json' and content is not None):
            data[mime] = content
            if more:
                metadata[mime] = more
    if is_figure(value) and value.axes and 'image/png' not in data:
        data['image/png'] = attempt(lambda: png_of(value, bbox_inches='tight'))
    if 'text/plain' not in data:
        data['text/plain'] = plain(value)
    return keep_bundle(data, metadata)


def bundle_of(value, wanted=False):
    """Returns the MIME bundle of a value, or None if the value displays itself."""
    rows = dataframes.rows_to_show(value, wanted)
    if rows:
        return keep_bundle(rows, {})
    shows_itself = own_method(value, '_ipython_display_')
    if shows_itself and attempt(lambda: (shows_itself(),)):
        return None
    with keeping_lazy_repr(value):
        return mime_bundle(value)


@contextlib.contextmanager
def keeping_lazy_repr(value):
    """Once Spark has made HTML of a DataFrame, it would print it differently from then on."""
    lazy = vars(value).get('_support_repr_html') if hasattr(value, '__dict__') else None
    try:
        yield
    finally:
        if lazy is False:
            value._support_repr_html = False
