# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The driver process of one session: Spark, and the user's Python and SQL.

It reads requests and writes events, JSON lines both; whatever else it or a child prints belongs to the session's log.

Code that is sent to a session may rely on the surroundings of Livy's own Python shell, so they are offered here under
the same names: this runs as `__main__`; `global_dict` is the user's namespace; `clearOutputs` makes new
`UnicodeDecodingStringIO`s of `sys.stdout` and `sys.stderr` after each statement; each Python statement goes through
`msg_type_router['execute_request']` on the main thread, after a line that sets its job group; its errors go through
`execute_reply_error`; `sys.__stdout__` is the protocol's pipe.
"""

import sys

sys.path[:] = [folder for folder in sys.path if folder]  # A `queue.py` beside the notebook is not meant for this file.

import ast
import base64
import contextlib
import functools
import io
import json
import logging
import os
import queue
import shutil
import subprocess
import threading
import traceback
import types
import warnings

logging.basicConfig()  # Bound to the log now: what the user's code logs is no part of a statement's output.

global_dict = {}  # Without `__name__`, as in Livy's shell: a class of the user's prints as `<class 'A'>`.


# The protocol


def open_protocol():
    """Takes the pipes to the server away from descriptors 0 and 1, which children of the user's code inherit."""
    null = os.open(os.devnull, os.O_RDWR)
    requests, events = os.dup(0), os.dup(1)
    os.dup2(null, 0)
    os.dup2(2, 1)

    def let_go():
        for descriptor in requests, events:
            os.dup2(null, descriptor, inheritable=False)

    # Else the server would not see this process end while a forked child lives on.
    os.register_at_fork(after_in_child=let_go)
    sys.__stdout__ = io.TextIOWrapper(os.fdopen(events, 'wb'), encoding='utf-8', errors='replace', newline='\n')
    return os.fdopen(requests, 'rb')


send_lock = threading.Lock()
protocol = None  # What `sys.__stdout__` is, whatever the user's code makes of that.


def send(event):
    # The first line end closes a line that user code may have begun on `sys.__stdout__`.
    line = '\n' + json.dumps(event, ensure_ascii=False, allow_nan=False) + '\n'
    with send_lock:
        protocol.write(line)
        protocol.flush()


def read_requests(requests, handlers, scratch):
    """Runs on a thread of its own, so that a busy main thread can be asked to cancel, and to end."""
    for line in requests:
        for name, content in json.loads(line).items():
            handlers[name](content)
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(0)  # The server is gone or wants no more. The JVM ends when its own input closes.


# Replies


def execute_reply(status, content):
    return {'msg_type': 'execute_reply', 'content': dict(content, status=status)}


def error_reply(ename, evalue, lines):
    return execute_reply('error', {'ename': ename, 'evalue': evalue, 'traceback': lines})


def execute_reply_error(exc_type, exc_value, tb):
    """The reply to a Python statement that failed."""
    return exception_reply(exc_value, traceback_lines(tb) if tb else ())


def exception_reply(error, lines=()):
    """`lines` go before those of the exception itself; causes are left out, as Livy does."""
    last = traceback.format_exception_only(type(error), error)
    return error_reply(type(error).__name__, str(error), list(lines) + last)


def traceback_lines(tb):
    """What the user's functions did, without the driver's frames and without the statement's own."""
    user = tb
    while user is not None and user.tb_frame.f_code.co_filename != '<stdin>':
        user = user.tb_next
    return ['Traceback (most recent call last):\n'] + traceback.format_tb(user.tb_next if user else None)


# Python statements


class UnicodeDecodingStringIO(io.StringIO):
    def write(self, s):
        """Returns nothing, as Livy's does: else a cell that ends in a write would show its length."""
        super().write(s.decode('utf-8') if isinstance(s, bytes) else s)


def clearOutputs():
    for stream in sys.stdout, sys.stderr:
        if hasattr(stream, 'getvalue'):
            stream.close()
    sys.stdout = UnicodeDecodingStringIO()
    sys.stderr = UnicodeDecodingStringIO()


def printed():
    return ''.join(stream.getvalue() for stream in (sys.stdout, sys.stderr) if hasattr(stream, 'getvalue'))


