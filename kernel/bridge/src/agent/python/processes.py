# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reads what processes and the machine use: on Linux from /proc, elsewhere by psutil, if that is installed."""

from .stdlib import os


class Proc:
    """Reads Linux's /proc."""

    TICK = 1 / os.sysconf('SC_CLK_TCK')
    MACHINE = {
        'total': 'MemTotal',
        'available': 'MemAvailable',
        'free': 'MemFree',
        'active': 'Active',
        'inactive': 'Inactive',
        'buffers': 'Buffers',
        'cached': 'Cached',
    }

    def processes(self):
        """Returns the parent and the processor time, in seconds, of each process."""
        found = {}
        for name in os.listdir('/proc'):
            if name.isdigit():
                try:
                    fields = read('/proc/%s/stat' % name).rpartition(')')[2].split()
                except OSError:
                    continue  # It has ended.
                found[int(name)] = int(fields[1]), (int(fields[11]) + int(fields[12])) * self.TICK
        return found

    def memory(self, pid, is_large):
        """Returns the bytes of a process. What it shares is counted in part, unless reading that would take long."""
        if is_large:
            return sizes('/proc/%d/status' % pid)['VmRSS']
        try:
            return sizes('/proc/%d/smaps_rollup' % pid)['Pss']
        except (OSError, KeyError):  # Linux before 4.14 has no such file.
            return sizes('/proc/%d/status' % pid)['VmRSS']

    def machine(self):
        there = sizes('/proc/meminfo')
        memory = {name: there[listed] for name, listed in self.MACHINE.items() if listed in there}
        memory['used'] = memory['total'] - memory['available']
        memory['percent'] = round(100 * memory['used'] / memory['total'], 1)
        return memory

    def machine_time(self):
        """Returns for how long the machine's processors have worked, and for how long they have been there."""
        fields = [int(field) for field in read('/proc/stat').split('\n')[0].split()[1:9]]
        return sum(fields) - fields[3] - fields[4], sum(fields)


class Psutil:
    def __init__(self, psutil):
        self.psutil = psutil

    def processes(self):
        found = {}
        for process in self.psutil.process_iter():
            try:
                found[process.pid] = process.ppid(), sum(process.cpu_times()[:2])
            except self.psutil.Error:
                continue  # It has ended, or is another user's.
        return found

    def memory(self, pid, is_large):
        return self.psutil.Process(pid).memory_info().rss

    def machine(self):
        return dict(self.psutil.virtual_memory()._asdict())

    def machine_time(self):
        times = self.psutil.cpu_times()
        return sum(times) - times.idle, sum(times)


def source():
    if os.path.exists('/proc/self/stat'):
        return Proc()
    try:
        import psutil
    except ImportError:
        return None
    return Psutil(psutil)


def family(known, roots):
    """Returns these processes and all that they have started, as far as they are among the known ones."""
    children = {}
    for pid, (parent, _) in known.items():
        children.setdefault(parent, []).append(pid)
    found, waiting = set(), list(roots)
    while waiting:
        pid = waiting.pop()
        if pid in known and pid not in found:
            found.add(pid)
            waiting += children.get(pid, ())
    return found


def read(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.read()


def sizes(path):
    """Returns the sizes that a file lists, in bytes, from lines such as `VmRSS:  12 kB`."""
    lines = [line.split() for line in read(path).split('\n') if line.endswith(' kB')]
    return {words[0].rstrip(':'): int(words[1]) * 1024 for words in lines}
