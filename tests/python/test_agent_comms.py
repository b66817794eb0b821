"""Comms of the session's code with its notebooks, and the byte stream that has their large messages."""

import hashlib
import json
import re
import time
from base64 import b64decode, b64encode

import pytest
from agent_session import WITHOUT_IPYTHON, Session, only, text
from conftest import wait_until

FRAME = 3 << 20
ECHO = """
from comm import create_comm, get_comm_manager
heard = []
def hear(message):
    heard.append(message)
    made.send({'heard': message['content']['data']}, buffers=message['buffers'])
made = create_comm('a target', {'begin': 1})
made.on_msg(hear)
"""


class Notebook:
    """One of the kernels of a session, as far as its comms are concerned."""

    def __init__(self, session, name, process="1"):
        self.session, self.me = session, (name, process)
        self.next = (session.events() and 0) or session.next
        self.sent = 0

    def run(self, code, request="r1"):
        self.session.start(code, f"1 by {self.me[0]}/{request}")
        assert (reply := self.session.reply())["status"] == "ok", reply

    def read(self, wait=0):
        """Returns the events of this kernel that have not been read; those of comms as messages."""
        answer = self.session.call("events", self.next, wait, None, 0, self.me)
        self.next = answer["next"]
        self.has_comms, self.threads = answer["comms"], answer["threads"]
        return [self.whole(event) for event in answer["events"]]

    def whole(self, event):
        if event["kind"] != "comm":
            return event
        body = b64decode(event["body"]) if "body" in event else self.fetched(event)
        content, metadata, *buffers = parts(event["sizes"], body)
        return event | {"content": json.loads(content), "metadata": json.loads(metadata), "buffers": buffers}

    def fetched(self, event):
        body = b""
        while len(body) < sum(event["sizes"]):
            frame = self.session.call("pull", *self.me, event["blob"], len(body), FRAME)
            assert frame == self.session.call("pull", *self.me, event["blob"], len(body), FRAME)
            body += frame
        self.session.call("release", *self.me, [event["blob"]])
        return body

    def until(self, kind, count=1):
        seen, deadline = [], time.monotonic() + 10
        while sum(event["kind"] == kind for event in seen) < count:
            assert time.monotonic() < deadline, seen
            seen += self.read(1)
        return seen

    def message(self, comm, data, kind="comm_msg", buffers=(), **content):
        self.sent += 1
        body = [json.dumps({"comm_id": comm, "data": data, **content}).encode(), b"{}", *buffers]
        whole = {"body": b64encode(b"".join(body)).decode()}
        return {"n": self.sent, "type": kind, "sizes": [len(part) for part in body], **whole}

    def deliver(self, *messages):
        return self.session.call("deliver", *self.me, messages)["received"]

    def ask(self, comm, data, **options):
        """Sends a message; returns the events up to the end of its handler."""
        self.deliver(self.message(comm, data, **options))
        return self.until("handled")


def parts(sizes, body):
    found = []
    for size in sizes:
        found.append(body[:size])
        body = body[size:]
    assert not body
    return found


def comms(events):
    return [(event["type"], event["content"].get("data")) for event in events if event["kind"] == "comm"]


def lines(event):
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(event["traceback"]))


@pytest.fixture(scope="module", params=[{}, WITHOUT_IPYTHON], ids=["ipython", "plain"])
def shell(request):
    session = Session(environment=request.param)
    session.run("1" if request.param else "get_ipython()")
    yield session
    session.close()


@pytest.fixture
def notebook(shell, request):
    return Notebook(shell, f"{abs(hash(request.node.name)):x}")


def echo(notebook):
    notebook.run(ECHO)
    opened = only(notebook.until("end"), "comm")
    assert opened["type"] == "comm_open" and opened["request"] is None
    assert opened["content"]["target_name"] == "a target" and opened["content"]["data"] == {"begin": 1}
    return opened["content"]["comm_id"], opened["statement"]


def test_a_handler_hears_a_message_and_answers_it(notebook):
    comm, statement = echo(notebook)
    events = notebook.ask(comm, {"x": 1}, buffers=[b"\x00\xff", b""])
    answer = only(events, "comm")
    assert answer["content"] == {"comm_id": comm, "data": {"heard": {"x": 1}}}
    assert answer["buffers"] == [b"\x00\xff", b""]
    assert (answer["statement"], answer["request"]) == (statement, 1)
    assert events.index(answer) < events.index(only(events, "handled"))


def test_it_hears_messages_while_a_cell_runs(notebook):
    comm, _ = echo(notebook)
    notebook.session.start("import time\nwhile len(heard) < 3: time.sleep(0.01)", f"2 by {notebook.me[0]}/r2")
    for number in range(3):
        assert comms(notebook.ask(comm, number)) == [("comm_msg", {"heard": number})]
    assert notebook.session.reply()["status"] == "ok"


def test_messages_that_come_again_are_taken_once_and_in_order(notebook):
    comm, _ = echo(notebook)
    first, second, third = (notebook.message(comm, number) for number in range(3))
    assert notebook.deliver(first) == 1
    assert notebook.deliver(third) == 1
    assert notebook.deliver(first, second) == 2
    assert notebook.deliver(second, third) == 3
    assert [data["heard"] for _, data in comms(notebook.until("handled", 3))] == [0, 1, 2]
    assert notebook.read() == []


