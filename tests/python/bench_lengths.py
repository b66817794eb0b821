"""Measures what a cell costs by its length: the time beside what it does, and requests, with the agent and without.

With LIVY_TEST_URL this is measured on that Livy, otherwise on a livy-local.
"""

import os
import random
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from bench_cells import cell, serve
from jupyter_client.manager import start_new_kernel
from network import network_to

# Long cells of both kernels run at the same time.
SHORT = {0.02: 15, 0.1: 15, 0.3: 15, 1: 11, 3: 7}
LONG = {10: 5, 30: 3, 60: 2}
AGENT = {"agent": "auto", "no agent": "never"}


class Kernel:
    def __init__(self, stack, livy_url, agent):
        self.network, url = stack.enter_context(network_to(livy_url))
        manager, self.client = start_new_kernel(
            kernel_name="livy-pyspark", env=os.environ | {"LIVY_URL": url, "LIVY_AGENT": agent}
        )
        stack.callback(manager.shutdown_kernel)
        stack.callback(self.client.stop_channels)
        for code in ["import time"] + 20 * ["1"]:  # By then the agent is installed.
            cell(self.network, self.client, code)

    def measure(self, lengths):
        """Returns the milliseconds and the requests by length, as medians."""
        return {length: self.median_of(length, rounds) for length, rounds in lengths.items()}

    def median_of(self, length, rounds):
        runs = [self.run(length * random.uniform(0.9, 1.1)) for _ in range(rounds)]
        return tuple(statistics.median(column) for column in zip(*runs, strict=True))

    def run(self, seconds):
        """Runs a silent cell that takes so long, since polls must not be in step with it."""
        took, requests, _ = cell(self.network, self.client, f"time.sleep({seconds})")
        return 1000 * (took - seconds), requests


def measure(livy_url):
    with ExitStack() as stack, ThreadPoolExecutor() as both:
        kernels = {name: Kernel(stack, livy_url, agent) for name, agent in AGENT.items()}
        found = {name: kernel.measure(SHORT) for name, kernel in kernels.items()}
        for name, long in zip(kernels, both.map(lambda kernel: kernel.measure(LONG), kernels.values()), strict=True):
            found[name] |= long
        return found


def show(found):
    print(f"\n{'medians of silent cells':24}" + "".join(f"{name:>24}" for name in found) + f"{'goal':>12}")
    for length in SHORT | LONG:
        costs = [f"{column[length][0]:.0f} ms, {column[length][1]:.0f} requests" for column in found.values()]
        goal = min(30 + 20 * length, 300)
        print(f"{length:>5} s, beside it".ljust(24) + "".join(f"{cost:>24}" for cost in costs) + f"{goal:9.0f} ms")


def main(program):
    if url := os.environ.get("LIVY_TEST_URL"):
        return show(measure(url))
    local, url = serve(Path(program).resolve())
    try:
        show(measure(url))
    finally:
        local.terminate()


if __name__ == "__main__":
    main(*sys.argv[1:])
