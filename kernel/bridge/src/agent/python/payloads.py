# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Asks the frontend to do something when the running cell has succeeded: Jupyter calls that a payload of its reply."""

from .events import events


def page(text, start=0):
    """Shows the text in the frontend's pager, or below the cell if the frontend has none."""
    events.add('payload', payload={'source': 'page', 'data': {'text/plain': text}, 'start': start})


def set_next_input(text, replace=False):
    """Writes the text into the next cell, or in place of the running one's code."""
    events.add('payload', payload={'source': 'set_next_input', 'text': text, 'replace': replace})


def ask_exit(keep_kernel=False):
    events.add('payload', payload={'source': 'ask_exit', 'keepkernel': bool(keep_kernel)})
