# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Statements whatever their language."""

from .interrupts import interrupts
from .progress import progress
from .scala import scala


def interrupt(statement, language='pyspark'):
    return scala.interrupt(statement) if language == 'spark' else interrupts.interrupt(statement)


def end_other(statement):
    """A statement in another language than Python has ended: how far Spark was with it, if that took a while."""
    scala.end(statement)
    return progress.end(statement)
