# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs the shell's statements, and reports their beginning and end."""

from . import cell_mark
from .children import children
from .common import SHELL, safely_from_all, state
from .errors import NO_MESSAGE, error_text, name_of
from .frames import user_frames, without_agent
from .ipython_syntax import has_livy_magic, rewrite
from .repair import repair
from .sources import CALL_OF_RUN_CELL, restore_line
from .stdlib import json, os, re


class Statement:
    def __init__(self, id, code):
        self.id = id
        # Its cell's number in the frontend, if the cell is this kernel's and its history is kept.
        self.code, self.is_own, self.count, self.kernel, self.request = cell_mark.read(code)
        self.originals = {}  # The user's lines, by what they were rewritten to.
        self.timer = None
        self.failure = None
        self.by_ipython = False
        self.has_told_error = False
        self.display_error = None

    def rewrite(self):
        self.code, self.originals = safely_from_all(rewrite, self.code) or (self.code, {})

    def is_for_the_shell(self):
        """Returns whether the shell itself runs it: that of another client, or with magics of Livy's."""
        return not self.is_own or safely_from_all(has_livy_magic, self.code) is not False

    def take_time(self):
        """Returns the text of the statement's timer, once."""
        timer, self.timer = self.timer, None
        return timer.text() if timer else ''

    def hides_its_value(self):
        """Returns whether it ends in a semicolon, as in IPython, or in a magic of Livy's."""
        last = self.code.rstrip().split('\n')[-1]
        return last.endswith(';') or last.startswith('%')

    def asks(self, magic):
        return any(line.split(' ')[0] == '%' + magic for line in self.code.split('\n'))


GROUP_LINE = re.compile(r'\s*sc\.setJobGroup\("(\d+)", "Job group for statement \1"[^\n]*\)\s*\Z')


class Shell:
    """Wraps the shell's handler of `execute_request`."""

    def __init__(self, agent):
        self.agent = agent
        self.waiting = None  # The id from the line that Livy sends before each statement.

    def install(self, patches):
        self.execute = SHELL.msg_type_router['execute_request']
        SHELL.msg_type_router['execute_request'] = self.execute_request
        self.reply_error = getattr(SHELL, 'execute_reply_error', None)
        if self.reply_error:
            patches.set(SHELL, 'execute_reply_error', self.execute_reply_error)

    def uninstall(self):
        if SHELL.msg_type_router.get('execute_request') == self.execute_request:
            SHELL.msg_type_router['execute_request'] = self.execute

    def execute_request(self, content):
        code = content.get('code')
        if not isinstance(code, str) or self.is_group_line(code):
            return self.answer(Statement(None, code), content)
        statement, self.waiting = Statement(self.waiting, code), None
        self.agent.begin(statement)
        content = dict(content, code=self.code_for_shell(statement))
        reply = None
        try:
            reply = self.answer(statement, content)
        finally:
            if children.forked:  # A cell called `os.fork()`: the shell and its pipes belong to the parent.
                os._exit(0)
            self.agent.end(statement, reply)
        return reply

    def code_for_shell(self, statement):
        """Returns the code that the shell runs, which for most own cells calls `run_cell`."""
        if not statement.is_for_the_shell():
            return CALL_OF_RUN_CELL
        if statement.is_own:
            statement.rewrite()
        return statement.code

    def is_group_line(self, code):
        match = GROUP_LINE.match(code)
        # A second such line whose number is not higher is a cell of the user's.
        if not match or (self.waiting is not None and int(match.group(1)) <= int(self.waiting)):
            return False
        self.waiting = match.group(1)
        return True

    def answer(self, statement, content):
        """Runs the statement. What would end the shell, such as `%json` of an object, becomes an ordinary error."""
        try:
            return sendable(self.execute(content))
        except BaseException as error:
            statement.failure = error, None
            safely_from_all(repair.restore)
            safely_from_all(SHELL.clearOutputs)
            return sendable(error_reply(error, error_text(error)))

    def execute_reply_error(self, kind, value, tb):
        if not isinstance(value, BaseException):
            value = kind(value)  # A text, from `%table` of ragged rows, would end the shell.
        is_shells = state.statement is None or state.statement.is_for_the_shell()
        if state.statement:
            safely_from_all(restore_line, value, state.statement.originals)
            state.statement.failure = value, tb
        try:
            return self.reply_error(kind, value, without_agent(tb if is_shells else user_frames(tb)))
        except Exception:  # Something that the shell needs is broken.
            return error_reply(value, error_text(value))
        except BaseException:  # The error's own code was interrupted, or tries to end Python.
            if state.statement:
                state.statement.failure = None
            return error_reply(value, NO_MESSAGE)


def sendable(reply):
    """Replaces half surrogate pairs, which Livy cannot send and which block it for good, and refuses NaN."""
    text = json.dumps(reply, ensure_ascii=False, allow_nan=False)
    try:
        text.encode('utf-8')
        return reply
    except UnicodeEncodeError:
        return json.loads(text.encode('utf-8', 'replace').decode('utf-8'))


def error_reply(error, text):
    said = {'status': 'error', 'ename': name_of(error), 'evalue': text, 'traceback': []}
    return {'msg_type': 'execute_reply', 'content': said}