class UnknownMagic(Exception):
    pass


class UserError(Exception):
    """The user's code raised what `__cause__` says."""


def execute_request(content):
    try:
        result = None
        for step in parse(content['code']):
            result = step()
        result = dict(result or {})
        text = (result.pop('text/plain', '') + printed()).rstrip()
        if text or not result:
            result['text/plain'] = text
        return execute_reply('ok', {'data': result})
    except UserError as error:
        error = error.__cause__
        return execute_reply_error(type(error), error, error.__traceback__)
    except Exception as error:  # A syntax error, or a magic command that failed.
        return execute_reply_error(type(error), error, None)
    finally:
        clearOutputs()


def parse(code):
    """The steps of a statement: one, unless it is no Python until its lines that start with % are taken out."""
    try:
        return [python_step(code)]
    except SyntaxError:
        steps, lines = [], []
        for line in code.rstrip().split('\n'):
            if line.startswith('%'):
                steps += [python_step('\n'.join(lines))] if lines else []
                steps.append(functools.partial(run_magic, line))
                lines = []
            else:
                lines.append(line)
        return steps + ([python_step('\n'.join(lines))] if lines else [])


def python_step(code):
    return functools.partial(run_python, compile(code, '<stdin>', 'exec', ast.PyCF_ONLY_AST, True))


def run_python(tree):
    """Shows the value of the last statement, as an interactive Python does."""
    try:
        before = ast.Module(tree.body[:-1], type_ignores=[])
        exec(compile(before, '<stdin>', 'exec'), global_dict)
        last = ast.Interactive(tree.body[-1:])
        if last.body:
            exec(compile(last, '<stdin>', 'single'), global_dict)
    except BaseException as error:
        raise UserError from error


def run_magic(line):
    name, *arguments = line[1:].split(' ', 1)
    if not name:
        raise UnknownMagic('magic command not specified')
    if name not in magic_router:
        raise UnknownMagic("unknown magic command '%s'" % name)
    return magic_router[name](*arguments)


def hiding_errors(magic):
    """Livy answers a magic command that failed with status ok and the error as data. So do we."""

    @functools.wraps(magic)
    def run(name):
        try:
            value = global_dict[name]
        except KeyError as error:
            return exception_reply(error)
        return magic(value)

    return run


@hiding_errors
def magic_json(value):
    return {'application/json': value}


@hiding_errors
def magic_matplot(value):
    image = io.BytesIO()
    try:
        value.gcf().savefig(image, format='png')
    except Exception as error:
        return exception_reply(error)
    return {'image/png': base64.b64encode(image.getvalue()).decode(), 'text/plain': ''}


@hiding_errors
def magic_table(value):
    return load('table').bundle(value)


magic_router = {'table': magic_table, 'json': magic_json, 'matplot': magic_matplot}

msg_type_router = {'execute_request': execute_request}


# Parts of their own: other languages, tables, jobs


parts = {}  # Their sources, by name.


@functools.lru_cache(maxsize=None)
def load(name):
    """A part of the driver that has a file of its own. What the user's code imports is never that."""
    part = types.ModuleType(name)
    exec(compile(parts[name], 'livy-local ' + name, 'exec'), part.__dict__)
    return part


def execute_by(interpreter, failed, content):
    try:
        return execute_reply('ok', {'data': interpreter.execute(content['code'])})
    except failed as error:
        return error_reply(*error.args)


def complete_scala(scala, completions):
    """Runs on a thread of its own, so that it answers while a statement runs."""
    while True:
        request = completions.get()
        try:
            candidates = scala.complete(request['code'], request['cursor'])
        except Exception:
            candidates = []  # Nothing to offer is no trouble worth telling.
        send({'completed': request['id'], 'candidates': candidates})


# Spark


def start_jvm(conf):
    """Without Spark yet."""
    from pyspark import SparkConf, SparkContext

    SparkContext._ensure_initialized(conf=SparkConf().setAll(conf.items()))
    return SparkContext._gateway


