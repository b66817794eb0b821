# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Brings the session's own packages to the executors."""

import zipfile

from .stdlib import os

NAME = 'livy_kernel_packages_%d'
VARIABLE = 'LIVY_KERNEL_PACKAGES'
BROUGHT = "The packages are this session's own. Executors get them with their next task."
NO_CONTEXT = (
    'The packages are at the driver only, since no Spark runs. The next `%pip install` brings them to executors.'
)
NATIVE = (
    'The packages are at the driver only: with native code, they cannot go to the executors of this Spark, which is '
    'older than 3.1. What these need comes with the session: Livy\'s "archives".'
)


class ExecutorPackages:
    def __init__(self):
        self.count = 0
        self.included = None

    def bring(self, context, packages, folder):
        """Gives Spark an archive of the packages, which is kept in the folder, in place of the one before; returns what
        the user is to know of it.
        """
        if context is None:
            return NO_CONTEXT
        takes_archives = hasattr(context, 'addArchive')
        if not takes_archives and has_native_code(packages):
            return NATIVE
        self.count += 1
        name = NAME % self.count
        path = os.path.join(folder, name + '.zip')
        pack(packages, path)
        self.forget(context)
        # Workers that ran before have imported what was there; Spark starts others for another environment.
        context.environment[VARIABLE] = name
        if takes_archives:
            # Executors unpack it under this name, and Python imports from there.
            context.addArchive('%s#%s' % (path, name))
            self.included = name
            context._python_includes.append(name)
        else:
            context.addPyFile(path)
            self.included = name + '.zip'
        return BROUGHT

    def forget(self, context):
        """Takes the archive before out of the list of what Python imports from."""
        if self.included in context._python_includes:
            context._python_includes.remove(self.included)


def files_of(folder):
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != '__pycache__']
        for name in names:
            path = os.path.join(parent, name)
            yield path, os.path.relpath(path, folder)


def has_native_code(folder):
    return any(name.endswith('.so') for _, name in files_of(folder))


def pack(folder, path):
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for source, name in files_of(folder):
            archive.write(source, name)


executor_packages = ExecutorPackages()
