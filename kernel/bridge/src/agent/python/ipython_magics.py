# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The magics that IPython's lists, help and completion know beside its own.

Those that the kernel answers need a cell of their own, which never comes here.
"""

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand

from .errors import last_error
from .magics import ALONE, ELSEWHERE
from .packages import FROM_HERE, FROM_HERE_ALONE, packages


def register_magics(shell):
    known = shell.magics_manager.magics['line']
    for name in ELSEWHERE:
        if name not in known:
            shell.register_magic_function(elsewhere(name), 'line_cell', name)
    for name in ('json', 'table', 'matplot'):
        shell.register_magic_function(livys(name), 'line', name)
    for name in ('edit', 'ed'):
        shell.register_magic_function(edit, 'line', name)
    shell.register_magic_function(debug_log, 'line', 'debug-log')
    shell.register_magic_function(pip, 'line')


def elsewhere(name):
    def magic(line, cell=None):
        raise UsageError('%s%s is not supported: %s' % ('%' if cell is None else '%%', name, ELSEWHERE[name]))

    if name in ALONE:
        magic.__doc__ = 'Is answered by the kernel, in a cell of its own. `%%help %s` explains it.' % name
    else:
        magic.__doc__ = 'Is not supported: ' + ELSEWHERE[name]
    return magic


def livys(name):
    def magic(line):
        raise UsageError('%%%s needs the name of a variable, at the beginning of a line: %%%s x' % (name, name))

    magic.__doc__ = 'Is a magic of Livy: `%%%s x`.' % name
    return magic


def edit(line):
    """Is not supported: the driver has no editor. `%load` and `%recall` put code into a cell."""
    raise UsageError('%edit is not supported: the driver has no editor. %load and %recall put code into a cell.')


@no_var_expand
def pip(line):
    """Runs pip for the session alone: what it installs is seen by the driver's Python and by the executors'.

    `%pip install --from-here NAME`, in a cell of its own, downloads on the kernel's machine.
    """
    if FROM_HERE in line.split():
        raise UsageError(FROM_HERE_ALONE)
    packages.pip(line)


def debug_log(line):
    """Prints the newest error with its whole stack, that of Java included."""
    print(last_error() or 'There was no error yet.')
