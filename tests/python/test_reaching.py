"""The settings in the environment decide how the server is reached."""

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer

from conftest import running_kernel


@contextmanager
def http_server(status, body):
    """Starts a server that answers every request alike, and keeps the requests."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", asked
        server.shutdown()


@contextmanager
def socks_proxy(server):
    """Starts a SOCKS 5 proxy that connects every client to one server, and keeps the requested addresses."""
    wanted = []

    class Handler(StreamRequestHandler):
        def handle(self):
            _version, methods = self.rfile.read(2)
            self.rfile.read(methods)
            self.wfile.write(b"\5\0")  # no authentication
            *_, by_name, length = self.rfile.read(5)
            assert by_name == 3
            wanted.append((self.rfile.read(length).decode(), int.from_bytes(self.rfile.read(2), "big")))
            self.wfile.write(b"\5\0\0\1" + bytes(6))
            with socket.create_connection(server.split(":")) as onward:
                threading.Thread(target=copy, args=(onward, self.connection), daemon=True).start()
                copy(self.connection, onward)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"socks5h://127.0.0.1:{proxy.server_address[1]}", wanted
        proxy.shutdown()


def copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass  # The other direction has ended.


def first_error(livy_url, **env):
    with running_kernel("livy-pyspark", livy_url, **env) as kernel:
        reply, _ = kernel.run("1")
        assert reply["status"] == "error"
        return "\n".join(reply["traceback"])


def test_a_proxy_of_the_environment_is_used():
    with http_server(400, b'{"msg": "the proxy says no"}') as (proxy, asked):
        text = first_error("http://livy.invalid:8998", http_proxy=f"http://{proxy}")
        assert "the proxy says no" in text
        assert asked[0].path == "http://livy.invalid:8998/sessions"


def test_a_socks_proxy_of_the_environment_resolves_the_name():
    with http_server(400, b'{"msg": "Livy says no"}') as (livy, asked), socks_proxy(livy) as (proxy, wanted):
        text = first_error("http://livy.invalid:8998", all_proxy=proxy)
        assert "Livy says no" in text
        assert wanted[0] == ("livy.invalid", 8998)
        assert asked[0].path == "/sessions"


def test_this_machine_is_reached_without_the_proxy():
    with (
        http_server(400, b'{"msg": "the proxy says no"}') as (proxy, asked_of_proxy),
        http_server(400, b'{"msg": "Livy says no"}') as (livy, _),
    ):
        text = first_error(f"http://{livy}", http_proxy=f"http://{proxy}")
        assert "Livy says no" in text and asked_of_proxy == []


def test_token_headers_and_do_as_come_from_the_environment():
    with http_server(400, b'{"msg": "no"}') as (livy, asked):
        first_error(
            f"http://{livy}/gateway/livy",
            LIVY_TOKEN_COMMAND="printf t0ken",
            LIVY_HEADERS="X-Tenant: ${TENANT}",
            TENANT="blue",
            LIVY_DO_AS="alice",
        )
        request = asked[0]
        assert request.path == "/gateway/livy/sessions?doAs=alice"
        assert request.headers["Authorization"] == "Bearer t0ken"
        assert request.headers["X-Tenant"] == "blue"


def test_an_invalid_variable_is_named_without_its_value():
    text = first_error("http://livy.invalid", LIVY_SERVICE="s3cret")
    assert "LIVY_SERVICE must be one of livy, knox" in text and "s3cret" not in text