def start_spark(conf):
    from pyspark import cloudpickle
    from pyspark.sql import HiveContext, SparkSession, SQLContext
    from pyspark.streaming import StreamingContext

    builder = SparkSession.builder
    for key, value in conf.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', FutureWarning)  # SQLContext is deprecated, but notebooks use it.
        global_dict.update(spark=spark, sc=spark.sparkContext, sqlContext=SQLContext(spark.sparkContext, spark))
    global_dict.update(HiveContext=HiveContext, StreamingContext=StreamingContext, cloudpickle=cloudpickle)
    jvm = spark.sparkContext._gateway.proc
    threading.Thread(target=end_with, args=(jvm,), daemon=True).start()
    return spark


def end_with(jvm):
    """Without its JVM a session is of no use, and had better say so."""
    jvm.wait()
    os._exit(1)


def end_if_broken(gateway):
    """A statement that ended the JVM has no answer, as in Livy, where nobody is left to give it.

    Its broken connection is seen before the end of the process is.
    """
    try:
        gateway.jvm.System.currentTimeMillis()
    except Exception:
        with contextlib.suppress(subprocess.TimeoutExpired):
            gateway.proc.wait(timeout=5)
            os._exit(1)


# The main thread


def run(interpreters, sc, statement, kind, code):
    try:
        sc.setJobGroup(str(statement), 'Job group for statement %s' % statement, interruptOnCancel=True)
    except Exception:
        pass  # The user's code stopped Spark: what needs it will say so.
    if kind not in interpreters:
        return error_reply('InterpreterError', 'Fail to start interpreter', [])
    if kind == 'pyspark':
        announce(statement)
    try:
        return interpreters[kind]({'code': code.replace('\r\n', '\n')})
    except BaseException as error:
        return exception_reply(error)


def announce(statement):
    """The line by which Livy sets the job group, for who listens at the router for what statement comes next."""
    line = 'sc.setJobGroup("%s", "Job group for statement %s", True)' % (statement, statement)
    msg_type_router['execute_request']({'code': line})


def answer(statement, reply):
    output = dict(reply['content'], execution_count=statement)
    try:
        send({'done': statement, 'output': output})
    except (TypeError, ValueError, RecursionError) as error:  # `%json` of what is no JSON.
        send({'done': statement, 'output': dict(exception_reply(error)['content'], execution_count=statement)})


def main():
    global protocol
    requests = open_protocol()
    protocol = sys.__stdout__
    settings = json.loads(requests.readline())
    parts.update(settings['parts'])
    statements, completions, watch = queue.Queue(), queue.Queue(), load('watch').Watch(send)
    handlers = {
        'execute': statements.put,
        'cancel': lambda content: watch.cancel(content['statement']),
        'complete': completions.put,
    }
    threading.Thread(target=read_requests, args=(requests, handlers, settings['scratch']), daemon=True).start()

    in_scala, in_sql = load('scala'), load('sql')
    classes = os.path.join(settings['scratch'], 'scala')
    conf = dict(settings['conf'], **{'spark.repl.class.outputDir': classes})
    gateway = start_jvm(conf)
    scala = in_scala.Scala(gateway, classes)
    scala.spark = spark = start_spark(conf)
    sc = spark.sparkContext
    if settings['kind'] == 'spark':
        scala.start()
    interpreters = {
        'pyspark': lambda content: msg_type_router['execute_request'](content),
        'sql': functools.partial(execute_by, in_sql.Sql(spark, settings['sql_rows']), in_sql.SqlError),
        'spark': functools.partial(execute_by, scala, in_scala.ScalaError),
    }
    jobs = load('jobs').Jobs(send, spark, global_dict['sqlContext'], settings['scratch'])
    handlers['job'] = lambda content: jobs.start(**content)
    sys.path.insert(0, '')
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr = None
    clearOutputs()
    watch.start(sc)
    threading.Thread(target=complete_scala, args=(scala, completions), daemon=True).start()
    send({'ready': {'app_id': sc.applicationId, 'spark_ui_url': sc.uiWebUrl}})
    while True:
        request = statements.get()
        watch.begin(request['statement'])
        reply = run(interpreters, sc, **request)
        watch.end()
        if reply['content']['status'] == 'error':
            end_if_broken(gateway)
        answer(request['statement'], reply)


if __name__ == '__main__':
    main()
