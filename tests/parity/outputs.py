"""Collects what is seen of a cell, in a form in which two kernels can be compared."""

import re
import time
from base64 import b64decode
from dataclasses import dataclass, field
from hashlib import sha256

CELL_TIMEOUT = 60

# What a frontend does not show; widgets speak through comms.
UNSEEN = ("status", "execute_input", "comm_open", "comm_msg", "comm_close")

# What differs from run to run, and what stands for it.
CHANGING = (
    (re.compile(r"(?:0[xX]|\bat )[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"\b(?:[0-9a-f]{32}|[0-9a-f]{16}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})\b"), "…"),
    (re.compile(r"\b(parity-|ipython_edit_)\w{8}\b"), r"\1…"),
    (re.compile(r"\d[\d.]*(?:e[+-]\d+)? (?:s|ms|[µμ]s|ns|seconds)\b"), "… s"),
    (
        re.compile(r"[^\s(\"']*(?:ipykernel_\d+/\d+\.py|<stdin>|<cell[^>]*>|<ipython-input[^>]*>)|\b\d{6,}\.py"),
        "<cell>",
    ),
    (re.compile(r"\bThread-\d+"), "Thread-…"),
    (re.compile(r"\bpid[ =]\d+"), "pid …"),
    # IPython's remark on how even the runs were.
    (re.compile(r"The slowest run took .*\n"), ""),
    (re.compile(r"\(\d+ times\)"), "(… times)"),
    (re.compile(r"(?<=tests in )\d+\.\d+s"), "…s"),
    (re.compile(r"<(?:ipykernel.zmqshell|_livy_kernel_agent.ipython_shell)\.(?=ZMQInteractiveShell)"), "<"),
    # A profile's figures.
    (re.compile(r"^( +\d[\d/]*) +(?:\d+\.\d{3} +){4}", re.MULTILINE), r"\1 … "),
    # A tqdm's.
    (re.compile(r"\[\d\d:\d\d<[^\]]*\]"), "[…]"),
)
# The number of a cell, of which a kernel that was started again has fewer.
NUMBER = re.compile(r"(?<=\bIn\[)\d+(?=\], line)|(?<=execution_count=)\d+")
COLOUR = re.compile(r"\x1b\[[\d;]*m")
# ipykernel's own part of a stack.
KERNELS_FRAME = re.compile(r"^(?:\x1b\S*)?File (?:\x1b\S*)?/\S*/ipykernel/.*?\n\n", re.MULTILINE | re.DOTALL)


@dataclass
class Seen:
    """What is seen of a cell."""

    outputs: list = field(default_factory=list)
    questions: list = field(default_factory=list)
    payload: list = field(default_factory=list)
    reply: dict = field(default_factory=dict)

    @property
    def has_ended_kernel(self):
        """Returns whether the cell has not come to an end, or was `exit`, after which ipykernel ends itself."""
        return not self.reply or any(sent["source"] == "ask_exit" and not sent["keepkernel"] for sent in self.payload)

    def without_tracebacks(self):
        """Returns it as kernels show it whose errors look otherwise."""
        outputs = [
            (kind, {**content, "traceback": ""} if kind == "error" else content) for kind, content in self.outputs
        ]
        return Seen(outputs, self.questions, self.payload, self.reply)


def run(client, cell, folder, number):
    """Runs a cell, answers what it asks, and returns what is seen of it. `number` is the last cell's."""
    collector = Collector(client, cell, str(folder), number)
    reply = client.execute_interactive(
        cell.code,
        timeout=CELL_TIMEOUT,
        output_hook=collector.add,
        stdin_hook=collector.answer,
        allow_stdin=bool(cell.answers),
    )
    return collector.seen_with(reply["content"])


class Collector:
    def __init__(self, client, cell, folder, number):
        self.client = client
        self.code = cell.code
        self.answers = list(cell.answers)
        self.folder = folder
        self.number = number
        self.seen = Seen()
        self.clears = False
        self.deadline = time.monotonic() + CELL_TIMEOUT

    def answer(self, message):
        content = message["content"]
        self.seen.questions.append((self.plain(content["prompt"]), content["password"]))
        self.client.input(self.answers.pop(0) if self.answers else "q")

    def seen_with(self, reply):
        self.seen.payload = self.plain(reply.get("payload", []))
        self.seen.reply = {"status": reply["status"], "execution_count": self.distance(reply["execution_count"])}
        return self.seen

    def add(self, message):
        # The client looks at the time only while nothing comes.
        if time.monotonic() > self.deadline:
            raise TimeoutError("it goes on printing")
        kind, content = message["msg_type"], message["content"]
        if kind in UNSEEN or is_progress(kind, content) or self.is_left_over(kind, content):
            return
        if kind == "clear_output":
            self.clears = True
            if content["wait"]:
                return
        if self.clears:
            self.seen.outputs.clear()
            self.clears = False
        if kind == "stream":
            add_text(self.seen.outputs, content["name"], content["text"], self.plain)
        elif kind != "clear_output":
            self.seen.outputs.append((kind, self.form(kind, content)))

    def is_left_over(self, kind, content):
        """Returns whether an error is of a coroutine of IPython's that Python collects, which may be at any time."""
        return kind == "error" and content["ename"] == "GeneratorExit" and "GeneratorExit" not in self.code

    def form(self, kind, content):
        if kind == "error":
            traceback = COLOUR.sub("", "\n".join(content["traceback"]))
            return {
                **self.plain({key: content[key] for key in ("ename", "evalue")}),
                "traceback": self.plain(traceback),
            }
        if "metadata" not in content:
            return {}
        shown = {"data": {mime: self.data(mime, value) for mime, value in content["data"].items()}}
        shown["metadata"] = content["metadata"]
        shown["id"] = self.plain(content.get("transient", {}).get("display_id"))
        if "execution_count" in content:
            shown["execution_count"] = self.distance(content["execution_count"])
        return shown

    def distance(self, count):
        """Returns how far after the last cell a cell is."""
        return None if count is None else int(count) - self.number

    def data(self, mime, value):
        return picture(mime, value) if mime.startswith("image/") else self.plain(value)

    def plain(self, value):
        """Removes what differs from run to run."""
        if isinstance(value, dict):
            return {key: self.plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.plain(item) for item in value]
        if not isinstance(value, str):
            return value
        value = KERNELS_FRAME.sub("", value.replace(self.folder, "<folder>"))
        for pattern, instead in CHANGING:
            value = pattern.sub(instead, value)
        return NUMBER.sub(lambda count: str(self.distance(count[0])), value)


def is_progress(kind, content):
    """Returns whether an output is about the session's start or Spark's jobs, which ipykernel lacks."""
    text = content.get("data", {}).get("text/plain", "")
    return "display_data" in kind and text.startswith(("Starting a Spark", "Spark"))


def add_text(outputs, name, text, plain):
    """Adds a stream's text to what came since the last display: how both streams are interleaved is chance."""
    texts = {}
    while outputs and outputs[-1][0] == "stream":
        known = outputs.pop()[1]
        texts[known["name"]] = known["text"]
    texts[name] = plain(texts.get(name, "") + text)
    outputs.extend(("stream", {"name": name, "text": texts[name]}) for name in sorted(texts, reverse=True))


def picture(mime, value):
    """Returns a short name of a picture: its size and what it shows. An SVG of matplotlib has random names."""
    if mime == "image/svg+xml":
        return value if len(value) < 1000 else f"SVG {re.findall('viewBox=.[^>]*?>', value)[:1]}"
    if not isinstance(value, str):
        return value
    data = b64decode(value)
    if mime != "image/png":
        return f"{len(data)} bytes, {sha256(data).hexdigest()[:8]}"
    size = [int.from_bytes(data[at : at + 4], "big") for at in (16, 20)]
    return f"PNG {size[0]} x {size[1]}, {sha256(data).hexdigest()[:8]}"
