# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Implements `input()` and `getpass()`."""

import sys

from .children import children
from .common import state
from .events import events
from .stdlib import Condition, itertools
from .threads import threads


class StdinNotImplementedError(NotImplementedError):
    """Has the name of IPython's error, where there is no IPython."""


class Inputs:
    """The questions that wait for the user's answer."""

    READER_TIMEOUT = 30  # Seconds since a kernel last read events, after which nobody will answer.

    def __init__(self):
        self.numbers = itertools.count(1)
        self.answered = Condition()
        self.waiting = {}

    def input(self, prompt=''):
        return self.ask(str(prompt), False)

    def getpass(self, prompt='Password: ', stream=None, **_):
        return self.ask(str(prompt), True)

    def ask(self, prompt, password):
        if not self.can_ask():
            raise EOFError('EOF when reading a line')
        request = next(self.numbers)
        self.waiting[request] = answer = []
        try:
            events.add('input', request=request, prompt=prompt, password=password)
            with self.answered:
                while not self.answered.wait_for(lambda: answer, 0.2):
                    if not events.has_reader(self.READER_TIMEOUT):
                        raise EOFError('no notebook is there to answer')
        finally:
            del self.waiting[request]
        if answer == [None]:
            raise refusal('getpass' if password else 'raw_input')
        return answer[0]

    def can_ask(self):
        is_cell = state.statement is not None and not threads.is_beside() and not children.forked
        return is_cell and events.has_reader(self.READER_TIMEOUT)

    def reply(self, request, text):
        with self.answered:
            self.waiting.get(request, []).append(text)
            self.answered.notify_all()
        return {}


def refusal(asker):
    """Makes the error that ipykernel raises, too."""
    there = vars(sys.modules.get('IPython.core.error') or sys.modules[__name__])
    made = there.get('StdinNotImplementedError', StdinNotImplementedError)
    return made('%s was called, but this frontend does not support input requests.' % asker)


inputs = Inputs()
