# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Passes calls on to the part that knows the statement's language."""

from .common import safely
from .interrupts import interrupts
from .progress import progress
from .r import r
from .scala import scala

BY_LANGUAGE = {'pyspark': interrupts, 'spark': scala, 'sparkr': r}


def interrupt(statement, language='pyspark'):
    return BY_LANGUAGE[language].interrupt(statement)


def interrupt_all():
    """Interrupts whatever statement runs, in each language: the session is about to be ended."""
    return [safely(each) for each in (interrupts.interrupt, scala.interrupt_any, r.interrupt_any)]


def end_other(statement):
    """Ends a statement in another language than Python; returns its progress, unless it was quick."""
    scala.end(statement)
    r.end(statement)
    return progress.end(statement)
