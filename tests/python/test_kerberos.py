"""Kerberos with a real MIT realm, and a gate before Livy that requires its tickets."""

import os
import subprocess

import kerberos
import pytest
from conftest import SPARK_START, kept, plain, printed, running_kernel

pytestmark = pytest.mark.skipif(
    not kerberos.is_here(),
    reason="no KDC here (Debian: apt-get install krb5-kdc krb5-admin-server krb5-user python3-gssapi)",
)
COUNT = "import time\nfor i in range(40): print(i, flush=True); time.sleep(0.5)"


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    realm = kerberos.Realm(tmp_path_factory.mktemp("realm"))
    yield realm
    realm.stop()


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def person(realm, cache):
    """The environment variables of a user of this cache."""
    return realm.env | {"KRB5CCNAME": f"FILE:{cache}", "LIVY_AUTH": "kerberos"}


def failure(kernel, code="1"):
    reply, _ = kernel.run(code, timeout=SPARK_START)
    assert reply["status"] == "error", reply
    return plain("\n".join(reply["traceback"]))


def test_a_ticket_is_shown_once_and_then_a_cookie(realm, server_url, person, cache):
    realm.kinit(cache)
    with kerberos.gate(realm, server_url) as (url, seen), running_kernel("livy-pyspark", url, **person) as kernel:
        assert kernel.value("1 + 1", timeout=SPARK_START) == "2"
        assert "refused" not in seen() and "replay" not in seen()
        assert seen().count("token") <= 3 and seen().count("cookie") > 5


def test_a_cookie_that_has_ended_is_won_again(realm, server_url, person, cache):
    realm.kinit(cache)
    with (
        kerberos.gate(realm, server_url, cookie_seconds=32) as (url, seen),
        running_kernel("livy-pyspark", url, **person) as kernel,
    ):
        kernel.run("1", timeout=SPARK_START)
        before = seen().count("token")
        assert printed(kernel.run("import time; time.sleep(6); print('over')")[1]) == "over\n"
        assert seen().count("token") > before and "replay" not in seen()


def test_a_cell_without_a_ticket_says_how_to_get_one(realm, server_url, person, cache):
    with kerberos.gate(realm, server_url) as (url, _), running_kernel("livy-sql", url, **person) as kernel:
        told = failure(kernel, "select 1")
        assert "there is no Kerberos ticket" in told and "kinit" in told
        realm.kinit(cache)
        assert kernel.outputs("%sessions")


def test_a_keytab_needs_no_ticket(realm, server_url, person):
    keytab = {"LIVY_KERBEROS_KEYTAB": str(realm.folder / "alice.keytab"), "LIVY_KERBEROS_PRINCIPAL": "alice"}
    with kerberos.gate(realm, server_url) as (url, seen), running_kernel("livy-sql", url, **person, **keytab) as kernel:
        assert kernel.outputs("%sessions")
        assert "token" in seen()


def test_a_cell_outlives_its_ticket_if_that_is_renewed(realm, server_url, person, cache):
    realm.kinit(cache)
    with (
        kerberos.gate(realm, server_url, cookie_seconds=31) as (url, seen),
        running_kernel("livy-pyspark", url, **person) as kernel,
    ):
        kernel.run("1", timeout=SPARK_START)
        realm.kinit(cache, "5s")
        cell = kernel.client.execute(COUNT, allow_stdin=False)
        shown = kernel.heard_until(lambda message: "ticket has expired" in str(message["content"]))
        assert "kinit" in str(shown[-1]["content"]["data"])
        realm.kinit(cache)
        shown += kernel.heard_until_idle(cell)
        assert printed(shown, "stdout") == "".join(f"{i}\n" for i in range(40))
        assert kernel.client.get_shell_msg(timeout=10)["content"]["status"] == "ok"
        assert "refused" not in seen()


