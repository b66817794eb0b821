"""Reads a recording, which is the exchanges of one scenario in order."""

import json
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent / "recordings"


@dataclass(frozen=True)
class Exchange:
    number: int  # its line in the recording
    method: str
    path: str
    body: object  # a JSON value, a text that was sent unchanged, or None
    status: int
    answer: object  # a JSON value, or a text
    headers: dict = field(default_factory=dict)
    note: str = ""
    pause: float = 0.0  # seconds between the end of the exchange before this one and its start

    def __str__(self):
        code = self.body.get("code") if isinstance(self.body, dict) else None
        said = "" if self.body is None else json.dumps(self.body if code is None else code, ensure_ascii=False)
        return f"{self.method} {self.path} {said}".rstrip()


def scenarios():
    return sorted(path.stem for path in FOLDER.glob("*.jsonl"))


def read(scenario):
    with open(FOLDER / f"{scenario}.jsonl", encoding="utf-8") as lines:
        return parse(lines)


def parse(lines):
    exchanges, ended = [], None
    for number, line in enumerate(lines, 1):
        said = json.loads(line)
        began = said.get("at_ms")
        exchanges.append(
            Exchange(
                number=number,
                method=said["method"],
                path=said["path"],
                body=said.get("request_body"),
                status=said["status"],
                answer=said["response_body"],
                headers=said.get("response_headers", {}),
                note=said.get("note") or "",
                pause=0.0 if began is None or ended is None else max(0.0, (began - ended) / 1000),
            )
        )
        ended = None if began is None else began + said["elapsed_ms"]
    return exchanges
