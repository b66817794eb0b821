"""A realm of MIT Kerberos on this machine, and a gate that lets only its tickets through to a Livy."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

REALM = "LIVY.TEST"
HERE = Path(__file__).parent
# Debian's python3-gssapi belongs to that Python.
SYSTEM_PYTHON = "/usr/bin/python3"
PROGRAMS = "krb5kdc", "kdb5_util", "kadmin.local", "kinit"

KRB5 = """\
[libdefaults]
  default_realm = {realm}
  rdns = false
  dns_canonicalize_hostname = false
  dns_lookup_kdc = false
  dns_lookup_realm = false
  udp_preference_limit = 1
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
  }}
"""
KDC = """\
[kdcdefaults]
  kdc_listen = 127.0.0.1:{port}
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    acl_file = {folder}/acl
    max_life = 1d
  }}
"""


def is_here():
    os.environ["PATH"] += ":/usr/sbin"
    has_gssapi = subprocess.run([SYSTEM_PYTHON, "-c", "import gssapi"], capture_output=True).returncode == 0
    return has_gssapi and all(map(shutil.which, PROGRAMS))


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(port):
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens on {port}"
            time.sleep(0.05)


class Realm:
    """A Kerberos realm with users, whose keys are in files, and the service `HTTP/127.0.0.1`."""

    def __init__(self, folder, users=("alice",)):
        self.folder, self.port, self.kdc = folder, free_port(), None
        # All tokens and all signatures of cookies that were sent.
        self.secrets = folder / "secrets"
        names = {"realm": REALM, "port": self.port, "folder": folder}
        (folder / "krb5.conf").write_text(KRB5.format(**names))
        (folder / "kdc.conf").write_text(KDC.format(**names))
        self.env = {"KRB5_CONFIG": str(folder / "krb5.conf"), "KRB5_KDC_PROFILE": str(folder / "kdc.conf")}
        self.run("kdb5_util", "create", "-s", "-r", REALM, "-P", "of the database")
        keytabs = {user: f"{user}.keytab" for user in users} | {"HTTP/127.0.0.1": "http.keytab"}
        for principal, keytab in keytabs.items():
            self.run("kadmin.local", "-q", f"addprinc -randkey {principal}")
            self.run("kadmin.local", "-q", f"ktadd -k {folder / keytab} {principal}")
        self.start()

    def run(self, *command, **env):
        done = subprocess.run(command, env=os.environ | self.env | env, capture_output=True, text=True)
        assert done.returncode == 0, (command, done.stdout, done.stderr)

    def start(self):
        self.kdc = subprocess.Popen(["krb5kdc", "-n"], env=os.environ | self.env, stderr=subprocess.DEVNULL)
        wait_for(self.port)

    def stop(self):
        self.kdc.terminate()
        self.kdc.wait(10)

    def kinit(self, cache, lifetime="1h"):
        """Gets a ticket of alice into this cache."""
        self.run("kinit", "-c", str(cache), "-l", lifetime, "-k", "-t", str(self.folder / "alice.keytab"), "alice")


@contextmanager
def gate(realm, livy_url, **options):
    """Yields the address of the gate, and what it has logged."""
    port, log = free_port(), realm.folder / f"gate-{time.time_ns()}.log"
    log.touch()
    realm.secrets.touch()
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    command = [SYSTEM_PYTHON, HERE / "acceptor.py", f"--port={port}", f"--livy={livy_url}", f"--log={log}"]
    command += [f"--secrets={realm.secrets}", *words]
    env = os.environ | realm.env | {"KRB5_KTNAME": str(realm.folder / "http.keytab")}
    serving = subprocess.Popen(command, env=env, stderr=sys.stderr)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}", lambda: log.read_text().split()
    finally:
        serving.kill()
        serving.wait(10)
