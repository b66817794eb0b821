"""Whose session is whose, as Livy decides it with `livy.server.access-control.enabled` (AccessManager.scala).

A user who names another (`doAs`, or `proxyUser` of a new session) must be a superuser. Everybody may list sessions; all
else is for a session's owner and for the user that it runs as.
"""

import json
from urllib.parse import parse_qsl, urlencode, urlsplit


class Refused(Exception):
    pass


class ServerAccess:
    """Leaves the decision to the Livy behind, which is told for whom each request is."""

    def __init__(self, superusers):
        self.superusers = superusers

    def asks(self, login, method, path, body):
        """Returns the path to ask the Livy for, and what makes the user's answer of the Livy's."""
        url = urlsplit(path)
        query = dict(parse_qsl(url.query))
        user = self.acts_for(login, query.pop("doAs", None))
        return f"{url.path}?{urlencode(query | {'doAs': user})}", self.checked(login, user, method, url.path, body)

    def acts_for(self, login, named):
        if named and named != login and login not in self.superusers:
            raise Refused(f"User '{login}' not allowed to impersonate '{named}'.")
        return named or login

    def checked(self, login, user, method, path, body):
        return lambda reply: reply


class LocalAccess(ServerAccess):
    """Decides for a livy-local, which runs everything as its one user, and remembers whose each session is."""

    def __init__(self, superusers):
        super().__init__(superusers)
        # By number, and for those with a name by that, too.
        self.users = {}

    def checked(self, login, user, method, path, body):
        _, kind, which, *rest = [*path.split("/"), "", ""]
        if kind not in ("sessions", "batches"):
            return lambda reply: reply
        is_for_all = not which or rest[0] == "state" or (method == "GET" and not rest[0])
        if not is_for_all and user not in self.users.get((kind, which), [user]):
            raise Refused("")
        runs_as = user
        if method == "POST" and not which and user == login:
            runs_as = self.acts_for(login, json.loads(body).get("proxyUser"))
        if rest[0]:
            return lambda reply: reply
        return lambda reply: self.shown(kind, reply, (login, runs_as) if method == "POST" else None)

    def shown(self, kind, reply, begun):
        try:
            told = json.loads(reply)
        except ValueError:
            return reply
        for one in told.get("sessions", [told]):
            if begun and "id" in one:
                for key in filter(None, [str(one["id"]), one.get("name")]):
                    self.users[kind, key] = begun
            if "owner" in one:
                one["owner"], one["proxyUser"] = self.users.get((kind, str(one["id"])), (None, None))
        return json.dumps(told).encode()
