"""How the agent interrupts R's process and reads its output, without R: another process, and recorded text."""

import signal as signals
import subprocess
from functools import partial

import psutil
import pytest


def value_of(session, expression):
    """Returns the value of an expression of the agent's package, which is `agent`."""
    module = "__import__('sys').modules['_livy_kernel_agent']"
    return session.job(f"lambda jc: (lambda agent: __import__('json').dumps({{'ok': {expression}}}))({module})")


def signal(session, pid):
    """Has the agent interrupt a process as if it were R's."""
    session.do(f"setattr(agent.r.r, 'process', type('Process', (), {{'pid': lambda self: {pid}}})())")
    answer = value_of(session, "agent.r.r.signal(lambda: True)")
    session.do("setattr(agent.r.r, 'process', None)")
    return answer


def shown(session, text):
    """Returns what is shown of R's output while a statement runs."""
    output = f"type('Read', (agent.r_output.Output,), {{'__init__': lambda self: None, 'text': {text!r}}})()"
    return value_of(session, output + ".shown()")


def test_an_interrupt_reaches_r_and_the_command_that_it_waits_for(session):
    command = ["sh", "-c", "trap 'exit 7' INT; sleep 60 & wait; wait"]
    # A shell cannot trap a signal that it is to ignore, as whatever runs in the background is.
    heed = partial(signals.signal, signals.SIGINT, signals.SIG_DFL)
    with subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=heed) as r:
        while not (children := psutil.Process(r.pid).children()):
            pass
        assert signal(session, r.pid)["raised"]
        assert r.wait(10) == 7
        for child in children:
            child.kill()


def test_a_process_that_is_gone_is_not_interrupted(session):
    with subprocess.Popen(["true"]) as gone:
        gone.wait(10)
    assert not signal(session, gone.pid)["raised"]


def test_without_a_process_of_r_nothing_is_interrupted(session):
    assert not session.call("interrupt", "1", "sparkr")["raised"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\na\nb", "a\nb"),
        ('[1] "a value"\n', '[1] "a value"\n'),
        ('a\n[1] "----LIVY_END', "a\n"),
        ("a\n[1]", "a\n"),
        ('no newline[1] "Error in f(): x\\n----LIVY_END_OF_ERROR----"\nWarning message:\n', "no newline"),
        ("\x1b[31mred\x1b[0m \x1b[1;31mx", "red \x1b[131mx"),
        ("a\x1b[3", "a"),
    ],
)
def test_what_is_shown_while_r_runs_is_how_livys_answer_begins(session, text, expected):
    assert shown(session, text) == expected
