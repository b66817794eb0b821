"""What VS Code needs from real kernels; its messages are in tests/vscode.rs."""

import json
import os
import signal

import psutil
from conftest import SPARK_START, descendants, running_kernel


def test_the_end_of_its_process_group_leaves_nothing_behind():
    with running_kernel("livy-pyspark") as kernel:
        kernel.run("1", timeout=SPARK_START)
        processes = [psutil.Process(kernel.pid), *descendants(kernel.pid)]
        assert len(processes) >= 3  # the kernel, Python and Java
        os.killpg(kernel.pid, signal.SIGTERM)
        _, alive = psutil.wait_procs(processes, timeout=15)
        assert alive == []


def test_no_kernel_hides_another(kernelspecs):
    """VS Code takes kernels of one name and one program, or of one command line, for one kernel."""
    specs = [json.loads(path.read_text()) for path in kernelspecs.glob("*/kernel.json")]
    assert len({spec["display_name"] for spec in specs}) == 4
    assert len({tuple(spec["argv"]) for spec in specs}) == 4


def test_a_path_with_spaces_stays_one_argument(kernelspecs):
    """VS Code quotes the path of the connection file unless that is a whole argument."""
    specs = [json.loads(path.read_text()) for path in kernelspecs.glob("*/kernel.json")]
    assert [spec["argv"].count("{connection_file}") for spec in specs] == [1, 1, 1, 1]
