# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Implements IPython's magics."""

import difflib
import os
import sys

from . import commands, timing, who_magics
from .cell_run import run_text
from .common import SHELL, safely, state
from .display import display
from .errors import last_error
from .inspection import description
from .packages import FROM_HERE, FROM_HERE_ALONE, packages
from .payloads import page, set_next_input
from .without_ipython import HOW, MAGICS, hint


class UsageError(Exception):
    """What was asked cannot be done; the message says what can."""


NO_EFFECT = ('autosave', 'autoreload', 'colors', 'config', 'precision', 'reload_ext', 'xmode', 'unload_ext', 'aimport')
SPARKMAGICS = ('sparkmagic', 'sparkmagic.magics')
ALONE = (
    'info',
    'logs',
    'chart',
    'sessions',
    'delete',
    'cleanup',
    'attach',
    'detach',
    'replay',
    'spark_ui',
    'streams',
    'upload',
    'download',
    'help',
    'lsmagic',
    'configure',
    'sql',
    'batch',
    'get',
    'put',
    'send_to_spark',
)
ELSEWHERE = {
    'conda': 'the driver may have no conda. %pip installs for its Python, and !conda runs what there is.',
    **dict.fromkeys(('debug', 'pdb'), 'it needs IPython: %s. %%debug-log shows the traceback.' % HOW),
    **dict.fromkeys(ALONE, 'it needs a cell of its own.'),
    'spark': 'the session is there already, as `spark` and `sc`.',
    'manage_spark': 'this kernel already runs on Spark.',
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


def time_line(text):
    if not text.strip():
        raise UsageError('%time needs something to run: %time f(x)')
    with timing.timed():
        return run_text(text)


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
        hint.tell()


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


def load(text):
    path = text.strip().strip('"\'')
    if not os.path.isfile(path):
        raise UsageError('%s is no file at the driver, where %%load looks (in %s).' % (path or 'That', os.getcwd()))
    with open(path, encoding='utf-8') as file:
        set_next_input('# %%load %s\n%s' % (text, file.read()), replace=True)


def pip(text):
    if FROM_HERE in text.split():
        raise UsageError(FROM_HERE_ALONE)
    packages.pip(text)


def debug_log(_):
    print(last_error() or 'There was no error yet.')


LINES = {
    'cd': commands.cd,
    'debug-log': debug_log,
    'env': commands.env,
    'load': load,
    'load_ext': load_ext,
    'ls': lambda text: commands.system('ls ' + text),
    'matplotlib': matplotlib,
    'pip': pip,
    'pwd': lambda _: os.getcwd(),
    'reset': who_magics.reset,
    'run': run_file,
    'set_env': commands.env,
    'sx': commands.getoutput,
    'system': commands.system,
    'time': time_line,
    'timeit': timeit_line,
    'who': who_magics.who,
    'who_ls': who_magics.who_ls,
    'whos': who_magics.whos,
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
    'bash': lambda text, body: commands.script('bash', text, body),
    'capture': lambda text, body: commands.capture(text, lambda: run_text(body)),
    'sh': lambda text, body: commands.script('sh', text, body),
    'time': None,  # `ipython_syntax` turns it into `time_cell`.
    'timeit': timeit_cell,
    'writefile': writefile,
}
CELLS.update({name: shown_as(mime) for name, mime in SHOWN_AS.items()})


def line(name, text):
    """Runs `%name text`."""
    if name in LINES:
        return LINES[name](text)
    if name in NO_EFFECT:
        tell('%%%s has no effect here, since the session runs without IPython' % name)
        return hint.tell()
    raise unknown('%', name, LINES)


def cell(name, text, body):
    """Runs `%%name text` with the rest of its cell."""
    if name in CELLS:
        return CELLS[name](text, body)
    raise unknown('%%', name, CELLS)


def unknown(sign, name, known):
    if name in ELSEWHERE:
        return UsageError('%s%s is not supported: %s' % (sign, name, ELSEWHERE[name]))
    if name in MAGICS:
        return UsageError("%s%s is a magic of IPython, which the session's Python lacks: %s." % (sign, name, HOW))
    if name in ('json', 'table', 'matplot') and sign == '%':
        return UsageError('%%%s needs the name of a variable: %%%s x' % (name, name))
    if name in CELLS or name in LINES:  # The magic exists with the other sign.
        close = ['%%' + name if sign == '%' else '%' + name]
    else:
        close = [sign + other for other in difflib.get_close_matches(name, known, 1)]
    hint = 'Did you mean %s?' % close[0] if close else '%lsmagic lists those that there are.'
    return UsageError('There is no magic %s%s. %s' % (sign, name, hint))


def help(name, detail):
    """Shows the description that `name?` asks for."""
    if name.startswith('%'):
        return page("Shift-Tab on a magic, or the kernel's documentation, explains it.")
    text = safely(description, name, detail)
    if not text:
        return print('Object `%s` not found.' % name)
    page(text)


def time_cell():
    """Starts the timer of the running statement."""
    if state.statement:
        state.statement.timer = timing.Timer()
