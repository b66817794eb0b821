"""Replays all groups at the same time, and returns how each scenario went."""

import time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from . import recording
from .differences import KNOWN
from .plan import GROUPS
from .replay import Replay
from .world import Unsuitable, World

AT_ONCE = 2  # a session's start keeps a processor busy


@dataclass
class Outcome:
    scenario: str
    seconds: float = 0.0
    findings: list = field(default_factory=list)  # those that no known difference covers
    known: dict = field(default_factory=dict)  # the known differences that occurred, and where first
    gone: list = field(default_factory=list)  # the known differences that did not occur
    unsuitable: str = ""  # why the server cannot be asked
    error: str = ""

    @property
    def agrees(self):
        return not (self.findings or self.stale or self.error)

    @property
    def stale(self):
        """Returns the known differences that should have occurred."""
        return [known for known in self.gone if known.must_occur]

    def __str__(self):
        if self.error:
            return f"failed: {self.error}"
        if self.findings:
            more = f" (and {len(self.findings) - 1} more)" if len(self.findings) > 1 else ""
            return f"{self.findings[0]}{more}"
        if self.stale:
            return f"no longer differs, so take it from differences.py: {self.stale[0]}"
        if self.unsuitable:
            return f"not asked: {self.unsuitable}"
        return f"agrees, but for {len(self.known)} known differences" if self.known else "agrees"


class Run:
    """Runs the wanted scenarios; several groups run at the same time."""

    def __init__(self, server, wanted=None):
        self.server = server
        self.pool = ThreadPoolExecutor(AT_ONCE)
        self.outcomes = {}
        for group in GROUPS:
            # A scenario needs those before it in its group.
            last = max((i for i, name in enumerate(group) if wanted is None or name in wanted), default=-1)
            futures = {name: Future() for name in group[: last + 1]}
            self.outcomes |= futures
            if futures:
                self.pool.submit(self.replay, futures)

    def close(self):
        self.pool.shutdown(cancel_futures=True)

    def outcome(self, scenario):
        return self.outcomes[scenario].result()

    def ended(self, scenarios):
        return (future.result() for future in as_completed(self.outcomes[name] for name in scenarios))

    def replay(self, futures):
        world = World(self.server)
        for scenario, future in futures.items():
            future.set_result(self.scenario(scenario, world))
        world.close()

    def scenario(self, scenario, world):
        began, outcome = time.monotonic(), Outcome(scenario)
        try:
            replay = Replay(scenario, world, recording.read(scenario))
            replay.run()
            judge(outcome, replay.findings, [k for k in KNOWN if k.applies_to(scenario, self.server.name)])
        except Unsuitable as why:
            outcome.unsuitable = str(why)
        except Exception as failure:  # the table shows it, and the other scenarios go on
            outcome.error = repr(failure)
        outcome.seconds = time.monotonic() - began
        return outcome


def judge(outcome, findings, known):
    """Separates known differences from unknown ones."""
    outcome.findings = [finding for finding in findings if not any(k.covers(finding) for k in known)]
    outcome.known = {k: next(filter(k.covers, findings)) for k in known if any(map(k.covers, findings))}
    outcome.gone = [k for k in known if k.scenario and k not in outcome.known]
