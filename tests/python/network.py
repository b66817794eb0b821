"""The network between a kernel and its Livy: it counts requests, and can refuse them."""

import threading
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

KEPT = "authorization", "content-type", "x-requested-by"


class Network:
    """The requests that have passed, as (method, path), and the text in the paths of those that are refused."""

    def __init__(self, livy_url):
        self.livy = urlsplit(livy_url)
        self.passed = []
        self.refused = None
        self.refusals = 0

    def refuses(self, path):
        refused = self.refused is not None and self.refused in path
        self.refusals += refused
        return refused

    def ask(self, method, path, headers, body):
        """Returns the status and the body of Livy's answer."""
        self.passed.append((method, path))
        kept = {name: value for name, value in headers.items() if name.lower() in KEPT}
        address = f"http://{self.livy.hostname}:{self.livy.port}{path}"
        request = urllib.request.Request(address, body, kept, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # An answer is written in two pieces.

    def pass_on(self):
        network = self.server.network
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
        refused = network.refuses(self.path)
        status, answer = (503, b"") if refused else network.ask(self.command, self.path, self.headers, body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        with suppress(ConnectionError):  # The kernel no longer waits.
            self.end_headers()
            self.wfile.write(answer)

    do_GET = do_POST = do_DELETE = pass_on

    def log_message(self, *_):
        pass


@contextmanager
def network_to(livy_url):
    """Yields the network and its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.network = True, Network(livy_url)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        who = server.network.livy.netloc.rpartition("@")[0]
        address = f"127.0.0.1:{server.server_port}"
        yield server.network, f"http://{who}@{address}" if who else f"http://{address}"
        server.shutdown()
