# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Questions of `input()` and `getpass()`."""

import itertools
import threading

from .base import state
from .children import children
from .events import events


class Inputs:
    """Questions that only the person in front of the notebook can answer."""

    LISTENED = 30  # Seconds since a kernel last asked for events, after which nobody will answer.

    def __init__(self):
        self.numbers = itertools.count(1)
        self.waiting = {}

    def input(self, prompt=''):
        return self.ask(str(prompt), False)

    def getpass(self, prompt='Password: ', stream=None, **_):
        return self.ask(str(prompt), True)

    def ask(self, prompt, password):
        if state.statement is None or not events.has_reader(self.LISTENED) or children.forked:
            raise EOFError('EOF when reading a line')
        request, answered = next(self.numbers), threading.Event()
        self.waiting[request] = [answered, None]
        try:
            events.add('input', request=request, prompt=prompt, password=password)
            while not answered.wait(0.2):
                if not events.has_reader(self.LISTENED):
                    raise EOFError('nobody is there to answer')
            text = self.waiting[request][1]
        finally:
            del self.waiting[request]
        if text is None:
            raise EOFError('EOF when reading a line')
        return text

    def reply(self, request, text):
        waiting = self.waiting.get(request)
        if waiting:
            waiting[1] = text
            waiting[0].set()
        return {}


inputs = Inputs()
