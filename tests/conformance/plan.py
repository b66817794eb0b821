"""The recordings that are replayed together, and the sessions that existed before each began."""

# Recordings of one group share their sessions, as they did when they were taken: Scala's res
# numbers and SQL's views, for example, come from statements of an earlier recording.
# The slowest come first, since groups run at the same time.
GROUPS = [
    ["progress", "cancel"],
    ["side_channel"],
    ["statements_spark", "completion", "statements_sql"],
    ["statements_pyspark", "interpreter_death"],
    ["sparkr"],
    ["sparkr_missing"],
    ["session_death"],
    ["shared_session"],
    ["batches"],
    ["server", "create_errors"],
    ["session_lifecycle_pyspark"],
    ["stdout_fd_desync"],
    ["session_expiry"],
    ["large_output"],
]

# The sessions that were created before their recording begins, by recorded id.
SESSIONS = {
    "0": {"kind": "pyspark", "name": "probe", "heartbeatTimeoutInSecond": 600},
    "11": {"kind": "pyspark"},
    "14": {"kind": "pyspark", "heartbeatTimeoutInSecond": 3600},
    "19": {"kind": "pyspark"},
    "20": {"kind": "pyspark"},
    "21": {"kind": "spark"},
    "22": {},
    "23": {"kind": "pyspark", "name": "side"},
    "26": {"kind": "pyspark", "ttl": "20s"},
    "27": {"kind": "pyspark"},
}

# The id of something that does not exist; its name is `nope`.
NOWHERE = "9999"

# The files of the recorded batches, by recorded path.
BATCH_FILES = {
    "/tmp/job.py": """\
import sys
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
print("sum", spark.range(10).groupBy().sum().first()[0], *sys.argv[1:])
spark.stop()
""",
    "/tmp/bad.py": 'import sys\n\nsys.exit("boom")\n',
}
