# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Replaces attributes of the shell and of Python, and restores them."""


class Patches:
    """The replaced attributes, which `undo` restores."""

    def __init__(self):
        self.made = []

    def set(self, owner, name, value):
        names = vars(owner)
        self.made.append((owner, name, names.get(name, self), value))
        put(owner, name, value)

    def undo(self):
        for owner, name, before, value in reversed(self.made):
            if vars(owner).get(name) is not value:
                continue  # Someone else has replaced it since.
            if before is not self:
                put(owner, name, before)
            elif isinstance(owner, type):
                type.__delattr__(owner, name)
            else:
                del vars(owner)[name]
        self.made.clear()


def put(owner, name, value):
    if isinstance(owner, type):
        type.__setattr__(owner, name, value)
    else:
        vars(owner)[name] = value
