# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The magics, by the names that IPython gives them."""

import difflib
import os
import sys

from . import commands, names_of_user, timing
from .base import SHELL, safely, state
from .display import display
from .errors import last_error
from .inspection import description
from .sources import sources


class UsageError(Exception):
    """What was asked cannot be done; the message says what can."""


NO_EFFECT = ('autosave', 'autoreload', 'colors', 'config', 'precision', 'reload_ext', 'xmode', 'unload_ext', 'aimport')
SPARKMAGICS = ('sparkmagic', 'sparkmagic.magics')
PIP = (
    'a library is wanted on every machine of the cluster, and pip would reach the driver at most. '
    'Give it to the session as it starts: Livy\'s "pyFiles" or "archives" (spark.apache.org, "Python Package Management").'
)
ALONE = ('info', 'logs', 'chart', 'sessions', 'delete', 'cleanup', 'spark_ui', 'help', 'lsmagic', 'configure', 'sql', 'batch')
ELSEWHERE = {
    'pip': PIP,
    'conda': PIP,
    'debug': 'there is no terminal at the driver for a debugger. The traceback is shown by %debug-log.',
    'pdb': 'there is no terminal at the driver for a debugger. The traceback is shown by %debug-log.',
    **{name: 'it needs a cell of its own.' for name in ALONE},
    'spark': 'the session is there already, as `spark` and `sc`.',
    'local': 'what follows would run beside the notebook, where this kernel has no Python.',
}
SHOWN_AS = {
    'html': 'text/html',
    'javascript': 'application/javascript',
    'js': 'application/javascript',
    'latex': 'text/latex',
    'markdown': 'text/markdown',
    'svg': 'image/svg+xml',
}


def tell(text):
    print(text, file=sys.stderr)


def run(text):
    return sources.run(text, SHELL.global_dict)


def time_line(text):
    if not text.strip():
        raise UsageError('%time needs something to run: %time f(x)')
    with timing.timed():
        return run(text)


def timeit_line(text, setup='pass'):
    return timing.timeit(text, setup, SHELL.global_dict)


def matplotlib(text):
    if text.strip() not in ('', 'inline', 'agg', '--list'):
        tell('%%matplotlib %s: figures are shown inline; the driver has no windows' % text)


def load_ext(text):
    if text.strip() in SPARKMAGICS:
        tell('%load_ext ' + text + ': not needed, this kernel runs on Spark already')
    else:
        tell('%%load_ext %s: extensions of IPython cannot be loaded, since the session runs without it' % text)


def run_file(text):
    path = text.split()[0].strip('"\'') if text.split() else ''
    if not os.path.isfile(path):
        why = '%s is no file at the driver, where %%run looks (in %s). ' % (path or 'That', os.getcwd())
        raise UsageError(why + 'A library can come with the session: Livy\'s "pyFiles".')
    with open(path, encoding='utf-8') as file:
        source = file.read()
    space = {'__name__': '__main__', '__file__': path}
    try:
        exec(compile(source, path, 'exec'), space)
    finally:
        SHELL.global_dict.update({name: space[name] for name in space if not name.startswith('__')})


def debug_log(_):
    print(last_error() or 'There was no error yet.')


LINES = {
    'cd': commands.cd,
    'debug-log': debug_log,
    'env': commands.env,
    'load_ext': load_ext,
    'ls': lambda text: commands.system('ls ' + text),
    'matplotlib': matplotlib,
    'pwd': lambda _: os.getcwd(),
    'reset': names_of_user.reset,
    'run': run_file,
    'set_env': commands.env,
    'sx': commands.getoutput,
    'system': commands.system,
    'time': time_line,
    'timeit': timeit_line,
    'who': names_of_user.who,
    'who_ls': names_of_user.who_ls,
    'whos': names_of_user.whos,
}


def timeit_cell(text, body):
    options, setup = timing.options_of(text)
    return timeit_line(options + body, setup or 'pass')


def writefile(text, body):
    path = text.split()[-1] if text.split() else ''
    if not path:
        raise UsageError('%%writefile needs a name: %%writefile script.py')
    with open(path, 'a' if '-a' in text.split()[:-1] else 'w', encoding='utf-8') as file:
        file.write(body)
    print('Wrote %s on the driver' % os.path.abspath(path))


def shown_as(mime):
    return lambda _, body: display({mime: body, 'text/plain': body}, raw=True) and None


CELLS = {
    'bash': lambda _, body: commands.script('bash', body),
    'capture': lambda text, body: commands.capture(text, lambda: run(body)),
    'sh': lambda _, body: commands.script('sh', body),
    'time': None,  # See `rewriting`.
    'timeit': timeit_cell,
    'writefile': writefile,
}
CELLS.update({name: shown_as(mime) for name, mime in SHOWN_AS.items()})


def line(name, text):
    """What `%name text` does."""
    if name in LINES:
        return LINES[name](text)
    if name in NO_EFFECT:
        return tell('%%%s has no effect here, since the session runs without IPython' % name)
    raise unknown('%', name, LINES)


def cell(name, text, body):
    """What `%%name text` does with the rest of its cell."""
    if name in CELLS:
        return CELLS[name](text, body)
    raise unknown('%%', name, CELLS)


def unknown(sign, name, known):
    if name in ELSEWHERE:
        return UsageError('%s%s is not done here: %s' % (sign, name, ELSEWHERE[name]))
    if name in ('json', 'table', 'matplot') and sign == '%':
        return UsageError('%%%s needs the name of a variable: %%%s x' % (name, name))
    if name in CELLS or name in LINES:  # With the other sign.
        close = ['%%' + name if sign == '%' else '%' + name]
    else:
        close = [sign + other for other in difflib.get_close_matches(name, known, 1)]
    hint = 'Did you mean %s?' % close[0] if close else '%lsmagic lists those that there are.'
    return UsageError('There is no magic %s%s. %s' % (sign, name, hint))


def help(name, detail):
    """What `name?` shows."""
    if name.startswith('%'):
        return print("Shift-Tab on a magic, or the kernel's documentation, explains it.")
    text = safely(description, name, detail)
    print(text if text else 'Object `%s` not found.' % name)


def time_cell():
    """Begins to time the statement that runs."""
    if state.statement:
        state.statement.timer = timing.Timer()
