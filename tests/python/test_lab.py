"""JupyterLab in Chromium: each kernel is started from the launcher and used as a user does."""

import re
import shutil

import lab
import nbformat
import psutil
import pytest
from conftest import SPARK_START, needs, sessions
from playwright.sync_api import expect, sync_playwright

pytestmark = needs("chromium")
START = SPARK_START * 1000


@pytest.fixture(scope="module")
def server(spark_url, kernelspecs, tmp_path_factory):
    with lab.serving(tmp_path_factory.mktemp("lab"), spark_url) as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        # Chromium's sandbox does not work for root, as which CI runs.
        options = {"executable_path": shutil.which("chromium"), "args": ["--no-sandbox"]}
        browser = playwright.chromium.launch(**options)
        yield browser
        browser.close()


@pytest.fixture
def open_notebook(server, browser, request):
    """Returns a function that opens a notebook with a kernel, in a Lab of its own."""
    lab.ARTEFACTS.mkdir(exist_ok=True)
    address, _ = server
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    page.goto(f"{address}/lab/workspaces/{re.sub('[^a-z0-9]+', '-', request.node.name)}")
    yield lambda kernel: lab.Notebook(page, kernel)
    page.screenshot(path=lab.ARTEFACTS / f"{request.node.name}.png")
    page.close()


def saved(notebook, server):
    """Reads the newest notebook's file, which must be valid."""
    notebook.save()
    newest = max(server[1].glob("*.ipynb"), key=lambda path: path.stat().st_mtime)
    content = nbformat.read(newest, as_version=4)
    nbformat.validate(content)
    return content


def newest_kernel():
    """Returns the process of the kernel that Lab has started last."""
    processes = psutil.Process().children(recursive=True)
    alive = [process for process in processes if process.status() != psutil.STATUS_ZOMBIE]
    kernels = [process for process in alive if "--connection-file" in process.cmdline()]
    return max(kernels, key=psutil.Process.create_time)


PLOT = """\
import matplotlib.pyplot as plt
plt.figure(figsize=(5, 2))
plt.bar(["Basel", "Bern", "Genf"], [170, 134, 204], color="#e25a1c")
%matplot plt"""
TABLE = """\
%%sql
select * from values ('Basel', 170.5), ('Bern', 134.0), ('Genf', 203.9)
as city(name, thousands)"""
STAGES = "sc.parallelize(range(6), 6).map(lambda i: __import__('time').sleep(1) or i).sum()"
SLOW = "sc.parallelize([1, 2], 2).map(lambda _: __import__('time').sleep(60)).count()"


def test_pyspark_is_run_interrupted_restarted_and_shut_down(open_notebook, server, spark_url):
    notebook = open_notebook("PySpark (Livy)")
    cell = notebook.begin("print('Hello from Spark', spark.version)")
    expect(cell).to_contain_text("Starting a Spark session")
    expect(cell).to_contain_text("Hello from Spark 4.3", timeout=START)
    expect(cell).to_contain_text("Spark session")

    table = notebook.run(TABLE).locator("table")
    expect(table.locator("th")).to_contain_text(["name", "thousands"])
    expect(table.locator("tbody tr")).to_have_count(3)
    expect(notebook.run(PLOT).locator("img")).to_be_visible()
    error = notebook.run("def ratio(a, b):\n    return a / b\nratio(1, 0)")
    expect(error.locator('[data-mime-type="application/vnd.jupyter.stderr"]')).to_contain_text("ZeroDivisionError")
    notebook.page.screenshot(path=lab.ARTEFACTS / "jupyterlab.png")
    expect(notebook.run("ratio?")).to_contain_text("Signature: ratio(a, b)")

    slow = notebook.begin(SLOW)
    notebook.wait_for_status("Busy")
    notebook.command("notebook:interrupt-kernel")
    expect(slow).to_contain_text("KeyboardInterrupt")

    before = sessions(spark_url)
    notebook.run("x = 1")
    notebook.restart()
    expect(notebook.run("x", START)).to_contain_text("NameError")
    assert sessions(spark_url) == before

    kept = [output.output_type for cell in saved(notebook, server).cells[:4] for output in cell.outputs]
    assert kept == ["display_data", "stream", "execute_result", "display_data", "error"]
    notebook.menu("Kernel", "Shut Down Kernel")
    expect(notebook.panel).to_contain_text("No Kernel")
    assert sessions(spark_url) == before - 1


