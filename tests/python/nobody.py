"""Runs code as another user of this machine: `nobody`, who has nothing but an account."""

import os
import subprocess

import pytest

# A Python that every user can run.
SYSTEM_PYTHON = "/usr/bin/python3"

only_as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


def act(code, *arguments):
    """Starts Python code as `nobody`."""
    command = [SYSTEM_PYTHON, "-c", code, *map(str, arguments)]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, user="nobody", group="nogroup", extra_groups=[], cwd="/", text=True, **streams)


def done(code, *arguments):
    """Runs Python code as `nobody`; returns what it printed."""
    actor = act(code, *arguments)
    told, _ = actor.communicate(timeout=60)
    assert actor.returncode == 0, told
    return told
