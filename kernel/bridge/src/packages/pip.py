# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs pip for another Python, whose environment markers are the first argument."""

import json
import os
import sys

os.dup2(1, 2)  # What pip says is one text.
from pip._internal.cli.main import main  # noqa: E402
from pip._vendor.packaging import markers  # noqa: E402

# pip knows options for the other Python's tags, and none for its markers.
environment = json.loads(sys.argv[1])
markers.default_environment = lambda: dict(environment)
sys.exit(main(sys.argv[2:]))
