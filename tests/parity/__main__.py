"""Prints what differs. `python -m parity --kernel PROGRAM --notebooks FOLDER [--mode MODE] [--only NAME]`"""

import os
import subprocess
import sys
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from difflib import unified_diff
from pathlib import Path
from pprint import pformat
from tempfile import TemporaryDirectory

from .comparison import GOALS, compare
from .kernels import running
from .notebooks import notebooks

KERNELS = {"itself": "python3"}


def main():
    options = read_options()
    chosen = notebooks(options.notebooks, options.only)
    modes = [options.mode] if options.mode else ["ipython", "plain"]
    with kernelspecs(options.kernel), ThreadPoolExecutor() as pool:
        theirs = pool.submit(run, "python3", None, chosen)
        ours = {mode: pool.submit(run, KERNELS.get(mode, "livy-pyspark"), mode, chosen) for mode in modes}
        comparisons = [compare(chosen, ours[mode].result(), theirs.result(), mode) for mode in modes]
    for comparison in comparisons:
        print_comparison(comparison)
    sys.exit(not all(comparison.has_succeeded for comparison in comparisons))


def read_options():
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", required=True, type=Path, help="the livy-kernel program")
    parser.add_argument("--notebooks", required=True, type=Path, help="a folder with the sources of packages")
    parser.add_argument("--mode", choices=GOALS, help="whether the driver has IPython; `itself`: ipykernel twice")
    parser.add_argument("--only", help="a part of the notebooks' names")
    return parser.parse_args()


@contextmanager
def kernelspecs(program):
    """Installs the kernels where this process looks for them."""
    with TemporaryDirectory(prefix="parity-") as prefix:
        subprocess.run([program, "install", "--prefix", prefix], check=True, capture_output=True)
        os.environ["JUPYTER_PATH"] = f"{prefix}/share/jupyter"
        yield


def run(name, mode, chosen):
    """Runs the notebooks in a kernel of their own."""
    with running(name, mode) as kernel:
        return [kernel.run(notebook) for notebook in chosen]


def print_comparison(comparison):
    print(f"\n== {comparison.mode}")
    for cell in comparison.explained:
        print(f"{cell.name:20} {first_line(cell):50} {cell.why}")
    for cell in comparison.unexplained:
        print(f"\n{cell.name}: NOT EXPLAINED\n{indented(cell.code)}\n{difference(cell)}")
    print(
        f"{len(comparison.cells)} cells: {len(comparison.agreeing)} agree ({comparison.share:.1f} %), "
        f"{len(comparison.explained)} differences are explained, {len(comparison.unexplained)} are not"
    )


def first_line(cell):
    return cell.code.splitlines()[0][:50]


def indented(code):
    return "\n".join(f"    {line}" for line in code.splitlines())


def difference(cell):
    ours, theirs = (pformat(vars(seen), width=110).splitlines() for seen in (cell.ours, cell.theirs))
    return "\n".join([*unified_diff(theirs, ours, "ipykernel", "livy-pyspark", n=0, lineterm="")][3:])


if __name__ == "__main__":
    main()
