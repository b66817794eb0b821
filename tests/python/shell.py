# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Stands for Livy's PySpark process, without Spark: names, pipes and the order of messages are Livy's.

Requests come on descriptor 0, replies go to descriptor 1, both one JSON a line. Jobs come over a socket, each on a
thread of its own, as Livy's come over py4j.
"""

import ast
import io
import json
import logging
import os
import pickle
import socketserver
import sys
import threading
import traceback

if os.environ.get("WITHOUT_IPYTHON"):
    sys.modules["IPython"] = None  # As if it were not installed.
if os.environ.get("WITHOUT_TOP_LEVEL_AWAIT"):
    del ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # As in Python 3.7.

logging.basicConfig()
LOG = logging.getLogger("fake_shell")

global_dict = {}


class UnicodeDecodingStringIO(io.StringIO):
    def write(self, s):
        super().write(s.decode("utf-8") if isinstance(s, bytes) else s)


class ExecutionError(Exception):
    def __init__(self, exc_info):
        self.exc_info = exc_info


def clearOutputs():
    sys.stdout.close()
    sys.stderr.close()
    sys.stdout = UnicodeDecodingStringIO()
    sys.stderr = UnicodeDecodingStringIO()


def reply(status, **content):
    return {"msg_type": "execute_reply", "content": dict(content, status=status)}


def execute_reply_error(exc_type, exc_value, tb):
    LOG.error("execute_reply", exc_info=True)
    lines = traceback.format_exception(exc_type, exc_value, tb, chain=False)
    return reply("error", ename=exc_type.__name__, evalue=str(exc_value), traceback=lines)


def run(tree):
    try:
        for node in tree.body[:-1]:
            exec(compile(ast.Module(body=[node], type_ignores=[]), "<stdin>", "exec"), global_dict)
        for node in tree.body[-1:]:
            exec(compile(ast.Interactive([node]), "<stdin>", "single"), global_dict)
    except BaseException as error:
        raise ExecutionError(sys.exc_info()) from error


def execute_request(content):
    data = {}
    try:
        if content["code"].startswith("%json "):
            data["application/json"] = global_dict[content["code"][6:]]
        else:
            run(compile(content["code"], "<stdin>", "exec", ast.PyCF_ONLY_AST, 1))
    except SyntaxError:
        kind, value, _ = sys.exc_info()
        return execute_reply_error(kind, value, None)
    except ExecutionError as error:
        return execute_reply_error(*error.exc_info)  # Here Livy leaves the outputs to the next statement.
    output = sys.stdout.getvalue() + sys.stderr.getvalue()
    clearOutputs()
    data["text/plain"] = output.rstrip()
    return reply("ok", data=data)


class PySparkJobProcessorImpl:
    added = []

    def addFile(self, uri_path):
        self.added.append(uri_path)


msg_type_router = {"execute_request": execute_request}


class Job(socketserver.StreamRequestHandler):
    def handle(self):
        length = int(self.rfile.readline())
        answer = pickle.loads(self.rfile.read(length), encoding="bytes")(None)
        self.wfile.write(b"bytes " + answer if isinstance(answer, bytes) else answer.encode())


class Jobs(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 100


def main():
    requests, replies = sys.stdin, sys.stdout
    sys.stdin = io.StringIO()
    sys.stdout, sys.stderr = UnicodeDecodingStringIO(), UnicodeDecodingStringIO()
    jobs = Jobs(("127.0.0.1", 0), Job)
    threading.Thread(target=jobs.serve_forever, daemon=True).start()
    print(f"READY(port={jobs.server_address[1]})", file=replies, flush=True)
    while True:
        line = requests.readline()
        if line == "":
            os._exit(0)
        message = json.loads(line)
        response = msg_type_router[message["msg_type"]](message["content"])
        print(json.dumps(response), file=replies, flush=True)


if __name__ == "__main__":
    main()
