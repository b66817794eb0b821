# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Keeps the trace function of a cell away from the driver's code."""

import builtins
from sys import getprofile, getrecursionlimit, gettrace, setprofile, setrecursionlimit, settrace

DRIVER_FRAMES = 200  # How deep the driver's own calls may go.


class Tracing:
    """The trace and profile functions that cells have set. They see only user code, since they may raise."""

    def __init__(self, names):
        self.names = names
        self.trace = self.profile = None
        self.limit = getrecursionlimit()

    def resume(self):
        self.names.setdefault('__builtins__', builtins)  # Otherwise `exec` would put the driver's copy there.
        if self.trace or self.profile:
            setprofile(self.profile)
            settrace(self.trace)

    def suspend(self):
        self.profile, self.trace = getprofile(), gettrace()
        setprofile(None)
        settrace(None)
        if getrecursionlimit() < DRIVER_FRAMES:
            setrecursionlimit(self.limit)
