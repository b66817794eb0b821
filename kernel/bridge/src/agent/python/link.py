# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The byte stream between the session and one kernel, of which this is the session's end.

Small messages for the kernel are events, which are numbered, and kept until they have been read. The bytes of a large
one stay here under a number of their own, and the kernel fetches them in frames, so that nothing else waits for them.
Messages of the kernel are numbered, too, and each is taken once, however often it comes. The bytes of a large one come
before it, each frame with its place. So a request whose answer is lost can be made again.
"""

from .events import events
from .link_frames import pack, unpack
from .stdlib import base64, itertools, time


class Link:
    INLINE_LIMIT = 96 << 10  # Bytes that a message may have within its event.
    ROOM = 32 << 20  # Bytes of each of the two kinds that wait for the kernel; who would send more waits for it.
    ABSENCE_LIMIT = 30  # Seconds without a question of the kernel's, after which nothing waits for it.

    numbers = itertools.count(1)  # Of the bytes that are fetched, in all links.

    def __init__(self, kernel):
        self.kernel = kernel
        self.begin(None)

    def begin(self, process):
        """Begins anew with a process of the kernel: what the one before it was sending will not come."""
        self.process = process
        self.kept = {}
        self.coming = {}
        self.received = 0
        self.last_heard = time.monotonic()

    def hear(self, process):
        if self.process != process:
            self.begin(process)
        self.last_heard = time.monotonic()

    def is_absent(self):
        return time.monotonic() - self.last_heard > self.ABSENCE_LIMIT

    def send(self, kind, parts, statement, **content):
        """Sends a message, which consists of runs of bytes."""
        sizes, body = pack(parts)
        is_large = len(body) > self.INLINE_LIMIT
        self.wait_for_room(len(body), self.unfetched if is_large else self.unread)
        if is_large:
            content['blob'] = next(self.numbers)
            self.kept[content['blob']] = body
        else:
            content['body'] = base64.b64encode(body).decode('ascii')
        events.add_for(self.kernel, kind, statement, sizes=sizes, **content)

    def wait_for_room(self, size, waiting):
        """Waits for room for a message among those of its kind: a small one does not wait for large ones."""
        with events.changed:
            while waiting() and waiting() + size > self.ROOM:
                if self.is_absent():
                    self.kept.clear()  # It will ask for the state of everything when it comes back.
                    events.note_read(self.kernel)
                    return
                events.changed.wait_for(lambda: not waiting() or waiting() + size <= self.ROOM, 1)

    def unfetched(self):
        """Returns how many bytes of large messages the kernel has not fetched."""
        return sum(map(len, list(self.kept.values())))

    def unread(self):
        """Returns how many bytes of small messages it has not read."""
        return events.unread(self.kernel)

    def pull(self, blob, offset, length):
        """Returns one frame of a large message, or nothing if it is not there any more."""
        body = self.kept.get(blob)
        return None if body is None else body[offset : offset + length]

    def release(self, blobs):
        """Forgets large messages, which the kernel has."""
        with events.changed:
            for blob in blobs:
                self.kept.pop(blob, None)
            events.changed.notify_all()

    def push(self, blob, size, offset, frame):
        """Takes one frame of a large message of the kernel's."""
        coming = self.coming.setdefault(blob, bytearray(size))
        coming[offset : offset + len(frame)] = frame

    def take(self, messages):
        """Returns those messages that have not been taken before, with their parts."""
        taken = []
        for message in messages:
            if message['n'] == self.received + 1:
                body = self.coming.pop(message['blob']) if 'blob' in message else base64.b64decode(message['body'])
                taken.append((message['n'], message['type'], unpack(message['sizes'], bytes(body))))
                self.received += 1
        return taken


class Links:
    def __init__(self):
        self.by_kernel = {}

    def of(self, kernel):
        return self.by_kernel.get(kernel) or self.by_kernel.setdefault(kernel, Link(kernel))

    def heard(self, kernel, process):
        """Returns the link to a kernel that has just asked for something."""
        link = self.of(kernel)
        link.hear(process)
        return link


links = Links()
