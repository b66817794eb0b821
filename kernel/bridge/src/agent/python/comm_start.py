# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Puts the session's comms behind the package `comm`, as soon as that is imported."""

import sys

from .ipython_start import import_part

# Importing the second puts ipykernel's own behind it, which no frontend could reach. ipywidgets 7 uses the third.
MODULES = ('comm', 'ipykernel.ipkernel', 'ipykernel.comm')


def take_over(patches):
    package = sys.modules.get('comm')
    if package is not None:
        classes = import_part('comm_classes')
        patches.set(package, 'create_comm', classes.Comm)
        patches.set(package, 'get_comm_manager', classes.get_comm_manager)
        if 'ipykernel.comm' in sys.modules:
            patches.set(sys.modules['ipykernel.comm'], 'Comm', classes.Comm)
