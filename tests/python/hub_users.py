"""Users of a JupyterHub are users of Livy, each as themselves: the files of `kernel/docs/hub.md`, run.

make test-hub
"""

import json
from contextlib import ExitStack

import hub_provider
import kerberos
import pytest
import requests
from conftest import list_sessions, printed, refused, said, sessions, wait_until
from hub import PAGE, USERS, machine, running_hub  # noqa: F401 (a fixture)

pytestmark = [
    pytest.mark.skipif(
        not kerberos.is_here(),
        reason="no KDC here (Debian: apt-get install krb5-kdc krb5-admin-server krb5-user python3-gssapi)",
    ),
    pytest.mark.timeout(900),
]
GATE, TOKEN_SCRIPT = "/etc/jupyterhub/livy_gate.py", "/etc/livy-kernel/login_token.py"
# Homes are open here; what users put there themselves is theirs to close.
KEPT = "/home/alice/.local/share/jupyter/", "/tmp/", "/var/", "/run/", "/dev/shm/"
COUNT = "import time\nfor i in range(60): print(i, flush=True); time.sleep(0.5)"
COUNTED = "".join(f"{i}\n" for i in range(60))
FOREVER = "import time\nprint('begun', flush=True)\ntime.sleep(3600)"


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    realm = kerberos.Realm(tmp_path_factory.mktemp("realm"), users=[*USERS, "hub", "notebooks"])
    yield realm
    realm.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hubs")


@pytest.fixture(scope="module")
def livy(livy_url, server_url, realm, machine):  # noqa: F811
    """The address of a Livy that asks for tickets and keeps its users apart, and trusts `hub` to act for others.

    What proves that a user was let in (Hadoop's cookie) ends after a second, so that tickets are needed always.
    """
    machine.write("/etc/krb5.conf", (realm.folder / "krb5.conf").read_text())
    for user in USERS:
        machine.copy(realm.folder / f"{user}.keytab", f"/home/{user}/keytab", user)
    access = "server" if livy_url else "local"
    with kerberos.gate(realm, server_url, access=access, superusers="hub", cookie_seconds=31) as (url, _):
        yield url


@pytest.fixture
def hub_of(machine, folder, livy):  # noqa: F811
    """Starts a hub with some of the page's files."""
    with ExitStack() as running:

        def start(settings, **options):
            return running.enter_context(running_hub(machine, folder, livy, settings, **options))

        yield start


def through_gate(machine, realm, settings="for the hub's tokens", parts=(), files=(), places=()):  # noqa: F811
    """Returns what a hub with the page's gate needs, with a keytab for the gate alone."""
    machine.tried("useradd", "--system", "livyhub")
    machine.run("mkdir", "-p", "/etc/jupyterhub")
    machine.copy(realm.folder / "hub.keytab", "/etc/jupyterhub/livy.keytab", "livyhub")
    address = {"http://127.0.0.1:8997": f"http://127.0.0.1:{kerberos.free_port()}"}
    options = {
        "parts": ["further lines for the gate", *parts],
        "files": [GATE, *files],
        "places": address | dict(places),
    }
    return {"settings": settings} | options


def kinit(person, lifetime="1h"):
    """Gets a ticket as in a terminal of JupyterLab."""
    code, told = person.shell("kinit", "-l", lifetime, "-k", "-t", f"/home/{person.name}/keytab", person.name)
    assert code == 0, told


def own_session(person):
    """Returns what Livy tells the user of their only session."""
    code, told = person.shell("livy-kernel", "sessions", "--all", "--json")
    assert code == 0, told
    [session] = [session for session in json.loads(told) if session["proxyUser"] == person.name]
    return session


def until_no_session(server_url, timeout=60):
    wait_until(lambda: sessions(server_url) == 0, timeout, f"sessions are left: {list_sessions(server_url)}")


