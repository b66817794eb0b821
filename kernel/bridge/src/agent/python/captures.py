# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Keeps what code shows that runs beside the cells: it belongs to no cell, and only its own answer has it."""

from .stdlib import allocate_lock, itertools, json
from .threads import BESIDE, threads


class Capture:
    """What one piece of code and its threads have shown, as events; bounded, in characters."""

    SIZE_LIMIT = 6 << 20
    CUT = '\n[... the rest is left out: it is too long ...]\n'

    def __init__(self, name):
        self.name = name
        self.events = []
        self.size = 0
        self.lock = allocate_lock()

    def add(self, kind, **content):
        with self.lock:
            size = len(json.dumps(content))
            if self.size <= self.SIZE_LIMIT:
                self.size += size
                if self.size > self.SIZE_LIMIT:
                    kind, content = 'stream', {'name': 'stderr', 'text': self.CUT}
                self.events.append(dict(content, kind=kind))

    def add_text(self, name, text):
        with self.lock:
            text, last = text[: max(0, self.SIZE_LIMIT - self.size)], self.events[-1] if self.events else {}
            self.size += len(text)
            if last.get('kind') == 'stream' and last['name'] == name:
                last['text'].append(text)
            elif text:
                self.events.append({'kind': 'stream', 'name': name, 'text': [text]})

    def taken(self):
        """Returns the events, to which nothing is added any more."""
        with self.lock:
            self.size = self.SIZE_LIMIT + 1
            return [dict(event, text=''.join(event['text'])) if 'text' in event else event for event in self.events]


class Captures:
    def __init__(self):
        self.numbers = itertools.count(1)
        self.kept = {}

    def begin(self):
        capture = Capture('%s%d' % (BESIDE, next(self.numbers)))
        self.kept[capture.name] = capture
        return capture

    def end(self, capture):
        """Returns the events of a capture. What its threads show later is lost."""
        self.kept.pop(capture.name, None)
        return capture.taken()

    def current(self):
        """Returns the capture that has what the current thread shows, or None if a cell has that."""
        name = threads.owner()
        if name is None or not name.startswith(BESIDE):
            return None
        return self.kept.get(name) or Capture(name)


captures = Captures()
