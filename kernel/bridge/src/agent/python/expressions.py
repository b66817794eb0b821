# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Evaluates expressions beside the cells: the `user_expressions` of a request."""

import builtins
import sys

from .common import SHELL, safely
from .errors import error_text, name_of, only_error
from .mime_bundles import bundle_of, keep_bundle


def expressions(wanted):
    """Returns the value or the error of each expression, by its name."""
    SHELL.global_dict.setdefault('__builtins__', builtins)
    return {name: evaluated(text) for name, text in wanted.items()}


def evaluated(text):
    try:
        data, metadata = formatted(eval(text, SHELL.global_dict))
        return {'status': 'ok', 'data': data, 'metadata': metadata}
    except BaseException as error:  # Even `SystemExit` is an answer.
        told = {'ename': name_of(error), 'evalue': error_text(error), 'traceback': only_error(error)}
        return dict(told, status='error')


def formatted(value):
    """Returns the MIME bundle of a value: as IPython's shell formats it, if the session has one."""
    ipython = sys.modules.get('IPython.core.getipython')
    shell = safely(ipython.get_ipython) if ipython else None
    shown = shell.display_formatter.format(value) if shell else bundle_of(value)
    return keep_bundle(*shown) if shown else ({}, {})
