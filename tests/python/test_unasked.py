"""Code that tools run unasked is run by the session's agent beside the cells, on real Spark.

VS Code's and MLJAR's code has short equivalents here. That of jupyterlab-variableInspector comes from its package.
"""

import ast
import json
import re
import statistics
import sys
import time
from pathlib import Path

import pytest
from conftest import SPARK_START, running_kernel

WITHOUT_HISTORY = {"store_history": False, "stop_on_error": False}
SILENT = {"silent": True, "store_history": False}
LIST = "_jupyterlab_variableinspector_dict_list()"

VSCODE_TYPES = """
def _VSCODE_getVariable(what_to_get, is_debugging, names):
    import json as _VSCODE_json
    import builtins as _VSCODE_builtins
    kinds = [(name, type(globals()[name])) for name in names if name in globals()]
    told = [{"name": name, "type": kind.__name__, "fullType": kind.__module__ + "." + kind.__qualname__}
            for name, kind in kinds]
    return _VSCODE_builtins.print(_VSCODE_json.dumps(told))

_VSCODE_rwho_ls = %who_ls
_VSCODE_getVariable("types", False, _VSCODE_rwho_ls)

try:
    del _VSCODE_getVariable
except:
    pass
try:
    del _VSCODE_rwho_ls
except:
    pass
"""
VSCODE_DESCRIPTIONS = """
def __jupyter_exec_background__():
    from IPython.display import display
    from threading import Thread
    from traceback import format_exc

    output = display({"application/vnd.vscode.bg.execution.7": ""}, raw=True, display_id=True)

    def do_implementation():
        import json
        def _VSCODE_getVariableDescriptions(names):
            shown = {name: globals()[name] for name in names if name in globals()}
            return json.dumps([{"name": name, "type": type(value).__name__, "value": repr(value),
                "shape": str(getattr(value, "shape", ""))} for name, value in shown.items()])
        variables= %who_ls
        return _VSCODE_getVariableDescriptions(variables)

    def bg_main():
        try:
            output.update({"application/vnd.vscode.bg.execution.7.result": do_implementation()}, raw=True)
        except Exception as e:
            output.update({"application/vnd.vscode.bg.execution.7.error": format_exc()}, raw=True)


    Thread(target=bg_main, daemon=True).start()


__jupyter_exec_background__()
del __jupyter_exec_background__
"""
MLJAR_LIST = """
from IPython import get_ipython
from IPython.core.magics.namespace import NamespaceMagics
__mljar_variable_inspector_nms = NamespaceMagics()
__mljar_variable_inspector_nms.shell = get_ipython().kernel.shell

def __mljar_variable_inspector_dict_list():
    from IPython.display import JSON
    names = __mljar_variable_inspector_nms.who_ls()
    return JSON([{"varName": name, "varType": type(eval(name)).__name__} for name in names])

__mljar_variable_inspector_dict_list()
"""
VARIABLES = """
import time
x = 5
frame = spark.range(3).selectExpr("id", "cast(id as string) as name")
spark.conf.set("spark.sql.repl.eagerEval.enabled", "true")
"""


def inspector_script():
    """Returns the Python that jupyterlab-variableInspector runs first in each kernel."""
    folder = Path(sys.prefix, "share/jupyter/labextensions/@lckr/jupyterlab_variableinspector/static")
    for text in [path.read_text() for path in folder.glob("*.js")]:
        found = re.search(r"py_script='((?:[^'\\]|\\.)*)'", text)
        if found:
            # Escapes of JavaScript are Python's, too.
            return ast.literal_eval(f"'{found[1]}'")
    pytest.fail("its package has another form")


def ask(kernel, code, options):
    """Sends code as a tool does; returns its reply, what it published, and the seconds to the reply."""
    began = time.monotonic()
    sent = kernel.client.execute(code, **options)
    reply = kernel.client.get_shell_msg(timeout=60)
    while reply["parent_header"]["msg_id"] != sent:
        reply = kernel.client.get_shell_msg(timeout=60)
    took = time.monotonic() - began
    shown = kernel.heard_until_idle(sent)
    return reply["content"], [m for m in shown if m["msg_type"] not in ("status", "execute_input")], took


def shown_by(kernel, code, options=WITHOUT_HISTORY):
    """Returns the type and content of what code shows that must succeed."""
    reply, shown, _ = ask(kernel, code, options)
    assert reply["status"] == "ok", reply
    return [(m["msg_type"], m["content"]) for m in shown]


def described(kernel):
    (first, _), (update, content) = shown_by(kernel, VSCODE_DESCRIPTIONS)
    assert (first, update) == ("display_data", "update_display_data")
    return {each["name"]: each for each in json.loads(content["data"]["application/vnd.vscode.bg.execution.7.result"])}


def listed(content):
    """Reads a list of variables as jupyterlab-variableInspector does."""
    text = content["data"]["text/plain"][1:-1].replace('\\"', '"').replace("\\'", "'")
    return {each["varName"]: each for each in json.loads(text)}


@pytest.fixture(scope="module")
def kernel(pyspark):
    pyspark.await_agent()
    pyspark.run(VARIABLES)
    return pyspark