def test_scala_completes_with_tab_and_tells_a_type_with_shift_tab(open_notebook, server):
    notebook = open_notebook("Spark Scala (Livy)")
    cell = notebook.run("val aLongName = spark.range(3).count()", START)
    expect(cell).to_contain_text("aLongName: Long = 3")
    notebook.write("aLong")
    notebook.page.keyboard.press("Tab")
    expect(notebook.page.locator(".jp-Completer-item")).to_have_text("aLongName", timeout=lab.CELL)
    notebook.page.keyboard.press("Enter")
    expect(notebook.cells.last.locator(".cm-content")).to_have_text("aLongName")
    expect(notebook.tooltip()).to_contain_text("aLongName: Long")
    notebook.page.keyboard.press("Escape")
    expect(notebook.run(" + 1")).to_contain_text("Long = 4")
    assert saved(notebook, server).metadata.kernelspec.language == "scala"


def test_the_spark_ui_opens_by_its_link(open_notebook, server):
    notebook = open_notebook("PySpark (Livy)")
    notebook.run("sc.setJobDescription('counted here'); spark.range(3).count()", START)
    link = notebook.run("%spark_ui").get_by_role("link")
    with notebook.page.context.expect_page() as opened:
        link.click()
    pages = opened.value
    expect(pages.get_by_role("cell", name="counted here").first).to_be_visible(timeout=lab.CELL)
    pages.get_by_role("link", name="SQL / DataFrame").click()
    expect(pages.get_by_role("heading", name="SQL / DataFrame")).to_be_visible(timeout=lab.CELL)
    # Its style sheets are loaded, too.
    expect(pages.locator(".navbar")).to_have_css("display", "flex")
    pages.screenshot(path=lab.ARTEFACTS / "spark_ui.png")


ROWS = """\
%%sql
select id, id * id as square, concat('text ', id) as text, if(id = 3, null, id / 7) as part,
  timestamp'2024-01-01' + make_interval(0, 0, 0, id) as day, array(id, id + 1) as list, repeat('long ', 80) as long
from range(40)"""
CHART = """\
%%sql --chart line -x day -y number --color kind
select date'2024-01-01' + cast(id as int) as day, sqrt(id) * 3 as number, 'root' as kind from range(40)
union all select date'2024-01-01' + cast(id as int), id / 2, 'half' from range(40)"""


def test_sql_tables_are_interactive_and_charts_follow_the_theme(open_notebook, server):
    notebook = open_notebook("PySpark (Livy)")
    cell = notebook.run(ROWS, START)
    rows = cell.locator("tbody tr")
    expect(rows).to_have_count(40)
    cell.get_by_placeholder("Search").fill("text 1")
    expect(rows.locator("visible=true").locator("td:nth-child(3)")).to_have_text(
        ["text 1", *(f"text {n}" for n in range(10, 20))]
    )
    cell.locator("th", has_text="square").click(click_count=1)
    cell.locator("th", has_text="square").click()
    expect(rows.locator("visible=true").first.locator("td").first).to_have_text("19")
    cell.get_by_placeholder("Search").fill("")
    chart = notebook.run(CHART)
    expect(chart.locator("canvas, .vega-embed svg").first).to_be_visible()
    bars = notebook.run("%%sql --chart bar -x digit\nselect id % 7 as digit from range(100)")
    expect(bars.locator("canvas, .vega-embed svg").first).to_be_visible()
    notebook.picture("sql-light")
    notebook.theme("JupyterLab Dark")
    notebook.picture("sql-dark")
    notebook.theme("JupyterLab Light")
    kept = [
        output.data for cell in saved(notebook, server).cells for output in cell.get("outputs", []) if "data" in output
    ]
    assert all("text/plain" in data for data in kept)


