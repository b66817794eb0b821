# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The kernel's part inside the session's Python: what a cell prints, shows, asks and raises, told while it runs.

A job puts this package beside Livy's shell, which is `__main__`, and other jobs call it: see `call`. Jobs run on threads
of their own, also while a statement runs on the main thread. What the shell answers stays as it is, so that another
client of the session sees what it always saw. Each thing of the shell's is checked before use; what is missing turns
off only the ability that needs it.
"""

import json

from .agent import agent
from .catalog import rows
from .completion import completion
from .inputs import inputs
from .inspection import inspect_name
from .commands import getoutput, system
from .magics import cell, help, line, time_cell
from .others import end_other, interrupt

# What `rewriting` makes of a magic.
__all__ = ['cell', 'getoutput', 'help', 'line', 'system', 'time_cell']

CALLS = {
    'install': agent.install,
    'uninstall': agent.uninstall,
    'status': agent.status,
    'events': agent.events,
    'interrupt': interrupt,
    'complete': completion.complete,
    'inspect': inspect_name,
    'rows': rows,
    'reply': inputs.reply,
    'end': end_other,
}


def uninstall():
    agent.uninstall()


def call(name, arguments='[]'):
    """One JSON text, whatever happens: what a job returns."""
    try:
        answer = {'ok': CALLS[name](*json.loads(arguments))}
    except Exception as error:
        answer = {'error': '%s: %s' % (type(error).__name__, error)}
    # Half of a surrogate pair is no UTF-8.
    return json.dumps(answer, ensure_ascii=False).encode('utf-8', 'replace').decode('utf-8')
