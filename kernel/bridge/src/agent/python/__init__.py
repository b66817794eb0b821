# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reports what a cell prints, shows, asks and raises while it runs: the kernel's part in the session's Python.

A job puts this package beside Livy's shell, which is `__main__`, and other jobs call it: see `call`. Jobs run on
threads of their own, also while a statement runs on the main thread. The shell's answers stay as they are, so that
another client of the session sees what it always saw. Everything that belongs to the shell is checked before use, and
what is missing turns off only the ability that needs it.
"""

from .agent import agent
from .beside_code import beside
from .catalog import rows
from .cell_run import run_cell
from .comm_calls import CALLS as COMM_CALLS
from .commands import getoutput, system
from .common import Refused
from .completion import completion
from .dispatch import end_other, interrupt, interrupt_all
from .expressions import expressions
from .files import CALLS as FILE_CALLS
from .inputs import inputs
from .inspection import inspect_name
from .magics import cell, help, line, time_cell
from .packages import CALLS as PACKAGE_CALLS
from .stdlib import json
from .streaming import streaming
from .usage import usage
from .value_passing import CALLS as VALUE_CALLS

# `statements` lets the shell call the first, and `ipython_syntax` turns magics into calls of the others.
__all__ = ['cell', 'getoutput', 'help', 'line', 'run_cell', 'system', 'time_cell']

CALLS = {
    'install': agent.install,
    'uninstall': agent.uninstall,
    'status': agent.status,
    'events': agent.events,
    'interrupt': interrupt,
    'interrupt_all': interrupt_all,
    'complete': completion.complete,
    'inspect': inspect_name,
    'rows': rows,
    'expressions': expressions,
    'beside': beside,
    'usage': usage.measure,
    'reply': inputs.reply,
    'end': end_other,
    'streams': streaming.answer,
    **COMM_CALLS,
    **FILE_CALLS,
    **PACKAGE_CALLS,
    **VALUE_CALLS,
}


def uninstall():
    agent.uninstall()


def call(name, arguments='[]', *data):
    """Makes one of the `CALLS` and returns its answer or its error as a JSON text, or as bytes: what a job returns."""
    try:
        answer = {'ok': CALLS[name](*json.loads(arguments), *data)}
        if isinstance(answer['ok'], bytes):
            return answer['ok']
    except Refused as error:
        answer = {'refused': str(error)}
    except Exception as error:
        answer = {'error': '%s: %s' % (type(error).__name__, error)}
    # Half of a surrogate pair cannot be encoded in UTF-8.
    return json.dumps(answer, ensure_ascii=False).encode('utf-8', 'replace').decode('utf-8')
