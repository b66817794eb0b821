"""Programs that run notebooks and files: papermill, nbconvert and `jupyter run`."""

import subprocess
import sys

import nbformat
import papermill
import pytest
from conftest import CELL, SPARK_START
from jupyter_client.kernelspec import KernelSpecManager
from papermill.exceptions import PapermillException

PYSPARK = "livy-pyspark"


@pytest.fixture(autouse=True)
def shared_spark(spark_url, monkeypatch):
    monkeypatch.setenv("LIVY_URL", spark_url)


def notebook_of(kernel, *codes):
    """Makes a notebook as JupyterLab does."""
    spec = KernelSpecManager().get_kernel_spec(kernel)
    cells = [nbformat.v4.new_code_cell(code, metadata={"tags": []}) for code in codes]
    kernelspec = {"name": kernel, "display_name": spec.display_name, "language": spec.language}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec})


def with_parameters(kernel, defaults, *codes):
    """Makes a notebook for papermill, which puts its own cell below the one with the defaults."""
    notebook = notebook_of(kernel, defaults, *codes)
    notebook.cells[0].metadata.tags.append("parameters")
    return notebook


def saved(notebook, folder):
    path = folder / "in.ipynb"
    nbformat.write(notebook, path)
    return path


def read_valid(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def run(*arguments):
    """Runs Python with arguments, as a shell would."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=SPARK_START)


def test_papermill_gives_parameters_to_python(tmp_path):
    code = "print(n + 1, name, deep)"
    values = {"n": 41, "name": 'é"q', "deep": {"a": [1, True]}}
    assert printed_by_papermill(PYSPARK, "n = 1", code, values, tmp_path) == ("42 é\"q {'a': [1, True]}\n")


def test_papermill_gives_parameters_to_scala(tmp_path):
    code = 'println(s"${n + 1} $name")'
    values = {"n": 41, "name": 'a"q'}
    assert printed_by_papermill("livy-spark", "val n = 1", code, values, tmp_path) == '42 a"q\n'


def printed_by_papermill(kernel, defaults, code, values, folder):
    """Returns what the last cell prints when its defaults have been replaced."""
    source = saved(with_parameters(kernel, defaults, code), folder)
    papermill.execute_notebook(source, folder / "out.ipynb", values, progress_bar=False)
    [printed] = read_valid(folder / "out.ipynb").cells[-1].outputs
    return printed.text


def test_papermill_writes_parameters_for_r_and_refuses_sql(tmp_path):
    def prepare(notebook):
        source, values = saved(notebook, tmp_path), {"n": 2}
        return papermill.execute_notebook(source, None, values, prepare_only=True)

    in_r = prepare(with_parameters("livy-sparkr", "n = 1", "n"))
    assert in_r.cells[1].source.splitlines()[-1] == "n = 2"
    with pytest.raises(PapermillException, match="livy-sql"):
        prepare(notebook_of("livy-sql", "select 1"))


def test_papermill_exits_with_an_error_at_a_failing_cell(tmp_path):
    source = saved(notebook_of(PYSPARK, "print(1)", "1 / 0", "print('never')"), tmp_path)
    done = run("-m", "papermill", "--no-progress-bar", source, tmp_path / "out.ipynb")
    assert done.returncode == 1 and "ZeroDivisionError: division by zero" in done.stderr
    cells = [c for c in read_valid(tmp_path / "out.ipynb").cells if c.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == [1, 2, None]


def test_nbconvert_runs_a_notebook_and_stops_at_a_failing_cell(tmp_path):
    convert = ("-m", "nbconvert", "--execute", "--to", "notebook", "--output", "out.ipynb")
    good = saved(notebook_of(PYSPARK, "spark.range(3).count()", "%%sql\nselect 1 as a"), tmp_path)
    done = run(*convert, good)
    assert done.returncode == 0, done.stderr
    cells = read_valid(tmp_path / "out.ipynb").cells
    assert cells[0].outputs[-1].data["text/plain"] == "3"
    assert "<table" in cells[1].outputs[-1].data["text/html"]

    bad = saved(notebook_of(PYSPARK, "1 / 0", "print('never')"), tmp_path)
    done = run(*convert, bad)
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr


# `jupyter run` gives a file ten seconds, in which a slow machine may not have started Spark.
PATIENT_RUN = f"import jupyter_client.runapp as r; r.OUTPUT_TIMEOUT = {CELL}; r.main()"


def test_jupyter_run_exits_with_an_error_if_the_file_fails(tmp_path):
    def jupyter_run(code):
        (tmp_path / "file.py").write_text(code)
        return run("-c", PATIENT_RUN, "--kernel", PYSPARK, tmp_path / "file.py")

    good = jupyter_run("print(spark.range(3).count())")
    assert good.returncode == 0 and "3" in good.stdout.splitlines(), good
    bad = jupyter_run("1 / 0")
    assert bad.returncode == 1 and "ZeroDivisionError" in bad.stderr, bad
