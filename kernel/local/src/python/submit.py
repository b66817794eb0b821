# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs an application by `spark-submit`. When the standard input closes, ends it with all its children.

The server closes it to end the application, and the system does when the server is gone.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import types
from urllib.parse import unquote, urlsplit


def end_with_server(scratch):
    while os.read(0, 4096):
        pass
    shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


def load(name, source):
    part = types.ModuleType(name)
    exec(compile(source, 'livy-local ' + name, 'exec'), part.__dict__)
    return part


def local_path(file):
    """Returns the path of a file on this machine, and none for one that Spark has to fetch."""
    parts = urlsplit(file)
    if not parts.scheme:
        return file
    return unquote(parts.path) if parts.scheme in ('file', 'local') else None


def application(settings, launch):
    """Returns the words that name the application.

    Spark would put a Python file and its arguments on the command line of Python. It gets `application.py` instead,
    which reads both from a file.
    """
    path, scratch = local_path(settings['file']), settings['scratch']
    if path is None or not path.endswith('.py'):
        return [settings['file'], *settings['args']]
    own = os.path.join(scratch, 'application.py')
    launch.write_private(own, settings['application'])
    launch.write_private(os.path.join(scratch, 'application.json'), json.dumps([path, *settings['args']]))
    return [own]


def main():
    settings = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=end_with_server, args=(settings['scratch'],), daemon=True).start()
    launch = load('launch', settings['launch'])
    arguments = [word for key, value in settings['conf'].items() for word in ('--conf', key + '=' + value)]
    arguments += ['--class', settings['class']] if settings['class'] else []
    arguments += application(settings, launch)
    os.dup2(1, 2)
    try:
        command, env = launch.spark_submit(arguments, settings['scratch'], os.environ)
    except subprocess.CalledProcessError as error:
        os._exit(error.returncode if error.returncode > 0 else 1)  # The reason is in the log already.
    code = subprocess.call(command, env=env, stdin=subprocess.DEVNULL)
    os._exit(code if code >= 0 else 1)


if __name__ == '__main__':
    main()
