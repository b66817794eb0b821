"""What a wheel in target/wheels promises before anybody installs it.

make check-wheel
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from cyclonedx.model.bom import Bom

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
[VERSION] = re.findall(r'^version = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M)
WHEELS = sorted((ROOT / "target" / "wheels").glob(f"livy_kernel-{VERSION}-*.whl"))
LARGEST = 15_000_000
CRATES = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))


@pytest.fixture(params=WHEELS, ids=[path.name.rsplit("-", 1)[1] for path in WHEELS])
def wheel(request):
    return request.param


def contents(wheel, pattern):
    """Returns the one file of the wheel whose name has this pattern."""
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if re.search(pattern, name)]
        return archive.read(name)


def test_there_is_a_wheel_of_this_version():
    assert WHEELS, "make wheel builds it"


def test_it_runs_on_every_linux_that_its_name_promises(wheel):
    done = subprocess.run([TOOLS / "auditwheel", "show", wheel], capture_output=True, text=True)
    found = re.search(r'following platform tag:\s+"(\w+)"', done.stdout)
    assert found and found[1] in wheel.stem.rsplit("-", 1)[1].split("."), done.stdout + done.stderr
    assert found[1].startswith(("manylinux_2_17_", "musllinux_1_2_"))


def test_it_is_no_larger_than_15_megabytes(wheel):
    assert wheel.stat().st_size <= LARGEST


def test_it_has_the_program_four_kernels_and_papers_alone(wheel):
    with ZipFile(wheel) as archive:
        names = [re.sub(rf"^livy_kernel-{VERSION}\.(data|dist-info)/", r"\1/", name) for name in archive.namelist()]
    kernels = [name for name in names if name.startswith("data/data/share/jupyter/kernels/livy-")]
    assert len({Path(name).parent.name for name in kernels}) == 4 and len(kernels) == 12
    papers = {f"dist-info/{name}" for name in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")}
    lists = {name for name in names if name.startswith("dist-info/sboms/livy-kernel-")}
    assert set(names) - set(kernels) - lists == {"data/scripts/livy-kernel"} | papers
    assert len(lists) == 1


def test_it_names_no_folder_of_the_machine_that_built_it(wheel):
    with ZipFile(wheel) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            assert not [folder for folder in (ROOT, CRATES) if str(folder).encode() in data], name


def test_its_files_have_the_date_of_the_commit_alone(wheel):
    with ZipFile(wheel) as archive:
        assert len({info.date_time for info in archive.infolist()}) == 1


def test_its_list_of_contents_is_whole(wheel):
    listed = json.loads(contents(wheel, r"/sboms/.*\.cdx\.json$"))
    bom = Bom.from_json(listed)
    bom.validate()
    names = {part.name for part in bom.components}
    assert names >= {"livy-client", "livy-local", "jupyter-wire", "ring", "tree-sitter-scala", "std", "zig-libunwind"}
    assert bom.metadata.component.name == "livy-kernel" and bom.metadata.component.version == VERSION
    locked = set(re.findall(r'name = "(.+)"\nversion = "(.+)"', (ROOT / "Cargo.lock").read_text()))
    assert {(part.name, part.version) for part in bom.components} - locked == {
        (part.name, part.version) for part in bom.components if part.name in ("std", "zig-libunwind")
    }


def test_the_program_has_no_crate_that_its_list_lacks(wheel):
    # A panic names the folder of its crate.
    program = contents(wheel, r"/scripts/livy-kernel$")
    compiled = {crate.decode() for crate in re.findall(rb"/cargo/registry/src/[^/]+/([\w.+-]+?)/src/", program)}
    listed = json.loads(contents(wheel, r"/sboms/.*\.cdx\.json$"))["components"]
    assert "tokio" in {name.rsplit("-", 1)[0] for name in compiled}
    assert compiled <= {f"{part['name']}-{part['version']}" for part in listed}


def test_every_crate_has_a_licence_and_a_source_that_are_allowed():
    command = [TOOLS / "cargo-deny", "--offline", "check", "licenses", "bans", "sources"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
