"""Where a cell may give something else than in ipykernel, and why; by how the cell begins."""

NO_NAME = "Livy's namespace has no __name__, and other clients of the session would notice one"
SAME_TEXT = "what the shell shows for it is what other clients see, and is left as it is"

KNOWN = {
    "lambda a: a": NO_NAME,
    "class Plain:": NO_NAME,
    "class Broken:": "a form that fails is told on stderr, since the cell itself went well",
    "sys.stdout.write('no line break')": SAME_TEXT,
    "import warnings": "the line itself is not repeated: the shell calls all cells by one file name",
    "!echo from the shell": "a pipe, not a terminal: lines do not end in a carriage return",
}
