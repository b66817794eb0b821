# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Implements `display`, `update_display` and `clear_output`."""

import uuid

from .children import children
from .events import events
from .mime_bundles import bundle_of, keep_bundle


class DisplayHandle:
    def __init__(self, display_id):
        self.display_id = display_id

    def display(self, *objects, **options):
        display(*objects, display_id=self.display_id, **options)

    def update(self, *objects, **options):
        update_display(*objects, display_id=self.display_id, **options)


def display(*objects, display_id=None, raw=False, metadata=None, clear=False, update=False, transient=None, **_):
    """Shows the objects. With `display_id=True` or a name, returns a handle that can show something else instead."""
    handle = DisplayHandle(uuid.uuid4().hex if display_id is True else display_id) if display_id else None
    if clear:
        clear_output(wait=True)
    for value in objects:
        bundle = keep_bundle(value, {}) if raw else bundle_of(value, wanted=True)
        if bundle:
            children.report()
            kind = 'update_display' if update else 'display'
            more = dict(bundle[1], **keep_bundle({}, metadata or {})[1])
            events.add(kind, data=bundle[0], metadata=more, id=handle and str(handle.display_id))
    return handle


def update_display(*objects, display_id, **options):
    """Shows the object in place of what was displayed under this name."""
    display(*objects, display_id=display_id, update=True, **options)


def publish_display_data(data, metadata=None, transient=None, update=False, **_):
    """Shows a MIME bundle."""
    display(data, raw=True, metadata=metadata, display_id=(transient or {}).get('display_id'), update=update)


def clear_output(wait=False):
    """Clears the output of the cell; with `wait`, only when new output comes."""
    events.add('clear_output', wait=bool(wait))


DISPLAYS = {'display': display, 'update_display': update_display, 'clear_output': clear_output}
