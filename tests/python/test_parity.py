"""A hundred everyday cells give in livy-pyspark what ipykernel gives (tests/parity)."""

import sys
from pathlib import Path

import pytest
from conftest import SPARK_START, running_kernel

sys.path.insert(0, str(Path(__file__).parents[1]))
import parity


@pytest.fixture(scope="module")
def cells():
    with running_kernel("livy-pyspark") as ours, running_kernel("python3") as theirs:
        ours.run("1", timeout=SPARK_START)
        return parity.compare(ours.client, theirs.client)


def test_what_differs_has_a_reason(cells):
    assert len(cells) >= 100
    unexplained = [cell for cell in cells if not cell.agrees and not cell.why]
    assert not unexplained


def test_what_has_a_reason_differs(cells):
    explained = {cell.why for cell in cells if not cell.agrees}
    assert explained == set(parity.KNOWN.values())
    assert not [cell.code for cell in cells if cell.why and cell.agrees]
