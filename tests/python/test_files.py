"""`%upload` and `%download` copy files between this machine and the driver, whole or not at all."""

import os
import time
from pathlib import Path

import pytest
from conftest import SPARK_START, kernel_with_agent, printed, refused, running_kernel, said, wait_until
from network import network_to

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def kernel(livy_url):
    with kernel_with_agent(livy_url) as kernel:
        yield kernel


@pytest.fixture
def here(tmp_path):
    """A folder of this machine."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture
def driver(tmp_path):
    """A folder of the driver."""
    folder = tmp_path / "driver"
    folder.mkdir()
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("size", [0, 1, 3 * MEGABYTE, 10 * MEGABYTE + 7])
def test_a_file_goes_up_and_comes_back_unchanged(kernel, here, driver, size):
    body = os.urandom(size)
    (here / "Zahlen ä.bin").write_bytes(body)
    assert "is on the driver" in said(kernel, f"%upload '{here}/Zahlen ä.bin' {driver}")
    assert (driver / "Zahlen ä.bin").read_bytes() == body
    assert "is on this machine" in said(kernel, f"%download '{driver}/Zahlen ä.bin' {here}/back.bin")
    assert (here / "back.bin").read_bytes() == body
    assert names(here) == ["Zahlen ä.bin", "back.bin"] and names(driver) == ["Zahlen ä.bin"]


def test_paths_begin_at_the_current_folders(kernel, here, driver):
    kernel.outputs(f"%cd {driver}")
    (here / "up.txt").write_text("up")
    said(kernel, f"%upload {here}/up.txt")
    assert (driver / "up.txt").read_text() == "up"
    said(kernel, f"%download up.txt {here}/down.txt")
    assert (here / "down.txt").read_text() == "up"


def test_a_file_that_is_there_stays_without_f(kernel, here, driver):
    (here / "a").write_text("new")
    (driver / "a").write_text("old")
    assert f"{driver}/a is there already on the driver; -f replaces it" in refused(kernel, f"%upload {here}/a {driver}")
    assert f"{here}/a is there already; -f replaces it" in refused(kernel, f"%download {driver}/a {here}")
    assert (driver / "a").read_text() == "old"
    said(kernel, f"%upload -f {here}/a {driver}")
    assert (driver / "a").read_text() == "new"
    (driver / "a").write_text("newer")
    said(kernel, f"%download --force {driver}/a {here}")
    assert (here / "a").read_text() == "newer"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("%download {driver}/nothing {here}", "nothing on the driver: No such file or directory"),
        ("%download {driver} {here}", "is a folder on the driver; pack it into one file first"),
        ("%download /dev/zero {here}", "is not a regular file"),
        ("%download {driver}/.. {here}", "is not the name of a file"),
        ("%upload {here}/nothing {driver}", "nothing: No such file or directory"),
        ("%upload {here} {driver}", "is a folder; pack it into one file first"),
        ("%upload {here}/file {driver}/no/where", "there is no folder {driver}/no on the driver"),
        ("%download {driver}/file {here}/no/where", "No such file or directory"),
        ("%upload", "the following required arguments were not provided"),
    ],
)
def test_what_cannot_be_copied_is_told(kernel, here, driver, line, why):
    (here / "file").write_text("x")
    (driver / "file").write_text("x")
    assert why.format(here=here, driver=driver) in refused(kernel, line.format(here=here, driver=driver))
    assert names(here) == ["file"] and names(driver) == ["file"]


def test_threads_of_the_session_go_on_during_a_copy(kernel, here, driver):
    kernel.outputs(
        "import threading; beat = []; stop = threading.Event()\n"
        "def count():\n    while not stop.wait(0.01): beat.append(1)\n"
        "threading.Thread(target=count).start()"
    )
    (here / "a").write_bytes(os.urandom(5 * MEGABYTE))
    before = int(kernel.value("len(beat)"))
    said(kernel, f"%upload {here}/a {driver}")
    kernel.outputs("stop.set()")
    assert int(kernel.value("len(beat)")) > before + 5


def test_a_copy_that_was_interrupted_goes_on_where_it_stopped(server_url, here, driver):
    body = os.urandom(60 * MEGABYTE)
    (here / "large").write_bytes(body)
    (driver / "link").mkdir()
    (driver / "link" / "large").symlink_to(here / "large")
    with network_to(server_url) as (net, url), kernel_with_agent(url) as kernel:
        for line, source, folder in (("%upload", here, driver / "up"), ("%download", driver / "link", here / "back")):
            folder.mkdir()
            code = f"{line} {source}/large {folder}"
            interrupt_once_begun(kernel, code, folder)
            assert len(names(folder)) == 1 and names(folder)[0].startswith(".livy-kernel-")
            begun = next(folder.iterdir()).stat().st_size
            before = jobs(net)
            said(kernel, code)
            assert names(folder) == ["large"] and (folder / "large").read_bytes() == body
            whole = 60 / 3
            assert jobs(net) - before < whole - begun / MEGABYTE / 3 + 8


def jobs(net):
    return sum(method == "POST" and "/submit-job" in path for method, path in net.passed)


def interrupt_once_begun(kernel, code, folder):
    kernel.client.execute(code)
    wait_until(lambda: any(path.stat().st_size > 9 * MEGABYTE for path in folder.iterdir()), 60, "nothing has come")
    kernel.manager.interrupt_kernel()
    reply = kernel.client.get_shell_msg(timeout=30)["content"]
    assert reply["ename"] == "KeyboardInterrupt" and "goes on from there" in reply["evalue"]


def test_a_killed_kernel_leaves_no_half_file_under_the_name(server_url, here, driver):
    (here / "large").write_bytes(os.urandom(60 * MEGABYTE))
    with kernel_with_agent(server_url) as kernel:
        kernel.client.execute(f"%upload {here}/large {driver}")
        wait_until(lambda: list(driver.iterdir()), 60, "nothing has come")
        kernel.kill()
        time.sleep(1)
        assert "large" not in names(driver)
        kernel.start_again()
        kernel.client.wait_for_ready(timeout=60)
        said(kernel, f"%upload {here}/large {driver}")
        assert names(driver) == ["large"]
        assert (driver / "large").read_bytes() == (here / "large").read_bytes()


def test_a_changed_file_is_not_mixed_with_what_came_before(kernel, here, driver):
    (here / "large").write_bytes(os.urandom(40 * MEGABYTE))
    interrupt_once_begun(kernel, f"%upload {here}/large {driver}", driver)
    (here / "large").write_bytes(os.urandom(20 * MEGABYTE))
    said(kernel, f"%upload {here}/large {driver}")
    assert (driver / "large").read_bytes() == (here / "large").read_bytes()


def test_a_link_in_place_of_the_unfinished_file_is_not_followed(kernel, here, driver, tmp_path):
    """Whoever may write into the folder must not choose what is written."""
    (driver / "large").write_bytes(os.urandom(40 * MEGABYTE))
    interrupt_once_begun(kernel, f"%download {driver}/large {here}", here)
    [part] = here.iterdir()
    part.unlink()
    victim = tmp_path / "victim"
    victim.write_text("mine")
    part.symlink_to(victim)
    refused(kernel, f"%download {driver}/large {here}")
    assert victim.read_text() == "mine"


def test_a_copy_is_the_users_alone(kernel, here, driver):
    (here / "a").write_text("a")
    said(kernel, f"%upload {here}/a {driver}")
    said(kernel, f"%download {driver}/a {here}/b")
    assert [oct(path.stat().st_mode & 0o777) for path in (driver / "a", here / "b")] == ["0o600"] * 2


def test_the_first_cell_may_be_a_copy_and_scala_kernels_copy_too(livy_url, here, driver):
    (here / "a").write_text("a")
    with running_kernel("livy-spark", livy_url) as kernel:
        reply, shown = kernel.run(f"%upload {here}/a {driver}", timeout=SPARK_START)
        assert reply["status"] == "ok" and f"{driver}/a (1 byte) is on the driver." in printed(shown)


def test_without_an_agent_the_cell_says_why_nothing_is_copied(livy_url, here):
    (here / "a").write_text("a")
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never") as kernel:
        reply, _ = kernel.run(f"%upload {here}/a", timeout=SPARK_START)
        assert "by the agent, which this session does not have" in reply["evalue"]
        assert not Path("a").exists()
