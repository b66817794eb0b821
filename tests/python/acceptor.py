"""Stands before a Livy as Hadoop's authentication filter does: a client without a cookie must have a ticket.

A token counts once; whoever was believed gets the cookie `hadoop.auth`. With `--access`, each user acts as themselves
at the Livy behind, and `--superusers` for whom they name (`doAs`). Run by the system's Python, which has gssapi.
"""

import argparse
import base64
import hashlib
import http.client
import re
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import gssapi
from livy_access import LocalAccess, Refused, ServerAccess

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int)
parser.add_argument("--livy")
parser.add_argument("--log")
parser.add_argument("--secrets")
parser.add_argument("--cookie-seconds", type=float, default=3600)
parser.add_argument("--silent", default="no")
# Who decides whose session is whose: `local` for a livy-local, which does not, `server` for a Livy with access control.
parser.add_argument("--access", choices=["none", "local", "server"], default="none")
parser.add_argument("--superusers", default="")
options = parser.parse_args()
accesses = {"none": None, "local": LocalAccess, "server": ServerAccess}
access = accesses[options.access] and accesses[options.access](options.superusers.split(","))
livy = urlsplit(options.livy)
key = secrets.token_hex(8)
seen_tokens = set()
credentials = gssapi.Credentials(usage="accept")


def note(word):
    with open(options.log, "a") as log:
        log.write(word + "\n")


def plant(secret):
    """Writes a secret down for the tests that look for leaks."""
    with open(options.secrets, "a") as secrets_file:
        secrets_file.write(secret + "\n")


def signed(text):
    return hashlib.sha256((key + text).encode()).hexdigest()


def cookie_of(user):
    ends = int((time.time() + options.cookie_seconds) * 1000)
    text = f"u={user}&p={user}@LIVY.TEST&t=kerberos&e={ends}"
    plant(signed(text))
    return f'hadoop.auth="{text}&s={signed(text)}"; HttpOnly'


def is_good(cookie):
    found = re.search(r'hadoop\.auth="(.*&e=(\d+))&s=(\w+)"', cookie or "")
    return bool(found) and found[3] == signed(found[1]) and int(found[2]) > time.time() * 1000


class Gate(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if is_good(self.headers.get("Cookie")):
            note("cookie")
            return self.pass_on(body, [], re.search(r"u=([^&]+)", self.headers["Cookie"])[1])
        kind, _, token = (self.headers.get("Authorization") or "").partition(" ")
        if kind != "Negotiate":
            note("nobody")
            return self.answer(401, [("WWW-Authenticate", "Negotiate")])
        if token in seen_tokens:
            note("replay")
            return self.answer(403, [])
        seen_tokens.add(token)
        plant(token)
        try:
            context = gssapi.SecurityContext(creds=credentials, usage="accept")
            reply = context.step(base64.b64decode(token))
        except gssapi.exceptions.GSSError:
            note("refused")
            return self.answer(403, [])
        note("token")
        login = str(context.initiator_name).split("@")[0]
        headers = [("Set-Cookie", cookie_of(login))]
        if options.silent == "no":
            headers.append(("WWW-Authenticate", "Negotiate " + base64.b64encode(reply).decode()))
        self.pass_on(body, headers, login)

    do_GET = do_POST = do_DELETE = do_PUT = handle_any

    def pass_on(self, body, headers, user):
        path, shown = self.path, lambda reply: reply
        if access:
            try:
                path, shown = access.asks(user, self.command, self.path, body)
            except Refused as why:
                note("forbidden")
                return self.answer(403, headers, str(why).encode())
        login = base64.b64encode(f"{livy.username}:{livy.password}".encode()).decode()
        asked = {
            name: value for name, value in self.headers.items() if name.lower() in ("content-type", "x-requested-by")
        }
        if livy.username:
            asked["Authorization"] = "Basic " + login
        behind = http.client.HTTPConnection(livy.hostname, livy.port)
        behind.request(self.command, path, body, asked)
        reply = behind.getresponse()
        kept = [(name, value) for name, value in reply.getheaders() if name.lower() in ("content-type", "location")]
        self.answer(reply.status, headers + kept, shown(reply.read()))


ThreadingHTTPServer(("127.0.0.1", options.port), Gate).serve_forever()
