# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Jobs: pickled callables that run beside the statements, each on a thread of its own."""

import base64
import os
import pickle
import threading
import traceback
from collections import OrderedDict

from pyspark import cloudpickle


class JobContextImpl:
    """What a job is called with. Names and types are those of Livy, whose own methods of the same names are hidden by
    these attributes too.
    """

    __module__ = '__main__'

    def __init__(self, spark, sql_ctx, folder):
        self.lock = threading.Lock()
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
    def __init__(self, send, spark, sql_ctx, scratch):
        folder = os.path.join(scratch, 'jobs')
        os.mkdir(folder)
        self.send = send
        self.context = JobContextImpl(spark, sql_ctx, folder)

    def start(self, id, job):
        threading.Thread(target=self.run, args=(id, job), name='job %s' % id, daemon=True).start()

    def run(self, id, job):
        try:
            result = cloudpickle.dumps(call(job, self.context))
            self.send({'job': id, 'result': twice(result)})
        except BaseException:  # A job that wants to exit has only failed.
            error = 'Client job error:' + traceback.format_exc()
            self.send({'job': id, 'error': 'org.apache.livy.repl.PythonJobException: ' + error})


def call(job, context):
    return pickle.loads(base64.b64decode(job), encoding='bytes')(context)


def twice(result):
    """Livy's Python encodes what its Java encodes again."""
    return base64.b64encode(base64.b64encode(result)).decode()
