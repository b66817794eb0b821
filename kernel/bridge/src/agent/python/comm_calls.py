# Licensed under the Apache License, Version 2.0: http://www.apache.org/licenses/LICENSE-2.0
"""What a kernel asks of its comms; its first arguments are the kernel's name and that of its process."""

from .comm_handlers import handlers
from .comms import comms
from .link import links


def pull(kernel, incarnation, blob, offset, length):
    return links.heard(kernel, incarnation).pull(blob, offset, length)


def push(kernel, incarnation, blob, size, offset, text):
    links.heard(kernel, incarnation).push(blob, size, offset, text)
    return {}


def release(kernel, incarnation, blobs):
    links.heard(kernel, incarnation).release(blobs)
    return {}


CALLS = {
    'deliver': comms.deliver,
    'comms': comms.listed,
    'pull': pull,
    'push': push,
    'release': release,
    'interrupt_handlers': lambda kernel, _: handlers.interrupt(kernel),
}
