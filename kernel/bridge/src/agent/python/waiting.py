# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Makes a request wait for an event: Livy itself has none that waits.

Livy answers a request to add a file when `addFile` of its shell has returned, which runs on a thread of its own. An
address of the scheme `local` stands for a file that is everywhere, so Livy lets it pass, and Spark adds nothing, but
says so in the log each time.
"""

from .common import SHELL, state
from .events import events
from .quiet_log import QuietLog
from .stdlib import functools, re, start_thread

# The number of an event; how long to wait for it, and after it for more, in milliseconds.
ADDRESS = re.compile(r'local:/livy-kernel/wait/(\d{1,18})/(\d{1,5})/(\d{1,5})\Z')


class Waiting:
    def __init__(self):
        self.log = QuietLog('local:/livy-kernel/wait/')
        self.is_new = True

    def install(self, patches):
        processor = SHELL.PySparkJobProcessorImpl
        add = processor.addFile

        @functools.wraps(add)
        def add_file(self, uri_path):
            match = ADDRESS.match(uri_path) if isinstance(uri_path, str) else None
            if match is None:
                return add(self, uri_path)
            number, wait, linger = map(int, match.groups())
            waiting.wait(number, wait / 1000, linger / 1000)

        patches.set(processor, 'addFile', add_file)

    def wait(self, number, wait, linger):
        if self.is_new:
            self.is_new = False
            start_thread(self.log.install)
        if state.installed:
            events.wait_for(number, wait, linger)


waiting = Waiting()
