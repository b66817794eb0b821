# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Keeps what happened in the session until the kernel asks for it."""

from .captures import captures
from .interrupts import interrupts
from .stdlib import Condition, collections, itertools, json, time
from .threads import threads


class Events:
    """The numbered list of what happened, bounded in memory. All limits are in characters."""

    KEPT_LIMIT = 16 << 20
    ANSWER_LIMIT = 1 << 20
    STREAM_EVENT_LIMIT = 1 << 16
    CONTENT_LIMIT = 8 << 20
    URGENT = ('end', 'input', 'handled')
    OUTPUTS = ('display', 'update_display', 'clear_output')  # Beside text: what a thread shows.
    LINGER = 0.03  # Seconds after an event that is not urgent for which an answer waits for more.
    UNTOLD = ('size', 'time')

    def __init__(self):
        self.changed = Condition()
        self.kept = collections.deque()
        self.dropped = 0  # Events below this number were dropped, since too many came.
        self.addressed = {}  # What each kernel has not read of the events that are for it alone.
        self.next = 0
        self.size = 0
        self.growing = None  # The last event, if it is text.
        self.told = 0  # Events below this number have been read, so that no text is added to them.
        self.urgent = -1
        self.readers = 0
        self.left = 0  # How often all readers were sent away.
        self.last_read = 0.0
        self.statement = None

    @interrupts.shielded
    def add(self, kind, **content):
        capture = captures.current()
        if capture:
            return capture.add(kind, **content)
        owner = threads.owner() if kind in self.OUTPUTS else None
        with self.changed:
            self.keep(kind, content, len(json.dumps(content)), owner)

    @interrupts.shielded
    def stream(self, name, text, statement=None):
        capture = captures.current() if statement is None else None
        if capture:
            return capture.add_text(name, text)
        statement = statement or threads.owner()
        with self.changed:
            for start in range(0, len(text), self.STREAM_EVENT_LIMIT):
                piece = text[start : start + self.STREAM_EVENT_LIMIT]
                last = self.growing
                if last and self.may_grow(last, name, statement or self.statement):
                    last['text'].append(piece)
                    last['size'] += len(piece)
                    self.size += len(piece)
                else:
                    self.keep('stream', {'name': name, 'text': [piece]}, len(piece), statement)
                    self.growing = self.kept[-1]

    @interrupts.shielded
    def add_newest(self, kind, statement, **content):
        """Adds an event in place of an earlier one that nobody has read yet."""
        with self.changed:
            last = self.kept[-1] if self.kept else {}
            if last.get('kind') == kind and last['statement'] == statement and last['n'] >= self.told:
                last.update(content)
            else:
                self.keep(kind, content, len(json.dumps(content)), statement)

    @interrupts.shielded
    def add_for(self, kernel, kind, statement, **content):
        """Adds an event that only this kernel gets, and which is kept until that has read it."""
        with self.changed:
            self.keep(kind, content, len(json.dumps(content)), statement, kernel)

    def unread(self, kernel):
        """Returns the size of the events for this kernel that it has not read."""
        with self.changed:
            return sum(event['size'] for event in self.addressed.get(kernel, ()))

    def note_read(self, kernel, number=None):
        """Forgets the events for a kernel before this number, or all."""
        with self.changed:
            unread = self.addressed.get(kernel)
            while unread and (number is None or unread[0]['n'] < number):
                unread.popleft()
            self.changed.notify_all()

    def may_grow(self, event, name, statement):
        is_same = event['name'] == name and event['statement'] == statement
        return is_same and event['n'] >= self.told and event['size'] < self.STREAM_EVENT_LIMIT

    def keep(self, kind, content, size, statement=None, kernel=None):
        self.growing = None
        size += 700  # The memory that an event takes without its text.
        statement = statement or self.statement
        event = dict(content, n=self.next, statement=statement, kind=kind, size=size, time=time.monotonic())
        if kind in self.URGENT:
            self.urgent = self.next
        self.next += 1
        if kernel is None:
            self.kept.append(event)
            self.size += size
            self.bound()
        else:
            self.addressed.setdefault(kernel, collections.deque()).append(event)
        self.changed.notify_all()

    def bound(self):
        while self.size > self.KEPT_LIMIT and len(self.kept) > 1:
            dropped = self.kept.popleft()
            self.size -= dropped['size']
            self.dropped = dropped['n'] + 1

    def since(self, number, wait=0, linger=LINGER, kernel=None):
        with self.changed:
            if kernel is not None:
                self.note_read(kernel, number)
            self.wait_for(number, wait, linger)
            return self.answer(number, kernel)

    def wait_for(self, number, wait, linger=LINGER):
        """Waits until there is an event of this number or a later one, but not after `leave`."""
        with self.changed:
            self.readers += 1
            left, until = self.left, time.monotonic() + min(wait, 60)
            try:
                self.wait_until(lambda: self.next > number or self.left != left, until)
                if self.next > number:
                    until = min(until, self.came(number) + linger)
                    self.wait_until(lambda: self.urgent >= number or self.left != left, until)
            finally:
                self.readers -= 1
                self.last_read = time.monotonic()

    def wait_until(self, is_so, until):
        self.changed.wait_for(is_so, until - time.monotonic())

    def came(self, number):
        """Returns when the first event of this number or a later one happened."""
        later = [from_number(number, events) for events in (self.kept, *self.addressed.values())]
        return min((found[0]['time'] for found in later if found), default=time.monotonic())

    def leave(self):
        """Ends the waits of all readers."""
        with self.changed:
            self.left += 1
            self.changed.notify_all()

    def answer(self, number, kernel=None):
        later = from_number(number, self.kept) + from_number(number, self.addressed.get(kernel, ()))
        told, size, after = [], 0, self.next
        for event in sorted(later, key=lambda event: event['n']):
            size += event['size']
            if told and size > self.ANSWER_LIMIT:
                after = event['n']
                break
            told.append({key: value for key, value in event.items() if key not in self.UNTOLD})
            if event['kind'] == 'stream':
                told[-1]['text'] = ''.join(event['text'])
        self.told = max(self.told, after)
        return {'events': told, 'next': after, 'lost': number < self.dropped, 'threads': threads.owners()}

    def has_reader(self, seconds):
        return self.readers > 0 or time.monotonic() - self.last_read < seconds


def from_number(number, events):
    """Returns the last events, from this number on."""
    return list(itertools.takewhile(lambda event: event['n'] >= number, reversed(events)))[::-1]


events = Events()
