# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Starts the session's JVM and its Spark, and notices when the JVM is gone."""

import re
import subprocess
import warnings
from _socket import socket
from _thread import start_new_thread
from os import _exit
from time import sleep

from __main__ import load


def start_jvm(conf, scratch):
    """Starts the JVM without Spark. pyspark would put the properties on the command line of `spark-submit`."""
    from pyspark import SparkConf, SparkContext, java_gateway

    def start(command, env, **others):
        command, env = load('launch').spark_submit(command[1:], scratch, env)
        return subprocess.Popen(command, env=env, **others)

    java_gateway.Popen = start
    try:
        SparkContext._ensure_initialized(conf=SparkConf().setAll(conf.items()))
    finally:
        java_gateway.Popen = subprocess.Popen
    return SparkContext._gateway


def for_executors(conf, classes):
    """Adds the folder of Scala's classes for executors that are other processes.

    They load the classes from the driver's port, which gives them to everybody.
    """
    if re.fullmatch(r'local(\[.*\])?', conf['spark.master']):
        return conf
    return dict(conf, **{'spark.repl.class.outputDir': classes})


def start_spark(conf, names):
    """Starts Spark, and adds to `names` what Livy's Python shell offers."""
    from pyspark import cloudpickle
    from pyspark.sql import HiveContext, SparkSession, SQLContext
    from pyspark.streaming import StreamingContext

    builder = SparkSession.builder
    for key, value in conf.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', FutureWarning)  # SQLContext is deprecated, but notebooks use it.
        names.update(spark=spark, sc=spark.sparkContext, sqlContext=SQLContext(spark.sparkContext, spark))
    names.update(HiveContext=HiveContext, StreamingContext=StreamingContext, cloudpickle=cloudpickle)
    jvm = spark.sparkContext._gateway.proc
    start_new_thread(end_with, (jvm,))
    return spark


def end_with(jvm):
    """Ends this process when the JVM ends, since a session is of no use without it."""
    try:
        jvm.wait()
    finally:
        _exit(1)


def end_if_broken(gateway):
    """Leaves a statement that ended the JVM without an answer, as in Livy, where no process is left to give it.

    A broken connection is seen before the end of the JVM is.
    """
    try:
        connection = socket()
        connection.connect((gateway.gateway_parameters.address, gateway.gateway_parameters.port))
        connection.close()
    except ConnectionError:
        sleep(5)  # `end_with` ends the process meanwhile.
