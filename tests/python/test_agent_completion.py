"""Names are completed and explained in the session."""

import re
import time

import pytest
from agent_session import WITHOUT_IPYTHON, Session
from conftest import plain


@pytest.fixture(params=["jedi", "rlcompleter"])
def completing(request, session):
    """A session with jedi, and one that does not use it."""
    session.do(f"setattr(agent.common.state, 'has_jedi', {request.param == 'jedi'})")
    session.run(
        "import os, sys\nwidth, wide = 1, {'key one': 1, 'key two': 2}\n"
        "class Fish:\n    fin = 1\n    @property\n    def bad(self): raise SystemExit\nfish = Fish()"
    )
    session.call("complete", "os.pa", 5)  # The first completion loads jedi.
    time.sleep(0.5)
    return session


def complete(session, code):
    answer = session.call("complete", code, len(code))
    return answer, code[answer["start"] : answer["end"]]


def test_names_and_attributes_are_completed(completing):
    answer, word = complete(completing, "x = 1\nwid")
    assert word == "wid" and {"width", "wide"} <= set(answer["matches"])
    answer, word = complete(completing, "print(os.path.joi")
    assert word == "joi" and answer["matches"] == ["join"] and answer["types"][0]["type"] == "function"
    answer, word = complete(completing, "é = fish.")
    assert word == "" and {"fin", "bad"} <= set(answer["matches"])
    assert complete(completing, "fish.bad.")[0]["matches"] == []


def test_keys_are_completed(completing):
    answer, word = complete(completing, "wide['key t")
    assert word == "key t" and answer["matches"] == ["key two"]


def test_a_data_frames_columns_are_completed(completing):
    completing.run(
        "class DataFrame:\n    columns = ['age', 'a b']\n    def agg(self): pass\n"
        "DataFrame.__module__ = 'pyspark.sql.dataframe'\ndf = DataFrame()"
    )
    complete(completing, "df.a")  # The first answer of Jedi may be late, and is left out then.
    assert complete(completing, "df.a")[0]["matches"] == ["age", "agg"]
    assert complete(completing, 'df["a')[0]["matches"] == ["a b", "age"]


def test_tables_are_completed(completing):
    completing.run(
        "import types\nT = types.SimpleNamespace\n"
        "spark = T(catalog=T(listTables=lambda: [T(name='people'), T(name='places')]))"
    )
    completing.do("setattr(agent.completion, 'asked', -10)")
    assert complete(completing, "spark.table('pe")[0]["matches"] == ["people"]


def test_completion_answers_while_a_cell_runs_and_in_time(completing):
    statement = completing.start("while True: pass")
    completing.wait_for("start")
    begun = time.monotonic()
    answer, _ = complete(completing, "fis")
    took = time.monotonic() - begun
    completing.interrupt(statement)
    completing.reply()
    assert "fish" in answer["matches"] and took < 5


def test_a_name_is_explained(session):
    session.run("def area(r, pi=3):\n    '''Of a circle.'''\n    return pi * r * r")
    for cursor in 2, 5:  # In the name, and in the call.
        found = session.call("inspect", "area(2)", cursor, 0)
        assert found["found"] and "Signature: area(r, pi=3)" in found["data"]["text/plain"]
        assert "Of a circle." in found["data"]["text/plain"]
    assert session.call("inspect", "nothing_like_it", 3, 0) == {"found": False, "data": {}}


SOURCES = """
import json, textwrap

def deco(f):
    return f

@deco
class Shape:
    'A shape.'
    class Inner:
        @property
        def size(self):
            return 0

    @staticmethod
    def area(r):
        return 3 * r * r
"""


@pytest.mark.parametrize(
    ("name", "begin", "end"),
    [
        ("deco", "def deco(f):", "    return f"),
        ("Shape", "@deco", "        return 3 * r * r"),
        ("Shape.Inner", "    class Inner:", "            return 0"),
        ("Shape.area", "    @staticmethod", "        return 3 * r * r"),
        ("json.loads", "def loads(", ".decode(s)"),
        ("json.JSONDecoder", "class JSONDecoder(", "return obj, end"),
        ("textwrap", '"""Text wrapping', ""),
    ],
)
def test_detail_shows_the_source_of_a_name(session, name, begin, end):
    session.run(SOURCES)
    found = plain(session.call("inspect", name, len(name), 1)["data"]["text/plain"])
    source = re.split(r"Source: *\n", found)[1].split("\nFile:")[0].strip()
    assert source.startswith(begin.strip()) and source.endswith(end.strip()), found


