# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Formats errors as IPython does, but without what Spark adds: frames inside pyspark, and Java's stack."""

from IPython.core.ultratb import AutoFormattedTB

from .common import AGENT
from .errors import JAVA_STACK_NOTE, describe, error_text, has_java_stack, is_sparks, left_out_note
from .stdlib import itertools

INSIDE_SPARK = '\0'


class Tracebacks(AutoFormattedTB):
    def structured_traceback(self, etype=None, value=None, tb=None, *rest, **options):
        try:
            return fold(super().structured_traceback(etype, value, tb, *rest, **options))
        except Exception:  # A cell has broken something that IPython needs.
            return describe(value, tb, set())

    def format_record(self, frame, *rest):
        """Formats a frame: an object, or in IPython 7 the first of several arguments."""
        frame_itself = getattr(frame, 'frame', frame)  # There is none if it stands for a recursion.
        name = frame_itself.f_code.co_filename if frame_itself else ''
        if name == AGENT:
            return ''
        return INSIDE_SPARK if is_sparks(name) else super().format_record(frame, *rest)

    def format_exception(self, etype, evalue):
        if not has_java_stack(evalue):
            return super().format_exception(etype, evalue)
        return super().format_exception(etype, Exception(error_text(evalue) + '\n' + JAVA_STACK_NOTE))


def fold(lines):
    """Replaces each run of frames inside pyspark by a note."""
    folded = []
    for inside, run in itertools.groupby(lines, lambda line: line == INSIDE_SPARK):
        run = list(run)
        folded += ['    %s\n' % left_out_note(len(run))] if inside else [line for line in run if line]
    return folded
