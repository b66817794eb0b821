# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Separates the user's logging from the shell's.

Livy's shell has configured `logging` to write to the session's log, so `basicConfig` would do nothing in a cell. While
the code of a cell runs, the root logger has the user's handlers only: at first none, as in every Python. The shell's
own logger never uses them, since it repeats the errors of cells. So do two loggers of Spark 4.
"""

import logging
import sys

from .stdlib import contextlib, os

SHELLS_LOGGER = 'fake_shell'
FILTERED = (None, 'py4j.clientserver', 'py4j.java_gateway')  # The first is the root, to which py4j logs, too.
REPEATING = ('SQLQueryContextLogger', 'DataFrameQueryContextLogger')  # Each prints an error of a query as JSON.


def is_news(record):
    """Tells whether a record is of use: py4j logs each call, and the errors that it raises, too."""
    return os.sep + 'py4j' + os.sep not in record.pathname


def is_repeated(record):
    """Rejects every record: the cell shows the error."""
    return False


def repeating_loggers():
    """Returns the loggers that repeat errors. pyspark makes them, since they take more than Python's own do."""
    module = sys.modules.get('pyspark.logger')
    return [module.PySparkLogger.getLogger(name) for name in REPEATING] if module else []


class Logs:
    def __init__(self):
        self.shells = []  # The handlers of Livy's shell.

    def install(self):
        self.shells = list(logging.getLogger().handlers)
        logger = logging.getLogger(SHELLS_LOGGER)
        logger.handlers[:], logger.propagate = self.shells, False

        for name in FILTERED:
            logging.getLogger(name).addFilter(is_news)
        for repeating in repeating_loggers():
            repeating.addFilter(is_repeated)

    def uninstall(self):
        logger = logging.getLogger(SHELLS_LOGGER)
        logger.handlers[:], logger.propagate = [], True
        for name in FILTERED:
            logging.getLogger(name).removeFilter(is_news)
        for repeating in repeating_loggers():
            repeating.removeFilter(is_repeated)

    @contextlib.contextmanager
    def of_user(self):
        """Takes the shell's handlers off the root logger meanwhile."""
        handlers = logging.getLogger().handlers
        handlers[:] = [handler for handler in handlers if handler not in self.shells]
        try:
            yield
        finally:
            handlers = logging.getLogger().handlers
            handlers[:] = self.shells + [handler for handler in handlers if handler not in self.shells]


logs = Logs()
