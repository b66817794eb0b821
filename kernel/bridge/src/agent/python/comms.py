# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""Knows the comms in this session: which kernel has each, and the cell that has made it.

A comm belongs to the kernel whose cell, thread or handler has made it, so that two notebooks on one session have each
their own. Its messages are events for that kernel, in the order of the outputs around them.
"""

from .children import children
from .comm_handlers import handlers
from .common import safely, state
from .link import links
from .link_frames import json_bytes
from .stdlib import MAIN_THREAD, collections, get_ident, json
from .threads import threads

CONTROL = 'jupyter.widget.control'  # By this target, ipywidgets tells the states of all widgets.


class Comms:
    CELLS_LIMIT = 10000  # Cells that are remembered with their requests.

    def __init__(self):
        self.cells = collections.OrderedDict()  # The kernel and the request of each statement.
        self.newest = {}  # The newest statement of each kernel.
        self.open = {}

    def note_cell(self, statement):
        """Notes that a cell begins. Its mark names the kernel that has sent it, and the frontend's request."""
        if statement.is_own and statement.kernel:
            self.cells[statement.id] = statement.kernel, statement.request
            self.newest[statement.kernel] = statement.id
            if len(self.cells) > self.CELLS_LIMIT:
                self.cells.popitem(last=False)

    def place(self):
        """Returns the kernel and the statement that the running code belongs to, and the message that it handles."""
        handled = handlers.current()
        if handled:
            return handled.kernel, handled.statement, handled.number
        statement = threads.owner() or threads.running()
        return self.cells.get(statement, (None, None))[0], statement, None

    def parent(self):
        """Returns the parent of what the running code shows, as ipykernel has it."""
        _, statement, _ = self.place()
        request = self.cells.get(statement, (None, None))[1]
        return {'header': {'msg_id': request, 'msg_type': 'execute_request'}} if request else {}

    def owners(self, kernel):
        """Returns the statements whose comms are open."""
        return {comm.statement for comm in list(self.open.values()) if comm.kernel == kernel and comm.statement}

    def has_any(self, kernel):
        return any(comm.kernel == kernel for comm in list(self.open.values()))

    def targets(self, kernel):
        """Returns the target of each open comm."""
        return {id: comm.target for id, comm in list(self.open.items()) if comm.kernel == kernel}

    def send(self, comm, kind, data, metadata, buffers, keys):
        """Sends a message of a comm to its kernel."""
        if comm.kernel is None or children.forked:
            return
        if kind == 'comm_open':
            self.note_open(comm)
        elif kind == 'comm_close':
            self.open.pop(comm.comm_id, None)
        buffers = [memoryview(buffer).tobytes() for buffer in buffers or []]
        data = {} if data is None else data
        if comm.target_name == CONTROL and isinstance(data, dict):
            data, buffers = self.only_of(comm.kernel, data, buffers)
        statement, number = self.sender(comm)
        content = json_bytes(dict(keys, data=data, comm_id=comm.comm_id))
        parts = [content, json_bytes(metadata or {}), *buffers]
        links.of(comm.kernel).send('comm', parts, statement, type=kind, comm=comm.comm_id, request=number)

    def sender(self, comm):
        """Returns the statement that sends a message, and the message that it handles.

        What belongs to no cell, such as a callback of Spark's, sends as the cell that has made the comm. Another
        client's statement does not: its kernel does not know it, and leaves the message out.
        """
        kernel, statement, number = self.place()
        if kernel == comm.kernel:
            return statement, number
        running = state.statement if get_ident() == MAIN_THREAD else None
        if kernel is None and running is None:
            return comm.statement, None
        return statement if kernel else running.id, None

    def note_open(self, comm):
        self.open[comm.comm_id] = OpenComm(comm.kernel, comm.statement, comm.target_name)

    def only_of(self, kernel, data, buffers):
        """Leaves out the states of other kernels' widgets."""
        own, states = self.targets(kernel), data.get('states')
        if not isinstance(states, dict):
            return data, buffers
        paths = list(zip(data.get('buffer_paths', []), buffers))
        paths = [(path, buffer) for path, buffer in paths if path[0] in own]
        states = {id: widget for id, widget in states.items() if id in own}
        return dict(data, states=states, buffer_paths=[path for path, _ in paths]), [buffer for _, buffer in paths]

    def deliver(self, kernel, process, messages):
        """Takes messages of a frontend, which handlers get on a thread of the kernel's own."""
        link = links.heard(kernel, process)
        for number, kind, (content, metadata, *buffers) in link.take(messages):
            message = {
                'header': {'msg_type': kind, 'msg_id': '%s-%d' % (process, number)},
                'parent_header': {},
                'metadata': json.loads(metadata.decode('utf-8')),
                'content': json.loads(content.decode('utf-8')),
                'buffers': [memoryview(buffer) for buffer in buffers],
                'msg_type': kind,
            }
            safely(handlers.handle, kernel, number, self.statement_of(kernel, message), message)
        return {'received': link.received}

    def statement_of(self, kernel, message):
        comm = self.open.get(message['content'].get('comm_id'))
        return comm.statement if comm and comm.statement else self.newest.get(kernel)

    def is_refused(self, kernel, id):
        """Tells whether a comm is not this kernel's."""
        comm = self.open.get(id)
        return comm is None or comm.kernel != kernel

    def listed(self, kernel, process):
        """Returns the open comms of a kernel, and the requests of the cells that have made them."""
        links.heard(kernel, process)
        cells = {statement: self.cells.get(statement, (None, None))[1] for statement in self.owners(kernel)}
        return {'comms': self.targets(kernel), 'cells': {statement: cells[statement] or '' for statement in cells}}

    def refuse(self, handled):
        """Closes a comm that was opened where no package has comms."""
        if handled.message['msg_type'] == 'comm_open':
            content = {'comm_id': handled.message['content']['comm_id'], 'data': {}}
            parts = [json_bytes(content), b'{}']
            id, number = content['comm_id'], handled.number
            links.of(handled.kernel).send('comm', parts, None, type='comm_close', comm=id, request=number)


class OpenComm:
    def __init__(self, kernel, statement, target):
        self.kernel, self.statement, self.target = kernel, statement, target


comms = Comms()
handlers.refuse = comms.refuse