def check_that_users_are_apart(hub, livy_url):
    """Three users at once: each session is its user's, who alone sees and uses it."""
    with ExitStack() as stack:
        notebooks = {name: stack.enter_context(hub.person(name).notebook()) for name in USERS}
        cells = {name: notebook.begin(f"whose = '{name}'") for name, notebook in notebooks.items()}
        for name, cell in cells.items():
            reply, _ = notebooks[name].ended(cell, 180)
            assert reply["status"] == "ok", reply
        owned = {name: own_session(hub.person(name)) for name in USERS}
        assert len({session["id"] for session in owned.values()}) == 3
        if livy_url:
            for name, notebook in notebooks.items():
                assert said(notebook, "print(spark.sparkContext.sparkUser())") == f"{name}\n"
        alice, bob = owned["alice"], hub.person("bob")
        for which in alice["id"], alice["name"]:
            assert f"does not let you use session {alice['id']}" in refused(notebooks["bob"], f"%attach {which}")
            for command in ["kill", "log", "show"]:
                code, told = bob.shell("livy-kernel", "session", command, str(which))
                assert command == "show" or code != 0, (command, told)
        assert said(notebooks["bob"], "print(whose)") == "bob\n"
        assert said(notebooks["alice"], "print(whose)") == "alice\n"
        yield notebooks


def check_that_files_are_private(hub, secrets):
    """Nobody reads what another's kernels keep (journal, connection, history, log, ticket), or their environments."""
    mounts = ["/home", "/tmp", "/var", "/run", "/dev/shm"]
    find = ["find", *mounts, "-user", "alice", "-type", "f", "-readable"]
    own, others = (
        {path for path in hub.machine.tried(*find, user=user)[1].splitlines() if path.startswith(KEPT)}
        for user in ("alice", "bob")
    )
    for kind in "runtime/kernel-", ".livy", "livy-kernel/history/", "livy-kernel/log/":
        assert any(kind in path for path in own), (kind, own)
    assert not others
    _, environments = hub.machine.tried("sh", "-c", "cat /proc/[0-9]*/environ | tr '\\0' '\\n'", user="bob")
    commands = hub.machine.run("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '", user="bob")
    assert "livy-kernel" in commands and "HOME=/home/bob" in environments
    assert not [secret for secret in secrets if secret in environments or secret in commands]


def test_users_with_tickets_are_apart(hub_of, server_url, livy_url):
    hub = hub_of("for tickets")
    alice = hub.person("alice")
    specs = alice.api("GET", "/kernelspecs").json()["kernelspecs"]
    assert {"livy-pyspark", "livy-spark", "livy-sparkr", "livy-sql"} <= set(specs)
    with alice.notebook() as notebook:
        told = refused(notebook, "1")
        assert "there is no Kerberos ticket" in told and "kinit" in told
        told = refused(notebook, '%%configure -f\n{"driverMemory": "64g"}')
        assert "64g is more than the 4g that /etc/livy-kernel/policy.toml allows" in told
    for name in USERS:
        kinit(hub.person(name))
    code, told = alice.shell("livy-kernel", "doctor", "--session")
    assert code == 0 and "/etc/livy-kernel/policy.toml applies" in told and "Kerberos" in told, told
    assert "/etc/livy-kernel/livy-kernel.toml" in told
    for _ in check_that_users_are_apart(hub, livy_url):
        tokens = [hub.person(name).environment()["JUPYTERHUB_API_TOKEN"] for name in USERS if name != "bob"]
        check_that_files_are_private(hub, tokens)
    until_no_session(server_url)


def test_a_ticket_that_ends_stops_a_cell_until_there_is_a_new_one(hub_of, server_url):
    hub = hub_of("for tickets")
    alice = hub.person("alice")
    kinit(alice)
    with alice.notebook() as notebook:
        assert said(notebook, "print(6 * 7)") == "42\n"
        kinit(alice, "5s")
        cell = notebook.begin(COUNT)
        shown = notebook.heard(cell, lambda shown: "ticket has expired" in str(shown))
        assert "kinit" in str(shown[-1]["content"])
        kinit(alice)
        reply, rest = notebook.ended(cell)
        assert reply["status"] == "ok" and printed(shown + rest, "stdout") == COUNTED
        assert alice.shell("kdestroy")[0] == 0
        wait_until(lambda: "kinit" in str(notebook.run("1")[0].get("traceback")), 120, "a cell does not say what to do")
        kinit(alice)
        assert said(notebook, "print(1)") == "1\n"
    until_no_session(server_url)


