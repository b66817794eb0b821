# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Answers short queries such as `SHOW TABLES`."""

from .common import SHELL

ROWS_LIMIT = 2000


def rows(query):
    return [list(row) for row in SHELL.global_dict['spark'].sql(query).take(ROWS_LIMIT)]
