# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Completes names of the driver's files where a cell has a path: `!cat a`, `%run a`, `open('a`."""

from .stdlib import os, re

COMMAND = re.compile(r'(?:^|=)\s*!{1,2}.*?((?:\\.|[^\s\\"\'=;|<>&()])*)\Z', re.DOTALL)
MAGIC = re.compile(r'^\s*%{1,2}(cd|run|load|ls|writefile|pycat|cat)\s+(?:.*\s)?["\']?([^\s"\']*)\Z')
STRING = re.compile(
    r'\b(?:open|Path|listdir|scandir|chdir|exists|isfile|isdir|read_(?:csv|json|parquet|excel|pickle|table))'
    r'\(\s*[rR]?(["\'])([^"\']*)\Z'
)
ENTRIES_LIMIT = 10000  # Of a folder, for which reading must not take long.


def path_at(before):
    """Returns the path before the cursor, if there is one, whether it is a shell's, and whether only folders fit."""
    line = before.rpartition('\n')[2]
    magic, command, string = MAGIC.match(line), COMMAND.search(line), STRING.search(line)
    if magic:
        return magic.group(2), False, magic.group(1) == 'cd'
    if command:
        return command.group(1), True, False
    if string:
        return string.group(2), False, False
    return None


def entries(path, is_shells, only_folders):
    """Returns the last part of the path, and what may take its place."""
    folder, slash, prefix = path.rpartition('/')
    typed = prefix.replace('\\ ', ' ') if is_shells else prefix
    found = {}
    with os.scandir(os.path.expanduser(folder.replace('\\ ', ' ') + slash) or '.') as listed:
        for _, entry in zip(range(ENTRIES_LIMIT), listed):
            name = entry.name
            if not name.startswith(typed) or (name.startswith('.') and not typed):
                continue
            if entry.is_dir():
                name += '/'
            elif only_folders:
                continue
            found[name.replace(' ', '\\ ') if is_shells else name] = 'path'
    return prefix, found
