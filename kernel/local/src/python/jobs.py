# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Jobs: pickled callables that run beside the statements, each in a thread of its own."""

import _pickle
import os
from _thread import allocate_lock, start_new_thread
from binascii import a2b_base64, b2a_base64
from collections import OrderedDict
from io import BytesIO

from pyspark import cloudpickle


class JobContextImpl:
    """The argument of a job. Names and types are Livy's, whose attributes hide the methods of their names too."""

    __module__ = '__main__'

    def __init__(self, spark, sql_ctx, folder):
        self.lock = allocate_lock()
        self.sc = spark.sparkContext
        self.sql_ctx = sql_ctx
        self.hive_ctx = None
        self.streaming_ctx = None
        self.local_tmp_dir_path = folder
        self.spark_session = spark
        self.shared_variables = OrderedDict()
        self.max_var_size = 100

    def create_streaming_ctx(self, batch_duration):
        from pyspark.streaming import StreamingContext

        with self.lock:
            if self.streaming_ctx is not None:
                raise ValueError('Streaming context already exists')
            self.streaming_ctx = StreamingContext(self.sc, batch_duration)

    def stop_streaming_ctx(self):
        with self.lock:
            if self.streaming_ctx is None:
                raise ValueError('Cannot stop streaming context. Streaming context is None')
            self.streaming_ctx.stop()
            self.streaming_ctx = None

    def get_local_tmp_dir_path(self):
        return self.local_tmp_dir_path

    def get_shared_object(self, name):
        with self.lock:
            if name in self.shared_variables:
                self.shared_variables.move_to_end(name)
            return self.shared_variables.get(name)

    def set_shared_object(self, name, object):
        with self.lock:
            self.shared_variables[name] = object
            while len(self.shared_variables) > self.max_var_size:
                self.shared_variables.popitem(last=False)

    def remove_shared_object(self, name):
        with self.lock:
            self.shared_variables.pop(name, None)

    def stop(self):
        self.sc.stop()


class Jobs:
    def __init__(self, send, describe, spark, sql_ctx, scratch):
        folder = os.path.join(scratch, 'jobs')
        os.mkdir(folder, 0o700)
        self.send, self.describe = send, describe
        self.context = JobContextImpl(spark, sql_ctx, folder)

    def start(self, id, job):
        try:
            start_new_thread(self.run, (id, job))
        except BaseException as error:  # The system is out of memory or threads.
            self.fail(id, 'no thread can be started: %s' % error)

    def run(self, id, job):
        try:
            self.send({'job': id, 'result': encoded_twice(pickled(call(job, self.context)))})
        except BaseException as error:  # A job that calls `sys.exit` fails like others.
            self.fail(id, self.describe(error))

    def fail(self, id, error):
        self.send({'job': id, 'error': 'org.apache.livy.repl.PythonJobException: Client job error:' + error})


class Unpickler(_pickle.Unpickler):
    def find_class(self, module, name):
        return __builtins__[name] if module == 'builtins' else super().find_class(module, name)


def call(job, context):
    return Unpickler(BytesIO(a2b_base64(job)), encoding='bytes').load()(context)


def pickled(value):
    # Text and bytes need none of Python's own code, which user code may have broken.
    is_plain = type(value) in (str, bytes)
    return _pickle.dumps(value, cloudpickle.DEFAULT_PROTOCOL) if is_plain else cloudpickle.dumps(value)


def encoded_twice(result):
    """Base64 of base64, since in Livy both Python and Java encode the result."""
    return b2a_base64(b2a_base64(result, newline=False), newline=False).decode()
