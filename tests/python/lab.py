"""Drives JupyterLab in a browser as a user does."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import TimeoutError, expect

# What would lie in the way, and how long Lab waits for a completion: a second is short for a machine
# that does much else.
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"renameUntitledFileOnSave": False},
    "completer-extension/manager": {"providerTimeout": 30_000},
    "notebook-extension/tracker": {"windowingMode": "none"},
}
CELL = 60_000
ARTEFACTS = Path(__file__).parents[2] / "artefacts"
expect.set_options(timeout=20_000)


@contextmanager
def serving(folder, livy_url, options=(), python=sys.executable, **env):
    """Starts a Lab server with its notebooks in a folder; yields its address."""
    for name, values in SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    environment = os.environ | {
        "LIVY_URL": livy_url,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
    }
    command = [python, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={notebooks}", *options]
    log = folder / "log"
    with log.open("w") as stderr:
        server = subprocess.Popen(command, env=environment | env, stderr=stderr)
    try:
        yield address_in(log), notebooks
    finally:
        server.terminate()
        server.wait(30)


def address_in(log):
    """Waits for the address that the server logs."""
    deadline = time.monotonic() + 60
    while not (found := re.search(r"http://127\.0\.0\.1:\d+", log.read_text())):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return found[0]


class Notebook:
    """A notebook that was opened, from the launcher if that is shown."""

    def __init__(self, page, kernel, from_launcher=True):
        self.page, self.kernel = page, kernel
        if from_launcher:
            card = f'.jp-LauncherCard[data-category="Notebook"][title="{kernel}"]'
            page.locator(card).click()
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        self.wait_for_status("Idle")

    def wait_for_status(self, status):
        """Returns the kernel's status in the bar at the bottom; the circle at the top is idle before there is one."""
        said = self.page.locator("#jp-main-statusbar").get_by_text(f"{self.kernel} | {status}")
        expect(said).to_be_visible(timeout=CELL)

    @property
    def cells(self):
        return self.panel.locator(".jp-CodeCell")

    def write(self, code):
        """Types into the last cell."""
        self.cells.last.locator(".cm-content").click()
        self.page.keyboard.insert_text(code)

    def begin(self, code):
        """Runs code in the last cell, which adds another below; returns the cell."""
        at = self.cells.count() - 1
        self.write(code)
        self.page.keyboard.press("Shift+Enter")
        expect(self.cells).to_have_count(at + 2)
        return self.cells.nth(at)

    def run(self, code, timeout=CELL):
        """Runs code in the last cell and waits until it has ended."""
        cell = self.begin(code)
        expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"), timeout=timeout)
        return cell

    def tooltip(self):
        """Returns what Shift-Tab shows; right after a completion the key does nothing yet."""
        tooltip = self.page.locator(".jp-Tooltip")
        for _ in range(10):
            self.page.keyboard.press("Shift+Tab")
            try:
                tooltip.wait_for(timeout=5_000)
                break
            except TimeoutError:
                continue
        return tooltip

    def command(self, name):
        """Presses a button of the toolbar."""
        self.panel.locator(f'.jp-NotebookPanel-toolbar [data-command="{name}"]').click()

    def restart(self):
        self.command("notebook:restart-kernel")
        with self.page.expect_response(re.compile(r"/api/kernels/.*/restart")):
            self.page.locator(".jp-Dialog .jp-mod-accept").click()
        self.wait_for_status("Idle")

    def menu(self, menu, item):
        self.page.locator(".lm-MenuBar-item", has_text=menu).click()
        self.page.locator(".lm-Menu-item", has_text=item).first.click()

    def theme(self, name):
        self.page.locator(".lm-MenuBar-item", has_text="Settings").click()
        self.page.locator(".lm-Menu-item", has_text="Theme").first.hover()
        self.page.locator(".lm-Menu-item", has_text=name).first.click()
        light = str("Light" in name).lower()
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", light)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def picture(self, name):
        """Saves a picture of the whole page."""
        before = self.page.viewport_size
        self.page.set_viewport_size(before | {"height": 1600})
        self.cells.first.scroll_into_view_if_needed()
        self.page.screenshot(path=ARTEFACTS / f"{name}.png")
        self.page.set_viewport_size(before)

    def save(self):
        self.page.keyboard.press("Control+s")
        expect(self.page.locator(".jp-mod-dirty")).to_have_count(0)
