"""Pools of sessions."""

import json
import time
import urllib.request
from base64 import b64encode
from urllib.parse import urlsplit

from conftest import list_sessions, running_kernel


class Pool:
    """A pool that no other test has."""

    def __init__(self, livy_url):
        self.livy_url = livy_url
        self.name = f"pool-{time.time_ns()}"

    def kernel(self, language="pyspark", **env):
        return running_kernel(f"livy-{language}", self.livy_url, LIVY_SESSION_POOL=self.name, **env)

    def sessions(self):
        """Returns its sessions by their numbers."""
        listed = [s for s in list_sessions(self.livy_url)["sessions"] if (s["name"] or "").startswith(self.name)]
        return {int(s["name"].rpartition("-")[2]): s for s in listed}

    def states(self):
        return [session["state"] for session in self.sessions().values()]

    def end(self):
        for session in self.sessions().values():
            self.request("DELETE", f"/sessions/{session['id']}")

    def request(self, method, path, body=None):
        url = urlsplit(self.livy_url)
        login = b64encode(f"{url.username}:{url.password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json", "X-Requested-By": "test"}
        address = f"http://{url.hostname}:{url.port}{path}"
        request = urllib.request.Request(address, json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
