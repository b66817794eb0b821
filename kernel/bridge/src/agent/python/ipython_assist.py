# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Completes and describes names as IPython does."""

from IPython.core.completer import provisionalcompleter, rectify_completions
from IPython.utils.tokenutil import token_at_cursor


def complete(shell, code, cursor):
    """Returns where the text begins that completions replace, and their types by text."""
    with provisionalcompleter():
        found = list(rectify_completions(code, shell.Completer.completions(code, cursor)))
    if not found:
        return None
    return found[0].start, found[0].end, {each.text: each.type or '' for each in found}


def describe(shell, code, cursor, detail):
    """Returns the description of the name at the cursor as text, or None if it is unknown."""
    try:
        return shell.object_inspect_mime(token_at_cursor(code, cursor), detail_level=detail)['text/plain']
    except KeyError:
        return None
