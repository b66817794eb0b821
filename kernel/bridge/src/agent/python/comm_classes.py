# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""The classes that stand behind `comm` in the session: imported once that package is there."""

import sys

from comm.base_comm import BaseComm, CommManager

from .comm_handlers import handlers
from .common import state
from .comms import CONTROL, comms
from .ipython_start import ipython
from .stdlib import RLock

CONTROL_LOCK = RLock()


class Comm(BaseComm):
    """A comm to the notebook whose code has made it."""

    def __init__(self, *arguments, **options):
        self.kernel, self.statement, _ = comms.place()
        super().__init__(*arguments, **options)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        comms.send(self, msg_type, data, metadata, buffers, keys)

    def handle_msg(self, msg):
        if state.statement or not ipython.runner:
            return self._msg_callback and self._msg_callback(msg)
        # It shows figures at its end, as a cell does; those of a running cell are not for it to show.
        super().handle_msg(msg)


class Manager(CommManager):
    def unregister_comm(self, comm):
        self.comms.pop(comm.comm_id, None)


manager = Manager()


def get_comm_manager():
    return manager


def receive(handled):
    """Gives a frontend's message to its comm; one for a comm that is not there, or another kernel's, is left."""
    RECEIVERS[handled.message['msg_type']](handled.kernel, handled.message)


def receive_open(kernel, message):
    content = message['content']
    target = find_target(content.get('target_name'))
    made = Comm(comm_id=content['comm_id'], primary=False, target_name=content.get('target_name'))
    manager.register_comm(made)
    comms.note_open(made)
    if target is None:
        return made.close()
    try:
        target(made, message)
    except BaseException:
        made.close()
        raise


def find_target(name):
    widgets = sys.modules.get('ipywidgets')
    if name not in manager.targets and widgets:  # It was imported before IPython had started.
        getattr(widgets, 'register_comm_target', int)()
    return manager.targets.get(name)


def receive_message(kernel, message):
    made = find(kernel, message)
    if made is None:
        return
    if made.target_name != CONTROL:
        return made.handle_msg(message)
    with CONTROL_LOCK:  # ipywidgets answers on the comm that was opened last, which may be another notebook's.
        widget = sys.modules.get('ipywidgets.widgets.widget')
        if widget:
            widget.Widget._control_comm = made
        made.handle_msg(message)


def receive_close(kernel, message):
    made = find(kernel, message)
    if made is not None:
        made._closed = True
        manager.unregister_comm(made)
        comms.open.pop(made.comm_id, None)
        made.handle_close(message)


def find(kernel, message):
    id = message['content'].get('comm_id')
    return None if comms.is_refused(kernel, id) else manager.comms.get(id)


RECEIVERS = {'comm_open': receive_open, 'comm_msg': receive_message, 'comm_close': receive_close}
handlers.receive = receive
