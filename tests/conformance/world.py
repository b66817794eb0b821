"""Maps the sessions, batches, names and files of one group's recordings to those on the server."""

import re
import shutil
import tempfile
import time
import uuid
from pathlib import Path

from .compare import kind_of
from .plan import BATCH_FILES, NOWHERE, SESSIONS

START_WITHIN = 180  # a session, on a small busy machine
POLL = 0.05
PREFIX = re.compile(r"^/(sessions|batches)/([^/?]+)")
PART = re.compile(r"^/(statements|jobs)/(\d+)")
SESSION_ID = re.compile(r"((?:Session|session) '?)(\d+)\b")


def collection_of(path):
    return path.split("?")[0][1:]


class Unsuitable(Exception):
    """The reason why a scenario cannot be run on this server."""


class Ids:
    """Maps recorded ids to those on this server; `kind` says what they are ids of."""

    def __init__(self):
        self.live, self.recorded = {}, {}

    def pair(self, kind, recorded, live):
        self.live[kind, str(recorded)] = live
        self.recorded[kind, str(live)] = recorded

    def find(self, kind, recorded):
        return self.live.get((kind, str(recorded)))

    def back(self, kind, live):
        return self.recorded.get((kind, str(live)), live)

    def owns(self, kind, live):
        return (kind, str(live)) in self.recorded


class World:
    def __init__(self, server):
        self.server = server
        self.ids = Ids()
        for collection in ("sessions", "batches"):
            self.ids.pair(collection, int(NOWHERE), 2**31 - 1)  # no server has reached it
            self.ids.pair(collection, "nope", "nope")
        self.named = {}  # recorded ids by recorded name
        self.suffix = f"-{uuid.uuid4().hex[:6]}"  # names are the server's, so each run has its own
        self.folder = None
        self.stuck = set()  # sessions that were late once are not waited for again
        self.alive = []  # paths to delete in the end

    def close(self):
        for path in self.alive:
            self.server.ask("DELETE", path)
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    # Outward: a recorded request in this server's terms.

    def path(self, path):
        """Returns the path on this server, or None if its object was never created."""
        whole = PREFIX.match(path)
        if not whole:
            return path
        collection, recorded = whole.groups()
        live, rest = self.owner(collection, recorded), path[whole.end() :]
        if live is None:
            return None  # on a shared server the recorded id may be another user's
        part = PART.match(rest)
        if not part or part[2] == NOWHERE:
            return f"/{collection}/{live}{rest}"
        own = self.ids.find(f"{part[1]} of {recorded}", part[2])
        return None if own is None else f"/{collection}/{live}/{part[1]}/{own}{rest[part.end() :]}"

    def owner(self, collection, recorded):
        """Returns the id or name of a session or batch on this server, or None."""
        if recorded in self.named:
            return recorded + self.suffix
        if collection == "sessions" and recorded in SESSIONS and self.ids.find(collection, recorded) is None:
            self.start(recorded)
        return self.ids.find(collection, recorded)

    def expect(self, exchange):
        """Creates the sessions that a recorded page lists, unless they exist."""
        if kind_of(exchange.answer) == "page":
            for session in exchange.answer["sessions"]:
                self.owner(collection_of(exchange.path), str(session["id"]))

    def start(self, recorded):
        """Creates the session that existed when the recording began."""
        wanted = SESSIONS[recorded]
        said = self.server.ask("POST", "/sessions", self.renamed(wanted))
        if said.status != 201:
            raise RuntimeError(f"no session for {wanted}: {said.status} {said.body!r}")
        self.created("sessions", recorded, wanted.get("name"), said.body["id"])
        path, until = f"/sessions/{said.body['id']}/state", time.monotonic() + START_WITHIN
        while (state := self.server.ask("GET", path).body["state"]) != "idle":
            if state not in ("not_started", "starting") or time.monotonic() > until:
                raise RuntimeError(f"the session for {wanted} is {state}")
            time.sleep(POLL)

    def body(self, exchange):
        if isinstance(exchange.body, dict) and exchange.path in ("/sessions", "/batches"):
            return self.renamed(exchange.body)
        return exchange.body

    def renamed(self, body):
        body = dict(body)
        if "name" in body:
            body["name"] += self.suffix
        if body.get("file") in BATCH_FILES:
            body["file"] = self.batch_file(body["file"])
        return body

    def batch_file(self, path):
        if not self.server.on_this_machine:
            raise Unsuitable("a batch's file must be on the server's machine")
        if not self.folder:
            self.folder = Path(tempfile.mkdtemp(prefix="livy-conformance-", dir="/tmp"))
        file = self.folder / Path(path).name
        file.write_text(BATCH_FILES[path])
        return str(file)

    # Inward: this server's answer in the recording's terms.

    def learn(self, exchange, status, body):
        """Pairs the ids of what a request created, and forgets what it deleted."""
        recorded = exchange.answer
        if exchange.method == "DELETE" and status == 200:
            self.alive = [path for path in self.alive if path != self.path(exchange.path)]
        if exchange.method != "POST" or not exchange.status == status == 201:
            return
        if exchange.path in ("/sessions", "/batches"):
            self.created(exchange.path[1:], recorded["id"], recorded.get("name"), body["id"])
        else:
            kind = "statements" if kind_of(recorded) == "statement" else "jobs"
            self.ids.pair(f"{kind} of {PREFIX.match(exchange.path)[2]}", recorded["id"], body["id"])

    def created(self, collection, recorded, name, live):
        self.ids.pair(collection, int(recorded), live)
        self.alive.append(f"/{collection}/{live}")
        if name:
            self.named[name] = str(recorded)

    def translated(self, exchange, value):
        whole = PREFIX.match(exchange.path)
        collection, owner = whole.groups() if whole else (collection_of(exchange.path), "")
        return self.back(value, collection, self.named.get(owner, owner))

    def back(self, value, collection, owner):
        if isinstance(value, str):
            return self.back_in_text(value, collection)
        if isinstance(value, list):
            return [self.back(item, collection, owner) for item in value]
        if not isinstance(value, dict):
            return value
        translated = {key: self.back(item, collection, owner) for key, item in value.items()}
        kind = kind_of(value)
        whose = {"statement": f"statements of {owner}", "job": f"jobs of {owner}"}.get(kind, collection)
        if kind in ("statement", "job", "session", "log"):
            translated["id"] = self.ids.back(whose, value["id"])
        if kind == "statement" and "execution_count" in (value["output"] or {}):
            translated["output"]["execution_count"] = self.ids.back(whose, value["output"]["execution_count"])
        if kind == "page":
            # Others may use the server, too: only this world's sessions on a page count.
            pairs = zip(value["sessions"], translated["sessions"], strict=True)
            translated["sessions"] = [ours for live, ours in pairs if self.ids.owns(collection, live["id"])]
        return translated

    def back_in_text(self, text, collection):
        text = text.replace(self.suffix, "")
        return SESSION_ID.sub(lambda said: said[1] + str(self.ids.back(collection, said[2])), text)