def test_a_notebook_bears_what_changes_and_what_never_ends(open_notebook, server):
    notebook = open_notebook("PySpark (Livy)")
    notebook.run("import time", START)
    cell = notebook.begin(STAGES)
    expect(cell.locator("progress")).to_be_visible(timeout=lab.CELL)
    notebook.page.screenshot(path=lab.ARTEFACTS / "progress.png")
    expect(cell).to_contain_text("6/6 tasks", timeout=lab.CELL)
    expect(cell.locator(".jp-OutputArea-child")).to_have_count(2)

    bar = notebook.run("for i in range(30):\n    print(f'\\rstep {i}', end=''); time.sleep(0.02)")
    expect(bar.locator("pre")).to_have_text("step 29")
    cleared = notebook.run("for i in range(9):\n    clear_output(wait=True); print('part', i)")
    expect(cleared.locator("pre")).to_have_text("part 8\n")

    endless = notebook.run("for i in range(1_000_000): print('x' * 100)", START)
    expect(endless).to_contain_text("left out")
    expect(notebook.run("1 + 1")).to_contain_text("2")


def test_after_a_restart_the_next_cell_shows_the_lost_output(
    open_notebook,
):
    notebook = open_notebook("PySpark (Livy)")
    notebook.run("import time; kept = 41", START)
    notebook.begin("for i in range(40): print('number', i); time.sleep(0.3)\n'the result'")
    expect(notebook.panel).to_contain_text("number 3")
    newest_kernel().kill()
    died = notebook.page.locator(".jp-Dialog", has_text="died")
    died.locator(".jp-mod-accept").click()
    notebook.wait_for_status("Idle")
    after = notebook.run("kept + 1")
    expect(after).to_contain_text("which ran when the kernel was killed")
    expect(after).to_contain_text("number 39")
    expect(after).to_contain_text("the result")
    expect(after).to_contain_text("42")


def test_r_says_that_the_spark_of_this_machine_cannot_run_it(open_notebook, server):
    notebook = open_notebook("SparkR (Livy)")
    expect(notebook.run("1 + 1", START)).to_contain_text("This server cannot run R")
    assert saved(notebook, server).metadata.language_info.name == "R"


def test_an_error_is_debugged_in_the_notebook(open_notebook):
    notebook = open_notebook("PySpark (Livy)")
    awaited = notebook.run("import asyncio; await asyncio.sleep(0.1, 'awaited')", START)
    expect(awaited.locator(".jp-OutputArea")).to_contain_text("awaited")
    notebook.run("(lambda inner: inner / 0)(17 * 3)")
    cell = notebook.begin("%debug")
    for command, shown in ("p inner", "51"), ("q", "q"):
        # Lab keeps an answered question for half a second, hidden.
        question = cell.locator(".jp-OutputArea-stdin-item:not(.jp-OutputArea-stdin-hiding) input.jp-Stdin-input")
        question.fill(command)
        question.press("Enter")
        expect(cell.locator(".jp-OutputArea")).to_contain_text(shown)
    expect(cell.locator(".jp-InputPrompt")).to_have_text("[3]:")


def test_an_inspector_lists_variables_while_a_cell_runs(open_notebook):
    notebook = open_notebook("PySpark (Livy)")
    notebook.run("number = 5\nframe = spark.range(3).selectExpr('id', 'id * id as square')", START)
    notebook.begin("import time; time.sleep(15); number = 'after the cell'")
    notebook.wait_for_status("Busy")
    notebook.cells.first.click(button="right")
    notebook.page.locator(".lm-Menu-item", has_text="Open Variable Inspector").click()
    rows = notebook.page.locator("#jp-variableinspector").get_by_role("row")

    expect(rows.filter(has_text="frame")).to_contain_text("DataFrame[id: bigint, square: bigint]", timeout=5_000)
    expect(rows.filter(has_text="number")).to_contain_text("5")
    notebook.page.screenshot(path=lab.ARTEFACTS / "variable_inspector.png")
    # It has asked once, and shows what is there when the cell has ended.
    expect(rows.filter(has_text="number")).to_contain_text("after the cell")
