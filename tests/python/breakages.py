"""Named cells that break the Python they run in."""

# A cell whose `restore()` can repair what the next one breaks; it calls no builtins.
KEEP = """
import ast, base64, builtins, collections, copyreg, ctypes, functools, io, json, json.decoder, json.encoder, linecache
import logging, os, pickle, queue, re, resource, select, signal, sys, threading, time, traceback, warnings

def restore(
    kept=[(vars(m), dict(vars(m))) for m in (
        ast, base64, builtins, collections, copyreg, ctypes, functools, io, json, json.decoder, json.encoder, linecache,
        logging, os, pickle, queue, re, select, signal, threading, time, traceback, warnings)],
    methods=[(c, n, vars(c)[n]) for c, names in {
        threading.Thread: ['start', 'run'], threading.Condition: ['wait', 'notify', 'notify_all'],
        queue.Queue: ['put', 'get'], logging.Logger: ['_log'],
        json.decoder.JSONDecoder: ['decode', 'raw_decode'],
    }.items() for n in names],
    environment=dict(os.environ), folder=os.getcwd(), hook=sys.displayhook, filters=list(warnings.filters),
    setattr=setattr,
):
    for there, before in kept:
        there.update(before)
    for owner, name, value in methods:
        setattr(owner, name, value)
    sys.settrace(None); sys.setprofile(None)
    sys.displayhook = hook
    os.chdir(folder)
    os.environ.update(environment)
    for limit in resource.RLIMIT_NOFILE, resource.RLIMIT_AS:
        resource.setrlimit(limit, (resource.getrlimit(limit)[1],) * 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.disable(logging.NOTSET)
    warnings.filters[:] = filters
"""

DELETED = (
    "print len str isinstance __import__ open getattr Exception BaseException eval dict type range __build_class__"
)
BROKEN = DELETED.replace("Exception BaseException ", "") + " super compile exec repr min max"

BUILTINS = {
    **{f"del {name}": f"import builtins\ndel builtins.{name}" for name in DELETED.split()},
    "no builtins": "import builtins\nbuiltins.__dict__.clear()",
    "del __builtins__": "x = 1\nglobals()['__builtins__']\ndel __builtins__",
    "empty __builtins__": "__builtins__ = {}",
    "no globals": "globals().clear()\n__name__ = 'x'",
}

# What a cell has replaced stays, even if it fails, since the user may want it.
REPLACED = {
    **{f"broken {name}": f"import builtins\nbuiltins.{name} = lambda *a, **k: 1/0" for name in BROKEN.split()},
    "displayhook": "import sys\nsys.displayhook = lambda value: 1/0",
    "a silent print": "import builtins\nbuiltins.print = lambda *a, **k: None",
    "another str": "import builtins\nclass str(str): pass\nbuiltins.str = str\ndel str",
}

MISSED = "json threading traceback sys builtins io os ast linecache encodings _livy_kernel_agent __main__ pyspark py4j"

