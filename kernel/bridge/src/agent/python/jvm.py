# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Looks into the JVM of this Python's Spark, also where it is private: Spark's own options open these packages."""

from .interrupts import active_spark_context


def all_threads():
    return list(active_spark_context()._jvm.java.lang.Thread.getAllStackTraces().keySet())


def stack_of(thread):
    """Returns all frames in one text, by one call; py4j cannot pass the array to Java's own `Arrays.toString`."""
    return active_spark_context()._jvm.scala.runtime.ScalaRunTime.stringOf(thread.getStackTrace())


def field(owner, declaring, name):
    """Returns the value of a field that this class declares, which is a class or its name."""
    return declared(declaring, name).get(owner)


def declared(declaring, name):
    if isinstance(declaring, str):
        declaring = active_spark_context()._jvm.java.lang.Class.forName(declaring)
    made = declaring.getDeclaredField(name)
    made.setAccessible(True)
    return made


def class_of(value):
    return value.getClass().getName() if hasattr(value, 'getClass') else None
