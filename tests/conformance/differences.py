"""The differences from the recordings that a server may have, and why."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    scenario: str  # or "", for all
    request: str  # a pattern for the request, as the table prints it
    where: str  # a pattern for the place in the answer
    why: str
    # Or "older", for a Livy before 0.9, or "any": there it depends on the machine and may not occur.
    server: str = "livy-local"

    def covers(self, finding):
        return (
            self.scenario in ("", finding.scenario)
            and re.search(self.request, str(finding.exchange)) is not None
            and re.search(self.where, finding.difference.where) is not None
        )

    def applies_to(self, scenario, server):
        return self.scenario in ("", scenario) and self.server in ("any", server)

    @property
    def must_occur(self):
        return self.server == "livy-local"

    def __str__(self):
        return f"{self.request} {self.where}: {self.why}"


DRIVER_DIES = "Livy's Python interpreter dies of it; livy-local gives the error, and the session lives on"
STDOUT_IS_LIVYS = "what a child process prints puts Livy's pipe to Python out of step, and not livy-local's"
PYTHON_IS_THE_DRIVER = "Python is livy-local's driver: where Livy loses an interpreter, livy-local loses the session"
OWN_FILES = "on livy-local all files are the person's own"
NEWER_SHELL = "Livy 0.10's shell warns of SQLContext as it starts, which its last words contain"
JACKSON = "the words of Livy's JSON parser"
SINCE_0_9 = "idleTimeout of sessions and executorLogUrls came with Livy 0.9"
OLDER_JSON = "the words of an older JSON parser, which has fewer properties of sessions to list, and of Java before 14"
OLDER_SPARK = "older Livys run an older Spark and Python, with other words, frames and pickles"

KNOWN = [
    Known("statements_pyspark", r"/14/statements/22$", "output", "it is as pandas 3 shows it", "any"),
    Known("statements_pyspark", r"/17/statements/2$", "output", "it needs matplotlib", "any"),
    Known("statements_pyspark", r"/19/statements/9$", "output", "it needs pandas", "any"),
    Known("statements_sql", r"/21/statements/52$", "output", "Livy cannot write an interval on Java 17"),
    Known("interpreter_death", r"^GET /sessions/1[456]/(state|statements)", r"^\.(state|output)", DRIVER_DIES),
    Known("stdout_fd_desync", r"^GET /sessions/20/statements", r"^\.output", STDOUT_IS_LIVYS),
    Known("session_death", r"/11/statements/[01]$", "status", PYTHON_IS_THE_DRIVER),
    Known("session_death", r"/11/state$", "state", PYTHON_IS_THE_DRIVER),
    Known("session_death", r'/11/statements "1\+1"$', "status", PYTHON_IS_THE_DRIVER),
    Known("session_death", r"/11/statements/0$", "evalue", NEWER_SHELL, "any"),
    Known("interpreter_death", r"/1[456]/statements/", "evalue", NEWER_SHELL, "any"),
    Known("batches", r"/etc/passwd", "status", OWN_FILES),
    Known("create_errors", r"/etc/passwd", "status", OWN_FILES),
    Known("create_errors", r'"{\\"kind\\":"$', "", JACKSON),
    Known("create_errors", r'"driverCores": "two"', "", "a JVM that has run for long leaves the message out", "any"),
    Known("create_errors", r'"not json"$', "", JACKSON),
    Known("", r"/(sessions|batches)", r"(^|\.appInfo|\.sessions\[\d+\])\.keys$", SINCE_0_9, "older"),
    Known("", r'^POST /sessions .*"idleTimeout"', "^status$", SINCE_0_9, "older"),
    Known(
        "create_errors", r'"noSuchField": 1|/statements (\{\}|"not json")$|"\{\\"kind\\":"$', "", OLDER_JSON, "older"
    ),
    Known("create_errors", r'"ttl": "soon"', "", "ttl came with Livy 0.8", "older"),
    Known("create_errors", r"^POST /sessions ", r"^\.msg$", "0.7 does not begin with `Rejected, Reason: `", "older"),
    Known("", r"/statements", r"\.(evalue|traceback\S*|text/plain|application/json\S*)$", OLDER_SPARK, "older"),
    Known("", r"/jobs/", r"^\.(error|result)$", OLDER_SPARK, "older"),
    Known("statements_sql", r"/21/statements/52$", r"^\.output", "Java before 17 can write an interval", "older"),
]