def test_a_later_process_of_the_kernel_numbers_its_messages_anew(notebook):
    comm, _ = echo(notebook)
    notebook.ask(comm, 1)
    again = Notebook(notebook.session, notebook.me[0], "2")
    again.next = notebook.next
    assert notebook.session.call("comms", *again.me)["comms"] == {comm: "a target"}
    assert comms(again.ask(comm, 2)) == [("comm_msg", {"heard": 2})]


def test_messages_stay_when_text_pushes_events_out(notebook):
    echo(notebook)
    loud = "for i in range(5): made.send(i); print('x' * 5_000_000)"
    notebook.session.run(loud, f"2 by {notebook.me[0]}/r2")
    events, seen = notebook.read(), []
    while events:
        seen += events
        events = notebook.read()
    assert [data for _, data in comms(seen)] == [0, 1, 2, 3, 4]
    assert len(text(seen)) < 25_000_000


@pytest.mark.parametrize("size", [0, 1, 96 << 10, FRAME, 5_000_000, 2 * FRAME + 1])
def test_large_messages_come_whole(notebook, size):
    echo(notebook)
    notebook.run(f"import os; data = os.urandom({size}); made.send({{'n': {size}}}, buffers=[b'a', data])")
    sent = only(notebook.until("end"), "comm")
    notebook.run("import hashlib; print(hashlib.sha256(data).hexdigest())")
    assert sent["buffers"][0] == b"a" and len(sent["buffers"][1]) == size
    assert hashlib.sha256(sent["buffers"][1]).hexdigest() in text(notebook.until("end"))


def test_large_messages_of_the_frontend_come_in_frames(notebook):
    comm, _ = echo(notebook)
    data = bytes(range(256)) * 20_000
    message = notebook.message(comm, {"large": True}, buffers=[data])
    body = b64decode(message.pop("body"))
    frames = [(start, body[start : start + FRAME]) for start in range(0, len(body), FRAME)]
    for start, frame in [*reversed(frames), frames[0]]:
        notebook.session.call_with_bytes("push", *notebook.me, 7, len(body), start, frame)
    notebook.deliver(message | {"blob": 7})
    assert only(notebook.until("handled"), "comm")["buffers"] == [data]


def test_who_sends_too_much_waits_until_the_kernel_has_fetched_it(notebook):
    echo(notebook)
    count = 12
    code = f"for i in range({count}): made.send(i, buffers=[bytes(8_000_000)])\nprint('sent')"
    notebook.session.start(code, f"2 by {notebook.me[0]}/r2")

    def unread():
        answer = notebook.session.call("events", notebook.next, 0, None, 0, notebook.me)
        return sum(event.get("blob", 0) > 0 for event in answer["events"])

    wait_until(lambda: unread() == 4, 30, "nothing is sent")
    time.sleep(0.3)
    assert unread() == 4
    events = notebook.read()
    while "sent" not in text(events):
        events += notebook.read(1)
    assert [data for _, data in comms(events)] == list(range(count))
    assert notebook.session.reply()["status"] == "ok"


def test_a_small_message_does_not_wait_for_large_ones(notebook):
    echo(notebook)
    large = "made.send(1, buffers=[bytes(40_000_000)])"
    notebook.session.start(f"{large}\nmade.send(2)\nprint('sent')", f"2 by {notebook.me[0]}/r2")
    assert notebook.session.reply()["status"] == "ok"
    assert [data for _, data in comms(notebook.until("end"))] == [1, 2]


def test_what_a_handler_shows_belongs_to_the_cell_that_made_the_comm(notebook):
    _, statement = echo(notebook)
    notebook.run("made.on_msg(lambda message: print('printed', message['content']['data']))")
    notebook.until("end")
    events = notebook.ask(only_comm(notebook), 5)
    printed = only(events, "stream")
    assert (printed["statement"], printed["text"]) == (statement, "printed 5\n")


def listed(notebook):
    """Returns the targets of the notebook's comms."""
    return notebook.session.call("comms", *notebook.me)["comms"]


def only_comm(notebook):
    (comm,) = listed(notebook)
    return comm


def test_the_error_of_a_handler_is_told_once_with_its_lines(notebook):
    _, statement = echo(notebook)
    notebook.run("def fail(message):\n    1 / 0\nmade.on_msg(fail)")
    notebook.until("end")
    error = only(notebook.ask(only_comm(notebook), 5), "handler_error")
    assert (error["ename"], error["statement"]) == ("ZeroDivisionError", statement)
    assert "----> 2     1 / 0" in lines(error) and "livy" not in lines(error)


def test_an_interrupt_ends_a_handler_that_does_not_end(notebook):
    comm, _ = echo(notebook)
    notebook.run("import time\ndef stay(message):\n    while True: time.sleep(0.01)\nmade.on_msg(stay)")
    notebook.until("end")
    assert notebook.session.call("interrupt_handlers", *notebook.me) is False
    notebook.deliver(notebook.message(comm, 1))
    wait_until(lambda: notebook.session.call("interrupt_handlers", *notebook.me), 10, "no handler runs")
    assert only(notebook.until("handled"), "handler_error")["ename"] == "KeyboardInterrupt"


