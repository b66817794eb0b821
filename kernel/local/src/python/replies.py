# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The replies to statements, in the form of Livy's own Python shell."""

from __main__ import load

traceback = load('isolated').traceback

USERS_FILES = ('<stdin>', '<cell')  # Those of statements, and of cells that the kernel's agent runs.


def execute_reply(status, content):
    return {'msg_type': 'execute_reply', 'content': dict(content, status=status)}


def error_reply(ename, evalue, lines):
    return execute_reply('error', {'ename': ename, 'evalue': evalue, 'traceback': lines})


def exception_reply(error, lines=()):
    """The reply to a statement that raised. `lines` go before those of the exception; like Livy, it omits causes."""
    name, text = type.__dict__['__name__'].__get__(type(error)), text_of(error)
    try:
        last = traceback.format_exception_only(type(error), error)
    except BaseException:
        last = ['%s: %s\n' % (name, text)]
    return error_reply(name, text, list(lines) + last)


def traceback_of(error):
    try:
        return ''.join(traceback.format_exception(type(error), error, error.__traceback__))
    except BaseException:
        return text_of(error)


def text_of(error):
    """The message of an exception, even if the user's class raises another one when it is asked for it."""
    try:
        return str(error)
    except BaseException:
        return '<an exception that cannot say what it is>'


def traceback_lines(tb):
    """The frames of the user's functions, without the driver's and without the statement's own."""
    user = tb
    while user is not None and not user.tb_frame.f_code.co_filename.startswith(USERS_FILES):
        user = user.tb_next
    if user is not None and user.tb_frame.f_code.co_filename == '<stdin>':
        user = user.tb_next
    try:
        frames = traceback.format_tb(user)
    except BaseException:  # User code has broken what finds the lines.
        frames = []
    return ['Traceback (most recent call last):\n', *frames]
