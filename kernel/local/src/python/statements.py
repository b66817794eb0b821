# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Runs statements one after the other on the main thread, and answers each once, whatever its code does."""

from os import _exit, getpid

import __main__
from __main__ import load

isolated, replies, spark = load('isolated'), load('replies'), load('spark')

driver = getpid()

NO_ANSWER = (
    '{"done": %d, "output": {"status": "error", "execution_count": %d, "ename": "ReplyError", "traceback": [], '
    '"evalue": "The cell has run, but what it gives could not be written."}}'
)


class Statements:
    def __init__(self, send_line, watch, gateway, sc, interpreters):
        self.send_line, self.watch, self.gateway = send_line, watch, gateway
        self.sc, self.interpreters = sc, interpreters

    def serve(self, queue):
        """Never returns. A signal of the user's may raise an exception at any point."""
        request = None
        while True:
            try:
                request = queue.get()
                self.watch.begin(request['statement'])
                reply = self.run(**request)
            except BaseException as error:
                reply = replies.exception_reply(error)
            if getpid() != driver:
                _exit(0)  # This is the child of an `os.fork()` in a cell.
            if request is not None:
                self.finish(request.pop('statement'), reply)
                request = None

    def run(self, statement, kind, code):
        try:
            self.sc.setJobGroup(str(statement), 'Job group for statement %s' % statement, interruptOnCancel=True)
        except Exception:
            pass  # The user's code has stopped Spark, and a statement that needs it will fail.
        if kind not in self.interpreters:
            return replies.error_reply('InterpreterError', 'Fail to start interpreter', [])
        if kind == 'pyspark':
            announce(statement)
        return self.interpreters[kind]({'code': code.replace('\r\n', '\n')})

    def finish(self, statement, reply):
        try:
            self.watch.end()
            if reply['content']['status'] == 'error':
                spark.end_if_broken(self.gateway)
        except BaseException:
            pass  # The reply is more useful.
        self.answer(statement, reply)

    def answer(self, statement, reply):
        try:
            line = answer_line(statement, reply)
        except BaseException as error:  # `%json` of a value that is no JSON.
            try:
                line = answer_line(statement, replies.exception_reply(error))
            except BaseException:
                line = NO_ANSWER % (statement, statement)
        self.send_line(line)


def announce(statement):
    """Runs the line by which Livy sets the job group: code at the router learns from it the next statement's number."""
    line = 'sc.setJobGroup("%s", "Job group for statement %s", True)' % (statement, statement)
    __main__.msg_type_router['execute_request']({'code': line})


def answer_line(statement, reply):
    return isolated.encode({'done': statement, 'output': dict(reply['content'], execution_count=statement)})
