# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Adds files to the session beside the statements, each in a thread of its own."""

from _thread import start_new_thread

import __main__


class Files:
    def __init__(self, send, describe):
        self.send, self.describe = send, describe
        self.processor = __main__.PySparkJobProcessorImpl()

    def start(self, content):
        id = content['id']
        try:
            start_new_thread(self.add, (id, content['uri']))
        except BaseException as error:  # The system is out of memory or threads.
            self.send({'file': id, 'error': 'no thread can be started: %s' % error})

    def add(self, id, uri):
        failure = None
        try:
            self.processor.addFile(uri)
        except BaseException as error:
            failure = self.describe(error)
        self.send({'file': id, 'error': failure})
