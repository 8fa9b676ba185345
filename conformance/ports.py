"""Ports that a test names before a server takes them, and that stay its own while the server is away."""

import itertools
import os
import socket

# Systems take the port of an outgoing connection from 32,768 (Linux) or 49,152 on: a port of theirs can be gone before the
# server that is told to listen there does. Each process chooses among ports below of its own, and none twice.
FIRST, PAST = 10_000, 32_000
# A server whose APIs listen from a port on takes some of those that follow it.
APART = 8
OFFSETS = itertools.count(os.getpid() * 61 * APART, APART)


def free_port():
    """A port of loopback that nobody listens at; nor at those which follow it."""
    for offset in OFFSETS:
        port = FIRST + offset % (PAST - FIRST)
        if all(is_free(port + after) for after in range(APART)):
            return port


def is_free(port):
    with socket.socket() as probe:
        # As servers listen: where connections have only just ended, too.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
