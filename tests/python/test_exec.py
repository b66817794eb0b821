"""`livy-kernel exec`: notebooks, scripts and SQL without Jupyter."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import nbformat
import pytest
from conftest import CELL, SPARK_START, heed_signals, list_sessions, running_kernel, sessions, wait_until
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SHARED = "shared-by-exec"


@pytest.fixture(autouse=True)
def settings(server_url, monkeypatch):
    monkeypatch.setenv("LIVY_URL", server_url)
    # Whether a cell reports its progress depends on how quick the machine is.
    monkeypatch.setenv("LIVY_PROGRESS", "never")


@pytest.fixture(scope="module")
def shared_session(server_url):
    """A session that is there already, so that a test need not wait for one."""
    with running_kernel("livy-pyspark", server_url, LIVY_SESSION=SHARED) as kernel:
        kernel.run("1", timeout=SPARK_START)
        yield


@pytest.fixture
def in_shared_session(shared_session, monkeypatch):
    monkeypatch.setenv("LIVY_SESSION", SHARED)


@pytest.fixture
def run(program, tmp_path):
    """Runs `livy-kernel exec` in a folder of its own."""

    def run(*arguments, **options):
        command = [program, "exec", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=SPARK_START, cwd=tmp_path, **options)

    return run


@pytest.fixture
def start(program, tmp_path):
    """Starts `livy-kernel exec` in a folder of its own."""
    started = []

    def start(*arguments):
        command = [program, "exec", *arguments]
        pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, cwd=tmp_path, preexec_fn=heed_signals, **pipe))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def write(path, *codes, kernel="livy-pyspark", **tags):
    """Writes a notebook; `tags` are those of a cell, by its number as `cell_0`."""
    cells = [nbformat.v4.new_code_cell(code) for code in codes]
    for number, tag in tags.items():
        cells[int(number.removeprefix("cell_"))].metadata.tags = [tag]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


def read(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def texts(notebook):
    """Returns the text of each code cell's streams and values."""
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    return ["".join(map(text, of_cell)) for of_cell in outputs]


