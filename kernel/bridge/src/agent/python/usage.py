# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Measures what the driver uses of memory and processors: this Python, its JVM, and the processes that they started.

The names are ipykernel's, which jupyter-resource-usage shows, and some of our own. Nothing here sleeps: a percentage is
that since the last call.
"""

from . import processes
from .common import safely
from .interrupts import active_spark_context
from .stdlib import allocate_lock, os, re, time

EXECUTOR = re.compile(r'([^\s(,]+:\d+) -> \((\d+),(\d+)\)')


class Usage:
    def __init__(self):
        self.lock = allocate_lock()
        self.jvm = None  # Its process id.
        self.before = time.monotonic(), {}  # When the processes were asked, and the processor time of each.
        self.machine_before = None

    def measure(self):
        with self.lock:
            usage = {'hostname': os.uname().nodename, 'pid': os.getpid(), 'cpu_count': os.cpu_count()}
            context, source = active_spark_context(), processes.source()
            if context:
                self.jvm = self.jvm or safely(pid_of_jvm, context._jvm)
                usage.update(safely(heap, context._jvm) or {}, executors=safely(storage_memory, context) or {})
            if source:
                usage.update(safely(self.of_machine, source) or {})
                usage.update(safely(self.of_processes, source) or {})
            return dict({'host_virtual_memory': {}}, **usage)

    def of_machine(self, source):
        now = source.machine_time()
        before, self.machine_before = self.machine_before, now
        usage = {'host_virtual_memory': source.machine()}
        if before and now[1] > before[1]:
            usage['host_cpu_percent'] = round(100 * (now[0] - before[0]) / (now[1] - before[1]), 1)
        return usage

    def of_processes(self, source):
        known = source.processes()
        # In Livy, the JVM has started this Python.
        family = processes.family(known, [os.getpid(), self.jvm])
        memory = {pid: safely(source.memory, pid, pid == self.jvm) or 0 for pid in family}
        now, spent = time.monotonic(), {pid: known[pid][1] for pid in family}
        (since, before), self.before = self.before, (now, spent)
        share = 100 / max(now - since, 1e-3)
        used = {pid: share * max(spent[pid] - before.get(pid, spent[pid]), 0) for pid in family}
        usage = {'kernel_memory': sum(memory.values()), 'kernel_cpu': round(sum(used.values()), 1)}
        for name, pid in (('python', os.getpid()), ('jvm', self.jvm)):
            if pid in memory:
                usage[name + '_memory'], usage[name + '_cpu'] = memory[pid], round(used[pid], 1)
        return usage


def pid_of_jvm(jvm):
    try:
        return jvm.java.lang.ProcessHandle.current().pid()
    except Exception:  # Java 8 has no such class.
        return int(jvm.java.lang.management.ManagementFactory.getRuntimeMXBean().getName().split('@')[0])


def heap(jvm):
    runtime = jvm.java.lang.Runtime.getRuntime()
    total = runtime.totalMemory()
    return {'jvm_heap_used': total - runtime.freeMemory(), 'jvm_heap_max': runtime.maxMemory()}


def storage_memory(context):
    """Returns what Spark's block managers, the driver's among them, may cache and have cached, by their addresses."""
    told = context._jsc.sc().getExecutorMemoryStatus().toString()  # One call, however many executors there are.
    found = {address: (int(most), int(left)) for address, most, left in EXECUTOR.findall(told)}
    return {address: {'max': most, 'used': most - left} for address, (most, left) in found.items()}


usage = Usage()
