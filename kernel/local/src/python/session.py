# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Starts everything that a session needs, and then serves its statements."""

import io
import os
import sys
from _thread import start_new_thread
from functools import partial
from queue import SimpleQueue

import __main__
from __main__ import load

guards, replies, scala, spark, sql = map(load, ('guards', 'replies', 'scala', 'spark', 'sql'))


def run(protocol, settings):
    """Never returns: the process ends with the session."""
    statements, completions, watch = SimpleQueue(), SimpleQueue(), load('watch').Watch(protocol.send)
    scratch, names = settings['scratch'], __main__.global_dict
    handlers = {
        'execute': statements.put,
        'cancel': lambda content: watch.cancel(content['statement']),
        'complete': completions.put,
    }
    start_new_thread(protocol.read, (handlers, scratch))
    gateway, in_scala, session = start(settings, scratch, names)
    if settings['kind'] == 'spark':
        in_scala.start()
    jobs = load('jobs').Jobs(protocol.send, replies.traceback_of, session, names['sqlContext'], scratch)
    __main__.job_context = jobs.context
    handlers['job'] = lambda content: jobs.start(**content)
    handlers['add_file'] = load('files').Files(protocol.send, replies.traceback_of).start
    start_new_thread(complete, (in_scala, completions, protocol.send))
    offer_streams()
    sc = session.sparkContext
    watch.start(sc)
    interpreters = {
        'pyspark': lambda content: __main__.msg_type_router['execute_request'](content),
        'sql': partial(execute, sql.Sql(session, settings['sql_rows']), sql.SqlError),
        'spark': partial(execute, in_scala, scala.ScalaError),
    }
    protocol.send({'ready': {'app_id': sc.applicationId, 'spark_ui_url': sc.uiWebUrl}})
    load('statements').Statements(protocol.send_line, watch, gateway, sc, interpreters).serve(statements)


def start(settings, scratch, names):
    """Starts the JVM, guards its ports, and then starts Spark."""
    classes, key_file = os.path.join(scratch, 'scala'), os.path.join(scratch, 'ui.key')
    load('launch').write_private(key_file, settings['ui_key'])
    conf = spark.for_executors(settings['conf'], classes)
    conf.update(guards.ui_properties(conf, key_file))
    gateway = spark.start_jvm(conf, scratch)
    in_scala = scala.Scala(gateway, classes)
    conf.update(guards.guard_ui(gateway, classes, load.sources['UiGuard']))
    guards.guard_callbacks(gateway, classes, load.sources['CallbackClient'])
    in_scala.spark = session = spark.start_spark(conf, names)
    return gateway, in_scala, session


def offer_streams():
    """Gives user code its folder for imports and its standard streams, as Livy's Python shell does."""
    sys.path.insert(0, '')
    sys.stdin = io.StringIO()
    sys.stdout = sys.stderr = None
    __main__.clearOutputs()


def execute(interpreter, failure, content):
    try:
        return replies.execute_reply('ok', {'data': interpreter.execute(content['code'])})
    except failure as error:
        return replies.error_reply(*error.args)


def complete(in_scala, completions, send):
    """Runs in a thread of its own, so that it can answer while a statement runs."""
    while True:
        request = completions.get()
        try:
            candidates = in_scala.complete(request['code'], request['cursor'])
        except BaseException:
            candidates = []  # A completion that fails is not worth a message.
        send({'completed': request['id'], 'candidates': candidates})
