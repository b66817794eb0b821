"""Widgets in JupyterLab in Chromium: at each step, the page shows what it shows with ipykernel.

make test-widgets
"""

import hashlib
import os

import lab
import pytest
from conftest import SPARK_START
from playwright.sync_api import expect
from test_lab import browser, newest_kernel, open_notebook, server  # noqa: F401 (fixtures)

START = SPARK_START * 1000
OURS, IPYKERNEL = "PySpark (Livy)", "Python 3 (ipykernel)"


@pytest.fixture(params=[OURS, IPYKERNEL], ids=["ours", "ipykernel"])
def notebook(request, open_notebook):  # noqa: F811
    notebook = open_notebook(request.param)
    notebook.run("import ipywidgets as w; from IPython.display import display", START)
    return notebook


def outputs(cell):
    return cell.locator(".jp-Cell-outputArea")


def value(cell):
    return cell.locator(".jp-OutputArea-executeResult .jp-OutputArea-output")


def test_a_slider_calls_back(notebook):
    cell = notebook.run(
        "slider, label = w.IntSlider(value=3, max=10), w.Label()\n"
        "slider.observe(lambda change: setattr(label, 'value', f'squared {change.new ** 2}'), 'value')\n"
        "w.VBox([slider, label])"
    )
    expect(outputs(cell).locator(".widget-readout")).to_have_text("3")
    handle = outputs(cell).locator(".noUi-handle")
    handle.press("ArrowRight")
    expect(outputs(cell).locator(".widget-readout")).to_have_text("4")
    expect(outputs(cell).locator(".widget-label").last).to_have_text("squared 16")
    expect(value(notebook.run("slider.value"))).to_have_text("4")
    notebook.run("slider.value = 9")
    expect(outputs(cell).locator(".widget-readout")).to_have_text("9")
    expect(outputs(cell).locator(".widget-label").last).to_have_text("squared 81")


def test_a_slider_calls_back_while_a_cell_runs(notebook):
    cell = notebook.run(
        "seen = []\nslider = w.IntSlider(max=10)\n"
        "slider.observe(lambda change: seen.append(change.new), 'value')\nslider"
    )
    running = notebook.begin("import time\nfor _ in range(600):\n    time.sleep(0.05)\n    if seen: break\nseen")
    if notebook.kernel == OURS:
        outputs(cell).locator(".noUi-handle").press("ArrowRight")
        expect(value(running)).to_have_text("[1]", timeout=lab.CELL)
    else:  # ipykernel hears it when the cell has ended.
        notebook.command("notebook:interrupt-kernel")


def test_a_button_and_what_its_handler_prints(notebook):
    cell = notebook.run(
        "button, out = w.Button(description='Go'), w.Output()\n"
        "def pressed(_):\n    with out: print('pressed')\n    print('beside')\n"
        "button.on_click(pressed)\nw.VBox([button, out])"
    )
    outputs(cell).get_by_role("button", name="Go").click()
    expect(outputs(cell)).to_contain_text("pressed")


def test_an_error_in_a_handler_is_shown(notebook):
    cell = notebook.run(
        "button, out = w.Button(description='Fail'), w.Output()\n"
        "@out.capture()\ndef pressed(_):\n    1 / 0\n"
        "button.on_click(pressed)\nw.VBox([button, out])"
    )
    outputs(cell).get_by_role("button", name="Fail").click()
    expect(outputs(cell)).to_contain_text("ZeroDivisionError: division by zero")


def test_interact_runs_its_function(notebook):
    cell = notebook.run("w.interact(lambda n, word: print(word * n), n=(0, 5), word=['ab', 'cd']);")
    expect(outputs(cell)).to_contain_text("abab")
    outputs(cell).locator("select").select_option("cd")
    expect(outputs(cell)).to_contain_text("cdcd")
    outputs(cell).locator(".noUi-handle").press("ArrowRight")
    expect(outputs(cell)).to_contain_text("cdcdcd")


