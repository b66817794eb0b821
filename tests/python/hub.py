"""A JupyterHub as `kernel/docs/hub.md` describes it, with real users, on a machine within this one.

The machine has processes and mounts of its own, and this machine's files below: what it changes in /etc, /home, /opt
and /var, its users among it, is gone with it. Only root can make one.
"""

import json
import os
import re
import secrets
import shlex
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
import requests
import websocket
from conftest import CELL, SPARK_START, heed_signals, wait_until
from kerberos import free_port

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "kernel" / "docs" / "hub.md"
ENVIRONMENT = ROOT / ".venv-hub"
CONFIG = "/etc/jupyterhub/jupyterhub_config.py"
POLICY = "/etc/livy-kernel/policy.toml"
SETTINGS = "/etc/livy-kernel/livy-kernel.toml"
USERS = "alice", "bob", "carol"
PATH = "/opt/jupyter/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

INIT = """
mount -t tmpfs -o mode=1777 none /tmp
mkdir -m 700 /tmp/.layers
over() {
    mkdir -p /tmp/.layers$2/upper /tmp/.layers$2/work
    mount -t overlay -o lowerdir=$1,upperdir=/tmp/.layers$2/upper,workdir=/tmp/.layers$2/work none $2
}
for folder in /etc /home /opt /var; do over $folder $folder; done
mkdir -p /opt/jupyter
over "$1" /opt/jupyter
echo ready
exec sleep infinity
"""


def blocks():
    """Returns the files in the page by their first line."""
    fences = re.findall(r"^```\w*\n# ([^\n]+)\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    named = {head: text for head, text in fences if "/" in head}
    assert len(named) == len([head for head, _ in fences if "/" in head]), "two files of the page have the same head"
    return named


def replaced(text, places):
    """Returns a file of the page with what must differ here; no example is left."""
    for old, new in places.items():
        text = text.replace(old, new)
    assert "example" not in text, text
    return text


def why_not():
    """Returns why no such machine can be made here, or nothing."""
    if not (ENVIRONMENT / ".ready").exists():
        return "JupyterHub is not installed here: run make test-hub"
    if os.geteuid() != 0:
        return "only root can make users and run a hub for them"
    made = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True, text=True)
    if made.returncode != 0:
        return f"no mounts of its own are allowed here: {made.stderr.strip()}"
    entered = subprocess.run([ENVIRONMENT / "bin" / "python", "--version"], user="nobody", capture_output=True, cwd="/")
    if entered.returncode != 0:
        return "other users cannot read .venv-hub: the repository and the Python must not be in a closed folder"
    return None


class Machine:
    """A machine with three users, and the program in /opt/jupyter."""

    def __init__(self, program):
        inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        command = [*inside, "sh", "-ec", INIT, "init", str(ENVIRONMENT)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heed_signals)
        assert self.process.stdout.readline() == "ready\n"
        [init] = psutil.Process(self.process.pid).children()
        self.init = str(init.pid)
        self.passwords = {user: secrets.token_hex(8) for user in USERS}
        for user in USERS:
            self.run("useradd", "--create-home", "--shell", "/bin/bash", user)
        pairs = "".join(f"{user}:{password}\n" for user, password in self.passwords.items())
        self.run("chpasswd", text=pairs)
        with program.open("rb") as file:
            self.run(
                "sh", "-c", "cat > /opt/jupyter/bin/livy-kernel; chmod 755 /opt/jupyter/bin/livy-kernel", stdin=file
            )
        self.run("sh", "-c", ". /opt/jupyter/bin/activate; livy-kernel install --sys-prefix")
        for line in re.findall(r"^mkdir .+$", PAGE.read_text(), re.M):
            self.run(*line.split())

    def close(self):
        self.process.kill()
        self.process.wait(30)

    def words(self, command, user=None):
        enter = ["nsenter", "--target", self.init, "--mount", "--pid", "--"]
        return [*enter, *(["/usr/sbin/runuser", "--user", user, "--"] if user else []), *map(str, command)]

    def tried(self, *command, user=None, text=None, **options):
        """Runs a command there; returns its exit code and what it printed."""
        env = {"PATH": PATH, "LANG": "C.UTF-8", "HOME": f"/home/{user}" if user else "/root"} | options.pop("env", {})
        done = subprocess.run(
            self.words(command, user),
            env=env, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **options,
        )  # fmt: skip
        return done.returncode, done.stdout

    def run(self, *command, **options):
        code, told = self.tried(*command, **options)
        assert code == 0, (command, told)
        return told

    def write(self, path, text, mode="644"):
        self.run("sh", "-c", 'mkdir -p "$(dirname "$1")"; cat > "$1"; chmod "$2" "$1"', "sh", path, mode, text=text)

    def copy(self, source, path, user, mode="400"):
        with open(source, "rb") as file:
            self.run("sh", "-c", 'cat > "$1"; chmod "$2" "$1"; chown "$3" "$1"', "sh", path, mode, user, stdin=file)