def test_who_logs_out_leaves_nothing_if_the_page_is_followed(hub_of, server_url):
    line = "c.JupyterHub.shutdown_on_logout = True"
    assert f"`{line}`" in PAGE.read_text()
    hub = hub_of("for tickets", places={"c.Authenticator.allow_all": f"{line}\nc.Authenticator.allow_all"})
    alice = hub.person("alice")
    kinit(alice)
    with alice.notebook(is_shut_down=False) as notebook:
        notebook.heard(notebook.begin(FOREVER), lambda shown: "begun" in printed(shown), 180)
        assert sessions(server_url) == 1
        alice.log_out()
        until_no_session(server_url)


def asks(person, method, path, authorization=None, **options):
    """Sends a request to the gate, as a user may who writes it by hand."""
    token = f"Bearer {person.environment()['JUPYTERHUB_API_TOKEN']}" if authorization is None else authorization
    headers = {"Authorization": token, "Content-Type": "application/json", "X-Requested-By": "x"} | options.pop(
        "headers", {}
    )
    asked = requests.Request(method, "http://x/", headers=headers, **options).prepare()
    asked.url = f"{person.hub.url}/services/livy{path}"
    return requests.Session().send(asked, timeout=60)


@pytest.fixture
def gate_hub(hub_of, machine, realm):  # noqa: F811
    return hub_of(**through_gate(machine, realm))


def test_users_with_the_hubs_token_are_apart_and_act_for_nobody_else(gate_hub, server_url, livy_url):
    hub = gate_hub
    alice, bob = hub.person("alice"), hub.person("bob")
    code, told = alice.shell("livy-kernel", "doctor", "--session")
    assert code == 0 and "token command" in told, told
    for notebooks in check_that_users_are_apart(hub, livy_url):
        tokens = [hub.person(name).environment()["JUPYTERHUB_API_TOKEN"] for name in USERS if name != "bob"]
        check_that_files_are_private(hub, tokens)
        for path in "/etc/jupyterhub/livy.keytab", "/var/lib/jupyterhub/jupyterhub.sqlite":
            assert "Permission denied" in hub.machine.tried("cat", path, user="bob")[1], path
        theirs = own_session(alice)["id"]

        # With the kernel and its settings.
        notebooks["carol"].run('%%configure -f\n{"proxyUser": "bob"}')
        told = refused(notebooks["carol"], "1")
        assert "you are carol, and cannot act for anybody else" in told, told
        code, told = bob.shell("livy-kernel", "sessions", LIVY_DO_AS="alice")
        assert code != 0 and "you are bob, and cannot act for anybody else" in told, told

        # By hand.
        say = json.dumps({"code": "print(whose)"})
        assert asks(alice, "GET", f"/sessions/{theirs}/statements").status_code == 200
        for method, path, body in [
            ("GET", f"/sessions/{theirs}/statements", None),
            ("GET", f"/sessions/{theirs}/log", None),
            ("GET", f"/sessions/{theirs}/statements?doAs=alice", None),
            ("GET", f"/sessions/{theirs}/statements?doAs=bob&doAs=alice", None),
            ("GET", f"/sessions/{theirs}/statements?doAs=alice&doAs=bob", None),
            ("GET", f"/sessions/{theirs}/statements?%64oAs=alice", None),
            ("GET", f"/sessions/{theirs}/statements?doas=alice", None),
            ("GET", f"/sessions/{theirs}/statements?x;doAs=alice", None),
            ("POST", f"/sessions/{theirs}/statements", say),
            ("POST", f"/sessions/{theirs}/statements?doAs=alice", say),
            ("DELETE", f"/sessions/{theirs}", None),
            ("DELETE", f"/sessions/{theirs}?doAs=alice", None),
            ("POST", "/sessions", json.dumps({"kind": "pyspark", "proxyUser": "alice"})),
            ("POST", "/sessions/", json.dumps({"kind": "pyspark", "proxyUser": "alice"})),
            ("POST", "/batches", json.dumps({"file": "x.py", "proxyUser": "alice"})),
            ("POST", "/sessions?doAs=alice", json.dumps({"kind": "pyspark"})),
        ]:
            reply = asks(bob, method, path, data=body)
            assert reply.status_code == 403 and "whose" not in reply.text, (method, path, reply.status_code, reply.text)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        cancel = f"/sessions/{theirs}/statements/0/cancel"
        assert asks(bob, "POST", cancel, data="doAs=alice", headers=form).status_code == 403
        chunks = asks(bob, "POST", f"/sessions/{theirs}/statements", data=iter([say.encode()]))
        assert chunks.status_code == 411, chunks.text
        for path in (
            "/",
            "/ui",
            "/metrics",
            "/sessions/../metrics",
            "/sessions/%2e%2e/metrics",
            "/sessions;x",
            "/../hub/api",
        ):
            assert asks(bob, "GET", path).status_code in (403, 404), path
        for no_token in "", "Bearer ", "Bearer x", "Basic YWxpY2U6eA==", "Negotiate YII", f"Bearer {alice.token[:-1]}":
            assert asks(bob, "GET", "/sessions", no_token).status_code == 401, no_token
        assert asks(bob, "GET", "/sessions", "", cookies=bob.browser.cookies.get_dict()).status_code == 401
        assert said(notebooks["alice"], "print(whose)") == "alice\n"
        left = bob.environment()["JUPYTERHUB_API_TOKEN"]
    until_no_session(server_url)
    bob.stop()
    worthless = lambda: asks(alice, "GET", "/sessions", f"Bearer {left}").status_code == 401  # noqa: E731
    wait_until(worthless, 90, "the token of a stopped server is still good")