def test_interact_draws(notebook):
    cell = notebook.run(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\n"
        "@w.interact(n=(1, 5))\ndef draw(n):\n    plt.figure(figsize=(2, 1)); plt.plot(range(n)); plt.show()"
    )
    picture = outputs(cell).locator("img")
    expect(picture).to_have_count(1, timeout=lab.CELL)
    before = picture.get_attribute("src")
    outputs(cell).locator(".noUi-handle").press("ArrowRight")
    expect(picture).not_to_have_attribute("src", before)
    expect(picture).to_have_count(1)


def test_boxes_tabs_and_choices(notebook):
    cell = notebook.run(
        "first, second = w.HBox([w.Label('one'), w.Checkbox(description='yes')]), w.DatePicker()\n"
        "third = w.Dropdown(options=['a', 'b'])\n"
        "tab = w.Tab([first, second, third], titles=['First', 'Second', 'Third'])\ntab"
    )
    expect(outputs(cell)).to_contain_text("First")
    outputs(cell).locator("input[type=checkbox]").check()
    expect(value(notebook.run("tab.children[0].children[1].value"))).to_have_text("True")
    outputs(cell).get_by_text("Second").click()
    outputs(cell).locator("input[type=date]").fill("2024-02-29")
    outputs(cell).locator("input[type=date]").press("Tab")
    chosen = notebook.run("tab.children[1].value, tab.selected_index")
    expect(value(chosen)).to_have_text("(datetime.date(2024, 2, 29), 1)")
    outputs(cell).get_by_text("Third").click()
    outputs(cell).locator("select").select_option("b")
    expect(value(notebook.run("tab.children[2].value"))).to_have_text("'b'")


def test_jslink_needs_no_kernel(notebook):
    cell = notebook.run(
        "one, two = w.IntSlider(max=10), w.IntText()\n"
        "link = w.jslink((one, 'value'), (two, 'value'))\nw.VBox([one, two])"
    )
    outputs(cell).locator(".noUi-handle").press("ArrowRight")
    expect(outputs(cell).locator("input[type=number]")).to_have_value("1")
    expect(value(notebook.run("two.value"))).to_have_text("1")


def test_five_megabytes_are_uploaded(notebook, tmp_path):
    content = os.urandom(5_000_000)
    (tmp_path / "data.bin").write_bytes(content)
    cell = notebook.run("up = w.FileUpload()\nup")
    with notebook.page.expect_file_chooser() as chooser:
        outputs(cell).get_by_role("button", name="Upload").click()
    chooser.value.set_files(tmp_path / "data.bin")
    expect(outputs(cell)).to_contain_text("(1)", timeout=lab.CELL)
    got = notebook.run("import hashlib\nhashlib.sha256(up.value[0].content).hexdigest()")
    expect(value(got)).to_have_text(repr(hashlib.sha256(content).hexdigest()))


def test_tqdm_counts_in_a_bar(notebook):
    cell = notebook.run("from tqdm.notebook import tqdm\nfor _ in tqdm(range(20)): pass")
    expect(outputs(cell)).to_contain_text("20/20")
    expect(outputs(cell).locator(".widget-hprogress, .jupyter-widgets.progress, .progress")).not_to_have_count(0)


def test_an_anywidget_counts(notebook):
    cell = notebook.run(
        "import anywidget, traitlets\n"
        "class Counter(anywidget.AnyWidget):\n"
        "    _esm = '''export default { render({model, el}) {\n"
        "      let button = document.createElement('button'); button.className = 'count';\n"
        "      let show = () => button.textContent = 'count ' + model.get('n'); show(); model.on('change:n', show);\n"
        "      button.onclick = () => { model.set('n', model.get('n') + 1); model.save_changes(); };\n"
        "      el.append(button); } }'''\n"
        "    n = traitlets.Int(0).tag(sync=True)\n"
        "counter = Counter()\ncounter"
    )
    button = outputs(cell).locator("button.count")
    expect(button).to_have_text("count 0")
    button.click()
    expect(button).to_have_text("count 1")
    expect(value(notebook.run("counter.n"))).to_have_text("1")
    notebook.run("counter.n = 41")
    expect(button).to_have_text("count 41")


