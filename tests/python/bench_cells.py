"""Measures what a cell takes beside what it does: with the agent, without, and in sparkmagic, on one livy-local."""

import json
import os
import statistics
import sys
import threading
import time
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen, run
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from jupyter_client.manager import start_new_kernel
from network import network_to

ROUNDS = 5
SLEEPS = 0, 0.25, 1.3, 3.5


def serve(program):
    """Starts a livy-local; returns its process and its address."""
    local = Popen([program, "local", "--python", sys.executable], stdout=PIPE, text=True)
    *_, line = (local.stdout.readline() for _ in range(2))
    return local, line.strip().removeprefix("LIVY_URL=")


def cell(network, client, code, timeout=180):
    """Runs a cell; returns its seconds, its requests, and the seconds to its first text."""
    first, before, began = [], len(network.passed), time.perf_counter()

    def note(message):
        if message["msg_type"] == "stream":
            first.append(time.perf_counter() - began)
        if "fatal error" in message["content"].get("text", ""):  # sparkmagic calls that ok.
            raise SystemExit(message["content"]["text"])

    reply = client.execute_interactive(code, timeout=timeout, output_hook=note, allow_stdin=False)["content"]
    if reply["status"] != "ok" and "Interrupt" not in reply["ename"] and "Cancel" not in reply["ename"]:
        raise SystemExit("\n".join(reply["traceback"]))
    return time.perf_counter() - began, len(network.passed) - before, first[0] if first else None


def measure(network, manager, client):
    cell(network, client, "import time")
    for _ in range(20):  # By then the agent is installed, if the kernel has one.
        cell(network, client, "1")
    found = {}
    for seconds in SLEEPS:
        cells = [cell(network, client, f"time.sleep({seconds})") for _ in range(ROUNDS)]
        found[f"{seconds} s cell, beside it"] = f"{1000 * (statistics.median(c[0] for c in cells) - seconds):.0f} ms"
        found[f"{seconds} s cell, requests"] = f"{statistics.median(c[1] for c in cells):.0f}"
    firsts = [cell(network, client, "print(1); time.sleep(2); print(2)")[2] for _ in range(3)]
    found["first text of a 2 s cell"] = f"{statistics.median(firsts):.2f} s"
    began = time.perf_counter()
    client.complete("spark.rea", reply=True, timeout=30)
    found["completion of spark.rea"] = f"{time.perf_counter() - began:.2f} s"
    threading.Timer(1, manager.interrupt_kernel).start()
    found["interrupt of a loop"] = f"{cell(network, client, 'while True: pass')[0] - 1:.2f} s"
    try:
        found["the cell after it"] = f"{cell(network, client, '1', timeout=10)[0]:.2f} s"
    except TimeoutError:
        found["the cell after it"] = "not in 10 s"
    return found


def kernels(folder, sparkmagic, url):
    """Yields the name, the kernel and the environment of each column."""
    yield "agent", "livy-pyspark", {"LIVY_URL": url.geturl(), "LIVY_AGENT": "auto"}
    yield "no agent", "livy-pyspark", {"LIVY_URL": url.geturl(), "LIVY_AGENT": "never"}
    if run([sparkmagic, "-c", "import sparkmagic"], stderr=DEVNULL).returncode == 0:
        module = "sparkmagic.kernels.pysparkkernel.pysparkkernel"
        spec = folder / "kernels" / "sparkmagic" / "kernel.json"
        spec.parent.mkdir(parents=True)
        argv = [sparkmagic, "-m", module, "-f", "{connection_file}"]
        spec.write_text(json.dumps({"argv": argv, "display_name": "sparkmagic", "language": "python"}))
        address = f"http://{url.hostname}:{url.port}"
        who = {"username": url.username, "password": url.password, "url": address, "auth": "Basic_Access"}
        settings = {"kernel_python_credentials": who, "custom_headers": {"X-Requested-By": "sparkmagic"}}
        (folder / "config.json").write_text(json.dumps(settings))
        yield "sparkmagic", "sparkmagic", {"SPARKMAGIC_CONF_DIR": str(folder)}


def main(program, sparkmagic):
    local, livy_url = serve(Path(program).resolve())
    columns = {}
    try:
        with network_to(livy_url) as (network, url), TemporaryDirectory() as folder:
            os.environ["JUPYTER_PATH"] += os.pathsep + folder
            for column, name, env in kernels(Path(folder), sparkmagic, urlsplit(url)):
                manager, client = start_new_kernel(kernel_name=name, env=os.environ | env)
                columns[column] = measure(network, manager, client)
                client.stop_channels()
                manager.shutdown_kernel()
    finally:
        local.terminate()
    print(f"\n{'':30}" + "".join(f"{name:>12}" for name in columns) + f"   (medians of {ROUNDS})")
    for row in columns["agent"]:
        print(f"{row:30}" + "".join(f"{column[row]:>12}" for column in columns.values()))
    if "sparkmagic" not in columns:
        print("sparkmagic is not among them: it could not be installed, see .venv-sparkmagic")


if __name__ == "__main__":
    main(*sys.argv[1:])
