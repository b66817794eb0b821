# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Shows what the console sinks of the user's streaming queries print, and lists and stops queries.

A console sink prints to `Console.out` of the Java thread that runs its query, which is the driver's log unless the
thread has another one among its inheritable locals. A query of a cell gets one that writes to the log and to a buffer.
Neither the driver nor the queries of other clients are changed.
"""

import threading

from .common import SHELL, safely
from .events import events
from .interrupts import active_spark_context
from .jvm import field
from .scala import Buffer
from .stdlib import functools, time
from .threads import threads

FORMAT = '_livy_kernel_format'


class Streaming:
    INTERVAL = 0.25
    BUFFER_LIMIT = 1 << 16  # Bytes after which the buffer is emptied, as soon as nothing is being printed.
    KEPT_LIMIT = 50

    def __init__(self):
        self.started = []  # The queries that cells have started, also when they have ended.

    def install(self, patches):
        from pyspark.sql.streaming import DataStreamWriter

        choose, start = DataStreamWriter.format, DataStreamWriter.start

        @functools.wraps(choose)
        def choose_format(writer, source):
            setattr(writer, FORMAT, source)
            return choose(writer, source)

        @functools.wraps(start)
        def start_seen(writer, *arguments, **options):
            query = start(writer, *arguments, **options)
            chosen = options.get('format') or (arguments[1:2] or (None,))[0] or getattr(writer, FORMAT, None)
            safely(streaming.note, query, chosen == 'console')
            return query

        patches.set(DataStreamWriter, 'format', choose_format)
        patches.set(DataStreamWriter, 'start', start_seen)

    def note(self, query, has_console):
        if not (threads.owner() or threads.running()):
            return  # It is another client's.
        self.started = [*self.started[1 - self.KEPT_LIMIT :], query]
        if has_console:
            buffer = catch(str(query.runId))
            # The thread belongs to the cell, and so does what it tells.
            threading.Thread(target=self.follow, args=(query, buffer), daemon=True).start()

    def follow(self, query, buffer):
        goes_on = True
        while goes_on:
            goes_on = safely(lambda: query.isActive)
            text = safely(buffer.new_text)
            if text:
                events.stream('stdout', text)
            elif buffer.read > self.BUFFER_LIMIT and succeeded(buffer.stream.reset):
                buffer.forget()
            if goes_on:
                time.sleep(self.INTERVAL)

    def running(self):
        return [query for query in self.started if safely(lambda query=query: query.isActive)]

    def tell_before(self, error):
        """Says before an interrupt is reported which queries go on."""
        names = [query.name or str(query.id) for query in self.running()] if error == 'KeyboardInterrupt' else []
        if names:
            what = 'Streaming queries go on: %s. `%%streams stop %s` ends one.\n'
            events.stream('stderr', what % (', '.join(names), names[0]))

    def answer(self, stop=None):
        """Lists the running queries and those of cells that have failed, or stops one by its name or id."""
        active = active_queries()
        if stop is None:
            failed = [query._jsq for query in self.started if safely(has_failed, query._jsq)]
            return {'queries': [description(query) for query in [*active, *failed]]}
        found = [query for query in active if stop in (query.name(), query.id().toString())]
        for query in found:
            query.stop()
        return {'queries': [], 'stopped': [query.name() or query.id().toString() for query in found]}


def succeeded(step):
    return safely(lambda: (step(), True))


def catch(run):
    """Returns the buffer that gets what the thread of this run prints from now on."""
    jvm = active_spark_context()._jvm
    (thread,) = [thread for thread in jvm.Thread.getAllStackTraces().keySet() if run in thread.getName()]
    made = jvm.java.io.ByteArrayOutputStream()
    both = jvm.org.apache.commons.io.output.TeeOutputStream(jvm.java.lang.System.out, made)
    set_local(thread, console_local(), jvm.java.io.PrintStream(both, True, 'UTF-8'))
    return Buffer(made)


def console_local():
    """Returns the inheritable local whose value is `Console.out` of a thread."""
    console = getattr(getattr(active_spark_context()._jvm.scala, 'Console$'), 'MODULE$')
    variable = field(console, 'scala.Console$', 'outVar')
    names = [each.getName() for each in variable.getClass().getDeclaredFields()]
    (name,) = [name for name in names if name.endswith('tl')]
    return field(variable, 'scala.util.DynamicVariable', name)


def set_local(thread, local, value):
    """Does what the thread itself would do by `local.set(value)`."""
    context = active_spark_context()
    find, new_array = context._jvm.java.lang.Class.forName, context._gateway.new_array
    types, arguments = new_array(context._jvm.Class, 2), new_array(context._jvm.Object, 2)
    types[0], types[1] = find('java.lang.ThreadLocal'), find('java.lang.Object')
    arguments[0], arguments[1] = local, value
    setter = find('java.lang.ThreadLocal$ThreadLocalMap').getDeclaredMethod('set', types)
    setter.setAccessible(True)
    setter.invoke(field(thread, 'java.lang.Thread', 'inheritableThreadLocals'), arguments)


def active_queries():
    session = getattr(SHELL.global_dict.get('spark'), '_jsparkSession', None)
    if session is None:
        session = active_spark_context()._jvm.org.apache.spark.sql.SparkSession.getDefaultSession().get()
    return list(session.streams().active())


def has_failed(query):
    return not query.isActive() and query.exception().isDefined()


def description(query):
    progress = query.lastProgress()
    failure = query.exception()
    return {
        'name': query.name(),
        'id': query.id().toString(),
        'state': 'failed' if failure.isDefined() else query.status().message(),
        'batch': progress and progress.batchId(),
        'input': number(progress and progress.inputRowsPerSecond()),
        'processed': number(progress and progress.processedRowsPerSecond()),
        'error': failure.get().cause().toString().split('\n')[0] if failure.isDefined() else None,
    }


def number(rate):
    """Returns the rate if JSON has such a number."""
    return rate if rate is not None and rate - rate == 0 else None


streaming = Streaming()