def test_a_figure_of_plotly_changes_and_calls_back(notebook):
    cell = notebook.run(
        "import plotly.graph_objects as go\n"
        "figure, picked = go.FigureWidget(go.Scatter(y=[1, 3, 2], mode='markers', marker_size=40)), w.Label('-')\n"
        "figure.data[0].on_click(lambda trace, points, state: setattr(picked, 'value', f'point {points.point_inds}'))\n"
        "w.VBox([figure, picked])",
    )
    points = outputs(cell).locator(".scatterlayer .point")
    expect(points).to_have_count(3, timeout=lab.CELL)
    notebook.run("figure.data[0].y = [1, 3, 2, 5]; figure.layout.title.text = 'Four'")
    expect(points).to_have_count(4)
    expect(outputs(cell).locator(".gtitle")).to_have_text("Four")
    points.nth(1).click(force=True)
    expect(outputs(cell).locator(".widget-label").last).to_have_text("point [1]")


def test_a_figure_of_matplotlib_is_zoomed(notebook):
    cell = notebook.run(
        "%matplotlib ipympl\nimport matplotlib.pyplot as plt\n"
        "figure, axes = plt.subplots(figsize=(4, 3)); axes.plot([0, 10], [0, 10]); axes.set_xlim(0, 10);"
    )
    canvas = outputs(cell).locator(".jupyter-matplotlib-canvas-div canvas").last
    expect(canvas).to_be_visible(timeout=lab.CELL)
    canvas.hover()  # It shows the toolbar.
    outputs(cell).locator("button[title^='Zoom']").click()
    box = canvas.bounding_box()
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.4 * box["height"])
    mouse.down()
    mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"], steps=5)
    mouse.up()
    zoomed = notebook.run("low, high = axes.get_xlim()\nbool(0 < low < high < 10)")
    expect(value(zoomed)).to_have_text("True")


def test_views_live_after_the_page_is_reloaded(notebook):
    cell = notebook.run("slider = w.IntSlider(value=3, max=10)\nslider")
    outputs(cell).locator(".noUi-handle").press("ArrowRight")
    expect(outputs(cell).locator(".widget-readout")).to_have_text("4")
    notebook.save()
    notebook.page.reload()
    cell = notebook.cells.filter(has_text="slider = w.IntSlider")
    expect(outputs(cell).locator(".widget-readout")).to_have_text("4", timeout=lab.CELL)
    outputs(cell).locator(".noUi-handle").press("ArrowRight")
    expect(outputs(cell).locator(".widget-readout")).to_have_text("5")
    expect(value(notebook.run("slider.value"))).to_have_text("5")


def test_views_live_after_the_kernel_was_killed(open_notebook):  # noqa: F811
    notebook = open_notebook(OURS)
    notebook.run("import ipywidgets as w", START)
    cell = notebook.run("slider = w.IntSlider(value=3, max=10)\nslider")
    outputs(cell).locator(".noUi-handle").press("ArrowRight")
    expect(outputs(cell).locator(".widget-readout")).to_have_text("4")
    newest_kernel().kill()
    notebook.page.locator(".jp-Dialog", has_text="died").locator(".jp-mod-accept").click()
    notebook.wait_for_status("Idle")
    # JupyterLab drops its end of all comms when a kernel starts again.
    notebook.save()
    notebook.page.reload()
    cell = notebook.cells.filter(has_text="slider = w.IntSlider")
    expect(outputs(cell).locator(".widget-readout")).to_have_text("4", timeout=lab.CELL)
    outputs(cell).locator(".noUi-handle").press("ArrowRight")
    expect(outputs(cell).locator(".widget-readout")).to_have_text("5")
    expect(value(notebook.run("slider.value"))).to_have_text("5")
