"""Two notebooks in one session, on real Spark: `%attach`, `%detach`, `%replay` and LIVY_SESSION."""

import time

import pytest
from conftest import SPARK_START, list_sessions, plain, printed, running_kernel


def names(livy_url):
    """Returns the names of the server's sessions by their ids."""
    return {str(session["id"]): session["name"] for session in list_sessions(livy_url)["sessions"]}


def told(kernel, code):
    [(kind, content)] = kernel.outputs(code)
    assert kind == "display_data"
    return content["data"]["text/plain"]


@pytest.fixture
def shared(server_url):
    """Two kernels in a session that the first has started, and the session's name."""
    name = f"shared-{time.time_ns()}"
    first = running_kernel("livy-pyspark", server_url, LIVY_SESSION=name)
    second = running_kernel("livy-pyspark", server_url, LIVY_SESSION=name)
    with first as first, second as second:
        first.run("import time; x = 1", timeout=SPARK_START)
        second.run("y = 2", timeout=SPARK_START)
        yield first, second, name


def test_both_see_each_others_variables_and_only_their_own_output(shared):
    first, second, _ = shared
    assert second.value("x") == "1" and first.value("y") == "2"
    loud = first.client.execute("for i in range(10):\n    print('loud', i); time.sleep(0.2)", allow_stdin=False)
    before = first.heard_until_printed(loud, "loud 0")
    reply, shown = second.run("print('quiet')", timeout=60)
    assert reply["status"] == "ok" and printed(shown) == "quiet\n"
    assert printed(before + first.heard_until_idle(loud)) == "".join(f"loud {i}\n" for i in range(10))


def test_an_interrupt_stops_only_ones_own_cell(shared):
    first, second, _ = shared
    slow = first.client.execute("print('begun'); time.sleep(3); done = 'yes'", allow_stdin=False)
    first.heard_until_printed(slow, "begun")
    second.client.execute("never = 1", allow_stdin=False)
    time.sleep(0.5)
    second.manager.interrupt_kernel()
    while first.client.get_shell_msg(timeout=30)["parent_header"]["msg_id"] != slow:
        pass
    assert first.value("done, 'never' in globals()") == "('yes', False)"


def test_who_joined_leaves_the_session_and_who_started_it_ends_it(server_url):
    name = f"shared-{time.time_ns()}"
    with running_kernel("livy-pyspark", server_url, LIVY_SESSION=name) as first:
        first.run("x = 1", timeout=SPARK_START)
        with running_kernel("livy-spark", server_url, LIVY_SESSION=name) as second:
            second.run("val y = 2", timeout=SPARK_START)
        assert name in names(server_url).values()
        assert first.value("x") == "1"
    assert name not in names(server_url).values()


def test_a_session_is_attached_by_id_and_left_again(server_url):
    with running_kernel("livy-pyspark", server_url) as first, running_kernel("livy-pyspark", server_url) as second:
        first.run("x = 'of the first'", timeout=SPARK_START)
        [id, *_] = told(first, "%info").split("Session")[1].split()
        second.run("1", timeout=SPARK_START)
        before = set(names(server_url))
        assert "Cells run in session" in told(second, f"%attach {id}")
        assert second.value("x") == "'of the first'"
        assert len(before - set(names(server_url))) == 1, "the second's own is gone"
        assert "goes on without this kernel" in told(second, "%detach")
        assert second.run("%detach")[0]["ename"] == "NoSessionError"
        assert second.run("x", timeout=SPARK_START)[0]["ename"] == "NameError"
        assert first.value("x") == "'of the first'"


def test_a_session_that_is_not_there_is_said_so_and_harms_nothing(shared):
    first, _, _ = shared
    for wrong in "no-such", "99999", "../batches", "a?b#c":
        reply, _ = first.run(f"%attach {wrong}")
        assert reply["ename"] == "NoSessionError" and wrong in reply["evalue"]
    assert first.run("%attach")[0]["ename"] == "UsageError"
    assert first.value("x") == "1"


def test_what_ran_is_shown_again(shared):
    first, second, _ = shared
    first.run("print('told'); 6 * 7")
    first.run("1 / 0")
    reply, shown = second.run("%replay -n 2")
    assert reply["status"] == "ok"
    contents = [m["content"] for m in shown]
    text = plain("".join(c.get("text") or c["data"]["text/plain"] for c in contents))
    assert "print('told'); 6 * 7" in text and "told\n42" in text
    assert text.index("6 * 7") < text.index("1 / 0") < text.index("ZeroDivisionError: division by zero")


def test_replay_shows_active_content_only_on_request(shared):
    first, second, _ = shared
    first.run("%%sql\nselect '<script>1' as a, 1 as b")
    first.run("%%sql --chart bar -x a -y b\nselect 'x' as a, 1 as b")

    def bundles(shown):
        return [m["content"]["data"] for m in shown if "data" in m["content"]]

    _, shown = second.run("%replay -n 2")
    table, chart = bundles(shown)
    assert "livy-table" in table["text/html"] and "<script>1" not in table["text/html"]
    assert set(chart) == {"text/plain"} and "`%replay --html` shows it" in printed(shown)
    for trusting, cell in (second, "%replay -n 2 --html"), (first, "%replay -n 2"):
        _, shown = trusting.run(cell)
        assert "application/vnd.vegalite.v5+json" in bundles(shown)[1] and "Not shown" not in printed(shown)


def test_a_joined_session_is_taken_back_and_still_left_at_the_end(server_url):
    name = f"shared-{time.time_ns()}"
    with running_kernel("livy-pyspark", server_url, LIVY_SESSION=name) as first:
        first.run("x = 1", timeout=SPARK_START)
        with running_kernel("livy-pyspark", server_url, LIVY_SESSION=name) as second:
            second.run("x", timeout=SPARK_START)
            time.sleep(0.5)  # A kernel that is killed at once would repeat what it has just shown.
            second.kill()
            second.start_again()
            second.client.wait_for_ready(timeout=30)
            assert second.value("x") == "1"
        assert first.value("x") == "1"
