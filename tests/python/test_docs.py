"""Every example of the README and the pages runs as written, and every row of the migration page is true."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import nbformat
import pytest
from conftest import SPARK_START, plain, printed, running_kernel
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "kernel" / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.M | re.S)
# Other tests, or CI itself, try these.
ELSEWHERE = "make", "pip install livy_kernel-", "cargo install"


def examples(language, pages=PAGES):
    found = [(page, code) for page in pages for kind, code in FENCE.findall(page.read_text()) if kind == language]
    return [pytest.param(code, id=f"{page.stem}-{number}") for number, (page, code) in enumerate(found)]


def test_all_examples_are_of_a_known_kind():
    kinds = {kind for page in PAGES for kind, _ in FENCE.findall(page.read_text())}
    assert kinds == {"sh", "toml", "python"}


@pytest.fixture(scope="module")
def notebook(server_url):
    with running_kernel("livy-pyspark", server_url) as kernel:
        yield kernel


@pytest.mark.parametrize("code", examples("python"))
def test_a_cell_runs(notebook, code):
    shown = notebook.outputs(code, timeout=SPARK_START)
    draws = code.startswith(("%%sql --chart", "%chart"))
    assert draws == any("application/vnd.vegalite.v5+json" in content.get("data", {}) for _, content in shown)


@pytest.mark.parametrize("text", examples("toml"))
def test_a_configuration_is_in_order(program, text, tmp_path):
    path = tmp_path / "livy-kernel.toml"
    path.write_text(text)
    env = os.environ | dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "x")
    env |= {"LIVY_KERNEL_CONFIG": str(path), "NETRC": str(tmp_path / "netrc")}
    (tmp_path / "netrc").write_text("default login me password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    done = subprocess.run([program, "config", "check"], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", examples("sh"))
def test_a_command_does_what_it_says(program, script, server_url, tmp_path):
    (tmp_path / "job.py").write_text("print('done')\n")
    kernel = {"name": "livy-pyspark", "display_name": "PySpark (Livy)", "language": "python"}
    cells = [nbformat.v4.new_code_cell("print(day)")]
    report = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(report, tmp_path / "report.ipynb")
    (tmp_path / "livy-kernel.toml").write_text("[profiles.prod]\nprogress = 'clear'\n")
    folders = {"JUPYTER_DATA_DIR": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    environment = os.environ | folders | {"LIVY_URL": server_url, "LIVY_KERNEL_CONFIG": ""}
    for line in script.splitlines():
        words = shlex.split(line, comments=True)
        if " ".join(words).startswith(ELSEWHERE):
            continue
        assert words[0] == "livy-kernel", line
        if words[1:] == ["config", "init"]:
            (tmp_path / "livy-kernel.toml").unlink()
        done = subprocess.run([program, *words[1:]], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, (line, done.stdout, done.stderr)


def test_every_setting_has_its_row():
    page = (ROOT / "kernel" / "docs" / "settings.md").read_text()
    source = (ROOT / "kernel" / "bridge" / "src" / "settings" / "keys.rs").read_text()
    for variable in re.findall(r'"(LIVY_\w+)"', source):
        assert f"`{variable}`" in page, variable


def rows_of(heading):
    """Returns the second column of a table of the migration page by its first."""
    text = (ROOT / "kernel" / "docs" / "migration.md").read_text().split(f"## {heading}\n")[1]
    rows = [line.split(" | ")[:2] for line in text.split("\n## ")[0].splitlines() if line.startswith("|")][2:]
    return {first.lstrip("| "): verdict for first, verdict in rows}


OLD_CELLS = {
    "code without a magic": ("print('a')\n1 + 1", "a\n", "2"),
    "`%%sql`": ("%%sql\nSELECT 1 AS one", "", "1 row"),
    "`%%sql -o VAR`": ("%%sql -o query1\nSELECT 1, 2, 3", "", "1 row"),
    "`%%sql -q`": ("%%sql -q\nSELECT 1", "", None),
    "`%%sql -n ROWS`": ("%%sql -n 2\nSELECT * FROM range(5)", "", "2 of 5 rows"),
    "`%%sql -m sample -r FRACTION`": (
        "%%sql -q -m sample -r 0.1 -n 500 -o query2 \nSELECT * FROM range(5000)",
        "",
        None,
    ),
    "`%%sql -c BOOL`": ("%%sql -c False\nSELECT 1 AS one", "", "1 row"),
    "`%%spark -o VAR`": ("%%spark -o frame\nframe = spark.range(3)\nprint(frame.count())", "3\n", None),
    "`%%spark -c sql -o VAR`": ("%%spark -c sql -o query3 -n 10\nSELECT 1 AS one", "", "1 row"),
    "`%%spark` without options": ("%%spark\n1 + 1", "", "= 2"),
    "`%%configure -f`": ('%%configure -f \n{"executorMemory": "1G", "executorCores": 1}', "", "executorMemory"),
    "`%%info`": ("%%info", "", "Session"),
    "`%%logs`": ("%%logs", "", ""),
    "`%%delete -f -s ID`": ("%%delete -f -s 987654", "", "LivyError"),
    "`%%cleanup -f`": ("%%cleanup -f", "", "end"),
    "`%%help`": ("%%help", "", "%%sql"),
    "`%%pretty`": ("%%pretty\nspark.range(1).show()", "+---+\n| id|\n+---+\n|  0|\n+---+\n\n", None),
    "`%%display VAR` (EMR)": ("%%display spark.range(3)", "", "3 rows"),
    "`%matplot plt`": ("import matplotlib.pyplot as plt\nplt.plot([1, 2])\n%matplot plt", "", None),
    "`%load_ext sparkmagic.magics`": ("%load_ext sparkmagic.magics", "", None),
    "`%%local`": ("%%local\nprint(6 * 7)", "42\n", None),
    "`%%send_to_spark -i VAR`": (
        "%%send_to_spark -i __name__ -n custom_name -t str",
        "custom_name is now in the session: str.\n",
        None,
    ),
    "`%manage_spark`": ("%manage_spark", "", "%sessions"),
    "`%spark add …`": ("%spark add -s test -l python -u http://localhost:8998", "", "%attach"),
}
# They end their session, which other rows need.
LAST = ["`%%cleanup -f`", "`%%configure -f`"]


def test_every_row_of_the_migration_page_has_its_cell():
    assert set(rows_of("Magics and options")) == set(OLD_CELLS)


@pytest.mark.parametrize("row", sorted(OLD_CELLS, key=lambda row: (row in LAST, list(OLD_CELLS).index(row))))
def test_an_old_notebooks_cell_does_what_the_page_says(notebook, row):
    code, text, shows = OLD_CELLS[row]
    reply, shown = notebook.run(code, timeout=SPARK_START)
    told = [m["content"]["data"]["text/plain"] for m in shown if "text/plain" in m["content"].get("data", {})]
    told += [plain("\n".join(reply.get("traceback", [])))]
    fails = rows_of("Magics and options")[row] == "not here" or "987654" in code
    assert (reply["status"] == "error") == fails, told
    assert printed(shown, "stdout") == text
    assert shows is None or any(shows.lower() in each.lower() for each in told), told


NOTEBOOKS = ROOT / "tests" / "notebooks"


@pytest.mark.parametrize("name", ["sparkmagic-pyspark", "sparkmagic-spark"])
def test_a_notebook_like_sparkmagics_examples_runs(name, server_url, monkeypatch):
    monkeypatch.setenv("LIVY_URL", server_url)
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=SPARK_START, allow_errors=True).execute()
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        failed = [plain("\n".join(output["traceback"])) for output in outputs if output["output_type"] == "error"]
        assert not failed, failed
