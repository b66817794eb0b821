"""livy-local answers what a real Livy answered, and the conformance suite can fail."""

import base64
import copy
import pickle
from itertools import chain

import pytest
from conformance import recording
from conformance.compare import differences
from conformance.differences import Known
from conformance.mask import masked
from conformance.plan import GROUPS
from conformance.recording import Exchange
from conformance.replay import Finding, Replay
from conformance.run import Outcome, Run, judge
from conformance.server import Answer, livy_local
from conformance.world import World


@pytest.fixture(scope="module")
def run(program):
    with livy_local(program) as server:
        run = Run(server)
        yield run
        run.close()


# livy-local cannot run R; its answers are in sparkr_missing.
NOT_OF_LIVY_LOCAL = {"sparkr"}


@pytest.mark.parametrize("scenario", [s for group in GROUPS for s in group if s not in NOT_OF_LIVY_LOCAL])
def test_livy_local_answers_as_livy_did(run, scenario):
    outcome = run.outcome(scenario)
    assert outcome.agrees, "\n".join([str(outcome), *map(str, outcome.findings)])
    assert not outcome.unsuitable


def test_every_recording_is_in_the_plan():
    assert sorted(chain.from_iterable(GROUPS)) == recording.scenarios()


STATEMENT = {
    "id": 3,
    "code": "1+1",
    "state": "available",
    "output": {"status": "ok", "execution_count": 3, "data": {"text/plain": "2"}},
    "progress": 1.0,
    "started": 1795530849211,
    "completed": 1795530849212,
}


def changed(**fields):
    return copy.deepcopy(STATEMENT) | fields


def places(recorded, got):
    return [difference.where for difference in differences(recorded, got)]


def test_an_equal_answer_does_not_differ():
    assert places(STATEMENT, changed(started=1, completed=2)) == []


def test_a_changed_state_is_found():
    assert places(STATEMENT, changed(state="error")) == [".state"]


def test_a_missing_or_further_key_is_found():
    without = changed()
    del without["output"]["data"]
    assert places(STATEMENT, without) == [".output.keys"]
    assert places(STATEMENT, changed(more=1)) == [".keys"]


def test_a_changed_text_is_found():
    other = changed()
    other["output"]["data"]["text/plain"] = "3"
    assert places(STATEMENT, other) == [".output.data.text/plain"]


def test_a_changed_type_is_found():
    assert places(STATEMENT, changed(id="3")) == [".id"]
    assert places(STATEMENT, changed(completed=None)) == [".completed"]
    assert places({"flag": 1}, {"flag": True}) == [".flag"]


def test_a_statement_that_never_started_is_found():
    assert places(STATEMENT, changed(started=0)) == [".started"]


def test_a_lost_row_is_found():
    assert places({"data": [[1], [2]]}, {"data": [[1]]}) == [".data.length"]
    assert places({"data": [[1], [2]]}, {"data": [[1], [3]]}) == [".data[1][0]"]


def test_of_a_cut_list_and_a_cut_text_what_was_kept_is_compared():
    kept = list(range(40))
    assert places(kept, list(range(70))) == []
    assert places(kept, list(range(50))) == [".length"]
    assert places("ab…[cut]…yz", "ab and so on to yz") == []
    assert places("ab…[cut]…yz", "ab and so on to xz") == [""]


def test_a_cut_text_is_compared_before_and_after_the_cut():
    recorded = "a.B: boom\n\tat a.B.c(B.ja…[cut]….java:9)\n\tat a.B.d(B.java:7)\nCaused by: z"
    assert places(recorded, "a.B: boom\n\tat x.Y.z(Y.java:1)\nCaused by: z") == []
    assert places(recorded, "a.B: bang\n\tat x.Y.z(Y.java:1)\nCaused by: z") == [""]
    assert places(recorded, "a.B: boom\n\tat x.Y.z(Y.java:1)\nCaused by: y") == [""]