MODULES = {
    "json.dumps": "import json\njson.dumps = lambda *a, **k: 'nonsense'",
    "json.loads": "import json\njson.loads = json.JSONDecoder = None",
    "json.encoder": "import json.encoder as e\ne.c_make_encoder = e.JSONEncoder = e.encode_basestring = e.encode_basestring_ascii = None",
    "json.decoder": "import json.decoder as d\nd.JSONDecoder.decode = d.JSONDecoder.raw_decode = d.scanstring = None",
    "no modules": "import sys\nsys.modules.clear()",
    "other modules": "import sys\nsys.modules = {}",
    **{f"del module {name}": f"import sys\nsys.modules.pop('{name}')" for name in MISSED.split()},
    "time": "import time\ntime.sleep = lambda s: 1/0\ntime.time = time.monotonic = None",
    "traceback": "import traceback\ntraceback.format_exc = traceback.format_exception = traceback.format_exception_only = None",
    "io": "import io\nio.StringIO = io.TextIOWrapper = None",
    "pickle": "import pickle\npickle.loads = pickle.dumps = lambda *a, **k: 1/0",
    "base64": "import base64\nbase64.b64encode = base64.b64decode = lambda *a, **k: 1/0",
    "ast": "import ast\nast.parse = ast.Module = ast.Interactive = lambda *a, **k: 1/0",
    "os": "import os\nos.write = os.read = os.getpid = os.fstat = os.dup2 = None",
    "threads": "import threading\nthreading.Thread = threading.Event = threading.Condition = threading.Lock = None",
    "thread.start": "import threading\nthreading.Thread.start = threading.Thread.run = lambda *a: 1/0",
    "queue": "import queue\nqueue.Queue.put = queue.Queue.get = lambda *a: 1/0",
    "condition": "import threading\nthreading.Condition.wait = threading.Condition.notify = threading.Condition.notify_all = lambda *a: 1/0",
    "warnings": "import warnings\nwarnings.simplefilter('error')",
    "no warnings": "import warnings\nwarnings.catch_warnings = warnings.warn = None",
    "logging": "import logging\nlogging.disable()\nlogging.Logger._log = lambda *a, **k: 1/0",
    "linecache": "import linecache\nlinecache.checkcache = linecache.getline = lambda *a: 1/0",
    "functools": "import functools\nfunctools.partial = functools.wraps = None",
    "re": "import re\nre.compile = re.match = re.sub = re.search = lambda *a: 1/0",
    "select": "import select\nselect.poll = select.select = None",
    "ctypes": "import ctypes\nctypes.pythonapi = ctypes.py_object = None",
    "signal module": "import signal\nsignal.signal = signal.getsignal = signal.pthread_kill = lambda *a: 1/0",
    "atexit": "import atexit\natexit.register(lambda: 1/0)",
    "locale": "import locale\ntry: locale.setlocale(locale.LC_ALL, 'xx_YY')\nexcept locale.Error: locale.setlocale(locale.LC_ALL, 'C')",
    "copy": "import copyreg, collections\ncopyreg.pickle = collections.OrderedDict = collections.deque = None",
}

SYSTEM = {
    "settrace": "import sys\nsys.settrace(lambda *a: 1/0)",
    "setprofile": "import sys\nsys.setprofile(lambda *a: 1/0)",
    "threading.settrace": "import threading\nthreading.settrace(lambda *a: 1/0)\nthreading.setprofile(lambda *a: 1/0)",
    "trace of the shell": "import sys\ndef t(*a): return t\nf = sys._getframe()\nwhile f: f.f_trace = lambda *a: 1/0; f = f.f_back\nsys.settrace(t)",
    "displayhook": "import sys\nsys.displayhook = None",
    "del displayhook": "import sys\ndel sys.displayhook",
    "excepthook": "import sys, threading\nsys.excepthook = threading.excepthook = sys.unraisablehook = None",
    "no stdout": "import sys\nsys.stdout = None",
    "del stdout": "import sys\ndel sys.stdout",
    "closed stdout": "import sys\nsys.stdout.close()",
    "stdout is an object": "import sys\nsys.stdout = object()",
    "no stderr": "import sys\nsys.stderr = None",
    "del stderr": "import sys\ndel sys.stderr",
    "closed stderr": "import sys\nsys.stderr.close()",
    "stderr is an object": "import sys\nsys.stderr = object()",
    "no stdin": "import sys\nsys.stdin = None\ndel sys.stdin",
    "recursion limit": "import sys\nfor n in range(1, 100):\n    try: sys.setrecursionlimit(n); break\n    except RecursionError: pass",
    "no path": "import sys\nsys.path.clear(); sys.path_hooks.clear(); sys.path_importer_cache.clear()",
    "no finders": "import sys\nsys.meta_path.clear()",
    "path is None": "import sys\nsys.path = sys.meta_path = None",
    "a hook that raises": "import sys\nsys.addaudithook(lambda event, _: 1/0 if event == 'a.breakage' else None)",
}

