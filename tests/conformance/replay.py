"""Sends a recording's requests again, and compares the answers."""

import time
from dataclasses import dataclass, field, replace

from . import job_result
from .compare import Difference, cut, differences, kind_of, short
from .recording import Exchange
from .world import POLL, START_WITHIN, Unsuitable, World

ANSWER_WITHIN = 90  # a statement, Livy's 30 s of cancelling among them
SETTLE = 2.0  # a state that differs may be the one just before the recorded one
PAUSES = (0.15, 2.2)  # shorter pauses mean nothing, longer ones were the recorder's
UNFINISHED = {
    "statement": {"waiting", "running", "cancelling"},
    "job": {"SENT", "QUEUED", "STARTED"},
    "session": {"not_started", "starting", "busy", "idle", "running", "shutting_down"},
}
# How far the work of a POST is when its answer is written varies.
JUST_POSTED = {
    "statement": {"waiting", "running", "available"},
    "session": {"not_started", "starting", "running"},
}


@dataclass(frozen=True)
class Finding:
    """A difference in the answer to a request."""

    scenario: str
    exchange: Exchange
    difference: Difference

    def __str__(self):
        return f"line {self.exchange.number}, {cut(str(self.exchange))}: {self.difference}"


@dataclass
class Replay:
    """One scenario in a world."""

    scenario: str
    world: World
    exchanges: list
    findings: list = field(default_factory=list)
    answered: set = field(default_factory=set)  # lines whose answer was given to an earlier request
    growing: set = field(default_factory=set)  # paths of jobs that read unfinished work

    def run(self):
        for index, exchange in enumerate(self.exchanges):
            path = self.world.path(exchange.path)
            self.world.expect(exchange)
            if path is None or exchange.number in self.answered:
                continue  # its POST failed, which is a finding already
            if exchange.method == "GET":
                self.poll(exchange, path, self.exchanges[index + 1 :])
            else:
                self.send(exchange, path)

    def ask(self, exchange, path):
        content_type = "text/plain" if exchange.note == "wrong content type" else "application/json"
        got = self.world.server.ask(exchange.method, path, self.world.body(exchange), content_type)
        self.world.learn(exchange, got.status, got.body)
        return replace(got, body=self.world.translated(exchange, got.body))

    def send(self, exchange, path):
        if exchange.pause > PAUSES[0]:
            time.sleep(min(exchange.pause, PAUSES[1]))
        if kind_of(exchange.answer) == "job" and exchange.note.endswith(" statement runs"):
            self.growing.add(exchange.path.rpartition("/")[0] + f"/jobs/{exchange.answer['id']}")
        self.report(exchange, self.differences(exchange, self.ask(exchange, path)))

    def poll(self, exchange, path, later):
        """Asks until the answer is the recorded one, or has come as far as a recorded later one."""
        later = [other for other in later if (other.method, other.path) == ("GET", exchange.path)]
        later = later if unfinished(exchange.answer) else []
        got = self.awaited(path, exchange, later)
        met = self.first_met(got, exchange, later)
        if met is None:
            self.check_for_r(got.body)
            # A different end is reported once, beside the recorded end.
            met = later[-1] if later and kind_of(exchange.answer) in ("statement", "job") else exchange
            self.report(met, self.differences(met, got))
            self.world.stuck |= {owner(path)} if changing(got) else set()
        elif kind_of(got.body) != "job":
            return  # Livy returns a job's result once, and then forgets the job
        self.answered |= {other.number for other in later if other.number <= met.number}

    def check_for_r(self, body):
        output = body["output"] if kind_of(body) == "statement" else None
        if self.scenario == "sparkr" and output and output.get("ename") == "InterpreterError":
            raise Unsuitable("R and SparkR are not installed on the server's machine")

    def awaited(self, path, exchange, later):
        patience = START_WITHIN if kind_of(exchange.answer) == "session" else ANSWER_WITHIN
        until = time.monotonic() + (SETTLE if owner(path) in self.world.stuck else patience)
        settled = None
        while True:
            got = self.ask(exchange, path)
            now = time.monotonic()
            settled = None if changing(got) else settled or now
            hopeless = now > until or (settled and (final(got) or now > settled + SETTLE))
            if hopeless or self.first_met(got, exchange, later):
                return got
            time.sleep(POLL)

    def first_met(self, got, exchange, later):
        return next((one for one in [exchange, *later] if not self.differences(one, got)), None)

    def differences(self, exchange, got):
        if exchange.status != got.status:
            return [Difference("status", exchange.status, f"{got.status} {short(got.body)}")]
        recorded, body = without_chance(exchange, got.body)
        if exchange.path in self.growing:
            recorded, body = without_growth(recorded, body)
        return [*self.headers(exchange, got), *differences(recorded, body)]

    def headers(self, exchange, got):
        for name in exchange.headers.keys() & {"Content-Type", "Location"}:
            recorded, live = exchange.headers[name], got.headers.get(name.lower())
            if name == "Location" and isinstance(exchange.answer, dict):
                recorded = self.world.path(recorded)
            if spelling(recorded) != spelling(live):
                yield Difference(name, recorded, live)

    def report(self, exchange, found):
        self.findings += [Finding(self.scenario, exchange, one) for one in found]


def owner(path):
    """Returns the collection and the id of the session or batch to which a path belongs."""
    return tuple(path.split("/")[1:3])


def spelling(header):
    return header and header.replace(" ", "").lower()


def unfinished(value):
    """Returns whether an object's state may still change."""
    if value == "java.util.concurrent.CancellationException":
        return True  # the driver has just gone, and Livy is about to notice
    if isinstance(value, dict) and isinstance(value.get("statements"), list):
        return any(map(unfinished, value["statements"]))
    kind = kind_of(value)
    if kind == "statement" and value["state"] in ("cancelled", "available"):
        return value["output"] is None  # Livy may set the state long before the output
    return kind in UNFINISHED and value["state"] in UNFINISHED[kind]


def final(got):
    return kind_of(got.body) in ("statement", "job") and not unfinished(got.body)


def changing(got):
    return got.status == 200 and unfinished(got.body) and got.body.get("state") != "idle"


def without_chance(exchange, body):
    """Returns the recorded and the new answer, without what varies or belongs to other users."""
    recorded = exchange.answer
    if isinstance(body, str) and isinstance(recorded, str) and recorded.startswith("<html"):
        return "", ""  # a web page
    kind = kind_of(recorded)
    if kind is None or kind_of(body) != kind:
        return recorded, body
    if kind == "page" and "size=" in exchange.path:
        shown = {session["id"] for session in body["sessions"]}
        recorded = recorded | {"sessions": [s for s in recorded["sessions"] if s["id"] in shown]}
    elif exchange.method == "POST" and {recorded.get("state"), body.get("state")} <= JUST_POSTED.get(kind, set()):
        recorded, body = without_outcome(recorded), without_outcome(body)
    return recorded, body


def without_outcome(value):
    unsaid = {"state": "", "output": None, "progress": 0, "started": 0, "completed": 0}
    return value | {key: unsaid[key] for key in unsaid.keys() & value.keys()}


def without_growth(recorded, body):
    results = [value.get("result") for value in (recorded, body) if kind_of(value) == "job"]
    alike = len(results) == 2 and None not in results and job_result.may_have_grown(*results)
    return (recorded, body | {"result": recorded["result"]}) if alike else (recorded, body)
