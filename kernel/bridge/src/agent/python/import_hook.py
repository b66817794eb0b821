# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Replaces the functions with which libraries display something, and has pandas show frames as in a notebook, as soon
as they are imported."""

import importlib.machinery
import sys

from . import comm_start
from .common import safely
from .display import DISPLAYS, publish_display_data
from .figures import figures, show
from .ipython_start import ipython


class ImportHook:
    """A finder that patches the modules of `PATCHES` when they are imported."""

    PATCHES = {
        'IPython.core.display_functions': dict(DISPLAYS, publish_display_data=publish_display_data),
        'IPython.display': dict(DISPLAYS, publish_display_data=publish_display_data),
        'matplotlib.pyplot': {'show': show},
        **dict.fromkeys(comm_start.MODULES),
        'pandas': {},
    }

    def install(self, patches):
        self.patches = patches
        for name in self.PATCHES:
            if name in sys.modules:
                safely(self.patch, sys.modules[name])
        sys.meta_path.insert(0, self)

    def uninstall(self):
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def patch(self, module):
        if module.__name__ == 'matplotlib.pyplot' and not figures.pyplot():
            return  # Its backend displays figures itself.
        if module.__name__ in comm_start.MODULES:
            return comm_start.take_over(self.patches)
        if module.__name__.startswith('IPython.') and ipython.is_possible():
            return
        if module.__name__ == 'pandas':
            show_as_in_notebook(module)
        for name, ours in self.PATCHES[module.__name__].items():
            if hasattr(module, name):
                self.patches.set(module, name, ours)

    def find_spec(self, name, path=None, target=None):
        if name not in self.PATCHES:
            return None
        spec = safely(importlib.machinery.PathFinder.find_spec, name, path, target)
        if spec and hasattr(spec.loader, 'exec_module'):
            load = spec.loader.exec_module

            def load_and_patch(module):
                load(module)
                safely(self.patch, module)

            spec.loader.exec_module = load_and_patch
        return spec


def show_as_in_notebook(pandas):
    """Without IPython's shell, or before it has started, pandas takes this for a terminal, and fits frames into it."""
    if pandas.get_option('display.max_columns') == 0:
        pandas.set_option('display.max_columns', 20)


import_hook = ImportHook()
