# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Formats what a statement raised, with the user's own lines."""

import sys

from .common import AGENT, is_users, safely, safely_from_all, state
from .events import events
from .sources import sources
from .stdlib import itertools, os, re, traceback
from .streaming import streaming

RED, GREEN, PLAIN = '\x1b[31m', '\x1b[32m', '\x1b[0m'
CAUSE = 'The above exception was the direct cause of the following exception:'
CONTEXT = 'During handling of the above exception, another exception occurred:'
JAVA_FRAME = re.compile(r'^\s+(?:at \S|\.\.\. \d+ more).*\n', re.MULTILINE)
SPARKS_FILE = r'^  File "[^"]*(?:\.zip|-packages|python)[/\\]pyspark[/\\][^"]*", line .*\n'
WORKER_FRAME = re.compile(SPARKS_FILE + r'(?:    .*\n)*', re.MULTILINE)
FILE_LINE = re.compile(r'  File "<(?:stdin|cell)[^"]*>", line')
JAVA_STACK_NOTE = '(the Java stack is left out: %debug-log shows it)'
FRAMES_LIMIT = 30
NO_MESSAGE = '<an exception that cannot say what it is>'


def error_text(error):
    """Returns the exception's message; that of a Java exception without its stack."""
    text = safely_from_all(str, error)
    if text is None:
        return NO_MESSAGE
    if not has_java_stack(error):
        return text
    text = text.split('\n\nDriver stacktrace:')[0].split('\nJVM stacktrace:\n')[0]
    return JAVA_FRAME.sub('', WORKER_FRAME.sub('', text + '\n')).strip()


def has_java_stack(error):
    """Returns whether Java's stack is part of the message: py4j's have it, and those of Spark Connect."""
    if type(error).__module__ == 'pyspark.errors.exceptions.connect':
        return '\nJVM stacktrace:\n' in (safely_from_all(str, error) or '')
    return type(error).__name__ == 'Py4JJavaError'


def name_of(error):
    """Returns the name of the error's class, even if the class hides it."""
    return type.__dict__['__name__'].__get__(type(error))


def only_error(error):
    """Returns the last lines of a traceback: the error itself."""
    if has_java_stack(error):
        lines = split(['%s: %s' % (name_of(error), error_text(error)), JAVA_STACK_NOTE])
    else:
        lines = split(traceback.format_exception_only(type(error), error))
    if isinstance(error, SyntaxError):
        lines = [FILE_LINE.sub('  Cell line', line, count=1) if FILE_LINE.match(line) else line for line in lines]
    return [with_red(name_of(error), line) for line in lines]


def with_red(name, line):
    """Shows the name of the error's class in red and without its module."""
    begin = line.partition(':')[0]
    if begin != name and not begin.endswith('.' + name):
        return line
    return RED + name + PLAIN + line[len(begin) :]


def frames_of(tb):
    """Returns the frames from the user's code on; those before it are the shell's."""
    frames = list(traceback.walk_tb(tb))
    user = [place for place, (frame, _) in enumerate(frames) if is_users(frame.f_code)]
    frames = frames[user[0] :] if user else []
    return [(frame, line) for frame, line in frames if frame.f_code.co_filename != AGENT]


def frame_lines(frame, number):
    code = frame.f_code
    if not is_users(code):
        return split(traceback.StackSummary.extract([(frame, number)]).format())
    statement, source = sources.of(code)
    inside = '' if code.co_name == '<module>' else ', in ' + code.co_name
    originals = statement.originals if statement else {}
    return ['  %s line %d%s' % (cell_name(statement), number, inside), *around(source, number, originals)]


def around(source, number, originals):
    """Returns the line and two before and after it, as IPython shows them."""
    lines = [originals.get(line, line) for line in source.split('\n')] if source else []
    lines = list(enumerate(lines, 1))
    shown = []
    for at, line in lines[max(0, number - 3) : number + 2]:
        arrow = '----> %d' % at
        shown.append(GREEN + arrow + PLAIN + ' ' + line if at == number else '%*d %s' % (len(arrow), at, line))
    return shown


def split(texts):
    return [line for text in texts for line in text.rstrip('\n').split('\n')]


def cell_name(statement):
    if statement is None or statement is state.statement:
        return 'Cell'
    return 'Cell' if statement.count is None else 'Cell [%d]' % statement.count


def describe(error, tb, seen):
    seen.add(id(error))
    lines = []
    context = None if error.__suppress_context__ else error.__context__
    for earlier, words in ((error.__cause__, CAUSE), (context, CONTEXT)):
        if earlier is not None and id(earlier) not in seen and tb is not None:  # Without a traceback it is the shell's.
            lines += [*describe(earlier, earlier.__traceback__, seen), '', words, '']
            break
    frames = frames_of(tb)
    if frames:
        lines.append('Traceback (most recent call last):')
        lines += fold(frames)
    lines += only_error(error)
    for part in getattr(error, 'exceptions', ()):
        if isinstance(part, BaseException) and id(part) not in seen:
            lines += ['  | ' + line for line in describe(part, part.__traceback__, seen)]
    return lines


def is_sparks(file):
    packages = [sys.modules[name] for name in ('pyspark', 'py4j') if name in sys.modules]
    return any(file.startswith(os.path.dirname(package.__file__) + os.sep) for package in packages)


def fold(frames):
    """Returns the lines of the frames, without those inside pyspark and the middle of a deep recursion."""
    lines = []
    left_out = len(frames) - FRAMES_LIMIT
    if left_out > 0:
        middle = '  … %d more frames …' % left_out
        return [*fold(frames[: FRAMES_LIMIT // 2]), middle, *fold(frames[-(FRAMES_LIMIT // 2) :])]
    for inside, run in itertools.groupby(frames, lambda entry: is_sparks(entry[0].f_code.co_filename)):
        run = list(run)
        if inside:
            lines.append('  ' + left_out_note(len(run)))
        else:
            lines += [line for frame, number in run for line in frame_lines(frame, number)]
    return lines


def left_out_note(count):
    frames = '1 frame inside pyspark is' if count == 1 else '%d frames inside pyspark are' % count
    return '(%s left out)' % frames


class Last:
    """The newest traceback in full, for `%debug-log`."""

    LENGTH_LIMIT = 200000
    text = ''


def last_error():
    return Last.text


def tell_error(statement, reply):
    content = (reply or {}).get('content', {})
    if content.get('status') != 'error':
        return
    lines = content.get('traceback') or []
    told = {'ename': str(content.get('ename')), 'evalue': str(content.get('evalue'))}
    if statement.failure:
        error, tb = statement.failure
        told['evalue'] = error_text(error)
        Last.text = (safely(whole, error, tb) or '')[: Last.LENGTH_LIMIT]
        if statement.has_told_error:
            return
        lines = safely(describe, error, tb, set()) or lines
    safely_from_all(streaming.tell_before, told['ename'])
    events.add('error', traceback=lines, **told)


def whole(error, tb):
    return ''.join(traceback.format_exception(type(error), error, tb))
