"""Replaces or removes what changes in a text from run to run."""

import re

MASKS = [
    (re.compile(pattern), word)
    for pattern, word in [
        (r"\b0x[0-9a-f]+\b", "0x…"),
        (r"@[0-9a-f]{5,8}\b", "@…"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID"),
        (r"\b\d\d/\d\d/\d\d \d\d:\d\d:\d\d\b", "TIME"),
        (r"(file:)?/[^\s'\":,;()\\]*\b(tmp|site-packages|pyspark|python[\d.]*|jvm)\b[^\s'\":,;()\\]*", "PATH"),
        (r"\([\w.-]+ executor driver\)", "(HOST executor driver)"),
        (r"\b(stage|task) \d+\.\d+", r"\1 N"),
        (r"\bTask \d+ in", "Task N in"),
        (r"\bTID \d+", "TID N"),
        (r"\b(Job|job group|for session) \d+", r"\1 N"),
        (r"#\d+(L?)", r"#N\1"),
        (r"\b(splits|plan_id)=\d+", r"\1=N"),
        (r"\.\.\. \d+ (elided|more)", r"... N \1"),
    ]
]

# `at a.b.C.d(C.java:1)`, without `at` in SQL statements.
PLACE = r"[\w$-]+\.(java|scala)(:\d+)?|Native Method|Unknown Source|<\w+>(:\d+)?"
JAVA_FRAME = re.compile(rf"^\s*(at .*\(.*\)|\.\.\. N (more|elided)|[\w.$/<>-]+\(({PLACE})\))$")
PYTHON_FRAME = re.compile(r'^\s*File "(?P<file>[^"]*)", line \d+')


def masked(text):
    """Returns a text without addresses, times, paths and stack frames outside the cell."""
    for pattern, word in MASKS:
        text = pattern.sub(word, text)
    lines = text.split("\n")
    kept = list(without_frames(lines))
    # Without its frames the text may end before them.
    return "\n".join(kept).rstrip("\n") if len(kept) < len(lines) else text


def without_frames(lines):
    dropping = False
    for line in lines:
        frame = PYTHON_FRAME.match(line)
        if frame:
            dropping = not frame["file"].startswith("<")
        elif not line.startswith("    "):
            dropping = False
        if not dropping and not JAVA_FRAME.match(line):
            yield line
