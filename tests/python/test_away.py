"""The frontend, or the machine that the kernel runs on, is away for a while."""

import os
import signal
import time

import pytest
from conftest import kernel_with_agent, printed, resident


@pytest.fixture
def kernel(livy_url):
    with kernel_with_agent(livy_url) as kernel:
        yield kernel


def leave(kernel):
    kernel.client.stop_channels()


def come_back(kernel):
    kernel.client = kernel.manager.client()
    kernel.client.start_channels()


def test_a_frontend_that_was_away_sees_what_it_has_missed(kernel):
    code = "for i in range(6): print('x' * 200_000); time.sleep(0.3)\nfor i in range(20): print(i)\n'value'"
    cell = kernel.client.execute(code, allow_stdin=False)
    kernel.heard_until_printed(cell, "x")
    before = resident(kernel.pid)
    leave(kernel)
    time.sleep(3)
    assert resident(kernel.pid) - before < 20_000_000
    come_back(kernel)
    shown = kernel.heard_until_idle(cell)
    assert printed(shown).endswith("".join(f"{i}\n" for i in range(20)))
    assert [m["content"]["data"]["text/plain"] for m in shown if m["msg_type"] == "execute_result"] == ["'value'"]
    assert kernel.value("1 + 1") == "2"


def test_a_machine_that_slept_goes_on_with_its_cell(kernel):
    cell = kernel.client.execute("for i in range(20): print(i); time.sleep(0.1)\n'value'", allow_stdin=False)
    shown = kernel.heard_until_printed(cell, "3\n")
    os.kill(kernel.pid, signal.SIGSTOP)
    time.sleep(5)
    os.kill(kernel.pid, signal.SIGCONT)
    shown += kernel.heard_until_idle(cell)
    assert printed(shown) == "".join(f"{i}\n" for i in range(20))
    assert shown[-1]["content"]["data"]["text/plain"] == "'value'"
