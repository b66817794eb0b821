"""Plays another user of this machine, who knows a port but no token: opens connections to it as fast as it can.

    python attacker.py PORT SECONDS

Says how many connections it has opened.
"""

import random
import resource
import socket
import sys
import time
from collections import deque

# This many may be open on its side, including those that the server has closed.
OPEN = 2000

SENT = [
    b"",
    b"G",
    b"GET /version HTTP/1.1\r\nHost: localhost\r\n",
    b"GET /version HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 60_000,
    b"GET /version HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer guessed\r\n\r\n" * 50,
    b"POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 30_000,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00" * 100,
]


def attack(port, seconds):
    """Opens connections, and never reads."""
    chance = random.Random(20261128)
    until = time.monotonic() + seconds
    connections, opened = deque(), 0
    while time.monotonic() < until:
        connection = socket.socket()
        connection.setblocking(False)
        connections.append(connection)
        if len(connections) > OPEN:
            connections.popleft().close()
        try:
            connection.connect_ex(("127.0.0.1", port))
            opened += 1
            connection.send(chance.choice(SENT))
        except OSError:
            pass  # It was refused, or all ports are taken: try the next.
    return opened


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, OPEN + 100), hard))
    print("attacking", flush=True)
    print(attack(int(sys.argv[1]), float(sys.argv[2])))
