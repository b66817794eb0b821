# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The Python shell of a session, which runs the user's Python as Livy's own shell does.

The server sends the settings of the session in the first line of the standard input, and the driver's other parts with
them. Then this reads requests and writes events (see `protocol`). All other output of this process and its children
belongs to the session's log.

Code that is sent to a session may rely on the names of Livy's own Python shell, so they are here:

- This file runs as `__main__`, and `global_dict` is the user's namespace.
- Each Python statement goes through `msg_type_router['execute_request']` on the main thread, after a line that sets its
  job group. Its errors go through `execute_reply_error`.
- After each statement, `clearOutputs` makes new `UnicodeDecodingStringIO`s of `sys.stdout` and `sys.stderr`.
- A request to add a file calls `PySparkJobProcessorImpl.addFile`, on a thread of its own.
- `sys.__stdout__` is the pipe of the protocol.

Such code may also replace names of this file, even `exec`. So all of the shell has to be in this file.

A cell may break the Python that it runs in. What runs between cells therefore calls only functions that it has bound
before the first cell, by names that cells cannot change: `__builtins__` is a copy (see `BOOTSTRAP` in sources.rs),
which the other parts get too.
"""

import sys

sys.path[:] = [folder for folder in sys.path if folder]  # A `queue.py` beside the notebook must not be imported here.

import base64
import builtins
import fcntl
import functools
import io
import json
import logging
import os
import types
from ast import Interactive, Module, PyCF_ONLY_AST
from functools import partial

logging.basicConfig()  # Bound to the log now, so that the user's logging is no part of a statement's output.


def open_pipes():
    """Moves the pipes to the server away from descriptors 0 and 1, which children of user code inherit."""
    requests, events = (fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20) for descriptor in (0, 1))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    return os.fdopen(requests, 'rb'), events


class Loader:
    """Loads the parts of the driver by name. What the user's code imports is never one of them."""

    def __init__(self, sources):
        self.sources, self.loaded = sources, {}

    def __call__(self, name):
        if name not in self.loaded:
            self.loaded[name] = part = types.ModuleType(name)
            exec(compile(self.sources[name], 'livy-local ' + name, 'exec'), part.__dict__)
        return self.loaded[name]


requests, events = open_pipes()
settings = json.loads(requests.readline())
load = Loader(settings.pop('parts'))
replies = load('replies')

# Without `__name__`, as in Livy's shell: a class of the user's prints as `<class 'A'>`.
global_dict = {'__builtins__': builtins}
tracing = load('tracing').Tracing(global_dict)


def execute_reply_error(exc_type, exc_value, tb):
    """The reply to a Python statement that failed."""
    return replies.exception_reply(exc_value, replies.traceback_lines(tb) if tb else ())


class UnicodeDecodingStringIO(io.StringIO):
    def write(self, s):
        """Returns nothing, as Livy's does: otherwise a cell that ends in a write would show its length."""
        super().write(s.decode('utf-8') if isinstance(s, bytes) else s)


def clearOutputs():
    for name in 'stdout', 'stderr':
        try:
            getattr(sys, name).close()
        except Exception:
            pass  # User code may have put anything there, or nothing.
        setattr(sys, name, UnicodeDecodingStringIO())


def printed():
    text = ''
    for name in 'stdout', 'stderr':
        try:
            text += getattr(sys, name).getvalue()
        except Exception:
            pass
    return text


class UnknownMagic(Exception):
    pass


class UserError(Exception):
    """User code raised the exception in `__cause__`."""


def execute_request(content):
    try:
        result = None
        for step in parse(content['code']):
            result = step()
        result = dict(result or {})
        text = (result.pop('text/plain', '') + printed()).rstrip()
        if text or not result:
            result['text/plain'] = text
        return replies.execute_reply('ok', {'data': result})
    except UserError as error:
        error = error.__cause__
        return execute_reply_error(type(error), error, error.__traceback__)
    except Exception as error:  # A syntax error, or a magic command that failed.
        return execute_reply_error(type(error), error, None)
    finally:
        clearOutputs()


def parse(code):
    """The steps of a statement. It is one step unless only its lines that start with % keep it from being Python."""
    try:
        return [python_step(code)]
    except SyntaxError:
        steps, lines = [], []
        for line in code.rstrip().split('\n'):
            if line.startswith('%'):
                steps += [python_step('\n'.join(lines))] if lines else []
                steps.append(partial(run_magic, line))
                lines = []
            else:
                lines.append(line)
        return steps + ([python_step('\n'.join(lines))] if lines else [])


def python_step(code):
    return partial(run_python, compile(code, '<stdin>', 'exec', PyCF_ONLY_AST, True))


def run_python(tree):
    """Shows the value of the last statement, as an interactive Python does."""
    try:
        before = Module(tree.body[:-1], type_ignores=[])
        tracing.resume()
        exec(compile(before, '<stdin>', 'exec'), global_dict)
        last = Interactive(tree.body[-1:])
        if last.body:
            exec(compile(last, '<stdin>', 'single'), global_dict)
    except BaseException as error:
        raise UserError from error
    finally:
        for _ in range(9):
            try:
                tracing.suspend()
                break
            except BaseException:  # The trace function raised, and Python then removes it.
                pass


def run_magic(line):
    name, *arguments = line[1:].split(' ', 1)
    if not name:
        raise UnknownMagic('magic command not specified')
    if name not in magic_router:
        raise UnknownMagic("unknown magic command '%s'" % name)
    return magic_router[name](*arguments)


def hiding_errors(magic):
    """Makes a magic command that fails answer status ok with the error as data, as in Livy."""

    @functools.wraps(magic)
    def run(name):
        try:
            value = global_dict[name]
        except KeyError as error:
            return replies.exception_reply(error)
        return magic(value)

    return run


@hiding_errors
def magic_json(value):
    return {'application/json': value}


@hiding_errors
def magic_matplot(value):
    image = io.BytesIO()
    try:
        value.gcf().savefig(image, format='png')
    except Exception as error:
        return replies.exception_reply(error)
    return {'image/png': base64.b64encode(image.getvalue()).decode(), 'text/plain': ''}


@hiding_errors
def magic_table(value):
    return load('table').bundle(value)


magic_router = {'table': magic_table, 'json': magic_json, 'matplot': magic_matplot}

msg_type_router = {'execute_request': execute_request}

job_context = None  # That of the jobs, once Spark runs.


class PySparkJobProcessorImpl:
    """What the server calls beside the statements; in Livy, jobs too."""

    def addFile(self, uri_path):
        job_context.sc.addFile(uri_path)


if __name__ == '__main__':
    protocol = load('protocol')
    try:
        load('session').run(protocol.Protocol(requests, events), settings)
    except BaseException as error:  # Otherwise Python would wait for the threads of user code before it ends.
        protocol.end(replies.traceback_of(error))
