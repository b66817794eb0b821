# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Copies of modules of Python's that a cell cannot change, since only the driver has them."""

import importlib.util


def private_copy(name):
    """Runs a module of Python's once more. Its functions call one another in the copy, and the driver's built-ins."""
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    vars(module)['__builtins__'] = __builtins__
    spec.loader.exec_module(module)
    return module


traceback = private_copy('traceback')
encode = private_copy('json.encoder').JSONEncoder(ensure_ascii=False, allow_nan=False).encode
decode = private_copy('json.decoder').JSONDecoder().decode
