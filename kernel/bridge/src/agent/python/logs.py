# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""What Python's `logging` says. Livy's shell has it written to the session's log, where nobody sees it."""

import logging
import os

from .base import state
from .events import events


def is_noise(record):
    """The shell's own logger repeats each cell's error, and py4j, by the root logger, each interrupted call."""
    return record.name == 'fake_shell' or os.sep + 'py4j' + os.sep in record.pathname


class Handler(logging.Handler):
    """Tells what Python would tell by itself: of which no handler of the user's is told."""

    def __init__(self):
        super().__init__()
        self.setFormatter(logging.Formatter('%(message)s'))
        self.shells = []

    def install(self):
        root = logging.getLogger()
        self.shells = list(root.handlers)
        root.addHandler(self)

    def uninstall(self):
        logging.getLogger().removeHandler(self)

    def emit(self, record):
        if state.statement is None or is_noise(record) or self.is_told_to_others(record):
            return
        if record.name == 'root':  # From now on, as `logging.warning` has it.
            self.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
        events.stream('stderr', self.format(record) + '\n')

    def is_told_to_others(self, record):
        logger = logging.getLogger(record.name)
        while logger is not None:
            if any(handler is not self and handler not in self.shells for handler in logger.handlers):
                return True
            logger = logger.parent if logger.propagate else None
        return False


logs = Handler()
