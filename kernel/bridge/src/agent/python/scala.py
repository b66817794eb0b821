# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Scala, which runs in the JVM that this Python's Spark is in: what it prints, and its interrupt.

Livy collects what a line of Scala prints in a buffer, which is `Console.out` of the thread that runs it. So the buffer
is among that thread's inheritable locals. All of it is reached over py4j; what cannot be found is left alone.
"""

import codecs
import re
import threading
import time

from .base import safely
from .events import events
from .interrupts import active_spark_context

INTERPRETER = 'org.apache.livy.repl.AbstractSparkInterpreter'
GROUP = 'spark.jobGroup.id'  # Livy names it after the statement.
PROPERTIES = ('java.util.Properties', 'org.apache.spark.util.SerializableProperties')
USER_CLASS = re.compile(r'\$line\d+\.')  # Those that the REPL makes of a person's lines.


class Buffer:
    """What a line has printed so far; the interpreter empties it when the line has ended."""

    TAIL = 64

    def __init__(self, stream):
        self.stream = stream
        self.forget()

    def forget(self):
        self.read, self.tail = 0, b''
        self.decoder = codecs.getincrementaldecoder('utf-8')('replace')

    def new_text(self):
        """What has come since the last call. What came and went in between is in Livy's answer."""
        if self.stream.size() == self.read:
            return ''
        data = bytes(self.stream.toByteArray())
        if len(data) < self.read or not data[: self.read].endswith(self.tail):
            self.forget()
        new = data[self.read :]
        self.read, self.tail = len(data), data[-self.TAIL :]
        return self.decoder.decode(new)


class Scala:
    EVERY = 0.1  # Seconds.
    RENEWED = 30
    SEARCHED = 5
    PATIENCE = 0.5  # Of who interrupts, with code that is asked to end.

    def __init__(self):
        self.lock = threading.Lock()
        self.statement, self.until = None, 0
        self.thread = None  # Java's, that runs statements.
        self.searched = 0
        self.buffer = self.group = None

    def renew(self, statement):
        """Tells what this statement prints, for a while."""
        with self.lock:
            is_new = self.statement != statement
            self.statement, self.until = statement, time.monotonic() + self.RENEWED
        if is_new:
            threading.Thread(target=self.follow, args=(statement,), name='livy-kernel scala', daemon=True).start()

    def follow(self, statement):
        while self.statement == statement and time.monotonic() < self.until:
            began = time.monotonic()
            safely(self.tell, statement)
            # To read a long text takes long: a tenth of the time, if that is often enough.
            time.sleep(min(max(self.EVERY, 10 * (time.monotonic() - began)), 1))

    def tell(self, statement):
        if self.find(statement):
            text = self.buffer.new_text()
            if text:
                events.stream('stdout', text, statement)

    def end(self, statement):
        """The statement has ended, so what the buffer has from now on is another's."""
        with self.lock:
            if self.statement == statement:
                self.statement = None
        if self.buffer:
            self.buffer.forget()
        return {}

    def find(self, statement):
        """Whether it runs, in a thread and with a buffer that are known then."""
        if self.thread is None or not self.runs() and time.monotonic() - self.searched > self.SEARCHED:
            self.search()
        return self.thread is not None and self.runs() and self.group.getProperty(GROUP) == statement

    def runs(self):
        return INTERPRETER in stack_of(self.thread)

    def search(self):
        """Takes long: a driver has a hundred threads. It is one thread that runs all statements."""
        for thread in active_spark_context()._jvm.java.lang.Thread.getAllStackTraces().keySet():
            if INTERPRETER in stack_of(thread):
                self.buffer, self.group = locals_of(thread)
                self.thread = thread
        self.searched = time.monotonic()

    def interrupt(self, statement):
        """Ends what sleeps or waits, and else what loops, if this Java can stop a thread."""
        if not self.find(statement) or not USER_CLASS.search(stack_of(self.thread)):
            return {'raised': False, 'why': 'statement %s is not running' % statement}
        thread = self.thread
        thread.interrupt()
        deadline = time.monotonic() + self.PATIENCE
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
    """All frames in one text, for one call. Java's own `Arrays.toString` wants an array of another type of py4j."""
    return active_spark_context()._jvm.scala.runtime.ScalaRunTime.stringOf(thread.getStackTrace())


def field(owner, class_name, name):
    """A field's value, private as it may be: Spark's own options open these packages."""
    made = active_spark_context()._jvm.java.lang.Class.forName(class_name).getDeclaredField(name)
    made.setAccessible(True)
    return made.get(owner)


def locals_of(thread):
    """What its statements print to, and Spark's properties of it, from among its inheritable locals."""
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
        raise LookupError('this is no interpreter of Livy')
    return buffer, group


def class_of(value):
    return value.getClass().getName() if hasattr(value, 'getClass') else None


scala = Scala()
