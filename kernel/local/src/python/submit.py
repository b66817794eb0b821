# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs spark-submit, and ends it and its children when our standard input closes: the server is gone, or wants that."""

import os
import shutil
import signal
import subprocess
import sys
import threading

from pyspark.find_spark_home import _find_spark_home


def end_with_server(scratch):
    while os.read(0, 4096):
        pass
    shutil.rmtree(scratch, ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


scratch, *arguments = sys.argv[1:]
threading.Thread(target=end_with_server, args=(scratch,), daemon=True).start()
command = [os.path.join(_find_spark_home(), 'bin', 'spark-submit'), *arguments]
code = subprocess.call(command, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT)
os._exit(code if code >= 0 else 1)
