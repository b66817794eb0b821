"""What a cell takes beside what it does, with the agent and without, on one livy-local: medians of one run."""

import os
import statistics
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from urllib.parse import urlsplit

from jupyter_client.manager import start_new_kernel

ROUNDS = 5
SLEEPS = 0, 0.25, 1.3, 3.5


class Counter(BaseHTTPRequestHandler):
    """Passes requests on to livy-local, and counts them."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def pass_on(self):
        Counter.asked += 1
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        request = urllib.request.Request(self.server.target + self.path, body, headers, method=self.command)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.send_response(answer.status)
            content = answer.read()
            self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_GET = do_POST = do_DELETE = pass_on

    def log_message(self, *_):
        pass


def serve(program):
    """livy-local behind the counter: its process, and the address to use."""
    local = Popen([program, "local", "--python", sys.executable], stdout=PIPE, text=True)
    *_, line = (local.stdout.readline() for _ in range(2))
    url = urlsplit(line.strip().removeprefix("LIVY_URL="))
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    proxy.target = f"http://{url.hostname}:{url.port}"
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    return local, f"http://{url.username}:{url.password}@127.0.0.1:{proxy.server_port}"


def cell(client, code, timeout=180):
    """Seconds, requests, and seconds to the first text."""
    first, before, began = [], Counter.asked, time.perf_counter()

    def note(message):
        if message["msg_type"] == "stream":
            first.append(time.perf_counter() - began)

    reply = client.execute_interactive(code, timeout=timeout, output_hook=note, allow_stdin=False)["content"]
    if reply["status"] != "ok" and reply["ename"] != "KeyboardInterrupt":
        raise SystemExit("\n".join(reply["traceback"]))
    return time.perf_counter() - began, Counter.asked - before, first[0] if first else None


def measure(manager, client):
    cell(client, "import time")
    for _ in range(20):  # Until the agent is there, where one comes.
        cell(client, "1")
    found = {}
    for seconds in SLEEPS:
        cells = [cell(client, f"time.sleep({seconds})") for _ in range(ROUNDS)]
        found[f"{seconds} s cell, beside it"] = f"{1000 * (statistics.median(c[0] for c in cells) - seconds):.0f} ms"
        found[f"{seconds} s cell, requests"] = f"{statistics.median(c[1] for c in cells):.0f}"
    firsts = [cell(client, "print(1); time.sleep(2); print(2)")[2] for _ in range(3)]
    found["first text of a 2 s cell"] = f"{statistics.median(firsts):.2f} s"
    began = time.perf_counter()
    client.complete("spark.rea", reply=True, timeout=30)
    found["completion of spark.rea"] = f"{time.perf_counter() - began:.2f} s"
    threading.Timer(1, manager.interrupt_kernel).start()
    found["interrupt of a loop"] = f"{cell(client, 'while True: pass')[0] - 1:.2f} s"
    try:
        found["the cell after it"] = f"{cell(client, '1', timeout=10)[0]:.2f} s"
    except TimeoutError:
        found["the cell after it"] = "not in 10 s"
    return found


def main(program):
    local, os.environ["LIVY_URL"] = serve(Path(program).resolve())
    columns = {}
    try:
        for name, agent in (("agent", "auto"), ("no agent", "never")):
            os.environ["LIVY_AGENT"] = agent
            manager, client = start_new_kernel(kernel_name="livy-pyspark")
            columns[name] = measure(manager, client)
            client.stop_channels()
            manager.shutdown_kernel()
    finally:
        local.terminate()
    print(f"\n{'':30}" + "".join(f"{name:>12}" for name in columns) + f"   (medians of {ROUNDS})")
    for row in columns["agent"]:
        print(f"{row:30}" + "".join(f"{column[row]:>12}" for column in columns.values()))
    print("sparkmagic is not among them: it needs Kerberos' headers to be installed")


if __name__ == "__main__":
    main(*sys.argv[1:])
