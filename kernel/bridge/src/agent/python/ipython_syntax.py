# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Turns IPython's syntax into Python calls: `%time f()`, `x = !ls`, `f?`. Line numbers do not change.

Code that is valid Python is not touched. Livy's own magics are left to Livy.
"""

import warnings

from .stdlib import ast, re

CALL = "__import__('_livy_kernel_agent')."
LIVY_MAGIC = re.compile(r'%(?:json|table|matplot)\s+\S')
LINE = re.compile(r'(\s*)(?:([^\W\d][\w.,\s\[\]*]*?)\s*=\s*)?(%|!!?)(?!%)\s*(.*?)\s*\Z', re.DOTALL)
HELP = re.compile(r'(\s*)(?:(\?\??)\s*(%{0,2}[\w.]+)|(%{0,2}[\w.]+)\s*(\?\??))\s*\Z')
CELL = re.compile(r'\s*%%(\S+)[^\S\n]*([^\n]*)(?:\n(.*))?\Z', re.DOTALL)
TOKEN = re.compile(r'\\.|\'\'\'|"""|[\'"]|#.*|[(\[{]|[)\]}]|[^\\\'"#()\[\]{}]+', re.DOTALL)
TIMES = re.compile(r'\s*%%time[^\S\n]*(?=\n|\Z)')


class Scanner:
    """Tells whether a line begins a statement: not within a string or brackets, and not after a backslash."""

    def __init__(self):
        self.quote = None
        self.depth = 0
        self.continued = False

    def begins_statement(self):
        return self.quote is None and self.depth == 0 and not self.continued

    def feed(self, line):
        self.continued = line.endswith('\\')
        for token in TOKEN.findall(line):
            if self.quote:
                self.inside(token)
            elif token[0] in '\'"':
                self.quote = token
            elif token[0] in '([{':
                self.depth += 1
            elif token[0] in ')]}':
                self.depth = max(0, self.depth - 1)
            elif token[0] == '#':
                self.continued = False
        if self.quote and len(self.quote) == 1 and not self.continued:
            self.quote = None  # It is never closed: a syntax error of the user's.

    def inside(self, token):
        # Three quotes within a string of single quotes are its end and an empty string.
        if token == self.quote or token == self.quote * 3:
            self.quote = None


def is_in_text(before):
    """Tells whether a cursor behind this code is in a string or a comment."""
    *lines, last = before.split('\n')
    scanner = Scanner()
    for line in lines:
        scanner.feed(line)
    for token in TOKEN.findall(last):
        if scanner.quote:
            scanner.inside(token)
        elif token[0] == '#':
            return True
        elif token in ("'''", '"""', "'", '"'):
            scanner.quote = token
    return scanner.quote is not None


def is_python(code):
    try:
        with warnings.catch_warnings():  # The shell compiles the code again and shows them.
            warnings.simplefilter('ignore')
            compile(code, '<cell>', 'exec', ast.PyCF_ONLY_AST)
        return True
    except (SyntaxError, ValueError):
        return False


def has_livy_magic(code):
    """Tells whether a line is a magic of Livy's, which only Livy's shell can run."""
    return any(map(LIVY_MAGIC.match, code.split('\n'))) and not is_python(code)


def without_indent(code):
    """Takes the first line's indentation from all lines, if all have it, as IPython does."""
    indent = re.match(r'[ \t]*', code)[0]
    lines = code.split('\n')
    if not indent or not all(line.startswith(indent) for line in lines if line.strip()):
        return code
    return '\n'.join(line[len(indent) :] for line in lines)


def rewrite(code):
    """Returns the code as Python, and the original of each line that was changed."""
    if is_python(code):
        return code, {}
    code = without_indent(code)
    cell = CELL.match(code)
    if cell and not TIMES.match(code):
        name, line, body = cell.groups('')
        call = '%scell(%r, %r, %r)' % (CALL, name, line, body)
        return call, {call: '%%' + name + ' ' + line if line else '%%' + name}
    scanner, lines, originals = Scanner(), code.split('\n'), {}
    at = 0
    while at < len(lines):
        end = at + 1
        new = None
        if scanner.begins_statement():
            while lines[end - 1].endswith('\\') and end < len(lines):
                end += 1
            new = call_of('\n'.join(lines[at:end]).replace('\\\n', ' '))
        if new is None:
            scanner.feed(lines[at])
            at += 1
            continue
        originals[new] = lines[at]
        lines[at:end] = [new] + [''] * (end - at - 1)
        at = end
    return '\n'.join(lines), originals


def call_of(line):
    """Returns the call that a line stands for, or None if it contains no magic."""
    if LIVY_MAGIC.match(line):
        return None
    if TIMES.match(line):
        return CALL + 'time_cell()'
    asks = HELP.match(line)
    if asks:
        indent, before, name, other_name, after = asks.groups('')
        return '%s%shelp(%r, %d)' % (indent, CALL, name or other_name, len(before or after) - 1)
    magic = LINE.match(line)
    if not magic:
        return None
    indent, target, sign, text = magic.groups()
    begin = indent + ('%s = ' % target if target else '') + CALL
    if sign == '%':
        name, _, rest = text.partition(' ')
        return '%sline(%r, %r)' % (begin, name, rest.strip())
    shown = sign == '!' and not target
    return '%s%s(%r)' % (begin, 'system' if shown else 'getoutput', text)
