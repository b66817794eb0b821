# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs commands of the driver's operating system: `!ls`, `%env`, `%cd`."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys

from .common import SHELL

VARIABLE = re.compile(r'\$\$|\$([^\W\d]\w*)|\{\{|\}\}|\{([^{}]+)\}')


def expanded(text):
    """Replaces the user's `{expressions}` and `$names` by their values, as IPython does."""

    def value(match):
        whole, name, expression = match.group(), match.group(1), match.group(2)
        if whole in ('$$', '{{', '}}'):
            return whole[0] if whole != '$$' else '$'
        try:
            return str(SHELL.global_dict[name] if name else eval(expression, SHELL.global_dict))
        except Exception:
            return whole  # It may be a variable of the system's shell.

    return VARIABLE.sub(value, text)


def run(command, tell, **options):
    """Runs a command in a process group of its own, so that an interrupt ends everything that it started.

    Returns its exit code.
    """
    options.setdefault('stderr', subprocess.STDOUT)
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        **options,
    )
    try:
        with io.TextIOWrapper(process.stdout, encoding='utf-8', errors='replace', newline='') as output:
            for text in iter(lambda: output.readline(), ''):
                tell(text)
        code = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    SHELL.global_dict['_exit_code'] = code
    return code


def system(text):
    """Runs `!text` and shows what it prints as it comes."""
    run(expanded(text), sys.stdout.write, shell=True)


def script(program, text, body):
    """Runs `%%bash`. What it writes to stderr goes to the descriptor, and is shown as such."""
    code = run([program, '-c', body], sys.stdout.write, stderr=None)
    if code and '--no-raise-error' not in text.split():
        raise subprocess.CalledProcessError(code, body.encode('utf-8', 'replace'))


class Lines(list):
    """The lines that a command printed, as a list, as one text (`n`) or as one line (`s`)."""

    @property
    def n(self):
        return '\n'.join(self)

    @property
    def s(self):
        return ' '.join(self)

    l = property(list)  # noqa: E741, the name is IPython's


def getoutput(text):
    """Runs `x = !text`."""
    printed = []
    run(expanded(text), printed.append, shell=True)
    return Lines(''.join(printed).splitlines())


def env(text):
    name, _, value = expanded(text).strip().replace('=', ' ', 1).partition(' ')
    if not name:
        return dict(os.environ)
    if not value:
        if name not in os.environ:
            raise KeyError('The driver has no environment variable %s' % name)
        return os.environ[name]
    os.environ[name] = value.strip()
    print('env: %s=%s' % (name, value.strip()))


def cd(text):
    os.chdir(os.path.expanduser(expanded(text).strip() or '~'))
    print(os.getcwd())


class Captured:
    """The output that `%%capture name` keeps."""

    def __init__(self):
        self.stdout = self.stderr = ''

    def __str__(self):
        return self.stdout

    def show(self):
        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)


def capture(text, body):
    captured, out, err = Captured(), io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            body()
    finally:
        captured.stdout, captured.stderr = out.getvalue(), err.getvalue()
        for name in [word for word in text.split() if word.isidentifier()][:1]:
            SHELL.global_dict[name] = captured
