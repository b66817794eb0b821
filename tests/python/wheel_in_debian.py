"""The wheel installs with pip alone on a clean Debian, and runs the demo's notebook on Spark there.

make test-wheel
"""

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOTS = ROOT / "target" / "roots"
[VERSION] = re.findall(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M)
WHEELS = sorted((ROOT / "target" / "wheels").glob(f"livy_kernel-{VERSION}-*manylinux*_{platform.machine()}.whl"))
PACKAGES = "python3-venv,ca-certificates"
PIP = "/opt/jupyter/bin/python -m pip --disable-pip-version-check"
# How this machine reaches its index of packages.
REACHING = ["etc/resolv.conf", "etc/hosts", "etc/pip.conf", "etc/ssl/certs/ca-certificates.crt"]
NETWORK = re.compile(r"PIP_(INDEX_URL|EXTRA_INDEX_URL|DEFAULT_TIMEOUT|CERT)|(https?|no)_proxy", re.I)
COLOUR = re.compile(r"\x1b\[[\d;]*m")

pytestmark = pytest.mark.timeout(1800)


def leave_out(reason):
    """Skips the test, or fails where none may be left out."""
    (pytest.fail if os.environ.get("LIVY_TEST_ALL") else pytest.skip)(reason)


def mirror():
    """Returns the mirror of Debian that this machine uses, if it is a Debian."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian"]
    found = subprocess.run(command, capture_output=True, text=True).stdout.split()
    return found[:1]


class Root:
    """A Debian with its Python and nothing else, which is unpacked anew for each test."""

    def __init__(self, release):
        self.folder = ROOTS / release
        archive = ROOTS / f"{release}.tar"
        if not archive.exists():
            ROOTS.mkdir(parents=True, exist_ok=True)
            self.make(release, archive)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        subprocess.run(["tar", "--extract", "--file", archive, "--directory", self.folder], check=True)

    @staticmethod
    def make(release, archive):
        part = archive.with_suffix(".part.tar")
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", release, part, *mirror()]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            leave_out(f"no clean {release} can be made here: {done.stderr.strip().splitlines()[-1]}")
        part.rename(archive)

    def copy(self, source, name):
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)

    def sh(self, script):
        """Runs a script in the root, which has processes of its own; returns what it prints."""
        inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={self.folder}/proc"]
        env = {name: value for name, value in os.environ.items() if NETWORK.fullmatch(name)}
        env |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "LIVY_PROGRESS": "never"}
        command = [*inside, "chroot", self.folder, "sh", "-ec", script]
        done = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture(params=["bullseye", "bookworm"])
def root(request):
    if os.geteuid() != 0:
        leave_out("only root can enter another root")
    if not shutil.which("mmdebstrap"):
        leave_out("mmdebstrap makes the roots, and is missing (Debian: mmdebstrap)")
    root = Root(request.param)
    for name in REACHING:
        if Path("/", name).exists():
            root.copy(Path("/", name), name)
    yield root
    shutil.rmtree(root.folder)


def test_pip_alone_installs_the_wheel_and_the_notebook_runs_on_spark(root):
    assert len(WHEELS) == 1, "make wheel builds the wheel"
    [wheel] = WHEELS
    root.copy(wheel, f"wheels/{wheel.name}")
    root.copy(ROOT / "tests" / "notebooks" / "tour.ipynb", "notebooks/tour.ipynb")
    root.copy(ROOT / "tests" / "python" / "demo.py", "notebooks/demo.py")

    assert root.sh("command -v cargo rustc cc gcc java || true") == ""
    root.sh(f"python3 -m venv /opt/jupyter; {PIP} install --quiet nbclient '/wheels/{wheel.name}[local]'")
    assert root.sh("/opt/jupyter/bin/livy-kernel --version").strip() == f"livy-kernel {VERSION}"
    shown = COLOUR.sub("", root.sh("/opt/jupyter/bin/python /notebooks/demo.py /notebooks/tour.ipynb"))
    print(root.sh('. /etc/os-release; echo "$PRETTY_NAME, $(/opt/jupyter/bin/python --version)"'), shown)

    assert "Hello from Spark" in shown and "KeyError: 'Bern'" in shown
    assert "demo: all cells ran on Spark" in shown
    root.sh(f"{PIP} uninstall --yes --quiet livy-kernel")
    assert root.sh("find /opt/jupyter -name '*livy*'") == ""
