"""Widgets of the session's Python in JupyterLab, in Chromium."""

import lab
import pytest
from conftest import SPARK_START, needs
from playwright.sync_api import expect
from test_lab import browser, server  # noqa: F401, fixtures

pytestmark = needs("chromium")

WIDGETS = """
import ipywidgets as w
slider, text, out = w.IntSlider(value=3), w.Label('-'), w.Output()
button = w.Button(description='Press')
def moved(change):
    text.value = f'twice is {2 * change["new"]}'
def pressed(_):
    with out: print('pressed at', slider.value)
slider.observe(moved, 'value'); button.on_click(pressed)
w.VBox([slider, text, button, out])
"""


@pytest.fixture
def page(server, browser):  # noqa: F811
    lab.ARTEFACTS.mkdir(exist_ok=True)
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    page.goto(f"{server[0]}/lab/workspaces/widgets")
    yield page
    page.screenshot(path=lab.ARTEFACTS / "widgets.png")
    page.close()


def move(notebook, keys=1):
    handle = notebook.panel.locator(".widget-slider .noUi-handle")
    handle.focus()
    for _ in range(keys):
        handle.press("ArrowRight")


def test_widgets_answer_in_the_page_also_during_a_cell_and_after_a_reload(page):
    notebook = lab.Notebook(page, "PySpark (Livy)")
    notebook.run("import ipywidgets, time", timeout=SPARK_START * 1000)
    notebook.run(WIDGETS)
    label = notebook.panel.locator(".widget-label", has_text="twice is")
    move(notebook)
    expect(label).to_have_text("twice is 8")
    move(notebook, 5)
    expect(label).to_have_text("twice is 18")
    notebook.panel.get_by_role("button", name="Press").click()
    expect(notebook.panel.locator(".widget-output")).to_contain_text("pressed at 9")
    notebook.begin("while slider.value < 12: time.sleep(0.05)\nprint('moved on')")
    move(notebook, 3)
    expect(notebook.panel.get_by_text("moved on", exact=True)).to_be_visible()
    expect(label).to_have_text("twice is 24")
    notebook.save()
    page.reload()
    expect(label).to_have_text("twice is 24", timeout=60_000)
    move(notebook)
    expect(label).to_have_text("twice is 26")
