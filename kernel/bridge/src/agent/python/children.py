# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""What child processes print."""

import codecs
import faulthandler
import fcntl
import io
import os
import select
import sys
import threading

from .base import safely
from .events import events
from .interrupts import interrupts


class Pipe:
    """What takes the place of a descriptor."""

    BURST = 64  # Pieces in a row, of a child that never stops to print.

    def __init__(self, name):
        self.name = name
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self.read_end, self.write_end = os.pipe()
        self.log = None  # Where it is written, too.
        os.set_blocking(self.read_end, False)
        safely(fcntl.fcntl, self.write_end, getattr(fcntl, 'F_SETPIPE_SZ', 1031), 1 << 20)

    def drain(self):
        """Tells what was printed until now; false when there can be no more."""
        for _ in range(self.BURST):
            try:
                data = os.read(self.read_end, 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                return False
            if self.log is not None:
                safely(os.write, self.log, data)
            events.stream(self.name, self.decoder.decode(data))
        return True


class Children:
    """What child processes print, and the C code in this one.

    The shell talks to Livy over descriptors 0 and 1: a child that writes to 1 puts Livy out of step, one that reads
    from 0 eats its requests. So the shell's pipes move to descriptors that children do not get. Descriptor 2 is the
    session's log, which nobody sees who waits for a cell: what Python itself writes there goes on to go there alone.
    """

    def __init__(self):
        self.moved = []
        self.pipes = []
        self.lock = threading.Lock()
        self.forked = False
        self.line_begins = True  # To look at each piece of a line would cost more than it tells.

    def install(self):
        self.move(0, sys.__stdin__, 'r', os.open(os.devnull, os.O_RDONLY))
        self.lead(1, sys.__stdout__, Pipe('stdout'))
        safely(self.install_log)
        threading.Thread(target=self.follow, name='livy-kernel children', daemon=True).start()
        os.register_at_fork(after_in_child=self.after_fork)

    def install_log(self):
        pipe = Pipe('stderr')
        self.lead(2, sys.__stderr__, pipe)
        pipe.log = self.moved[-1][-1]
        if not faulthandler.is_enabled():
            faulthandler.enable(pipe.log)  # When this process crashes nobody reads its pipe any more.

    def lead(self, descriptor, stream, pipe):
        self.move(descriptor, stream, 'w', pipe.write_end)
        self.pipes.append(pipe)

    def move(self, descriptor, stream, mode, instead):
        """`stream` goes on over a private descriptor; `instead` is what `descriptor` is from now on."""
        raw = getattr(stream.buffer, 'raw', stream.buffer)
        if not isinstance(raw, io.FileIO):
            raise TypeError('where the shell writes is unknown')
        private = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20)
        through = raw.fileno() == descriptor
        if through:
            raw.__init__(private, mode, closefd=False)
        os.dup2(instead, descriptor)
        os.close(instead)
        self.moved.append((descriptor, raw if through else None, mode, private))

    def uninstall(self):
        for descriptor, raw, mode, private in self.moved:
            os.dup2(private, descriptor)
            if raw:
                raw.__init__(descriptor, mode, closefd=False)
        self.moved.clear()
        self.drain()

    def follow(self):
        ready = select.poll()
        for pipe in self.pipes:
            ready.register(pipe.read_end, select.POLLIN)
        while self.moved:
            ready.poll()
            if not self.drain():
                return

    @interrupts.shielded
    def drain(self):
        """Tells what was printed until now; false when there can be no more."""
        with self.lock:
            return all([pipe.drain() for pipe in self.pipes])

    def after_fork(self):
        """A child that runs on without another program: multiprocessing's."""
        self.forked = bool(self.moved)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor, _, _, private in self.moved:
            if descriptor != 2:
                os.dup2(null, private)
        os.close(null)


children = Children()
