"""A frontend as far as widgets are concerned: it sends and hears the messages of their comms."""

import time
from queue import Empty


class Widgets:
    """The frontend of a kernel, as far as widgets are concerned."""

    def __init__(self, kernel):
        self.kernel, self.client = kernel, kernel.client
        self.heard = []

    def send(self, kind, content, buffers=(), **metadata):
        """Sends a message for a comm; returns its id."""
        message = self.client.session.msg(kind, content, metadata=metadata)
        self.client.session.send(self.client.shell_channel.socket, message, buffers=list(buffers))
        return message["header"]["msg_id"]

    def set(self, model, **state):
        content = {"comm_id": model, "data": {"method": "update", "state": state, "buffer_paths": []}}
        return self.send("comm_msg", content)

    def until(self, is_it, timeout=60):
        """Returns the messages up to the one that is awaited."""
        shown, deadline = [], time.monotonic() + timeout
        while not shown or not is_it(shown[-1]):
            try:
                shown.append(self.client.get_iopub_msg(timeout=max(0, deadline - time.monotonic())))
            except Empty:
                told = [(m["msg_type"], str(m["content"])[:200]) for m in shown]
                raise AssertionError(f"it does not come: {told}") from None
        return shown

    def until_idle(self, request, timeout=60):
        return self.until(lambda m: is_idle(m, request), timeout)

    def ask(self, model, **state):
        """Sets a widget's state as its view does; returns what comes until that has been handled."""
        return self.until_idle(self.set(model, **state))

    def listed(self):
        request = self.client.comm_info()
        reply = self.client.get_shell_msg(timeout=30)
        while reply["parent_header"]["msg_id"] != request:
            reply = self.client.get_shell_msg(timeout=30)
        return {id: comm["target_name"] for id, comm in reply["content"]["comms"].items()}


def is_idle(message, request):
    is_answer = message["parent_header"].get("msg_id") == request
    return is_answer and message["content"].get("execution_state") == "idle"


def is_update(message, **state):
    data = message["content"].get("data", {})
    return data.get("method") == "update" and state.items() <= data["state"].items()


def opened(shown):
    """Returns the models that were opened, by the names of their classes."""
    comms = [m for m in shown if m["msg_type"] == "comm_open"]
    return {m["content"]["data"]["state"]["_model_name"]: m for m in comms}