def test_a_user_without_the_scope_may_not_use_spark(hub_of, machine, realm):  # noqa: F811
    options = through_gate(machine, realm)
    options["places"] |= {'{"access:services!service=livy"}': "set()"}
    hub = hub_of(**options)
    with hub.person("alice").notebook() as notebook:
        assert "may not use Spark" in refused(notebook, "1")


CULLER = {'"--timeout=3600"]': '"--timeout=6", "--cull-every=1"]'}
ACTIVITY = {"c.Spawner.environment = {": 'c.Spawner.environment = {"JUPYTERHUB_ACTIVITY_INTERVAL": "1", '}
SOON = {"c.Spawner.environment = {": 'c.Spawner.environment = {"LIVY_HEARTBEAT_TIMEOUT": "15s", '}


@pytest.mark.parametrize("code", ["1", FOREVER], ids=["idle", "silent cell"])
def test_a_culled_server_leaves_no_session(hub_of, machine, realm, server_url, code):  # noqa: F811
    options = through_gate(machine, realm, places=CULLER | ACTIVITY)
    hub = hub_of(**options)
    alice = hub.person("alice")
    with alice.notebook(is_shut_down=False) as notebook:
        cell = notebook.begin(code)
        notebook.heard(cell, lambda shown: "begun" in printed(shown) or "execute_reply" in str(shown), 180)
        assert sessions(server_url) == 1
        alice.until_stopped()
        until_no_session(server_url)
    assert "Culling server alice" in hub.log.read_text()


@pytest.fixture(params=["tickets", "gate"])
def alice_of(request, hub_of, machine, realm):  # noqa: F811
    """Starts a hub in two ways, with these places of the page's changed; returns alice, who has a ticket."""

    def start(places=()):
        options = {"settings": "for tickets"} if request.param == "tickets" else through_gate(machine, realm)
        alice = hub_of(**options | {"places": options.get("places", {}) | dict(places)}).person("alice")
        kinit(alice)
        return alice

    return start


def test_a_stop_while_a_cell_runs_leaves_no_session(alice_of, server_url):
    alice = alice_of()
    with alice.notebook(is_shut_down=False) as notebook:
        notebook.heard(notebook.begin(FOREVER), lambda shown: "begun" in printed(shown), 180)
        alice.stop()
        until_no_session(server_url)