@pytest.mark.parametrize(("name", "doc"), [("len", "number of items"), ("Shape", "A shape.")])
def test_a_name_without_a_source_or_detail_has_its_docstring(session, name, doc):
    session.run(SOURCES)
    found = session.call("inspect", name, len(name), int(name != "Shape"))["data"]["text/plain"]
    assert "Source:" not in found and doc in found


@pytest.mark.parametrize("before", ["!cat ", "x = !wc -l ", "%run ", "%load ", "open('", 'open("', "with open(r'"])
def test_files_are_completed_where_a_cell_has_a_path(completing, tmp_path, before):
    (tmp_path / "data one.csv").touch()
    (tmp_path / "dates.py").touch()
    (tmp_path / "dark").mkdir()
    completing.run(f"os.chdir({str(tmp_path)!r})")
    spaced = "data\\ one.csv" if "!" in before else "data one.csv"
    answer, word = complete(completing, "y = 1\n" + before + "da")
    assert word == "da" and set(answer["matches"]) == {spaced, "dates.py", "dark/"}
    answer, word = complete(completing, f"{before}{tmp_path}/dat")
    assert word == "dat" and set(answer["matches"]) == {spaced, "dates.py"}
    assert complete(completing, before + "nowhere/x")[0]["matches"] == []


def test_folders_follow_cd(completing, tmp_path):
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "dead").touch()
    completing.run(f"os.chdir({str(tmp_path)!r})")
    assert complete(completing, "%cd de")[0]["matches"] == ["deep/"]
    assert complete(completing, "%cd deep/")[0]["matches"] == ["deeper/"]


def test_modules_and_their_names_follow_import(completing, tmp_path):
    package = tmp_path / "reefs"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit\ndef count(): pass\nclass Coral: pass\nDEPTH = 1\n")
    (package / "atoll.py").touch()
    completing.run(f"sys.path.insert(0, {str(tmp_path)!r})")
    assert complete(completing, "import ree")[0]["matches"] == ["reefs"]
    assert complete(completing, "import os, reefs.at")[0]["matches"] == ["atoll"]
    assert complete(completing, "x = 1\nfrom reefs import ")[0]["matches"] == ["Coral", "DEPTH", "atoll", "count"]
    assert complete(completing, "from reefs import Coral, at")[0]["matches"] == ["atoll"]
    assert complete(completing, "from os import pat")[0]["matches"] == ["path", "pathconf", "pathconf_names", "pathsep"]
    assert complete(completing, "from nowhere import re")[0]["matches"] == []


@pytest.mark.parametrize("code", ["f().re", "'a'.is", "'an i", "# wh", '"""\nwhi', "x[0].i", "from os import imp"])
def test_no_keyword_is_told_where_none_can_stand(session, code):
    session.do("setattr(agent.common.state, 'has_jedi', False)")
    answer, _ = complete(session, code)
    assert not any(each["type"] == "keyword" for each in answer["types"]), answer


@pytest.mark.parametrize("environment", [{}, WITHOUT_IPYTHON])
def test_the_first_answer_of_a_session_is_quick_and_right(environment, tmp_path):
    (tmp_path / "dates.py").touch()
    session = Session(environment=environment)
    try:
        for code, found in [
            (f"!cat {tmp_path}/da", ["dates.py"]),
            ("from json import loa", ["load", "loads"]),
            ("from js", None),
            ("prin", None),
            ("f().i", []),
        ]:
            begun = time.monotonic()
            answer, _ = complete(session, code)
            assert time.monotonic() - begun < 2, code  # jedi's import alone takes longer on some drivers.
            assert found is None or answer["matches"] == found, answer
            assert not any(each["type"] == "keyword" for each in answer["types"]), answer
    finally:
        session.close()
