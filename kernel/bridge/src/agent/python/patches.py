# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Replaces attributes of the shell and of Python, and restores them."""


class Patches:
    """The replaced attributes, which `undo` restores."""

    def __init__(self):
        self.made = []

    def set(self, owner, name, value):
        names = vars(owner)
        self.made.append((names, name, names.get(name, self), value))
        names[name] = value

    def undo(self):
        for names, name, before, value in reversed(self.made):
            if names.get(name) is not value:
                continue  # Someone else has replaced it since.
            if before is self:
                del names[name]
            else:
                names[name] = before
        self.made.clear()
