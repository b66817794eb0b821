# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Stands for what tools' code uses of IPython, in a session without it. Cells do not see it."""

from . import display as displays
from .common import SHELL
from .stdlib import ast
from .threads import threads
from .tool_kernel import ToolKernel
from .who_magics import who_ls

MODULES = ('IPython', 'IPython.display', 'IPython.core.display', 'IPython.core.magics.namespace')
THIS = "__import__(%r, fromlist=['_'])." % __name__

display, update_display, clear_output = displays.display, displays.update_display, displays.clear_output
publish_display_data = displays.publish_display_data


class JSON:
    def __init__(self, data=None, **_):
        self.data = data

    def _repr_json_(self):
        return self.data

    def __repr__(self):
        return '<IPython.core.display.JSON object>'


class NamespaceMagics:
    shell = None

    def who_ls(self, parameter_s=''):
        return who_ls(parameter_s)


class Shell:
    @property
    def user_ns(self):
        return SHELL.global_dict

    @property
    def kernel(self):
        return ToolKernel(self)

    def run_line_magic(self, name, line):
        from .magics import line as run_line

        return run_line(name, line)


shell = Shell()


def get_ipython():
    """Returns a shell to tools, and None to cells, as IPython's own function does in plain Python."""
    return shell if threads.is_beside() else None


class Offer(ast.NodeTransformer):
    """Lets code find these names where it looks for those of IPython."""

    def visit_ImportFrom(self, node):
        if node.module in MODULES and all(alias.name in globals() for alias in node.names):
            node.module = __name__
        return node

    def visit_Name(self, node):
        if node.id == 'get_ipython' and isinstance(node.ctx, ast.Load):
            return ast.copy_location(ast.parse(THIS + node.id, mode='eval').body, node)
        return node


def offered_to(tree):
    return ast.fix_missing_locations(Offer().visit(tree))
