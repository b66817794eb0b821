# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reports what R statements print, and interrupts them: they run in a process that the driver's JVM has started.

Nothing in the driver tells the number of R's statement: Livy sets its job group by a call that SparkR refuses. So the
kernel asks only about a statement that Livy says is running, which is the one that runs until R prints the next mark.
"""

from . import processes
from .common import safely
from .events import events
from .followed import Followed
from .interrupts import active_spark_context
from .jvm import all_threads, class_of, field, stack_of
from .r_output import Output
from .stdlib import RLock, os, signal, start_thread, time

INTERPRETER = 'org.apache.livy.repl.SparkRInterpreter'
EXECUTES = INTERPRETER + '.sendExecuteRequest'
BACKEND = 'org.apache.spark.api.r.RBackendHandler'
BACKEND_THREADS = ('RBackend', 'nioEventLoopGroup')  # The beginnings of their names, since Spark 3.0 and before.
PORT = 'EXISTING_SPARKR_BACKEND_PORT'


class R(Followed):
    """Follows R statements."""

    KEEP_SMALL_INTERVAL = 1
    CANCEL_TIMEOUT = 2  # For a call of Spark's whose jobs are cancelled.
    SIGNALS = 5  # How often a signal is sent while R waits for a command, and so ignores it.
    SIGNAL_INTERVAL = 0.3

    def __init__(self):
        super().__init__()
        self.reading = RLock()
        self.process = self.output = None
        self.thread = None  # The Java thread that runs statements.
        self.searched = float('-inf')
        self.now, self.began, self.told = None, 0, 0  # The statement that runs, and the number of marks before it.

    def tell(self, statement):
        with self.reading:
            if self.runs(statement) and self.output.is_whole:
                text = self.output.shown()[self.told :]
                if text:
                    self.told += len(text)
                    events.stream('stdout', text, statement)

    def runs(self, statement):
        """Returns whether this statement runs, of which the kernel has heard so."""
        with self.reading:
            if not self.find():
                return False
            self.output.read()
            if self.now != statement:
                if not self.is_executing():
                    return False
                self.now, self.began, self.told = statement, self.output.marks, 0
            return self.began == self.output.marks

    def is_executing(self):
        if self.thread is None or EXECUTES not in stack_of(self.thread):
            self.thread = next((each for each in all_threads() if EXECUTES in stack_of(each)), None)
        return self.thread is not None

    def find(self):
        """Finds R's process. This takes long, since a driver has a hundred threads."""
        if self.process is None and time.monotonic() - self.searched > self.SEARCH_INTERVAL:
            self.process = safely(process_of_interpreter)
            if self.process:
                self.output = Output(self.process)
                start_thread(self.keep_small, self.output)
            self.searched = time.monotonic()
        return self.process is not None

    def keep_small(self, output):
        """Forgets what is printed while nobody asks."""
        while self.output is output and safely(output.process.isAlive):
            time.sleep(self.KEEP_SMALL_INTERVAL)
            with self.reading:
                safely(output.read)
                if self.statement is None:
                    output.bound()

    def interrupt(self, statement):
        if not self.runs(statement):
            return {'raised': False, 'why': 'statement %s is not running' % statement}
        return self.interrupt_process(lambda: self.runs(statement))

    def interrupt_any(self):
        """Interrupts whatever statement runs."""
        return self.interrupt_process(self.is_executing) if self.find() and self.is_executing() else None

    def interrupt_process(self, runs):
        """Ends a call of Spark's by a cancel of its jobs: after an interrupt, the next call would get its answer."""
        deadline, port = time.monotonic() + self.CANCEL_TIMEOUT, safely(backend_port, pid_of(self.process))
        while waits_for_spark(port):
            if time.monotonic() > deadline:
                return {'raised': False, 'why': 'R waits for an answer of Spark'}
            safely(cancel_jobs)
            time.sleep(0.05)
        return self.signal(runs) if runs() else {'raised': True, 'why': 'by a cancel of its Spark jobs'}

    def signal(self, runs):
        """Does what Ctrl-C in a terminal does."""
        pid = pid_of(self.process)
        for _ in range(self.SIGNALS):
            children = processes.family(safely(lambda: processes.source().processes()) or {}, [pid]) - {pid}
            for each in [pid, *children]:
                try:
                    os.kill(each, signal.SIGINT)
                except OSError as error:
                    if each == pid:
                        return {'raised': False, 'why': str(error)}
            if not children:
                break
            time.sleep(self.SIGNAL_INTERVAL)
            if not runs():
                break
        return {'raised': True, 'why': 'by a signal'}

    def uninstall(self):
        with self.reading:
            if self.output:
                self.output.restore()
            self.process = self.output = None


def process_of_interpreter():
    """Returns the process of R: a thread of Livy's interpreter waits for its end."""
    for thread in all_threads():
        if thread.getName() == 'process watcher thread':
            interpreter = field(thread, thread.getClass(), '$outer')
            if class_of(interpreter) == INTERPRETER:
                declaring = interpreter.getClass().getSuperclass()
                names = [each.getName() for each in declaring.getDeclaredFields()]
                (name,) = [name for name in names if name.split('$')[-1] == 'process']
                return field(interpreter, declaring, name)
    return None


def pid_of(process):
    try:
        return process.pid()
    except Exception:  # Java 8 has no such method.
        return field(process, process.getClass(), 'pid')


def waits_for_spark(port):
    """Returns whether R has called Spark, and has not read all of the answer."""
    backend = [each for each in all_threads() if each.getName().startswith(BACKEND_THREADS)]
    return any(BACKEND in stack_of(each) for each in backend) or bool(safely(has_unread, port))


def backend_port(pid):
    with open('/proc/%d/environ' % pid, 'rb') as file:
        variables = dict(each.partition('=')[::2] for each in file.read().decode('latin-1').split('\0'))
    return int(variables[PORT])


def has_unread(port):
    """Returns whether a connection to this port has bytes on their way, as Linux lists them."""
    for table in 'tcp', 'tcp6':
        with open('/proc/net/' + table) as file:
            for _, local, remote, _, queues, *_ in (line.split() for line in list(file)[1:]):
                is_ours = '%04X' % port in (local.split(':')[1], remote.split(':')[1])
                if is_ours and queues.strip('0:'):
                    return True
    return False


def cancel_jobs():
    """Cancels the jobs that have no group: the jobs of statements in other languages have one."""
    context = active_spark_context()
    tracker = context.statusTracker()
    for job in set(tracker.getActiveJobsIds()) & set(tracker.getJobIdsForGroup(None)):
        context._jsc.sc().cancelJob(job)


r = R()
