# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Passes calls on to the part that knows the statement's language."""

from .interrupts import interrupts
from .progress import progress
from .scala import scala


def interrupt(statement, language='pyspark'):
    return scala.interrupt(statement) if language == 'spark' else interrupts.interrupt(statement)


def end_other(statement):
    """Ends a statement in another language than Python; returns its progress, unless it was quick."""
    scala.end(statement)
    return progress.end(statement)
