# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Reads the mark that the kernel puts below the code of its own cells.

So a cell is known before it runs, with the number that the frontend shows for it, while the statements of the session's
other clients are left to the shell. The mark is a comment, because the code must also run where no agent reads it.
"""

from .stdlib import re

MARK = re.compile(r'\n# livy-kernel cell(?: (\d+))?\Z')


def read(code):
    """Returns the code without its mark, whether it had one, and the cell's number if its history is kept."""
    match = MARK.search(code)
    if not match:
        return code, False, None
    return code[: match.start()], True, match.group(1) and int(match.group(1))
