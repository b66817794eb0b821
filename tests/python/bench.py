"""Measures the time to the first kernel_info_reply and the memory when idle, beside ipykernel in the same run."""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import psutil
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.connect import write_connection_file

ROUNDS = 9
GOAL_SECONDS, GOAL_MIB = 0.06, 15


def wait_for_port(port):
    """Waits for the port by hand, since ZeroMQ tries again only every 100 ms."""
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.0005)


def start_once(command):
    """Returns the seconds to the first kernel_info_reply, and the resident MiB when idle."""
    path, info = write_connection_file(os.path.join(tempfile.mkdtemp(), "kernel.json"))
    begun = time.perf_counter()
    process = subprocess.Popen([*command, path], stdin=subprocess.DEVNULL)
    for port in ("shell_port", "iopub_port"):
        wait_for_port(info[port])
    client = BlockingKernelClient(connection_file=path)
    client.load_connection_file()
    client.start_channels()
    client.kernel_info(reply=True, timeout=30)
    seconds = time.perf_counter() - begun
    time.sleep(0.5)
    memory = psutil.Process(process.pid).memory_info().rss / 2**20
    client.shutdown()
    client.stop_channels()
    process.wait(10)
    return seconds, memory


def main(program):
    kernels = {
        "livy-kernel": [program, "run", "--kind", "pyspark", "--connection-file"],
        "ipykernel": [sys.executable, "-m", "ipykernel_launcher", "-f"],
    }
    found = {name: [] for name in kernels}
    for _ in range(ROUNDS):
        for name, command in kernels.items():
            found[name].append(start_once(command))
    print(f"{'':12} {'to kernel_info_reply':>21} {'resident, idle':>15}   (median of {ROUNDS})")
    medians = {}
    for name, rounds in found.items():
        seconds, memory = (statistics.median(column) for column in zip(*rounds, strict=True))
        medians[name] = seconds, memory
        print(f"{name:12} {seconds:19.3f} s {memory:11.1f} MiB")
    (ours, our_memory), (theirs, their_memory) = medians.values()
    print(f"{'ratio':12} {ours / theirs:21.3f} {our_memory / their_memory:15.3f}")
    print(f"{'goal':12} {GOAL_SECONDS:19.2f} s {GOAL_MIB:11} MiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
