# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Changes to what is the shell's or Python's."""


class Patches:
    """What was put in the place of something, so that `undo` can put that back."""

    def __init__(self):
        self.made = []

    def set(self, owner, name, value):
        names = vars(owner)
        self.made.append((names, name, names.get(name, self), value))
        names[name] = value

    def undo(self):
        for names, name, before, value in reversed(self.made):
            if names.get(name) is not value:
                continue  # Somebody else's by now.
            if before is self:
                del names[name]
            else:
                names[name] = before
        self.made.clear()
