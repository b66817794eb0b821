"""An identity provider (OAuth 2.0) whose tokens end soon, and whose logins a test can end."""

import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit


class Provider:
    """Tokens of this life; who has the cookie `who` has logged in as that."""

    def __init__(self, life):
        self.life, self.ended = life, set()
        # Users by what they were given: codes, refresh tokens and access tokens, whose ends are known, too.
        self.codes, self.refresh, self.access = {}, {}, {}

    def tokens(self, user):
        ends = int(time.time()) + self.life
        claims = urlsafe_b64encode(json.dumps({"preferred_username": user, "exp": ends}).encode()).decode().rstrip("=")
        access, refresh = f"e30.{claims}.{secrets.token_hex(8)}", secrets.token_hex(8)
        self.access[access], self.refresh[refresh] = (user, ends), user
        return {"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": self.life}

    def user_of(self, token):
        user, ends = self.access.get(token, (None, 0))
        return user if time.time() < ends and user not in self.ended else None


def handler(provider):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def answer(self, told, status=200):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def do_GET(self):
            url = urlsplit(self.path)
            if url.path == "/authorize":
                asked = {name: values[0] for name, values in parse_qs(url.query).items()}
                code = secrets.token_hex(8)
                provider.codes[code] = self.headers["Cookie"].split("who=")[1].split(";")[0]
                self.send_response(302)
                query = urlencode({"code": code, "state": asked["state"]})
                self.send_header("Location", f"{asked['redirect_uri']}?{query}")
                self.end_headers()
            elif user := provider.user_of(self.headers.get("Authorization", "").partition(" ")[2]):
                self.answer({"preferred_username": user, "name": user, "kind": "user"})
            else:
                self.answer({"error": "invalid_token"}, 401)

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked = {name: values[0] for name, values in parse_qs(body).items()}
            known = provider.codes if asked["grant_type"] == "authorization_code" else provider.refresh
            user = known.pop(asked.get("code") or asked.get("refresh_token"), None)
            if user is None or user in provider.ended:
                return self.answer({"error": "invalid_grant"}, 400)
            self.answer(provider.tokens(user))

    return Handler


@contextmanager
def serving(life):
    """Yields the provider's address and the provider."""
    provider = Provider(life)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(provider))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", provider
    server.shutdown()
    server.server_close()
