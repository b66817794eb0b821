# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Stands for ipykernel's kernel, as `get_ipython().kernel`: that it is there tells pandas that this is a notebook."""

import importlib
import sys

from .comms import comms
from .events import events
from .tool_kernel import ToolKernel


class Kernel(ToolKernel):
    iopub_socket = None

    def __init__(self, shell):
        super().__init__(shell)
        self.session = Session(shell)

    @property
    def comm_manager(self):
        """Returns what libraries that know only ipykernel register their targets with."""
        return importlib.import_module('comm').get_comm_manager()

    def get_parent(self, channel=None):
        return comms.parent()


def show_result(content):
    name = content.get('transient', {}).get('display_id')
    events.add('result', data=content['data'], metadata=content['metadata'], id=name)


class Session:
    """Takes the messages of libraries that send their outputs themselves; the kernel addresses them."""

    def __init__(self, shell):
        self.senders = {
            'stream': lambda content: getattr(sys, content['name']).write(content['text']),
            'display_data': lambda content: shell.display_pub.publish(**content),
            'update_display_data': lambda content: shell.display_pub.publish(update=True, **content),
            'clear_output': lambda content: shell.display_pub.clear_output(**content),
            'execute_result': show_result,
        }

    def send(self, stream, msg_or_type, content=None, *_, **__):
        """Shows an output; what is no output is not sent."""
        if isinstance(msg_or_type, dict):
            msg_or_type, content = msg_or_type['header']['msg_type'], msg_or_type['content']
        sender = self.senders.get(msg_or_type)
        if sender:
            sender(dict(content or {}))
