# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""What every part of the agent needs to know."""

import sys
import threading

USER = '<stdin>'  # The file name that the shell compiles statements under.
AGENT = (lambda: 0).__code__.co_filename
MAIN_THREAD = threading.main_thread().ident
SHELL = sys.modules['__main__']


class State:
    installed = False
    statement = None  # The one that runs.
    has_ipython = has_jedi = False


state = State()


def safely(step, *arguments):
    """For what must never spoil a statement that itself went well."""
    try:
        return step(*arguments)
    except Exception:
        return None


def works(step):
    try:
        step()
        return True
    except Exception:
        return False
