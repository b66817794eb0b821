# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reports what Scala statements print, and interrupts them: they run in the JVM of this Python's Spark.

Livy collects what a line of Scala prints in a buffer, which is `Console.out` of the thread that runs it. So the buffer
is among that thread's inheritable locals. Everything is reached over py4j; what cannot be found is left alone.
"""

from .common import safely
from .events import events
from .interrupts import active_spark_context
from .stdlib import allocate_lock, codecs, re, start_thread, time

INTERPRETER = 'org.apache.livy.repl.AbstractSparkInterpreter'
GROUP = 'spark.jobGroup.id'  # Livy names it after the statement.
PROPERTIES = ('java.util.Properties', 'org.apache.spark.util.SerializableProperties')
USER_CLASS = re.compile(r'\$line\d+\.')  # The REPL makes such classes of the user's lines.


class Buffer:
    """The text that a line has printed so far; the interpreter empties it when the line has ended."""

    TAIL_LENGTH = 64

    def __init__(self, stream):
        self.stream = stream
        self.forget()

    def forget(self):
        self.read, self.tail = 0, b''
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')

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


class Scala:
    """Follows one Scala statement at a time. All times are in seconds."""

    INTERVAL = 0.1
    WATCH_TIMEOUT = 30
    SEARCH_INTERVAL = 5
    INTERRUPT_TIMEOUT = 0.5  # For code that is asked to end.

    def __init__(self):
        self.lock = allocate_lock()
        self.statement, self.until = None, 0
        self.thread = None  # The Java thread that runs statements.
        self.searched = 0
        self.buffer = self.group = None

    def renew(self, statement):
        """Reports what this statement prints, until `WATCH_TIMEOUT` after the last call."""
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

    def tell(self, statement):
        if self.find(statement):
            text = self.buffer.new_text()
            if text:
                events.stream('stdout', text, statement)

    def end(self, statement):
        """Ends the statement: what the buffer contains from now on is another's."""
        with self.lock:
            if self.statement == statement:
                self.statement = None
        if self.buffer:
            self.buffer.forget()
        return {}

    def find(self, statement):
        """Returns whether the statement runs; if so, its thread and its buffer are known."""
        if self.thread is None or (not self.runs() and time.monotonic() - self.searched > self.SEARCH_INTERVAL):
            self.search()
        return self.thread is not None and self.runs() and self.group.getProperty(GROUP) == statement

    def runs(self):
        return INTERPRETER in stack_of(self.thread)

    def search(self):
        """Finds the one thread that runs all statements. This takes long, since a driver has a hundred threads."""
        for thread in active_spark_context()._jvm.java.lang.Thread.getAllStackTraces().keySet():
            if INTERPRETER in stack_of(thread):
                self.buffer, self.group = locals_of(thread)
                self.thread = thread
        self.searched = time.monotonic()

    def interrupt(self, statement):
        """Interrupts code that sleeps or waits, and stops the thread of other code, if this Java can."""
        if not self.find(statement) or not USER_CLASS.search(stack_of(self.thread)):
            return {'raised': False, 'why': 'statement %s is not running' % statement}
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


def stack_of(thread):
    """Returns all frames in one text, by one call; py4j cannot pass the array to Java's own `Arrays.toString`."""
    return active_spark_context()._jvm.scala.runtime.ScalaRunTime.stringOf(thread.getStackTrace())


def field(owner, class_name, name):
    """Returns the value of a private field; Spark's own options open these packages."""
    made = active_spark_context()._jvm.java.lang.Class.forName(class_name).getDeclaredField(name)
    made.setAccessible(True)
    return made.get(owner)


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


def class_of(value):
    return value.getClass().getName() if hasattr(value, 'getClass') else None


scala = Scala()
