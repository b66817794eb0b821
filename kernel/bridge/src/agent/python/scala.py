# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reports what Scala statements print, and interrupts them: they run in the JVM of this Python's Spark.

Livy collects what a line of Scala prints in a buffer, which is `Console.out` of the thread that runs it. So the buffer
is among that thread's inheritable locals. Everything is reached over py4j; what cannot be found is left alone.
"""

from .events import events
from .followed import Followed
from .jvm import all_threads, class_of, field, stack_of
from .stdlib import codecs, re, time

INTERPRETER = 'org.apache.livy.repl.AbstractSparkInterpreter'
GROUP = 'spark.jobGroup.id'  # Livy names it after the statement.
PROPERTIES = ('java.util.Properties', 'org.apache.spark.util.SerializableProperties')
USER_CLASS = re.compile(r'\$line\d+\.')  # The REPL makes such classes of the user's lines.


class Buffer:
    """The text that a line has printed so far; the interpreter empties it when the line has ended."""

    TAIL_LENGTH = 64

    def __init__(self, stream, encoding='utf-8'):
        self.stream, self.encoding = stream, encoding
        self.forget()

    def forget(self):
        self.read, self.tail = 0, b''
        self.decoder = codecs.getincrementaldecoder(self.encoding)('replace')

    def new_text(self):
        """Returns the text since the last call; text that was emptied in between is in Livy's answer."""
        if self.stream.size() == self.read:
            return ''
        data = bytes(self.stream.toByteArray())
        if len(data) < self.read or not data[: self.read].endswith(self.tail):
            self.forget()
        new = data[self.read :]
        self.read, self.tail = len(data), data[-self.TAIL_LENGTH :]
        return self.decoder.decode(new)


class Scala(Followed):
    """Follows Scala statements."""

    INTERRUPT_TIMEOUT = 0.5  # For code that is asked to end.

    def __init__(self):
        super().__init__()
        self.thread = None  # The Java thread that runs statements.
        self.searched = 0
        self.buffer = self.group = None

    def tell(self, statement):
        if self.find(statement):
            text = self.buffer.new_text()
            if text:
                events.stream('stdout', text, statement)

    def end(self, statement):
        """Ends the statement: what the buffer contains from now on is another's."""
        super().end(statement)
        if self.buffer:
            self.buffer.forget()

    def find(self, statement):
        """Returns whether the statement runs; if so, its thread and its buffer are known."""
        if self.thread is None or (not self.runs() and time.monotonic() - self.searched > self.SEARCH_INTERVAL):
            self.search()
        return self.thread is not None and self.runs() and self.group.getProperty(GROUP) == statement

    def runs(self):
        return INTERPRETER in stack_of(self.thread)

    def search(self):
        """Finds the one thread that runs all statements. This takes long, since a driver has a hundred threads."""
        for thread in all_threads():
            if INTERPRETER in stack_of(thread):
                self.buffer, self.group = locals_of(thread)
                self.thread = thread
        self.searched = time.monotonic()

    def interrupt(self, statement):
        if not self.find(statement) or not USER_CLASS.search(stack_of(self.thread)):
            return {'raised': False, 'why': 'statement %s is not running' % statement}
        return self.interrupt_thread()

    def interrupt_any(self):
        """Interrupts whatever statement runs."""
        self.search()
        return self.interrupt_thread() if self.thread and USER_CLASS.search(stack_of(self.thread)) else None

    def interrupt_thread(self):
        """Interrupts code that sleeps or waits, and stops the thread of other code, if this Java can."""
        thread = self.thread
        thread.interrupt()
        deadline = time.monotonic() + self.INTERRUPT_TIMEOUT
        while USER_CLASS.search(stack_of(thread)):
            if time.monotonic() > deadline:
                return self.stop(thread)
            time.sleep(0.02)
        return {'raised': True, 'why': 'by an interrupt of its thread'}

    def stop(self, thread):
        try:
            thread.stop()
        except Exception:
            return {'raised': False, 'why': 'this Java cannot stop code that does not wait'}
        return {'raised': True, 'why': 'by an end of its thread'}


def locals_of(thread):
    """Finds the thread's print buffer and its Spark properties among its inheritable locals."""
    local_map = 'java.lang.ThreadLocal$ThreadLocalMap'
    table = field(field(thread, 'java.lang.Thread', 'inheritableThreadLocals'), local_map, 'table')
    buffer = group = None
    for entry in table:
        value = field(entry, local_map + '$Entry', 'value') if entry is not None else None
        if class_of(value) == 'java.io.PrintStream':
            below = field(value, 'java.io.FilterOutputStream', 'out')
            buffer = Buffer(below) if class_of(below) == 'java.io.ByteArrayOutputStream' else buffer
        elif class_of(value) in PROPERTIES and value.getProperty(GROUP) is not None:
            group = value
    if buffer is None or group is None:
        raise LookupError('not an interpreter of Livy')
    return buffer, group


scala = Scala()
