# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Captures what child processes print."""

import faulthandler
import sys

from .common import safely, succeeds
from .events import events
from .interrupts import interrupts
from .stdlib import allocate_lock, codecs, ctypes, fcntl, io, os, select, start_thread


class Pipe:
    """A pipe that takes the place of a descriptor."""

    READS_LIMIT = 64  # Reads in a row, from a child that never stops printing.

    def __init__(self, name):
        self.name = name
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')
        self.read_end, self.write_end = os.pipe()
        self.log = None  # The descriptor that gets a copy of everything.
        os.set_blocking(self.read_end, False)
        safely(fcntl.fcntl, self.write_end, getattr(fcntl, 'F_SETPIPE_SZ', 1031), 1 << 20)

    def drain(self):
        """Reports what was printed until now; returns False when the pipe has ended."""
        for _ in range(self.READS_LIMIT):
            try:
                data = os.read(self.read_end, 1 << 16)
            except BlockingIOError:
                return True
            if not data:
                return False
            if self.log is not None:
                safely(os.write, self.log, data)
            events.stream(self.name, self.decoder.decode(data), events.statement)
        return True


class Children:
    """Captures what child processes print, and what C code in this process prints.

    The shell talks to Livy over descriptors 0 and 1: a child that writes to 1 puts Livy out of step, and one that
    reads from 0 takes its requests. So the shell's pipes move to descriptors that children do not inherit.
    Descriptor 2 is the session's log, which the user does not see: what Python itself writes there goes only there.
    """

    def __init__(self):
        self.moved = []
        self.instead = {}  # Copies of what took their places.
        self.pipes = []
        self.lock = allocate_lock()
        self.forked = False
        self.libc = None
        self.line_begins = True  # Draining the pipes for each piece of a line would cost too much.

    def install(self):
        self.libc = ctypes.CDLL(None)  # Not `pythonapi`, which would keep other threads from draining a full pipe.
        self.move(0, sys.__stdin__, 'r', os.open(os.devnull, os.O_RDONLY))
        self.lead(1, sys.__stdout__, Pipe('stdout'))
        safely(self.install_log)
        start_thread(self.follow)
        os.register_at_fork(after_in_child=self.after_fork)

    def install_log(self):
        pipe = Pipe('stderr')
        self.lead(2, sys.__stderr__, pipe)
        pipe.log = self.moved[-1][-1]
        if not faulthandler.is_enabled():
            faulthandler.enable(pipe.log)  # After a crash nobody would read the pipe.

    def lead(self, descriptor, stream, pipe):
        self.move(descriptor, stream, 'w', pipe.write_end)
        self.pipes.append(pipe)

    def move(self, descriptor, stream, mode, instead):
        """Moves `stream` to a private descriptor and puts `instead` in the place of `descriptor`."""
        raw = getattr(stream.buffer, 'raw', stream.buffer)
        if not isinstance(raw, io.FileIO):
            raise TypeError('the shell does not write to a file')
        private = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20)
        through = raw.fileno() == descriptor
        if through:
            raw.__init__(private, mode, closefd=False)
        os.dup2(instead, descriptor)
        self.instead[descriptor] = fcntl.fcntl(instead, fcntl.F_DUPFD_CLOEXEC, 20)
        os.close(instead)
        self.moved.append((descriptor, raw if through else None, mode, private))

    def restore(self):
        """Opens again what the user's code has closed."""
        for descriptor in self.instead:
            if not succeeds(os.fstat, descriptor):
                os.dup2(self.instead[descriptor], descriptor)

    def uninstall(self):
        for descriptor, raw, mode, private in self.moved:
            os.dup2(private, descriptor)
            if raw:
                raw.__init__(descriptor, mode, closefd=False)
        for instead in self.instead.values():
            os.close(instead)
        self.moved.clear()
        self.instead.clear()
        self.drain()

    def follow(self):
        ready = select.poll()
        for pipe in self.pipes:
            ready.register(pipe.read_end, select.POLLIN)
        while self.moved:
            ready.poll()
            if not self.drain():
                return

    def report(self):
        """Reports what the cell's children and its C code have printed until now, before something else is shown."""
        if self.moved and not self.forked:
            safely(self.libc.fflush, None)  # Otherwise C's `printf` keeps it until it has 4 KB.
            self.drain()

    @interrupts.shielded
    def drain(self):
        """Reports what was printed until now; returns False when a pipe has ended."""
        with self.lock:
            drained = [pipe.drain() for pipe in self.pipes]  # Without `all`, which would stop at the first.
            return all(drained)

    def after_fork(self):
        """Detaches a child that goes on running this program, as those of multiprocessing do."""
        self.forked = bool(self.moved)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor, _, _, private in self.moved:
            if descriptor != 2:
                os.dup2(null, private)
        os.close(null)


children = Children()
