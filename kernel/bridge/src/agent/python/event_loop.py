# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs cells that `await` at top level, all on one event loop of the session."""

import asyncio
import contextvars
import sys

from .interrupts import interrupts
from .stdlib import contextlib
from .threads import threads


class EventLoop:
    CANCEL_TIMEOUT = 1  # Seconds that an interrupted cell has for its `finally` blocks.

    def __init__(self):
        self.loop = self.context = None
        self.was_cancelled = False  # Whether an interrupt has ended the cell while it awaited something.

    def open(self):
        if self.loop is None or self.loop.is_closed():
            self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)

    @contextlib.contextmanager
    def seen_running(self):
        """Lets code that awaits nothing find a running loop, as in IPython: `asyncio.create_task` needs one."""
        self.open()
        asyncio._set_running_loop(self.loop)
        try:
            yield
        finally:
            asyncio._set_running_loop(None)

    def run(self, coroutine):
        self.open()
        self.was_cancelled = False
        task = self.task_of(coroutine)
        try:
            return self.wait(task)
        except KeyboardInterrupt:
            if not task.done():
                self.was_cancelled = True
                task.cancel()
                self.wait(asyncio.wait([task], timeout=self.CANCEL_TIMEOUT))
            raise

    def task_of(self, coroutine):
        """Makes a task that shares its context variables with the other cells, which Python 3.11 allows."""
        shares = sys.version_info >= (3, 11)
        context = self.context if shares and self.context else contextvars.copy_context()
        context.run(threads.giver.set, threads.running())
        if not shares:
            return context.run(self.loop.create_task, coroutine)
        self.context = context
        return self.loop.create_task(coroutine, context=context)

    @interrupts.interruptible
    def wait(self, awaitable):
        return self.loop.run_until_complete(awaitable)


event_loop = EventLoop()
