"""The values, displays and figures of a cell in a session with the agent."""

import base64

from agent_session import Session, kinds, only, text


def test_a_result_is_a_bundle_and_its_repr_is_no_stream(session):
    session.run("class Rich:\n    def _repr_html_(self): return '<b>x</b>'\n    def _repr_png_(self): return b'png'")
    reply, events = session.execute("print('text'); Rich()")
    result = only(events, "result")
    assert result["data"]["text/html"] == "<b>x</b>"
    assert base64.b64decode(result["data"]["image/png"]) == b"png"
    assert "<__main__.Rich " in result["data"]["text/plain"]
    assert text(events) == "text\n" and "Rich object" in reply["data"]["text/plain"]


def test_a_repr_that_fails_is_left_out_and_fails_the_cell_as_in_ipykernel(each_session):
    each_session.run("class Bad:\n    def _repr_html_(self): 1/0\n    def _repr_json_(self): return float('nan')")
    reply, events = each_session.execute("Bad()")
    assert list(only(events, "result")["data"]) == ["text/plain"]
    assert only(events, "error")["ename"] == reply["ename"] == "ZeroDivisionError"
    assert each_session.execute("display(Bad())")[0]["status"] == "ok"


def test_an_object_that_has_every_name_is_shown_as_text(session):
    session.run("class Any:\n    def __getattr__(self, name): return lambda *a, **k: {'text/html': 'no'}\n")
    assert list(only(session.run("Any()"), "result")["data"]) == ["text/plain"]


def test_a_value_that_cannot_show_itself_is_shown_as_text(session):
    session.run("class S:\n    def _ipython_display_(self): 1/0\n    def _repr_mimebundle_(self, **k): return [1]")
    events = session.run("S()")
    assert kinds(events) == ["start", "error", "result", "end"]
    session.run("class T:\n    def _ipython_display_(self): print('myself')")
    assert kinds(session.run("T()")) == ["start", "stream", "end"]


def test_a_mime_bundle_comes_with_its_metadata(session):
    session.run("class M:\n    def _repr_mimebundle_(self, **k): return {'text/html': 'm'}, {'text/html': {'w': 1}}")
    result = only(session.run("M()"), "result")
    assert result["data"]["text/html"] == "m" and result["metadata"] == {"text/html": {"w": 1}}


def test_long_values_are_laid_out(session):
    data = only(session.run("{i: 'x' * 20 for i in range(10)}"), "result")["data"]
    assert data["text/plain"].count("\n") == 9


def test_a_semicolon_hides_the_result(session):
    assert kinds(session.run("42;")) == ["start", "end"]


def test_results_are_remembered_by_name(session):
    session.run("1")
    session.run("2")
    session.run("3")
    assert only(session.run("_, __, ___"), "result")["data"]["text/plain"] == "(3, 2, 1)"
    session.run("'numbered'", 17)
    assert only(session.run("_17"), "result")["data"]["text/plain"] == "'numbered'"


def test_the_users_underscore_stays(session):
    session.run("_ = 'mine'")
    session.run("5")
    assert text(session.run("print(_); del _")) == "mine\n"


def test_display_and_its_handle(session):
    events = session.run("h = display('a', display_id='x'); h.update('b'); clear_output(wait=True)")
    shown, updated, cleared = events[1:-1]
    assert (shown["kind"], shown["id"], shown["data"]) == ("display", "x", {"text/plain": "'a'"})
    assert (updated["kind"], updated["id"]) == ("update_display", "x")
    assert (cleared["kind"], cleared["wait"]) == ("clear_output", True)


def test_a_display_of_the_users_own_stays():
    session = Session(install=False)
    session.start("def display(x): print('mine', x)")
    session.reply()
    session.install()
    assert text(session.run("display(1)")) == "mine 1\n"
    session.close()


def test_ipythons_display_is_ours(session):
    session.run("import sys\nsys.modules.pop('IPython', None)")
    events = session.run(
        "from IPython.display import display as show, HTML, JSON, publish_display_data\n"
        "show(HTML('<i>'))\nshow(JSON({'a': 1}))\npublish_display_data({'text/html': '<b>'})"
    )
    shown = [event["data"] for event in events if event["kind"] == "display"]
    assert [data.get("text/html") for data in shown] == ["<i>", None, "<b>"]
    assert shown[1]["application/json"] == {"a": 1}


def pictures(events):
    return [event for event in events if event["kind"] == "display" and "image/png" in event["data"]]


def test_open_figures_are_shown_when_the_cell_ends(session):
    drawing = "import matplotlib.pyplot as plt\nx = plt.plot([1, 2])\nprint('drawn')"
    events = session.run(drawing)
    (picture,) = pictures(events)
    assert base64.b64decode(picture["data"]["image/png"]).startswith(b"\x89PNG")
    assert events.index(picture) > kinds(events).index("stream")
    assert pictures(session.run("1")) == [], "it is closed by now"
    assert only(session.run("plt.get_fignums()"), "result")["data"]["text/plain"] == "[]"


def test_show_shows_at_once_and_only_once(session):
    events = session.run("import matplotlib.pyplot as plt\nx = plt.plot([1])\nplt.show()\nprint('after')")
    assert [kind for kind in kinds(events) if kind in ("display", "stream")] == ["display", "stream"]


def test_a_figure_is_still_there_for_the_next_matplot(session):
    session.run("import matplotlib.pyplot as plt\nx = plt.plot([1])")
    within = session.run('"""\n%matplot plt\n""";print(plt.get_fignums())')
    assert text(within) == "[1]\n" and pictures(within) == []
    assert text(session.run("print(plt.get_fignums())")) == "[]\n"
