# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reads the mark that the kernel puts below the code of its own cells.

So a cell is known before it runs, with the number that the frontend shows for it, its kernel and the frontend's
request, while the statements of the session's other clients are left to the shell. The mark is a comment, because the
code must also run where no agent reads it.
"""

from .stdlib import re

MARK = re.compile(r'\n# livy-kernel cell(?: (\d+))?(?: by ([0-9a-f]+)(?:/(\S+))?)?\Z')


def read(code):
    """Returns the code without its mark, whether it had one, and what that says.

    It may say the cell's number, if its history is kept, its kernel, and the id of the frontend's request.
    """
    match = MARK.search(code)
    if not match:
        return code, False, None, None, None
    number, kernel, request = match.groups()
    return code[: match.start()], True, number and int(number), kernel, request
