"""Cells of notebooks have the same outputs in livy-pyspark and in ipykernel (tests/parity)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from parity.comparison import compare
from parity.differences import KNOWN
from parity.kernels import running
from parity.notebooks import own

# Notebooks in which every difference has a reason, by mode; `make parity` runs all.
HERE = {"ipython": ("containers", "display", "names", "values"), "plain": ("containers", "values")}


def run(name, mode=None):
    with running(name, mode) as kernel:
        return {notebook.name: kernel.run(notebook) for notebook in chosen(mode or "ipython")}


def chosen(mode):
    return [notebook for notebook in own() if notebook.name in HERE[mode]]


@pytest.fixture(scope="module")
def seen(kernelspecs):
    kernels = {"ipykernel": ("python3",), "ipython": ("livy-pyspark", "ipython"), "plain": ("livy-pyspark", "plain")}
    with ThreadPoolExecutor() as pool:
        running_ones = {name: pool.submit(run, *kernel) for name, kernel in kernels.items()}
        return {name: kernel.result() for name, kernel in running_ones.items()}


@pytest.fixture(params=["ipython", "plain"])
def comparison(seen, request):
    mode = request.param
    ours, theirs = ([seen[kernel][notebook.name] for notebook in chosen(mode)] for kernel in (mode, "ipykernel"))
    return compare(chosen(mode), ours, theirs, mode)


def test_what_differs_has_a_reason(comparison):
    assert not [(cell.name, cell.code) for cell in comparison.unexplained]


def test_what_has_a_reason_differs(comparison):
    known = {key for key in KNOWN[comparison.mode] if key[0] in HERE[comparison.mode]}
    assert {cell.key for cell in comparison.cells if cell.why} == known
    assert not [cell.code for cell in comparison.cells if cell.why and cell.agrees]