def test_a_server_that_is_killed_leaves_no_session(alice_of, server_url):
    alice = alice_of()
    with alice.notebook(is_shut_down=False) as notebook:
        assert said(notebook, "print(6 * 7)") == "42\n"
        assert sessions(server_url) == 1
        alice.hub.machine.run("pkill", "-KILL", "-u", "alice", "-f", "jupyterhub-singleuser")
        until_no_session(server_url)


def test_livy_ends_the_sessions_of_kernels_that_are_gone(alice_of, server_url):
    alice = alice_of(SOON)
    with alice.notebook(is_shut_down=False) as notebook:
        assert said(notebook, "print(6 * 7)") == "42\n"
        assert sessions(server_url) == 1
        alice.hub.machine.run("pkill", "-KILL", "-u", "alice")
        # A real Livy looks once a minute.
        until_no_session(server_url, 180)


@pytest.fixture
def login_hub(hub_of, machine, realm):  # noqa: F811
    """A hub whose users log in at a provider, and where whoever stands before Livy asks that provider."""
    with hub_provider.serving(life=6) as (address, provider):
        # The page's gate stands for Knox: it asks the provider who has come.
        places = {
            "https://login.example": address,
            'os.environ["JUPYTERHUB_API_URL"] + "/user"': f'"{address}/userinfo"',
            'told["kind"] != "user" or SCOPE not in told["scopes"]': "False",
            "ASK_SECONDS, GRACE_SECONDS = 10, 60": "ASK_SECONDS, GRACE_SECONDS = 0, 0",
            'url = "https://livy.example:8998"': 'url = "https://hub.example/services/livy"',
        }
        options = through_gate(
            machine, realm, "for tokens of the login", ["further lines for tokens of the login"], [TOKEN_SCRIPT], places
        )
        env = {"OAUTH_CLIENT_SECRET": "secret", "JUPYTERHUB_CRYPT_KEY": "0" * 64}
        yield hub_of(**options, env=env), provider


def test_a_cell_goes_on_while_tokens_of_the_login_end(login_hub, server_url):
    hub, provider = login_hub
    alice = hub.person("alice")
    with alice.notebook() as notebook:
        assert said(notebook, "print(6 * 7)") == "42\n"
        before = len(provider.access)
        reply, shown = notebook.run(COUNT)
        assert reply["status"] == "ok" and printed(shown, "stdout") == COUNTED
        assert len(provider.access) - before >= 3
        assert own_session(alice)["proxyUser"] == "alice"
        provider.ended.add("alice")
        wait_until(
            lambda: "log in again" in notebook.run("1")[0].get("evalue", ""), 120, "a cell does not say what to do"
        )
        provider.ended.clear()
        alice.log_in()
        assert said(notebook, "print(1)") == "1\n"
    until_no_session(server_url)


def test_one_account_for_all_keeps_nobody_apart_and_the_policy_refuses_others(hub_of, machine, realm, server_url):  # noqa: F811
    policy = "/opt/jupyter/etc/livy-kernel/policy.toml"
    machine.copy(realm.folder / "notebooks.keytab", "/etc/livy-kernel/notebooks.keytab", "root", "444")
    hub = hub_of("for one account", files=[policy])
    try:
        alice, bob = hub.person("alice"), hub.person("bob")
        with alice.notebook() as first, bob.notebook() as second:
            assert said(first, "whose = 'alice'; print(whose)") == "alice\n"
            code, told = bob.shell("livy-kernel", "sessions", "--all", "--json")
            [session] = json.loads(told)
            assert session["proxyUser"] == "notebooks"
            told = refused(second, '%%configure -f\n{"proxyUser": "alice"}')
            assert f"proxyUser alice is not what {policy} sets" in told, told
            code, told = bob.shell("livy-kernel", "sessions", LIVY_DO_AS="alice")
            assert code == 2 and policy in told, told
            # What the page warns of.
            assert second.run(f"%attach {session['id']}")[0]["status"] == "ok"
            assert said(second, "print(whose)") == "alice\n"
    finally:
        machine.run("rm", policy)
    until_no_session(server_url)
