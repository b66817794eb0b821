# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""What a statement shows by name: `display` and its like."""

import uuid

from .bundles import bundle_of, keep_bundle
from .events import events


class DisplayHandle:
    def __init__(self, display_id):
        self.display_id = display_id

    def display(self, *objects, **options):
        display(*objects, display_id=self.display_id, **options)

    def update(self, *objects, **options):
        update_display(*objects, display_id=self.display_id, **options)


def display(*objects, display_id=None, raw=False, metadata=None, clear=False, update=False, transient=None, **_):
    """Shows the objects; with `display_id=True` or a name, gives a handle to show something else in their place."""
    handle = DisplayHandle(uuid.uuid4().hex if display_id is True else display_id) if display_id else None
    if clear:
        clear_output(wait=True)
    for value in objects:
        bundle = keep_bundle(value, {}) if raw else bundle_of(value, wanted=True)
        if bundle:
            kind = 'update_display' if update else 'display'
            more = dict(bundle[1], **keep_bundle({}, metadata or {})[1])
            events.add(kind, data=bundle[0], metadata=more, id=handle and str(handle.display_id))
    return handle


def update_display(*objects, display_id, **options):
    """Shows the object in the place of what was displayed under this name."""
    display(*objects, display_id=display_id, update=True, **options)


def clear_output(wait=False):
    """Takes away what the cell has shown; with `wait`, when there is something new to show."""
    events.add('clear_output', wait=bool(wait))


DISPLAYS = {'display': display, 'update_display': update_display, 'clear_output': clear_output}