def test_of_a_traceback_only_the_frames_may_differ():
    recorded = ["Traceback:\n", '  File "/a/b.py", line 7, in f\n    g()\n', "ValueError: no\n"]
    assert places({"traceback": recorded}, {"traceback": [recorded[0], recorded[2]]}) == []
    assert places({"traceback": recorded}, {"traceback": [*recorded[:2], "ValueError: yes\n"]}) == [".traceback[1]"]


def job(value):
    result = base64.b64encode(base64.b64encode(pickle.dumps(value))).decode()
    return {"id": 1, "state": "SUCCEEDED", "result": result, "error": None}


def test_a_changed_result_of_a_job_is_found():
    assert places(job([1, "a"]), job([1, "a"])) == []
    assert places(job([1, "a"]), job([1, "b"])) == [".result"]
    assert places(job([1, "a"]), job(None) | {"result": None}) == [".result"]


def test_a_mask_hides_addresses_and_frames_but_no_words():
    assert masked("<Foo at 0x7f01>") == masked("<Foo at 0x9a>")
    assert masked("a.B: boom\n\tat a.B.c(B.java:12)") == masked("a.B: boom\n\tat a.B.d(B.java:99)")
    assert masked("a.B: boom") != masked("a.B: bang")
    assert masked("res0: Int = 2") != masked("res0: Int = 3")


def test_the_code_of_the_cell_stays_in_a_masked_traceback():
    assert "line 2" in masked('  File "<stdin>", line 2, in f\n')


class Canned:
    """A server that always gives the same answer."""

    name = "canned"

    def __init__(self, status, body, headers=None):
        self.reply = Answer(status, headers or {}, body)

    def ask(self, *_):
        return self.reply


def replayed(exchange, server):
    replay = Replay("any", World(server), [exchange])
    replay.run()
    return [finding.difference.where for finding in replay.findings]


ASKED = Exchange(number=1, method="POST", path="/sessions/9999/connect", body=None, status=404, answer={"msg": "no"})


def test_a_changed_status_is_found():
    assert replayed(ASKED, Canned(404, {"msg": "no"})) == []
    assert replayed(ASKED, Canned(400, {"msg": "no"})) == ["status"]


def test_a_changed_content_type_is_found():
    asked = Exchange(**{**vars(ASKED), "headers": {"Content-Type": "application/json;charset=utf-8"}})
    assert replayed(asked, Canned(404, {"msg": "no"}, {"content-type": "application/json; charset=UTF-8"})) == []
    assert replayed(asked, Canned(404, {"msg": "no"}, {"content-type": "text/html"})) == ["Content-Type"]


def judged(found, known):
    findings = [Finding("any", ASKED, difference) for difference in found]
    outcome = Outcome("any")
    judge(outcome, findings, known)
    return outcome


def test_a_known_difference_is_told_but_does_no_harm():
    known = Known("any", "connect", "msg", why="because")
    outcome = judged(differences({"msg": "no"}, {"msg": "yes"}), [known])
    assert outcome.agrees and list(outcome.known) == [known]


def test_a_known_difference_that_is_gone_is_told():
    known = Known("any", "connect", "msg", why="because")
    outcome = judged([], [known])
    assert not outcome.agrees and "no longer differs" in str(outcome)


def test_what_differs_is_told_in_one_line():
    found = differences({"msg": "a\n" * 80 + "one"}, {"msg": "a\n" * 80 + "two"})
    told = str(judged(found, []))
    assert "\n" not in told and "one" in told and "two" in told and len(told) < 300


def test_what_was_never_created_is_not_looked_for():
    assert World(Canned(200, "")).path("/sessions/12") is None
    assert World(Canned(200, "")).path("/sessions/9999/state") != "/sessions/9999/state"


def test_a_session_that_does_not_start_is_no_reason_to_skip():
    run = Run(Canned(500, "no"), ["large_output"])
    outcome = run.outcome("large_output")
    run.close()
    assert not outcome.agrees and "no session" in outcome.error