PROCESS = {
    **{f"close {n}": f"import os\nos.close({n})" for n in range(3)},
    "close 0 1 2": "import os\nos.close(0); os.close(1); os.close(2)",
    "null": "import os\nn = os.open(os.devnull, os.O_RDWR)\nfor d in range(3): n = os.dup2(n, d)",
    "fork": "import os\npid = os.fork()\nn = pid and os.waitpid(pid, 0)",
    "forks that raise": "import os\nif os.fork() == 0: raise SystemExit(3)",
    "ignored SIGINT": "import signal\nh = signal.signal(signal.SIGINT, signal.SIG_IGN)",
    "default signals": "import signal\nfor s in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD): h = signal.signal(s, signal.SIG_DFL)",
    "an own SIGINT": "import os, signal, threading, time\nh = signal.signal(signal.SIGINT, lambda *a: 1/0)",
    "few files": "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (10, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))",
    "no core": "import resource\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    "little memory": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (1 << 28, resource.getrlimit(resource.RLIMIT_AS)[1]))",
    "no gc": "import gc\ngc.disable(); gc.freeze()",
    "no folder": "import os, tempfile\nd = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)",
    "no environment": "import os\nos.environ.clear()",
    "faulthandler": "import faulthandler\nfaulthandler.disable()",
}

RAISED = {
    "exit": "import sys\nsys.exit(3)",
    "quit": "quit()",
    "SystemExit": "raise SystemExit",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "StopIteration": "raise StopIteration",
    "an error without words": "class E(Exception):\n    def __str__(self): raise self\n    __repr__ = __str__\nraise E",
    "an error that exits": "class E(Exception):\n    def __str__(self): raise SystemExit\n    __repr__ = __str__\nraise E",
    "an error without a class": "class E(Exception):\n    @property\n    def __class__(self): raise ValueError\nraise E",
    "an error without a name": "class M(type):\n    @property\n    def __name__(cls): raise ValueError\n    __qualname__ = __module__ = __name__\nclass E(Exception, metaclass=M): pass\nraise E",
    "a cycle of causes": "a, b = ValueError('a'), ValueError('b')\na.__cause__, b.__cause__ = b, a\nraise a",
    "a deep cause": "e = None\nfor i in range(5000):\n    f = ValueError(i); f.__cause__ = e; e = f\nraise e",
    "an error of much text": "raise ValueError('x' * 1_000_000)",
    "a lone surrogate": "raise ValueError('\\ud800')",
}

SHOWN = {
    "_repr_html_ raises": "class A:\n    def _repr_html_(self): 1/0\nA()",
    "_repr_html_ exits": "class A:\n    def _repr_html_(self): raise SystemExit\nA()",
    "_repr_html_ is a number": "class A:\n    def _repr_html_(self): return 5\n    _repr_png_ = _repr_html_\nA()",
    "_repr_mimebundle_ is odd": "class A:\n    def _repr_mimebundle_(self, **k): return {1: object(), None: [A()]}, 7\nA()",
    "__getattr__ raises": "class A:\n    def __getattr__(self, name): 1/0\nA()",
    "__getattr__ gives anything": "class A:\n    def __getattr__(self, name): return A()\n    def __call__(self, *a, **k): return A()\nA()",
    "__repr__ raises": "class A:\n    def __repr__(self): raise KeyboardInterrupt\nA()",
    "__repr__ is no text": "class A:\n    def __repr__(self): return 5\nA()",
    "a lone surrogate shown": "print('\\ud800')\n'\\ud800'",
    "a list that has itself": "x = []\nx.append(x)\nx",
    "json of itself": "x = {}\nx['x'] = x\n%json x",
    "json of a number": "x = float('nan')\n%json x",
    "__class__ raises": "class A:\n    @property\n    def __class__(self): 1/0\nA()",
}

# Spark's own Python calls what these break.
WITHOUT_SPARK = {"json.loads", "json.decoder", "linecache", "few files", "little memory"}

GROUPS = {
    "builtins": BUILTINS,
    "modules": MODULES,
    "system": SYSTEM,
    "process": PROCESS,
    "raised": RAISED,
    "shown": SHOWN,
}

LOSSES = [
    "import os\nos._exit(3)",
    "import os\nos.closerange(0, 200)",
    "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
]
