"""The table of acceptance checks names only tests that exist."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = (TESTS / "acceptance.md").read_text()


def test_every_check_has_its_row():
    assert re.findall(r"^\| (\d+) \|", TABLE, re.M) == [str(number) for number in range(1, 40)]


def test_every_test_that_is_named_is_there():
    named = re.findall(r"`([\w/.]+)::(\w+)`", TABLE)
    assert len(named) >= 20
    lost = [(file, test) for file, test in named if f"fn {test}(" not in text(file)]
    assert lost == []


def text(file):
    return (TESTS / file).read_text().replace("def ", "fn ")
