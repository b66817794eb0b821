"""Compares an answer with the recorded one: keys, types, states and stable values. Pure."""

from dataclasses import dataclass
from itertools import dropwhile, takewhile

from . import job_result
from .mask import masked

CUT = "…[cut]…"  # marks the cut in a recorded text
LONG_LIST, KEPT = 60, 40  # a longer list was cut to so many items
FINISHED = {"available", "error", "cancelled"}
BUILD = {"url", "branch", "revision", "version", "date", "user"}


@dataclass(frozen=True)
class Difference:
    where: str
    recorded: object
    got: object

    def __str__(self):
        recorded, got = self.recorded, self.got
        if isinstance(recorded, str) and isinstance(got, str):
            recorded, got = from_where_they_differ(masked(recorded), masked(got))
        return f"{self.where or 'body'}: recorded {short(recorded)}, got {short(got)}"


def from_where_they_differ(recorded, got, before=24):
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(recorded, got, strict=False))
    start = sum(1 for _ in alike) - before
    return (f"…{recorded[start:]}", f"…{got[start:]}") if start > 0 else (recorded, got)


def short(value):
    return cut(repr(value))


def cut(text, limit=90):
    return text if len(text) <= limit else f"{text[:limit]}…"


def kind_of(value):
    """Returns which of Livy's objects a JSON object is."""
    if not isinstance(value, dict):
        return None
    keys = value.keys()
    if {"code", "progress", "output"} <= keys:
        return "statement"
    if {"result", "error", "state"} <= keys:
        return "job"
    if {"id", "state"} <= keys:
        return "session"
    if {"id", "log", "total"} <= keys:
        return "log"
    if {"from", "total", "sessions"} <= keys:
        return "page"
    return "build" if keys >= BUILD else None


def type_name(value):
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "string", list: "list", dict: "object", type(None): "null"}[type(value)]


def differences(recorded, got):
    return list(values("", recorded, got))


def values(where, recorded, got):
    if type_name(recorded) != type_name(got):
        yield Difference(where, recorded, got)
    elif isinstance(recorded, dict):
        yield from objects(where, recorded, got)
    elif isinstance(recorded, list):
        yield from lists(where, recorded, got)
    elif not (same_text(recorded, got) if isinstance(recorded, str) else recorded == got):
        yield Difference(where, recorded, got)


def objects(where, recorded, got):
    missing, extra = sorted(recorded.keys() - got.keys()), sorted(got.keys() - recorded.keys())
    if missing or extra:
        yield Difference(f"{where}.keys", missing, extra)
    for key in (key for key in recorded if key in got):
        yield from field(f"{where}.{key}", key, recorded, recorded[key], got[key])


def field(where, key, recorded, old, new):
    rule = RULES.get(key) or RULES_OF.get(kind_of(recorded), {}).get(key)
    if key == "traceback":
        yield from traceback(where, old, new)
    elif rule is None:
        yield from values(where, old, new)
    elif not rule(recorded, old, new):
        yield Difference(where, old, new)


def lists(where, recorded, got):
    whole = len(recorded) != KEPT or len(got) <= LONG_LIST
    if len(recorded) != len(got) and whole:
        yield Difference(f"{where}.length", len(recorded), len(got))
    for index, (old, new) in enumerate(zip(recorded, got, strict=False)):
        yield from values(f"{where}[{index}]", old, new)


def traceback(where, recorded, got):
    """Compares tracebacks without their frames; a recorded one may have been cut."""
    if not isinstance(got, list):
        yield Difference(where, recorded, got)
        return
    old, new = frameless(recorded), frameless(got)
    yield from values(where, old, new[: len(old)] if len(recorded) == KEPT else new)


def frameless(lines):
    return [line for line in lines if masked(str(line)).strip("\n")]


# Rules for fields that are not the same each time: the recorded object, its value, and the new one.


def log_lines(_, old, new):
    return isinstance(new, list) and all(isinstance(line, str) for line in new)


def natural(_, old, new):
    return type_name(new) == "number" and new >= 0


def some_text(_, old, new):
    return isinstance(new, str)


def text_or_null(_, old, new):
    return new is None or isinstance(new, str)


def image(_, old, new):
    return isinstance(new, str) and new[:8] == old[:8]


def moment(statement, old, new):
    return natural(statement, old, new) and (statement["state"] not in FINISHED or (old > 0) == (new > 0))


def progress(statement, old, new):
    return old == new if statement["state"] in FINISHED else type_name(new) == "number" and 0 <= new <= 1


def pickled(_, old, new):
    if not isinstance(old, str) or not isinstance(new, str):
        return old == new
    return same_text(old, new) if CUT in old else job_result.same(old, new)


RULES = {
    "log": log_lines,
    "image/png": image,
    # Whether these have a value depends on the server's user and machine.
    **dict.fromkeys(["appId", "owner", "proxyUser", "driverLogUrl", "sparkUiUrl", "executorLogUrls"], text_or_null),
}
RULES_OF = {
    "statement": {"started": moment, "completed": moment, "progress": progress},
    "job": {"result": pickled},
    "log": {"from": natural, "total": natural},
    "page": {"total": natural},
    "build": dict.fromkeys(BUILD, some_text),
}


def same_text(recorded, got):
    if CUT not in recorded:
        return masked(recorded) == masked(got)
    start, end = recorded.split(CUT)
    if "\n" not in start:
        return got.startswith(start) and got.endswith(end)
    start, end, got = masked(whole_lines(start)), masked(whole_lines_of_end(end)), masked(got)
    return got.startswith(start) and got.rstrip("\n").endswith(end.rstrip("\n"))


def whole_lines(start):
    """Only whole lines can be masked."""
    return "\n".join(start.split("\n")[:-1])


def whole_lines_of_end(end):
    """Nor can what is left of a frame."""
    return "\n".join(dropwhile(lambda line: line.startswith((" ", "\t")), end.split("\n")[1:]))
