# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Passes variables between the session and the Python beside the notebook: `%get`, `%put` and `%%send_to_spark`.

A statement writes a variable to a file, or makes one of it; the kernel carries the file.
"""

import atexit
import shutil
import tempfile

from . import spark_files, tabular, value_files
from .stdlib import json, os
from .value_files import IN_SESSION, Refusal

TEXT_VIEW = 'livy_kernel_view'  # Scala reads it at once.


class Folders:
    """The folders of values that are on their way; none is left when Python ends."""

    def __init__(self):
        self.paths = set()

    def make(self):
        if not self.paths:
            atexit.register(self.remove_all)
        path = tempfile.mkdtemp(prefix='livy-kernel-')
        self.paths.add(path)
        return path

    def remove(self, path):
        self.paths.discard(path)
        shutil.rmtree(path, ignore_errors=True)

    def remove_all(self):
        for path in list(self.paths):
            self.remove(path)


folders = Folders()


def make_folder():
    return folders.make()


def remove_folder(path):
    """Removes the folder of a value's file, if it is one."""
    folder = os.path.dirname(path)
    if folder in folders.paths:
        folders.remove(folder)


CALLS = {'make_value_folder': make_folder, 'remove_value_folder': remove_folder}


def give(space, asked):
    """Writes a variable or the rows of a view to a file; returns where it is and what is needed to read it."""
    asked = json.loads(asked)
    folder = folders.make()
    try:
        path = os.path.join(folder, 'value')
        return dict(written(space, asked, path), path=path)
    except Refusal as refusal:
        folders.remove(folder)
        return {'refused': str(refusal)}
    except BaseException:
        folders.remove(folder)
        raise


def written(space, asked, path):
    limit, rows = asked['limit'], asked.get('rows')
    value = value_of_session(space, asked)
    if tabular.is_spark(value):
        return spark_files.write(value, path, limit, rows, asked.get('fraction'))
    return value_files.write(value, path, IN_SESSION, limit, rows)


def value_of_session(space, asked):
    if 'view' in asked:
        return tabular.session(space).table(asked['view'])
    if asked['name'] not in space:
        raise Refusal('the session has no variable of this name. %who lists those that it has')
    return space[asked['name']]


def take(space, asked):
    """Makes a variable of a file that the kernel has brought; returns what it is now."""
    asked = json.loads(asked)
    try:
        value = read(space, asked)
        if asked['kernel'] != 'pyspark':
            make_view(space, value, asked)
    except Refusal as refusal:
        return {'refused': str(refusal)}
    finally:
        remove_folder(asked['path'])
    space[asked['name']] = value
    return {'type': type_of(value)}


def read(space, asked):
    path, described = asked['path'], asked['described']
    if described['form'] == 'arrow' and asked['as'] == 'spark':
        return spark_files.read(tabular.session(space), path, described)
    return value_files.read(path, described, IN_SESSION)


def make_view(space, value, asked):
    """Lets other languages have the value: they share views with Python, and no variables."""
    if tabular.is_spark(value):
        return value.createOrReplaceTempView(asked['name'])
    if asked['kernel'] != 'spark' or not isinstance(value, str):
        raise Refusal('only Python has such values. Scala gets tables and text, R and SQL get tables')
    text = tabular.session(space).createDataFrame([(value,)], 'value string')
    text.createOrReplaceTempView(TEXT_VIEW)


def type_of(value):
    if tabular.is_spark(value):
        return 'a Spark DataFrame'
    return 'a pandas DataFrame' if tabular.is_pandas(value) else type(value).__name__
