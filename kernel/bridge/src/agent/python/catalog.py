# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""What a short query answers, such as `SHOW TABLES`."""

from .base import SHELL

MOST = 2000


def rows(query):
    return [list(row) for row in SHELL.global_dict['spark'].sql(query).take(MOST)]