class Hub:
    """A running hub."""

    def __init__(self, machine, url, log):
        self.machine, self.url, self.log = machine, url, log
        self.people = {}

    def person(self, name):
        """Returns a user who has logged in and whose server runs."""
        if name not in self.people:
            self.people[name] = Person(self, name)
        self.people[name].start()
        return self.people[name]


@contextmanager
def running_hub(machine, folder, livy, settings, parts=(), files=(), places=(), env=()):
    """Starts the hub with the page's files: the settings of this name, parts of the configuration, and other files.

    `places` are other values for what is written in the page, and each must be there.
    """
    page, port, api = blocks(), free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    places = dict(places) | {"https://livy.example:8998": livy, "https://hub.example": url, "http://:8000": url}
    config = page[CONFIG] + "".join(page[f"{CONFIG}, {part}"] for part in parts)
    # Ports of this machine are everybody's; which ones the hub uses within is not what the page is about.
    ports = f'c.JupyterHub.hub_port = {free_port()}\nc.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"\n'
    written = {CONFIG: config, SETTINGS: page[f"{SETTINGS}, {settings}"]} | {
        path: page[path] for path in [POLICY, *files]
    }
    unknown = [old for old in dict(places) if old not in "".join(written.values()) and "hub.example" not in old]
    assert not unknown, f"the page has no {unknown}"
    for path, text in written.items():
        machine.write(path, replaced(text, places) + (ports if path == CONFIG else ""))
    unit = page["/etc/systemd/system/jupyterhub.service"]
    [command], [path] = re.findall("^ExecStart=(.+)$", unit, re.M), re.findall("^Environment=PATH=(.+)$", unit, re.M)
    machine.run("find", "/var/lib/jupyterhub", "-mindepth", "1", "-delete")
    log = folder / f"hub-{port}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            machine.words(["env", "--chdir=/var/lib/jupyterhub", *shlex.split(command)]),
            env={"PATH": path, "LANG": "C.UTF-8", "HOME": "/root"} | dict(env),
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, preexec_fn=heed_signals,
        )  # fmt: skip
    try:
        wait_until(lambda: answers(url) or process.poll() is not None, 60, f"no hub: {log}")
        assert process.poll() is None, log.read_text()
        yield Hub(machine, url, log)
    finally:
        for jupyterhub in psutil.Process(process.pid).children():
            jupyterhub.terminate()
        process.wait(60)


def answers(url):
    try:
        return requests.get(f"{url}/hub/health", timeout=5).ok
    except requests.ConnectionError:
        return False


