"""Cells on real Spark, with the agent, while the kernel is killed or stopped and the network fails at random.

LIVY_SOAK_SEED chooses another course; the one that ran is in a failure's message.
"""

import os
import random
import signal
import time

import pytest
from conftest import kernel_with_agent, printed
from network import network_to

SEED = int(os.environ.get("LIVY_SOAK_SEED", "0"))
CELLS, LINES = 12, 40
# A slow machine's agent may report so many lines at once, at fifty lines a second.
AT_ONCE = 10


@pytest.fixture
def kernel_and_network(server_url):
    with network_to(server_url) as (network, url), kernel_with_agent(url) as kernel:
        yield kernel, network


def killed(kernel, network):
    kernel.kill()
    kernel.start_again()


def stopped(kernel, network):
    os.kill(kernel.pid, signal.SIGSTOP)
    time.sleep(0.3)
    os.kill(kernel.pid, signal.SIGCONT)


def cut_off(kernel, network):
    network.refused = ""
    time.sleep(0.5)
    network.refused = None


def test_every_line_is_shown_in_its_cell_and_none_twice(kernel_and_network):
    kernel, network = kernel_and_network
    chance = random.Random(SEED)
    for number in range(CELLS):
        code = f"for i in range({LINES}): print('cell {number} line', i); time.sleep(0.02)\n{number}"
        cell = kernel.client.execute(code, allow_stdin=False)
        course = [chance.choice([killed, stopped, cut_off]) for _ in range(chance.randrange(3))]
        for fault in course:
            time.sleep(0.1 + chance.random() * 0.4)
            fault(kernel, network)
        shown = kernel.heard_until_idle(cell)
        at = f"seed {SEED}, cell {number}, {[fault.__name__ for fault in course]}: {shown}"
        lines = printed(shown, "stdout").splitlines()
        wanted = [f"cell {number} line {i}" for i in range(LINES)]
        # What a kernel has sent in its last moment may come again.
        again = AT_ONCE * course.count(killed)
        assert list(dict.fromkeys(lines)) == wanted and len(lines) <= LINES + again, at
        results = [m["content"]["data"]["text/plain"] for m in shown if m["msg_type"] == "execute_result"]
        assert results == [str(number)], at
