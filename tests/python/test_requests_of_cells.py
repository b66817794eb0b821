"""Silent cells cost few requests, since these wait in the session, and are polled where none can wait."""

import itertools
import time

import pytest
from conftest import kernel_with_agent, printed
from network import network_to


@pytest.fixture(scope="module")
def network_and_kernel(server_url):
    with network_to(server_url) as (network, url), kernel_with_agent(url) as kernel:
        yield network, kernel


def requests_of(network, kernel, code):
    """Returns the seconds of a cell, and its requests as (method, last part of the path)."""
    before, began = len(network.passed), time.monotonic()
    reply, shown = kernel.run(code)
    assert reply["status"] == "ok", reply
    took = time.monotonic() - began
    return took, [(method, path.rsplit("/", 1)[1]) for method, path in network.passed[before:]], printed(shown)


def test_a_silent_cell_costs_few_requests_and_its_end_is_told_at_once(network_and_kernel):
    network, kernel = network_and_kernel
    took, requests, _ = requests_of(network, kernel, "time.sleep(3.3)")
    assert took < 3.3 + 1
    assert ("POST", "add-file") in requests and len(requests) <= 16, requests


def test_what_a_cell_prints_all_the_time_costs_four_requests_a_second(network_and_kernel):
    network, kernel = network_and_kernel
    began, texts = time.monotonic(), []

    def note(message):
        if message["msg_type"] == "stream":
            texts.append(time.monotonic() - began)

    before = len(network.passed)
    code = "for i in range(60): print(i, flush=True); time.sleep(0.1)"
    kernel.client.execute_interactive(code, timeout=60, output_hook=note, allow_stdin=False)
    took = time.monotonic() - began
    assert took < 6 + 2  # Its end is told at once.
    assert len(network.passed) - before <= 12 + 4 * took + 12
    gaps = [later - sooner for sooner, later in itertools.pairwise(texts)]
    assert texts[0] < 2 and max(gaps) < 3, (texts[0], max(gaps))


def test_a_server_that_adds_no_files_is_polled(server_url):
    with network_to(server_url) as (network, url):
        network.refused = "/add-file"
        with kernel_with_agent(url) as kernel:
            assert requests_of(network, kernel, "print('first')")[2] == "first\n"
            requests_of(network, kernel, "time.sleep(2)")
            tried = network.refusals
            took, requests, text = requests_of(network, kernel, "time.sleep(2.2); print('last')")
    assert text == "last\n" and took < 2.2 + 1.5
    assert tried == network.refusals <= 3
    assert len(requests) <= 50, requests
