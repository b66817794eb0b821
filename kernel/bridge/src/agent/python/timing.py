# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Implements `%time` and `%timeit`, with IPython's output."""

import contextlib
import math
import os
import re
import time
import timeit as timeit_module

UNITS = (('s', 1), ('ms', 1e3), ('μs', 1e6), ('ns', 1e9))
LONGER = (('d', 86400), ('h', 3600), ('min', 60), ('s', 1))
OPTIONS = re.compile(r'\s*((?:-(?:[nr]\s*\d+|[tcoqp])\s+)*)(.*)\Z', re.DOTALL)


def span(seconds):
    """Formats a duration as IPython does: `1min 5s`, `12.3 ms`."""
    if seconds >= 60:
        parts, left = [], seconds
        for unit, length in LONGER:
            number, left = divmod(left, length)
            if number:
                parts.append('%d%s' % (number, unit))
        return ' '.join(parts)
    order = min(-int(math.floor(math.log10(seconds)) // 3), 3) if seconds > 0 else 3
    unit, scale = UNITS[max(order, 0)]
    return '%.3g %s' % (seconds * scale, unit)


class Timer:
    def __init__(self):
        self.wall, self.cpu = time.perf_counter(), os.times()

    def text(self):
        wall, now = time.perf_counter() - self.wall, os.times()
        user, system = now.user - self.cpu.user, now.system - self.cpu.system
        cpu = 'CPU times: user %s, sys: %s, total: %s' % (span(user), span(system), span(user + system))
        return '%s\nWall time: %s\n' % (cpu, span(wall))


@contextlib.contextmanager
def timed():
    timer = Timer()
    try:
        yield
    finally:
        print(timer.text(), end='')


def options_of(text):
    return OPTIONS.match(text).groups()


def timeit(text, setup, names):
    """Times a statement; the numbers of loops and runs are chosen as IPython chooses them."""
    options, statement = options_of(text)
    given = {name: int(number) for name, number in re.findall(r'-([nr])\s*(\d+)', options)}
    if not statement.strip():
        raise ValueError('%timeit needs something to run: %timeit f(x)')
    timer = timeit_module.Timer(statement.strip('\n'), setup, globals=names)
    number = given.get('n') or next(
        n for n in (10**power for power in range(10)) if timer.timeit(n) >= 0.2 or n == 10**9
    )
    runs = [total / number for total in timer.repeat(given.get('r') or 7, number)]
    mean = sum(runs) / len(runs)
    deviation = math.sqrt(sum((run - mean) ** 2 for run in runs) / len(runs))
    loops = '%s loop%s' % (format(number, ','), '' if number == 1 else 's')
    words = 'mean ± std. dev. of %d run%s, %s each' % (len(runs), '' if len(runs) == 1 else 's', loops)
    print('%s ± %s per loop (%s)' % (span(mean), span(deviation), words))