def text(output):
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def alike(notebook):
    """Returns what must be the same in each run."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [(cell.source, cell.execution_count, list(map(masked, joined(cell)))) for cell in cells]


def joined(cell):
    """Returns the outputs of a cell, with the text of one stream as one output."""
    outputs = []
    for output in cell.outputs:
        is_same = outputs and output.output_type == "stream" and outputs[-1].get("name") == output.name
        if is_same:
            outputs[-1]["text"] += output.text
        else:
            outputs.append(dict(output))
    # How much a log has by then is chance.
    return [outputs[0]["output_type"]] if "%%logs" in cell.source else outputs


def masked(output):
    """Leaves out ids, addresses and times."""
    return re.sub(r"[0-9a-f]{16,}|(?<![a-z])\d[\d.:-]*|/tmp/\w+", "#", json.dumps(output, sort_keys=True))


def run_by_nbclient(path):
    notebook = read(path)
    NotebookClient(notebook, timeout=SPARK_START, kernel_name=notebook.metadata.kernelspec.name).execute()
    return notebook


@pytest.mark.parametrize("name", ["tour", "sparkmagic-pyspark", "sparkmagic-spark"])
def test_a_notebook_has_the_outputs_that_nbclient_gives(name, run, tmp_path, server_url):
    before = sessions(server_url)
    done = run(NOTEBOOKS / f"{name}.ipynb", "-o", "out.ipynb")
    assert done.returncode == 0, done.stderr
    assert (done.stdout, sessions(server_url)) == ("", before)
    expected = run_by_nbclient(NOTEBOOKS / f"{name}.ipynb")
    given = read(tmp_path / "out.ipynb")
    assert given.metadata.language_info.name == expected.metadata.language_info.name
    for ours, theirs in zip(alike(given), alike(expected), strict=True):
        assert ours == theirs


def test_displays_and_cleared_outputs_are_as_nbclient_has_them(in_shared_session, run, tmp_path):
    codes = [
        "from IPython.display import clear_output, display, HTML\nshown = display('a', display_id='one')",
        "display('b', display_id='one'); print('c'); import sys; print('d', file=sys.stderr); print('e')",
        "print('f'); clear_output(wait=True); print('g'); shown.update(HTML('<b>'))",
        "print('h'); clear_output(); display(HTML('<i>'), metadata={'m': 1})\n5",
        "import os; input()",
        "import ipywidgets; slider = ipywidgets.IntSlider(3); slider.value = 4; slider",
    ]
    write(tmp_path / "in.ipynb", *codes, cell_4="raises-exception")
    done = run("in.ipynb", "-o", "out.ipynb")
    assert done.returncode == 0, done.stderr
    given, expected = read(tmp_path / "out.ipynb"), run_by_nbclient(tmp_path / "in.ipynb")
    assert alike(given) == alike(expected)
    assert widgets(given) == widgets(expected) != []


def widgets(notebook):
    """Returns what a notebook shows of its widgets without a kernel."""
    [state] = notebook.metadata.widgets.values()
    models = [(model.model_name, model.state.get("value")) for model in state.state.values()]
    return sorted(models, key=str)


def test_parameters_replace_defaults(in_shared_session, run, tmp_path):
    write(tmp_path / "in.ipynb", "n = 1\nname = ''", "print(n + 1, name, deep)", cell_0="parameters")
    done = run("in.ipynb", "-o", "out.ipynb", "-p", "n=41", "--param", 'name=é"q', "-p", "deep=true")
    assert done.returncode == 0, done.stderr
    notebook = read(tmp_path / "out.ipynb")
    assert notebook.cells[1].metadata.tags == ["injected-parameters"]
    assert texts(notebook)[2] == '42 é"q True\n'
    done = run("-", "--kind", "spark", "-p", 'name=a"q', "-p", "n=41", input='println(s"${n + 1} $name")')
    assert '42 a"q' in done.stdout.splitlines(), done


def test_a_failing_cell_ends_the_run_and_its_error_is_kept(in_shared_session, run, tmp_path):
    write(tmp_path / "in.ipynb", "print(1)", "1 / 0", "print('never')")
    done = run("in.ipynb", "-o", "out.ipynb")
    assert done.returncode == 1
    assert "cell [2] failed: ZeroDivisionError: division by zero" in done.stderr
    assert "----> 1 1 / 0" in done.stderr, done.stderr
    cells = read(tmp_path / "out.ipynb").cells
    assert [cell.execution_count for cell in cells] == [1, 2, None]
    assert cells[1].outputs[-1].ename == "ZeroDivisionError"

    done = run("in.ipynb", "-o", "out.ipynb", "--allow-errors")
    assert done.returncode == 0, done.stderr
    assert texts(read(tmp_path / "out.ipynb"))[2] == "never\n"


def test_a_script_prints_its_text_and_values(in_shared_session, run, tmp_path):
    (tmp_path / "job.py").write_text("import sys\nprint('é')\nprint('e', file=sys.stderr)\nspark.range(3).count()")
    done = run("job.py", "-p", "n=1")
    assert (done.returncode, done.stdout) == (0, "é\n3\n"), done.stderr
    assert "e\n" in done.stderr
    done = run("-", "--kind", "pyspark", input="import sys; sys.exit(0)")
    assert done.returncode == 0, done.stderr
    done = run("-", "--kind", "pyspark", input="print(5)\nmissing")
    assert (done.returncode, done.stdout) == (1, "5\n")
    assert "NameError: name 'missing' is not defined" in done.stderr


def test_sql_text_may_have_several_statements(in_shared_session, run, tmp_path):
    (tmp_path / "query.sql").write_text("create or replace temp view v as select 7 as a;\nselect a from v;\n")
    done = run("query.sql", "-o", "out.ipynb")
    assert done.returncode == 0, done.stderr
    assert "7" in texts(read(tmp_path / "out.ipynb"))[0]
    done = run("-", "--kind", "sql", input="select a + 1 as b from v")
    assert (done.returncode, done.stdout.split()) == (0, ["b", "-", "8", "1", "row"]), done.stderr


def test_what_cannot_be_run_is_wrong_usage(run, tmp_path):
    (tmp_path / "in.ipynb").write_text("{}")
    for arguments in [["in.ipynb"], ["none.py"], ["x.txt"], ["-"], ["in.ipynb", "--resume"]]:
        done = run(*arguments, input="select 1")
        assert done.returncode == 2 and done.stderr, arguments
    (tmp_path / "query.sql").write_text("select 1")
    done = run("query.sql", env=os.environ | {"LIVY_URL": "http://127.0.0.1:1"})
    assert done.returncode == 3 and "cannot be reached" in done.stderr, done.stderr


def test_sigterm_interrupts_the_cell_and_ends_the_session(start, tmp_path, server_url):
    before = sessions(server_url)
    assert_is_interrupted_by(signal.SIGTERM, start, tmp_path)
    assert sessions(server_url) == before


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGHUP])
def test_other_signals_do_too_and_a_joined_session_stays(asked, in_shared_session, start, tmp_path, server_url):
    before = sessions(server_url)
    assert_is_interrupted_by(asked, start, tmp_path)
    assert sessions(server_url) == before


def assert_is_interrupted_by(asked, start, tmp_path):
    write(tmp_path / "in.ipynb", "print('begun')", "import time; time.sleep(600)")
    running = start("in.ipynb", "-o", "out.ipynb")
    await_begun(tmp_path / "out.ipynb")
    running.send_signal(asked)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 128 + asked, errors
    assert "cell [2] was interrupted" in errors
    cells = read(tmp_path / "out.ipynb").cells
    assert [texts(read(tmp_path / "out.ipynb"))[0][-6:], cells[1].outputs[-1].ename] == ["begun\n", "KeyboardInterrupt"]


def await_begun(path):
    """Waits until the first cell has ended."""

    def has_begun():
        return path.exists() and "begun" in texts(read(path))[0]

    wait_until(has_begun, SPARK_START, "the first cell did not end")


def test_a_killed_run_goes_on_in_its_session(start, run, tmp_path, server_url):
    before = sessions(server_url)
    codes = [
        "import time; made = time.time(); print('begun')",
        "print('runs')\nwhile not stop.exists(): time.sleep(0.1)\nprint('ran')",
        "print('same' if made < limit else 'new')",
    ]
    stop, limit = f"import pathlib; stop = pathlib.Path({str(tmp_path / 'stop')!r})", "limit = time.time()"
    write(tmp_path / "in.ipynb", f"{stop}\n{codes[0]}\n{limit}", *codes[1:])
    running = start("in.ipynb", "-o", "out.ipynb")
    await_begun(tmp_path / "out.ipynb")
    time_of_first = read(tmp_path / "out.ipynb").cells[0].metadata.execution
    wait_until(lambda: busy(server_url), CELL, "the second cell did not begin")
    running.kill()
    running.wait()

    (tmp_path / "stop").touch()
    done = run("in.ipynb", "-o", "out.ipynb", "--resume")
    assert done.returncode == 0, done.stderr
    assert "goes on in session" in done.stderr and "after cell [1]" in done.stderr
    notebook = read(tmp_path / "out.ipynb")
    assert notebook.cells[0].metadata.execution == time_of_first
    assert [text.splitlines()[-1] for text in texts(notebook)] == ["begun", "ran", "same"]
    assert texts(notebook)[1].count("runs") == 1
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3]
    assert sessions(server_url) == before


def test_a_cell_that_has_ended_unwritten_is_not_run_again(start, run, tmp_path):
    out = tmp_path / "out.ipynb"
    counted = "counted += 1; print('once' if counted == 1 else 'again')"
    # The third cell is no statement of the session, so that Livy's last one is the second cell.
    waits = "%%local\nimport pathlib, time\nwhile not pathlib.Path('stop').exists(): time.sleep(0.1)"
    write(tmp_path / "in.ipynb", "counted = 0; print('begun')", counted, waits)
    running = start("in.ipynb", "-o", "out.ipynb")
    await_begun(out)
    wait_until(lambda: "once" in texts(read(out))[1], CELL, "the second cell did not end")
    running.kill()
    running.wait()

    # As if it had been killed before it wrote what the second cell has given.
    notebook = read(out)
    notebook.cells[1].update(outputs=[], execution_count=None, metadata={})
    nbformat.write(notebook, out)
    (tmp_path / "stop").touch()
    done = run("in.ipynb", "-o", "out.ipynb", "--resume")
    assert done.returncode == 0 and "after cell [1]" in done.stderr, done.stderr
    assert texts(read(out))[1] == "once\n"


def busy(server_url):
    return any(one["state"] == "busy" for one in list_sessions(server_url)["sessions"])


def test_a_killed_run_whose_session_is_gone_begins_again(start, run, program, tmp_path, server_url):
    before = sessions(server_url)
    write(tmp_path / "in.ipynb", "print('begun')", "import time; time.sleep(600)")
    running = start("in.ipynb", "-o", "out.ipynb")
    await_begun(tmp_path / "out.ipynb")
    running.kill()
    running.wait()
    write(tmp_path / "in.ipynb", "print('begun')", "print('other')")
    mine = max(list_sessions(server_url)["sessions"], key=lambda one: one["id"])["id"]
    subprocess.run([program, "session", "kill", str(mine)], check=True, capture_output=True)

    done = run("in.ipynb", "-o", "out.ipynb", "--resume")
    assert done.returncode == 0, done.stderr
    assert f"Livy session {mine} is gone" in done.stderr and "All cells run." in done.stderr
    notebook = read(tmp_path / "out.ipynb")
    assert [text.splitlines()[-1] for text in texts(notebook)] == ["begun", "other"]
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    assert sessions(server_url) == before
