"""A request of Livy's that adds a file waits for an event where its address says so."""

import threading
import time

import pytest
from agent_session import only, text

# While a cell runs, `__main__` is the user's.
PROCESSOR = "__import__('sys').modules['_livy_kernel_agent.common'].SHELL.PySparkJobProcessorImpl"
ADDED = f"lambda jc: __import__('json').dumps({{'ok': {PROCESSOR}.added}})"


def add_file(session, uri):
    """Has Livy's shell add a file; returns the seconds until it answers."""
    began = time.monotonic()
    session.job(f"lambda jc: ({PROCESSOR}().addFile({uri!r}), '{{\"ok\": 0}}')[1]")
    return time.monotonic() - began


def wait(session, seconds, linger=0.03, number=None):
    number = session.next if number is None else number
    return add_file(session, f"local:/livy-kernel/wait/{number}/{int(seconds * 1000)}/{int(linger * 1000)}")


@pytest.fixture
def sleeping(session):
    """A session that runs a silent cell, whose start has been read."""
    session.events()
    statement = session.start("import time; time.sleep(0.6)")
    session.wait_for("start")
    yield session
    session.reply()
    session.events()
    assert statement


def test_it_waits_until_the_cell_ends(sleeping):
    assert 0.1 < wait(sleeping, 10) < 5
    only(sleeping.events(), "end")


def test_it_waits_no_longer_than_it_is_to(sleeping):
    assert 0.2 <= wait(sleeping, 0.2) < 2


def test_it_does_not_wait_for_what_has_happened(session):
    session.run("1")
    assert wait(session, 10, number=0) < 1


def test_it_collects_what_is_printed_but_not_beyond_the_end(session):
    session.events()
    session.start("import time\nfor i in range(6): print(i); time.sleep(0.1)")
    session.wait_for("start")
    session.events()
    assert 0.25 < wait(session, 5, linger=0.3) < 2
    assert text(session.events()).startswith("1\n2\n")
    assert wait(session, 5, linger=3) < 2.5
    session.reply()
    only(session.events(), "end")


def test_it_ends_with_an_interrupt(session):
    session.events()
    statement = session.start("while True: pass")
    session.wait_for("start")
    threading.Timer(0.3, session.interrupt, [statement]).start()
    assert 0.2 < wait(session, 10) < 5
    assert session.reply()["ename"] == "KeyboardInterrupt"
    session.events()


def test_other_files_are_added(session):
    for uri in ("hdfs:/data/a.txt", "local:/livy-kernel/wait/x/1/1", "local:/livy-kernel/wait/1/1"):
        assert add_file(session, uri) < 1
        assert session.job(ADDED)[-1] == uri
    before = len(session.job(ADDED))
    wait(session, 0)
    assert len(session.job(ADDED)) == before


def test_it_ends_when_the_agent_is_taken_away_and_the_shell_adds_files_itself(session):
    session.events()
    threading.Timer(0.3, session.call, ["uninstall"]).start()
    assert 0.2 < wait(session, 10) < 5
    assert add_file(session, "local:/livy-kernel/wait/9/9000/1") < 1
    assert session.job(ADDED)[-1] == "local:/livy-kernel/wait/9/9000/1"
    assert session.install("a version after that")["abilities"]["waiting"] is True
    session.next = 0
    assert 0.2 <= wait(session, 0.2, number=99) < 1


def test_threads_that_no_cell_has_started_leave_no_cell_behind(session):
    """Py4j starts one whenever Livy calls Python while another call runs."""
    session.start("import time; time.sleep(0.3)")
    session.wait_for("start")
    session.job("lambda jc: (__import__('threading').Timer(1, int).start(), '{\"ok\": 0}')[1]")
    session.reply()
    assert session.call("events", session.next, 0)["threads"] == []
    session.events()
