"""IPython's magics, commands and questions in Python cells, on real Spark."""

import re

import pytest
from conftest import plain, running_kernel


def shown(kernel, code):
    """Runs a cell; returns its text and its value."""
    outputs = kernel.outputs(code)
    text = "".join(c["text"] for kind, c in outputs if kind == "stream")
    values = [c["data"]["text/plain"] for kind, c in outputs if kind == "execute_result"]
    return text, values[0] if values else None


def error(kernel, code):
    reply, _ = kernel.run(code)
    assert reply["status"] == "error", reply
    return reply["ename"], reply["evalue"]


TIMES = r"CPU times: user .+, sys: .+, total: .+\nWall time: .+\n"


@pytest.mark.parametrize("code", ["%time 6 * 7", "%%time\nx = 6\nx * 7", "x = 6\n%time x * 7"])
def test_a_timed_cell_has_its_value(pyspark, code):
    text, value = shown(pyspark, code)
    assert re.fullmatch(TIMES, text) and value == "42"


def test_loops_are_timed(pyspark):
    text, _ = shown(pyspark, "%timeit -n 10 -r 3 sum(range(10))")
    assert re.fullmatch(r".* ± .* per loop \(mean ± std\. dev\. of 3 runs, 10 loops each\)\n", text)


def test_what_a_command_prints_is_shown_and_kept(pyspark):
    pyspark.run("who = 'Spark'")
    # A terminal ends lines so, in ipykernel, too.
    assert shown(pyspark, "!echo hello {who}; echo problem >&2")[0] == "hello Spark\r\nproblem\r\n"
    assert shown(pyspark, "lines = !printf 'a\\nb\\n'\nlines")[1] == "['a', 'b']"
    assert shown(pyspark, "for i in range(2):\n    !echo $i")[0] == "0\r\n1\r\n"


def test_the_names_of_the_person_are_told(pyspark):
    pyspark.run("%reset -f")
    pyspark.run("import os\nrows, name = [1, 2], 'x'")
    assert shown(pyspark, "%who")[0].split() == ["name", "os", "rows"]
    assert shown(pyspark, "%who_ls list")[1] == "['rows']"
    assert re.search(r"rows +list +n=2\n", shown(pyspark, "%whos")[0])


def test_folder_and_environment_are_the_drivers(pyspark):
    folder = shown(pyspark, "import os; os.getcwd()")[1]
    assert shown(pyspark, "%pwd")[1] == folder
    assert shown(pyspark, "%env GREETING=hi there")[0] == "env: GREETING=hi there\n"
    assert shown(pyspark, "%env GREETING")[1] == "'hi there'"


def test_a_file_of_the_drivers_is_run(pyspark):
    pyspark.run("%%writefile /tmp/livy_kernel_run.py\nfrom_file = __name__")
    assert shown(pyspark, "%run /tmp/livy_kernel_run.py\nfrom_file")[1] == "'__main__'"
    assert "nowhere.py" in error(pyspark, "%run nowhere.py")[1]


def test_ipythons_extensions_are_loaded_and_sparkmagic_is_not_needed(pyspark):
    assert shown(pyspark, "%load_ext autoreload\n%autoreload 2\n%matplotlib inline\n1 + 1") == ("", "2")
    text, value = shown(pyspark, "%load_ext sparkmagic.magics\n1 + 1")
    assert value == "2" and "not needed" in text


def test_pip_runs_at_the_driver(pyspark):
    text, _ = shown(pyspark, "%pip install pip")
    assert "already satisfied: pip" in text


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("%tiem x", "`%tiem` not found"),
        ("%%tiem\nx", "`%%tiem` not found"),
        ("%writefile x", "cell magic `%%writefile` exists"),
        ("%json", "%json needs the name of a variable"),
        ("x = 1\n%table", "%table needs the name of a variable"),
    ],
)
def test_an_unknown_magic_gets_a_hint_and_does_no_harm(pyspark, code, hint):
    name, text = error(pyspark, code)
    assert name == "UsageError" and hint in text
    assert shown(pyspark, "1 + 1")[1] == "2"


@pytest.mark.parametrize("rows", ["[[1], ['x', 2]]", "[[[1, 'x']]]"])
def test_rows_that_make_no_table_are_an_error_and_do_no_harm(pyspark, rows):
    error(pyspark, f"rows = {rows}\n%table rows")
    assert shown(pyspark, "1 + 1")[1] == "2"


def test_a_question_explains_a_name(pyspark):
    pyspark.run("def half(x):\n    'Half of x.'\n    return x / 2")
    for question, answer in (("half?", "Half of x."), ("half??", "return x / 2")):
        reply, shown_too = pyspark.run(question)
        [payload] = reply["payload"]
        assert payload["source"] == "page" and answer in plain(payload["data"]["text/plain"])
        assert not shown_too
    assert "not found" in shown(pyspark, "nobody?")[0]


def test_an_error_below_a_magic_shows_the_lines_of_the_person(pyspark):
    pyspark.run("def f(x):\n    return 1 / x")
    reply, _ = pyspark.run("x = 0\n%time f(x)")
    traceback = plain("\n".join(reply["traceback"]))
    assert "run_line_magic('time', 'f(x)')" in traceback and "----> 2     return 1 / x" in traceback
    assert "_livy_kernel" not in traceback


def test_the_java_stack_can_be_asked_for(pyspark):
    reply, _ = pyspark.run("sc.textFile('/no/such/file').count()")
    assert "%debug-log" in "\n".join(reply["traceback"]) and "\tat " not in "\n".join(reply["traceback"])
    assert "\tat org.apache.spark" in shown(pyspark, "%debug-log")[0]


def test_what_only_looks_like_a_magic_is_python(pyspark):
    code = "text = '''\n%time x\n!ls\n'''\nvalue = (7\n%4)\ntext, value"
    assert shown(pyspark, code)[1] == repr(("\n%time x\n!ls\n", 3))


def test_other_cells_of_ipythons_do_what_they_say(pyspark):
    assert shown(pyspark, "%%bash\necho one\necho two")[0] == "one\ntwo\n"
    [(kind, content)] = pyspark.outputs("%%html\n<b>x</b>")
    assert kind == "display_data" and content["data"]["text/html"] == "<b>x</b>\n"
    pyspark.run("%%capture kept\nprint('quiet')")
    assert shown(pyspark, "kept.stdout")[1] == "'quiet\\n'"


def test_every_magic_is_completed_and_explained(pyspark):
    [(_, content)] = pyspark.outputs("%lsmagic")
    listed = set(re.findall(r"%%?[\w-]+", content["data"]["text/plain"]))
    offered = set()
    for begun in "%", "%%":
        pyspark.client.complete(begun)
        offered.update(pyspark.client.get_shell_msg(timeout=30)["content"]["matches"])
    assert offered == listed
    for name in offered:
        pyspark.client.inspect(name, 1)
        assert pyspark.client.get_shell_msg(timeout=30)["content"]["found"], name


def test_without_an_agent_magics_say_what_they_need(livy_url):
    with running_kernel("livy-pyspark", livy_url, LIVY_AGENT="never") as kernel:
        name, text = error(kernel, "%time 1")
        assert name == "UsageError" and "LIVY_AGENT" in text
        assert "needs the name of a variable" in error(kernel, "%json")[1]
        error(kernel, "rows = [[1], ['x', 2]]\n%table rows")
        assert shown(kernel, "%matplotlib inline\n1 + 1")[1] == "2"
        [(_, content)] = kernel.outputs("x = [1]\n%json x")
        assert content["data"]["application/json"] == [1]
