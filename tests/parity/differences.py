"""The cells, by notebook and how they begin, that may show something else than in ipykernel, and why."""

EXIT_WARNING = "IPython's remark on `exit` comes from IPython."
GETPASS = "Python's prompt; ipykernel asks without one."
NO_TEXT = "The error itself is named, not that of its text."
TQDM = "tqdm knows ipykernel by its modules, and misses ipywidgets, which no frontend could show yet."

WITH_IPYTHON = {
    ("cell_magics", "# A comment before the magic."): "Comments may stand above a magic.",
    ("errors", "class BadStr"): NO_TEXT,
    ("magics", "%config"): "It lists ipykernel's application.",
    ("magics", "%edit"): "The driver has no editor, and the frontend none of the driver's files.",
    ("magics", "%quickref"): "It lists this kernel's magics.",
    ("magics", '%%python -c "print(1)"'): "It is the magic that chooses Python in the other kernels.",
    ("names", "sorted(name for name in dir()"): "Livy's own names are there.",
    ("raw_input", "breakpoint()"): "It asks, so that it needs no debugger beside the notebook.",
    ("raw_input", "def count()"): "It asks, so that it needs no debugger beside the notebook.",
    ("raw_input", "import getpass"): GETPASS,
    ("script_magics", "subprocess.run(['sh', '-c', 'echo to stdout"): "ipykernel shows the text in its own log.",
    ("streams", "from tqdm.auto"): TQDM,
}

WITHOUT_IPYTHON = {
    ("await", "%%time"): "The fallback's `%%time` can await.",
    ("await", "asyncio.get_event_loop().is_running()"): "The loop runs only while a cell awaits something.",
    ("classes", "class Pretty"): "`_repr_pretty_` needs IPython's printer.",
    ("classes", "class WrongType"): "The warning comes from IPython.",
    ("classes", "import re\n"): "IPython prints patterns its own way.",
    ("errors", "class BadStr"): NO_TEXT,
    ("errors", "def thrower"): "Groups of errors are shown as errors, not as text.",
    ("errors", "raise ExceptionGroup"): "Groups of errors are shown as errors, not as text.",
    ("errors", "raise SystemExit"): EXIT_WARNING,
    ("libraries", "parser.parse_args(['--wrong'])"): EXIT_WARNING,
    ("papermill/line_magic_error", "%undefined"): "The fallback says where its magics are listed.",
    ("raw_input", "import getpass"): GETPASS,
    ("streams", "'\\d' == '\\\\d'"): "IPython compiles a cell thrice, and so warns thrice.",
    ("streams", "1 is 1"): "IPython compiles a cell thrice, and so warns thrice.",
    ("streams", "from tqdm.auto"): TQDM,
    (
        "tables",
        "pd.DataFrame(np.arange(100)",
    ): "pandas asks IPython whether this is a terminal, where it shows all columns.",
    ("tables", "pd.set_option('display.html.table_schema'"): "pandas registers this form with IPython.",
}

KNOWN = {"ipython": WITH_IPYTHON, "plain": WITHOUT_IPYTHON, "itself": {}}
