# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""What a kernel asks of its comms; its first arguments are the kernel's name and that of its process."""

from .comm_handlers import handlers
from .comms import comms
from .link import links


def pull(kernel, process, blob, offset, length):
    return links.heard(kernel, process).pull(blob, offset, length)


def push(kernel, process, blob, size, offset, frame):
    links.heard(kernel, process).push(blob, size, offset, frame)
    return {}


def release(kernel, process, blobs):
    links.heard(kernel, process).release(blobs)
    return {}


CALLS = {
    'deliver': comms.deliver,
    'comms': comms.listed,
    'pull': pull,
    'push': push,
    'release': release,
    'interrupt_handlers': lambda kernel, _: handlers.interrupt(kernel),
}
