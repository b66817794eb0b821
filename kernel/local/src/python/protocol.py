# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The protocol between the driver and the server: requests and events, each a line of JSON on a pipe."""

import io
import os
import shutil
import sys
from _thread import allocate_lock
from os import _exit, write

from __main__ import load

isolated, replies = load('isolated'), load('replies')


class Protocol:
    """Reads requests from a binary file, and writes events to a descriptor."""

    def __init__(self, requests, events):
        self.requests, self.events = requests, events
        self.descriptors = requests.fileno(), events
        self.lock = allocate_lock()
        self.null = os.open(os.devnull, os.O_RDWR)
        # The server would not see this process end while a forked child still had the pipes open.
        os.register_at_fork(after_in_child=self.close)
        # Code that closes `sys.__stdout__` leaves the pipe open.
        raw = os.fdopen(events, 'wb', closefd=False)
        sys.__stdout__ = io.TextIOWrapper(raw, encoding='utf-8', errors='replace', newline='\n')

    def close(self):
        for descriptor in self.descriptors:
            os.dup2(self.null, descriptor, inheritable=False)

    def send(self, event):
        self.send_line(isolated.encode(event))

    def send_line(self, text):
        # The first line end closes a line that user code may have begun on `sys.__stdout__`.
        left = memoryview(('\n' + text + '\n').encode('utf-8', 'replace'))
        with self.lock:
            try:
                while left:
                    left = left[write(self.events, left) :]
            except OSError as error:
                end('its pipe to the server is broken: %s' % error)

    def read(self, handlers, scratch):
        """Calls the handler of each request. When the server closes the pipe, ends the process.

        This runs in a thread of its own, so that a busy main thread can be asked to cancel and to end.
        """
        try:
            for line in self.requests:
                for name, content in isolated.decode(line.decode()).items():
                    handlers[name](content)
        except BaseException as error:
            end('it cannot read a request: %s' % replies.text_of(error))
        try:
            shutil.rmtree(scratch, ignore_errors=True)
        finally:
            _exit(0)  # The JVM ends when its own input closes.


def end(reason):
    """Ends the process, and says why. Without its main thread, its reader or its pipe a session is of no use."""
    try:
        write(2, ('The driver process ends: %s\n' % reason).encode('utf-8', 'replace'))
    finally:
        _exit(1)