def test_a_handler_that_cannot_be_interrupted_is_left_behind(notebook):
    comm, _ = echo(notebook)
    notebook.run("import time\nmade.on_msg(lambda m: time.sleep(4) if m['content']['data'] == 'stay' else hear(m))")
    notebook.until("end")
    notebook.deliver(notebook.message(comm, "stay"), notebook.message(comm, "next"))
    wait_until(lambda: notebook.session.call("interrupt_handlers", *notebook.me), 10, "no handler runs")
    events = notebook.until("handled", 2)
    assert comms(events) == [("comm_msg", {"heard": "next"})]
    assert [event["request"] for event in events if event["kind"] == "handled"] == [1, 2]


def test_each_notebook_has_its_own_comms(notebook):
    comm, _ = echo(notebook)
    other = Notebook(notebook.session, "e" + notebook.me[0])
    others_comm, _ = echo(other)
    assert listed(other) == {others_comm: "a target"}
    assert comms(other.ask(comm, "not yours")) == []
    assert comms(notebook.read()) == []
    other.run("made.send('mine')")
    assert comms(other.until("end")) == [("comm_msg", "mine")]
    assert comms(notebook.read()) == []


def test_a_closed_comm_is_listed_no_more(notebook):
    echo(notebook)
    notebook.read()
    assert notebook.has_comms and notebook.threads
    notebook.run("made.close()")
    assert ("comm_close", {}) in comms(notebook.until("end"))
    notebook.read()
    assert not notebook.has_comms
    assert listed(notebook) == {}


def test_the_frontend_opens_and_closes_comms(notebook):
    notebook.run(
        "from comm import get_comm_manager\n"
        "def opened(comm, message):\n    comm.send(message['content']['data'])\n"
        "    comm.on_close(lambda m: print('closed'))\n"
        "get_comm_manager().register_target('ours', opened)"
    )
    notebook.until("end")
    assert comms(notebook.ask("c1", 3, kind="comm_open", target_name="ours")) == [("comm_msg", 3)]
    assert listed(notebook) == {"c1": "ours"}
    assert text(notebook.ask("c1", {}, kind="comm_close")) == "closed\n"
    assert comms(notebook.ask("c2", 3, kind="comm_open", target_name="nobodys")) == [("comm_close", {})]
    assert listed(notebook) == {}


def test_without_any_comm_package_a_comm_is_closed():
    session = Session(environment=WITHOUT_IPYTHON)
    try:
        notebook = Notebook(session, "abc")
        assert comms(notebook.ask("c2", 3, kind="comm_open", target_name="x")) == [("comm_close", {})]
    finally:
        session.close()


def test_nan_and_dates_come_as_ipykernel_sends_them(notebook):
    echo(notebook)
    data = "{'n': [float('nan'), 1.5, float('-inf')], 'd': datetime.date(2020, 1, 2), 3: (1, 2)}"
    notebook.run(f"import datetime\nmade.send({data})")
    [(_, data)] = comms(notebook.until("end"))
    assert data == {"n": ["nan", 1.5, "-inf"], "d": "2020-01-02", "3": [1, 2]}


@pytest.mark.parametrize("shell", [{}], ids=["ipython"], indirect=True)
def test_libraries_find_the_cells_request(notebook):
    notebook.run("print(get_ipython().kernel.get_parent()['header']['msg_id'])", "request-7")
    assert text(notebook.until("end")) == "request-7\n"
    notebook.run("from comm import get_comm_manager as g; print(get_ipython().kernel.comm_manager is g())")
    assert text(notebook.until("end")) == "True\n"


@pytest.mark.parametrize("shell", [{}], ids=["ipython"], indirect=True)
def test_comms_by_their_old_name_are_the_same(notebook):
    notebook.run("from ipykernel.comm import Comm; made = Comm(target_name='old', data={'begin': 1})")
    assert comms(notebook.until("end")) == [("comm_open", {"begin": 1})]
    assert list(listed(notebook).values()) == ["old"]


@pytest.mark.parametrize("shell", [{}], ids=["ipython"], indirect=True)
def test_a_view_without_a_comm_is_left_out_and_a_line_says_once_why(notebook):
    view = "{'application/vnd.jupyter.widget-view+json': {'model_id': 'nobodys'}, 'text/plain': 'Slider()'}"
    for often in (1, 0):
        notebook.run(f"display({view}, raw=True)")
        events = notebook.until("end")
        assert only(events, "display")["data"] == {"text/plain": "Slider()"}
        assert text(events, "stderr").count("This widget is only text here") == often


def test_statements_of_other_clients_send_in_nobodys_name(notebook):
    comm, statement = echo(notebook)
    assert comm and statement
    other = notebook.session.start("made.send('from another client')", None)
    assert notebook.session.reply()["status"] == "ok"
    assert only(notebook.until("comm"), "comm")["statement"] == other != statement
