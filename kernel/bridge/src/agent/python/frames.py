# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Takes out of tracebacks what is not the user's."""

from .common import AGENT
from .stdlib import os


def user_frames(tb):
    """Returns a traceback without the frames that led to the user's code: Livy's, the agent's and IPython's."""
    entries = list(iter_entries(tb))
    files = [entry.tb_frame.f_code.co_filename for entry in entries]
    at = files.index(AGENT) if AGENT in files else 0
    while at + 1 < len(files) and leads_to_user(files[at]):
        at += 1
    return entries[at] if entries and not leads_to_user(files[at]) else None


def iter_entries(tb):
    while tb is not None:
        yield tb
        tb = tb.tb_next


def leads_to_user(name):
    return name == AGENT or os.sep + 'IPython' + os.sep in name or os.sep + 'asyncio' + os.sep in name


def without_agent(tb):
    """Removes the agent's own frame, in which an interrupt is raised."""
    entry = tb
    while entry is not None:
        if entry.tb_next and entry.tb_next.tb_frame.f_code.co_filename == AGENT:
            entry.tb_next = entry.tb_next.tb_next
        else:
            entry = entry.tb_next
    return tb
