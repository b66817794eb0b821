# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Where statements begin and end."""

import json
import re

from .base import AGENT, SHELL, state
from .rewriting import rewrite


class Statement:
    def __init__(self, id, code, originals):
        self.id = id
        self.code = code
        self.originals = originals  # Lines as the user wrote them, by what they were turned into.
        self.timer = None
        self.count = None  # The number that its cell has in the frontend.
        self.result = None
        self.has_result = False
        self.failure = None

    def take_time(self):
        """What its timer says, once."""
        timer, self.timer = self.timer, None
        return timer.text() if timer else ''

    def hides_its_value(self):
        """As in IPython, by a semicolon; and where a magic of Livy's comes last, no expression does."""
        last = self.code.rstrip().split('\n')[-1]
        return last.endswith(';') or last.startswith('%')

    def asks(self, magic):
        return any(line.startswith('%' + magic) for line in self.code.split('\n'))


GROUP_LINE = re.compile(r'\s*sc\.setJobGroup\("(\d+)", "Job group for statement \1"[^\n]*\)\s*\Z')


class Shell:
    """Sees each statement begin and end."""

    def __init__(self, agent):
        self.agent = agent
        self.waiting = None  # The id from Livy's own line, which comes before each statement.

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
            return self.execute(content)
        code, originals = rewrite(code)
        content = dict(content, code=code)
        statement, self.waiting = Statement(self.waiting, code, originals), None
        self.agent.begin(statement)
        reply = None
        try:
            reply = self.answer(statement, content)
        finally:
            self.agent.end(statement, reply)
        return reply

    def is_group_line(self, code):
        match = GROUP_LINE.match(code)
        # A second one that does not count up is a cell of the user's.
        if not match or (self.waiting is not None and int(match.group(1)) <= int(self.waiting)):
            return False
        self.waiting = match.group(1)
        return True

    def answer(self, statement, content):
        """What would end the shell, and the session with it, is an error like others: `%json` of what is no JSON."""
        try:
            reply = self.execute(content)
            if statement.asks('json') or statement.asks('table'):
                json.dumps(reply)
            return reply
        except (Exception, KeyboardInterrupt) as error:
            statement.failure = error, None
            self.agent.streams.mend()
            said = {'status': 'error', 'ename': type(error).__name__, 'evalue': str(error), 'traceback': []}
            return {'msg_type': 'execute_reply', 'content': said}

    def execute_reply_error(self, kind, value, tb):
        if not isinstance(value, BaseException):
            value = kind(value)  # `%table` of ragged rows: the shell would end over a text.
        if state.statement:
            state.statement.failure = value, tb
        return self.reply_error(kind, value, without_agent(tb))


def without_agent(tb):
    """An interrupt's last frame is our own."""
    entry = tb
    while entry is not None:
        if entry.tb_next and entry.tb_next.tb_frame.f_code.co_filename == AGENT:
            entry.tb_next = entry.tb_next.tb_next
        else:
            entry = entry.tb_next
    return tb
