# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Follows statements that do not run in this Python, one at a time, as long as the kernel asks about them."""

from .common import safely
from .stdlib import allocate_lock, start_thread, time


class Followed:
    """What `tell` reports of a statement is reported while it runs. All times are in seconds."""

    INTERVAL = 0.1
    WATCH_TIMEOUT = 30
    SEARCH_INTERVAL = 5

    def __init__(self):
        self.lock = allocate_lock()
        self.statement, self.until = None, 0

    def renew(self, statement):
        """Follows this statement, until `WATCH_TIMEOUT` after the last call."""
        with self.lock:
            is_new = self.statement != statement
            self.statement, self.until = statement, time.monotonic() + self.WATCH_TIMEOUT
        if is_new:
            start_thread(self.follow, statement)

    def follow(self, statement):
        while self.statement == statement and time.monotonic() < self.until:
            began = time.monotonic()
            safely(self.tell, statement)
            # Reading a long text takes long: it may take a tenth of the time, but is done once a second at least.
            time.sleep(min(max(self.INTERVAL, 10 * (time.monotonic() - began)), 1))

    def end(self, statement):
        with self.lock:
            if self.statement == statement:
                self.statement = None
