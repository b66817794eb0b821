"""Two people in one notebook, by jupyter-collaboration: what one runs, both see, as with ipykernel.

make test-collaboration
"""

import re
from contextlib import suppress
from pathlib import Path

import lab
import nbformat
import pytest
from conftest import SPARK_START, wait_until
from nbformat.reader import NotJSONError
from playwright.sync_api import expect
from test_lab import browser  # noqa: F401 (fixture)

START = SPARK_START * 1000
OURS, IPYKERNEL = "PySpark (Livy)", "Python 3 (ipykernel)"
PYTHON = Path(__file__).parents[2] / ".venv-collaboration" / "bin" / "python"
COUNT = "import time\nfor i in range(40): print(i, flush=True); time.sleep(0.2)"
COUNTED = "".join(f"{i}\n" for i in range(40))
TQDM = "import time\nfrom tqdm import tqdm\nfor i in tqdm(range(40)): time.sleep(0.1)"
IN_PLACE = """\
import time
from IPython.display import HTML, display
shown = display(HTML("step 0"), display_id=True)
for i in range(1, 31): time.sleep(0.2); shown.update(HTML(f"step {i}"))"""
JOBS = "import time; sc.parallelize(range(8), 8).map(lambda i: time.sleep(2) or i).sum()"


@pytest.fixture(scope="module")
def server(spark_url, kernelspecs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    # It would be in the current folder.
    options = [f"--SQLiteYStore.db_path={folder / 'ystore.db'}"]
    with lab.serving(folder, spark_url, options, PYTHON) as server:
        yield server


class Two:
    """Ada's browser and Bob's, with one notebook in both."""

    def __init__(self, browser, server, kernel):  # noqa: F811
        self.kernel, self.folder = kernel, server[1]
        self.contexts = [browser.new_context(viewport={"width": 1100, "height": 1000}) for _ in range(2)]
        there = set(self.folder.glob("*.ipynb"))
        page = self.contexts[0].new_page()
        page.goto(f"{server[0]}/lab/workspaces/ada-{len(there)}")
        self.ada = lab.Notebook(page, kernel)
        [self.file] = wait_until(lambda: set(self.folder.glob("*.ipynb")) - there, 20, "no file")
        self.ada.run("import time", START)
        page = self.contexts[1].new_page()
        page.goto(f"{server[0]}/lab/workspaces/bob-{len(there)}/tree/{self.file.name}")
        self.bob = lab.Notebook(page, kernel, from_launcher=False)
        expect(self.bob.cells).to_have_count(2)

    def begin(self, person, code):
        """One of them runs code in the last cell; returns the cell's place."""
        person.begin(code)
        return person.cells.count() - 2

    def outputs(self, at):
        """Returns what each of them sees below a cell."""
        return [person.cells.nth(at).locator(".jp-Cell-outputArea") for person in (self.ada, self.bob)]

    def both_see(self, at, text, timeout=lab.CELL):
        for output in self.outputs(at):
            expect(output).to_contain_text(text, timeout=timeout)

    def same(self, at):
        """Waits until both have the cell's number; returns what both see."""
        for person in self.ada, self.bob:
            expect(person.cells.nth(at).locator(".jp-InputPrompt")).to_have_text(
                re.compile(r"\[\d+\]:"), timeout=lab.CELL
            )
        seen = lambda: [output.inner_text() for output in self.outputs(at)]  # noqa: E731
        wait_until(lambda: len(set(seen())) == 1, 20, f"they see different things: {seen()}")
        return seen()[0]

    def saved(self, at, is_it=len):
        """Returns a cell's outputs in the file, which is saved by itself a second after a change."""

        def outputs():
            with suppress(NotJSONError, LookupError):  # It is being written, or not yet.
                cell = nbformat.read(self.file, as_version=4).cells[at]
                return is_it(cell.outputs) and cell.outputs

        return wait_until(outputs, 20, "it is not in the file")

    def leave(self):
        self.ada.menu("Kernel", "Shut Down Kernel")
        expect(self.ada.panel).to_contain_text("No Kernel")
        for context in self.contexts:
            context.close()


@pytest.fixture(scope="module", params=[OURS, IPYKERNEL], ids=["ours", "ipykernel"])
def both(request, browser, server):  # noqa: F811
    both = Two(browser, server, request.param)
    yield both
    both.leave()


@pytest.fixture
def two(request, both):
    yield both
    lab.ARTEFACTS.mkdir(exist_ok=True)
    for name, person in ("ada", both.ada), ("bob", both.bob):
        person.page.screenshot(path=lab.ARTEFACTS / f"{request.node.name}-{name}.png")


def text_of(outputs):
    """Returns the text of the only output."""
    [stream] = outputs
    return stream.text


def test_lines_come_live_to_both(two):
    at = two.begin(two.ada, COUNT)
    two.both_see(at, "3\n4\n5")
    for output in two.outputs(at):
        expect(output).not_to_contain_text("39")
    assert two.same(at).strip() == COUNTED.strip()
    assert text_of(two.saved(at, lambda outputs: "39\n" in str(outputs[0].text))) == COUNTED


def test_bob_runs_a_cell_and_ada_sees_it(two):
    at = two.begin(two.bob, COUNT)
    two.both_see(at, "3\n4\n5")
    assert two.same(at).strip() == COUNTED.strip()
    at = two.begin(two.ada, "i")
    assert two.same(at).strip().endswith("39")


def test_bob_interrupts_what_ada_has_begun(two):
    at = two.begin(two.ada, COUNT)
    two.both_see(at, "3\n")
    two.bob.command("notebook:interrupt-kernel")
    two.both_see(at, "KeyboardInterrupt")
    two.same(at)
    assert [output.output_type for output in two.saved(at, lambda outputs: len(outputs) == 2)] == ["stream", "error"]


def test_tables_and_errors_are_the_same(two):
    at = two.begin(two.ada, "import pandas; pandas.DataFrame({'a': [1, 2], 'b': ['x', 'y']})")
    for output in two.outputs(at):
        expect(output.locator("table tbody tr")).to_have_count(2)
    at = two.begin(two.bob, "1 / 0")
    two.both_see(at, "ZeroDivisionError: division by zero")
    assert [len(two.saved(each)) for each in (at - 1, at)] == [1, 1]


def test_a_display_changes_in_place_for_both(two):
    at = two.begin(two.ada, IN_PLACE)
    two.both_see(at, re.compile(r"^\s*step 1?\d\s*$"))
    two.both_see(at, re.compile(r"^\s*step 30\s*$"))
    [display] = two.saved(at, lambda outputs: "step 30" in str(outputs))
    assert display.output_type == "display_data"


def test_tqdm_counts_on_one_line_for_both(two):
    at = two.begin(two.ada, TQDM)
    two.both_see(at, re.compile(r"\b[1-9]\d?/40"))
    assert len(two.same(at).strip().splitlines()) == 1
    two.both_see(at, "40/40")
    assert text_of(two.saved(at, lambda outputs: "40/40" in str(outputs))).count("it/s") >= 1


def test_who_loads_the_page_again_sees_the_rest(two):
    at = two.begin(two.ada, COUNT)
    two.both_see(at, "3\n")
    two.bob.page.reload()
    two.both_see(at, "8\n9\n")
    assert two.same(at).strip() == COUNTED.strip()
    assert text_of(two.saved(at, lambda outputs: "39\n" in str(outputs[0].text))) == COUNTED


def test_what_comes_while_the_page_of_who_runs_it_is_loaded_again_is_missing(two):
    at = two.begin(two.ada, COUNT)
    two.both_see(at, "3\n")
    two.ada.page.reload()
    two.ada.wait_for_status("Idle")
    text = text_of(two.saved(at))
    assert text and COUNTED.startswith(text) and text != COUNTED
    if two.kernel == OURS:
        two.both_see(two.begin(two.ada, "%replay"), "38\n39")


def test_input_is_asked_of_who_runs_the_cell(two):
    at = two.begin(two.ada, "'I am ' + input('Who? ')")
    two.ada.page.locator(".jp-Stdin-input").fill("Ada")
    two.ada.page.keyboard.press("Enter")
    two.both_see(at, "'I am Ada'")


def test_a_restart_by_bob_is_one_for_ada(two):
    two.same(two.begin(two.ada, "kept = 1"))
    two.bob.restart()
    at = two.begin(two.ada, "kept")
    two.both_see(at, "NameError", START)


@pytest.mark.parametrize("both", [OURS], ids=["ours"], indirect=True)
def test_the_progress_of_jobs_is_one_line_above_the_value_for_both(two):
    at = two.begin(two.ada, JOBS)
    two.both_see(at, "tasks")
    two.both_see(at, "28")
    shown = two.same(at)
    assert re.search(r"^Spark: 1/1 jobs, 1/1 stages, 8/8 tasks in [\d.]+ s\s.*28$", shown.strip(), re.S), shown
    kinds = [output.output_type for output in two.saved(at, lambda outputs: len(outputs) == 2)]
    assert kinds == ["display_data", "execute_result"]
