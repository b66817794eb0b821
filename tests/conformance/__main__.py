"""Prints a table: scenario, agrees or the first difference. `python -m conformance [-v] [SCENARIO…]`"""

import sys
import time

from . import recording
from .run import Run
from .server import under_test


def main(arguments):
    verbose = "-v" in arguments
    wanted = [name for name in arguments if name != "-v"] or recording.scenarios()
    if unknown := set(wanted) - set(recording.scenarios()):
        sys.exit(f"no such scenario: {', '.join(unknown)}; there are {', '.join(recording.scenarios())}")
    began, outcomes = time.monotonic(), []
    with under_test() as server:
        print(f"== {server.base}")
        run = Run(server, wanted)
        try:
            for outcome in run.ended(wanted):
                outcomes.append(outcome)
                show(outcome, verbose)
        finally:
            run.close()
    agree = sum(outcome.agrees and not outcome.unsuitable for outcome in outcomes)
    unasked = sum(bool(outcome.unsuitable) for outcome in outcomes)
    print(f"== {len(outcomes)} scenarios: {agree} agree, {unasked} not asked, {time.monotonic() - began:.0f} s")
    return not all(outcome.agrees for outcome in outcomes)


def show(outcome, verbose):
    print(f"{outcome.scenario:<26} {outcome.seconds:4.0f} s  {outcome}", flush=True)
    below = [f"known, line {finding.exchange.number}: {known.why}" for known, finding in outcome.known.items()]
    below += [f"known, but not met: {known}" for known in outcome.gone]
    for line in below + (outcome.findings[:50] if verbose else []):
        print(f"{'':<34} {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