@pytest.fixture
def sleeping(kernel):
    """The kernel while a cell sleeps for a minute."""
    cell = kernel.client.execute("time.sleep(60)")
    kernel.heard_until(lambda m: m["msg_type"] == "execute_input" and m["parent_header"]["msg_id"] == cell)
    time.sleep(0.3)  # Its statement has begun.
    yield kernel
    kernel.manager.interrupt_kernel()
    assert kernel.client.get_shell_msg(timeout=60)["content"]["ename"] == "KeyboardInterrupt"
    kernel.heard_until_idle(cell)


def test_vscode_lists_variables_with_types_shapes_and_values_while_a_cell_runs(sleeping):
    [(kind, content)] = shown_by(sleeping, VSCODE_TYPES)
    kinds = {each["name"]: each["type"] for each in json.loads(content["text"])}
    assert kind == "stream" and kinds.items() >= {"x": "int", "frame": "DataFrame", "spark": "SparkSession"}.items()
    variables = described(sleeping)
    assert variables["x"]["value"] == "5" and "SparkSession" in variables["spark"]["value"]
    assert variables["frame"]["value"] == "DataFrame[id: bigint, name: string]", "no job, in spite of eagerEval"


def test_mljars_inspector_lists_variables_while_a_cell_runs(sleeping):
    [(kind, content)] = shown_by(sleeping, MLJAR_LIST)
    assert kind == "execute_result"
    assert {"varName": "frame", "varType": "DataFrame"} in content["data"]["application/json"]


def test_no_tool_waits_for_the_running_cell(sleeping):
    times = [ask(sleeping, code, WITHOUT_HISTORY)[2] for code in [VSCODE_TYPES, MLJAR_LIST] * 5]
    times += [ask(sleeping, "x + 1", SILENT)[2] for _ in range(5)]
    assert statistics.median(times) < 1, times  # On a quiet machine it is 0.05; the cell sleeps much longer.


def test_silent_code_changes_variables_and_shows_nothing(sleeping):
    reply, shown, _ = ask(sleeping, "print('hidden'); silently = x + 1", SILENT)
    assert (reply["status"], shown) == ("ok", [])
    asked = {"silent": True, "user_expressions": {"s": "silently"}}
    assert ask(sleeping, "", asked)[0]["user_expressions"]["s"]["data"] == {"text/plain": "6"}
    reply, shown, _ = ask(sleeping, "1 / 0", SILENT)
    assert (reply["ename"], shown) == ("ZeroDivisionError", [])


def test_code_of_tools_is_not_counted_and_no_statement(kernel):
    reply, _ = kernel.run("first = sc.getLocalProperty('spark.jobGroup.id')")
    for code, options in [(VSCODE_TYPES, WITHOUT_HISTORY), ("y = 1", SILENT)]:
        assert ask(kernel, code, options)[0]["execution_count"] == reply["execution_count"]
    assert kernel.value("int(sc.getLocalProperty('spark.jobGroup.id')) - int(first)") == "1"
    assert "'spark'" not in kernel.value("%who_ls")


def test_the_inspector_of_jupyterlab_has_its_script_in_each_session(livy_url):
    with running_kernel("livy-pyspark", livy_url) as kernel:
        assert shown_by(kernel, inspector_script(), {"silent": True, "stop_on_error": False}) == []
        assert shown_by(kernel, LIST) == [], "there is no session"
        kernel.run("number = 5\nframe = spark.range(3)", timeout=SPARK_START)
        kernel.await_agent()
        [(kind, content)] = shown_by(kernel, LIST)
        assert kind == "execute_result" and listed(content)["number"]["varContent"] == "5"
        assert listed(content)["frame"]["varShape"] == "? rows x 1 cols"

        # It asks when a cell begins, and must not miss what the cell does.
        cell = kernel.client.execute("import time; time.sleep(2); number = 6")
        kernel.heard_until(lambda m: m["msg_type"] == "execute_input" and m["parent_header"]["msg_id"] == cell)
        asked = kernel.client.execute(LIST, **WITHOUT_HISTORY)
        shown = [m["content"] for m in kernel.heard_until_idle(asked) if m["msg_type"] == "execute_result"]
        assert [listed(content)["number"]["varContent"] for content in shown] == ["5", "6"]


def test_tools_start_no_session():
    with running_kernel("livy-pyspark") as kernel:
        assert shown_by(kernel, "x = 1", SILENT) == [] and shown_by(kernel, VSCODE_TYPES) == []
        assert described(kernel) == {}
        assert "the first cell starts one" in str(kernel.outputs("%info"))


def test_code_that_needs_spark_has_its_rows_while_a_cell_runs(sleeping):
    asked = {"silent": True, "user_expressions": {"rows": "rows"}}
    reply, _, _ = ask(sleeping, "rows = [row.name for row in frame.collect()]", asked)
    assert reply["user_expressions"]["rows"]["data"]["text/plain"] == "['0', '1', '2']"


def test_nothing_of_vscode_stays_among_the_variables(kernel):
    shown_by(kernel, VSCODE_TYPES)
    described(kernel)
    assert kernel.value("[name for name in globals() if 'VSCODE' in name or 'background' in name]") == "[]"