def test_a_realm_that_is_down_and_unknown_services_are_reported(realm, server_url, person, cache, tmp_path):
    realm.kinit(cache)
    with kerberos.gate(realm, server_url) as (url, _):
        with running_kernel("livy-sql", url, **person, LIVY_KERBEROS_SERVICE_HOST="other.example") as kernel:
            assert "kerberos.service_host" in failure(kernel)
        realm.stop()
        try:
            with running_kernel("livy-sql", url, **person) as kernel:
                assert "no server of the realm (KDC) answers" in failure(kernel)
        finally:
            realm.start()
        nowhere = tmp_path / "krb5.conf"
        nowhere.write_text("[libdefaults]\ndns_lookup_kdc = false\n")
        with running_kernel("livy-sql", url, **person | {"KRB5_CONFIG": str(nowhere)}) as kernel:
            assert "krb5.conf" in failure(kernel)


def test_a_server_that_does_not_prove_who_it_is_is_not_believed(realm, server_url, person, cache):
    realm.kinit(cache)
    with kerberos.gate(realm, server_url, silent="yes") as (url, _):
        with running_kernel("livy-sql", url, **person) as kernel:
            assert "has not proved who it is" in failure(kernel, "select 1")
        with running_kernel("livy-sql", url, **person, LIVY_KERBEROS_MUTUAL="no") as kernel:
            assert kernel.outputs("%sessions")


def test_doctor_tells_how_far_one_gets(realm, server_url, person, cache, program):
    def doctor():
        env = os.environ | person | {"LIVY_URL": url}
        done = subprocess.run([program, "doctor"], env=env, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    with kerberos.gate(realm, server_url) as (url, _):
        code, told = doctor()
        assert code != 0 and "there is no Kerberos ticket" in told and "kinit" in told
        realm.kinit(cache)
        code, told = doctor()
        assert code == 0 and "Kerberos (LIVY_AUTH)" in told, told


def test_no_token_or_cookie_is_in_any_log_message_or_file(realm, server_url, person, cache, program, tmp_path):
    realm.kinit(cache)
    log, loud = tmp_path / "log", {"LIVY_KERNEL_LOG": "trace"}
    with kerberos.gate(realm, server_url) as (url, _), log.open("w") as stderr:
        with running_kernel("livy-sql", url, stderr, **person | loud) as kernel:
            told = str([kernel.outputs(code) for code in ("%info", "%sessions --all")])
            told += "".join(path.read_text() for path in kept(kernel, "livy"))
        for command in ["sessions"], ["doctor"], ["config", "show"]:
            env = os.environ | person | loud | {"LIVY_URL": url}
            done = subprocess.run([program, *command], env=env, capture_output=True, text=True)
            told += done.stdout + done.stderr
    told += log.read_text()
    secrets = realm.secrets.read_text().split()
    assert len(secrets) > 4 and "TRACE" in told
    assert not [secret for secret in secrets if secret in told]


LEAK = "LeakSanitizer: detected memory leaks"


@pytest.fixture(scope="module")
def leaks_told():
    """Returns the environment in which a program reports at its end the memory that it has not freed."""
    library = subprocess.run(["cc", "-print-file-name=libasan.so"], capture_output=True, text=True).stdout.strip()
    env = {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=1"}
    leak = "import ctypes; ctypes.CDLL(None).malloc(123456)"
    done = subprocess.run([kerberos.SYSTEM_PYTHON, "-c", leak], env=os.environ | env, capture_output=True, text=True)
    assert LEAK in done.stderr, "leaks are not told here"
    return env


@pytest.mark.parametrize(
    "fault", [{}, "keytab", {"KRB5CCNAME": "FILE:/nowhere"}, {"LIVY_KERBEROS_SERVICE_HOST": "other.example"}]
)
def test_what_the_library_hands_out_is_given_back(realm, server_url, person, cache, program, leaks_told, fault):
    if fault == "keytab":
        fault = {"LIVY_KERBEROS_KEYTAB": str(realm.folder / "alice.keytab")}
    realm.kinit(cache)
    with kerberos.gate(realm, server_url, cookie_seconds=0) as (url, _):
        env = os.environ | person | leaks_told | {"LIVY_URL": url} | fault
        done = subprocess.run([program, "doctor"], env=env, capture_output=True, text=True)
    assert LEAK not in done.stderr and "AddressSanitizer" not in done.stderr, done.stderr
    assert "Kerberos" in done.stdout