class Person:
    """A user in front of a browser."""

    def __init__(self, hub, name):
        self.hub, self.name = hub, name
        self.browser = requests.Session()
        self.log_in()
        self.token = self.hub_api("POST", f"/users/{name}/tokens", json={"note": "the test"}).json()["token"]

    def log_in(self):
        """Writes name and password into the form, or goes to the provider, which knows who sits here."""
        page = self.browser.get(f"{self.hub.url}/hub/login")
        if 'name="password"' in page.text:
            form = {"username": self.name, "password": self.hub.machine.passwords[self.name], "_xsrf": self.xsrf()}
            page = self.browser.post(f"{self.hub.url}/hub/login", data=form, allow_redirects=False)
            assert page.status_code == 302, page.text
        else:
            self.browser.cookies.set("who", self.name, domain="127.0.0.1")
            page = self.browser.get(f"{self.hub.url}/hub/oauth_login", params={"next": "/hub/home"})
            assert page.ok and page.url.endswith("/hub/home"), page.text

    def log_out(self):
        assert self.browser.get(f"{self.hub.url}/hub/logout").ok

    def xsrf(self):
        return next(
            cookie.value for cookie in self.browser.cookies if cookie.name == "_xsrf" and cookie.path == "/hub/"
        )

    def hub_api(self, method, path, **options):
        headers = {"X-XSRFToken": self.xsrf(), "Referer": f"{self.hub.url}/hub/home"}
        reply = self.browser.request(method, f"{self.hub.url}/hub/api{path}", headers=headers, timeout=60, **options)
        assert reply.ok, (path, reply.status_code, reply.text)
        return reply

    def server(self):
        """Returns what the hub says of this user's server, if there is one."""
        asked = requests.get(f"{self.hub.url}/hub/api/users/{self.name}", headers=self.login, timeout=60)
        assert asked.ok, asked.text
        return asked.json()["servers"].get("")

    @property
    def login(self):
        return {"Authorization": f"token {self.token}"}

    def start(self):
        server = self.server()
        if not (server and server["ready"]):
            self.hub_api("POST", f"/users/{self.name}/server")
            wait_until(lambda: (self.server() or {}).get("ready"), 60, f"no server: {self.hub.log}")

    def stop(self):
        self.hub_api("DELETE", f"/users/{self.name}/server")
        self.until_stopped()

    def until_stopped(self, timeout=60):
        wait_until(lambda: not self.server(), timeout, "the server still runs")

    def api(self, method, path, **options):
        reply = requests.request(
            method, f"{self.hub.url}/user/{self.name}/api{path}", headers=self.login, timeout=60, **options
        )
        assert reply.ok, (path, reply.status_code, reply.text)
        return reply

    @contextmanager
    def notebook(self, kernel="livy-pyspark", is_shut_down=True):
        """Starts a kernel; yields it as a page of JupyterLab sees it."""
        started = self.api("POST", "/kernels", json={"name": kernel}).json()["id"]
        try:
            with closing(Notebook(self, started)) as notebook:
                yield notebook
        finally:
            if is_shut_down:
                self.api("DELETE", f"/kernels/{started}")

    def shell(self, *command, **env):
        """Runs a command in a terminal of JupyterLab: with the environment of the user's server."""
        return self.hub.machine.tried(*command, user=self.name, env=self.environment() | env)

    def environment(self):
        """Returns the environment of the user's server, which is that of its terminals and kernels, too."""
        read = "for file in /proc/[0-9]*/environ; do grep -sqz JUPYTERHUB_API_TOKEN $file && cat $file && exit; done"
        text = self.hub.machine.run("sh", "-c", read, user=self.name)
        return dict(pair.split("=", 1) for pair in text.split("\0") if pair)


class Notebook:
    """A running kernel behind the hub, with the methods of `conftest.Kernel` that are needed."""

    def __init__(self, person, kernel):
        self.kernel = kernel
        self.session = secrets.token_hex(8)
        address = f"{person.hub.url}/user/{person.name}/api/kernels/{kernel}/channels?session_id={self.session}"
        self.socket = websocket.create_connection(address.replace("http", "ws", 1), header=person.login, timeout=CELL)

    def close(self):
        self.socket.close()

    def send(self, kind, content, channel="shell"):
        header = {"msg_id": secrets.token_hex(8), "session": self.session, "username": "", "msg_type": kind}
        header |= {"version": "5.3", "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": channel}
        self.socket.send(json.dumps(message | {"buffers": []}))
        return header["msg_id"]

    def begin(self, code):
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
        return self.send("execute_request", content | {"user_expressions": {}})

    def heard(self, cell, is_enough, timeout=CELL):
        """Returns the messages that answer a cell from now on, until these are enough."""
        shown, deadline = [], time.monotonic() + timeout
        while not is_enough(shown):
            self.socket.settimeout(max(0.1, deadline - time.monotonic()))
            message = json.loads(self.socket.recv())
            if message["parent_header"].get("msg_id") == cell:
                shown.append(message)
        return shown

    def ended(self, cell, timeout=CELL):
        """Waits for a cell's end; returns the content of its reply and what it published, without status."""

        def is_over(shown):
            idle = any(m["content"].get("execution_state") == "idle" for m in shown)
            return idle and any(m["msg_type"] == "execute_reply" for m in shown)

        messages = self.heard(cell, is_over, timeout)
        [reply] = [m["content"] for m in messages if m["msg_type"] == "execute_reply"]
        return reply, [
            m for m in messages if m["channel"] == "iopub" and m["msg_type"] not in ("status", "execute_input")
        ]

    def run(self, code, timeout=SPARK_START):
        return self.ended(self.begin(code), timeout)


@pytest.fixture(scope="session")
def machine(program):
    if reason := why_not():
        pytest.skip(reason)
    machine = Machine(program)
    yield machine
    machine.close()
