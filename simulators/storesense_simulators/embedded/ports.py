"""TCP ports on loopback: finding a free one, and saying who has a taken one."""

import errno
import random
import socket

import psutil

from storesense_simulators.embedded.errors import PortTakenError

LOOPBACK = "127.0.0.1"

_OURS = range(20_000, 32_000)
"""Below the ports that systems lend to outgoing connections (from 32,768 on Linux, 49,152 elsewhere)."""
_TRIES = 50


def free_port(host: str = LOOPBACK) -> int:
    """Return a TCP port that was free on ``host`` a moment ago; its user must cope with losing the race.

    It is not one of those that the system lends to outgoing connections: these could take it before its server starts,
    and again whenever that server is away for a moment.
    """
    chance = random.SystemRandom()
    # Should all of ours be taken, the system's own choice is left.
    for port in (*(chance.choice(_OURS) for _ in range(_TRIES)), 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, port))
            except OSError as exc:
                if port and exc.errno == errno.EADDRINUSE:
                    continue
                raise
            found: int = probe.getsockname()[1]
            break
    return found


def require_free_port(port: int, *, purpose: str, host: str = LOOPBACK) -> None:
    """Check that ``port`` can be listened on.

    Args:
        port: the port that was asked for.
        purpose: what it is wanted for, for the error's sentence.
        host: the address to be listened on.

    Raises:
        PortTakenError: another program has it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: old connections do not count
        try:
            probe.bind((host, port))
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                raise PortTakenError(purpose=purpose, host=host, port=port, holder=_holder(port)) from exc
            raise


def _holder(port: int) -> str | None:
    """Name the program that listens on ``port``, where the system lets us see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.laddr or not connection.pid:
                continue
            if connection.laddr.port == port:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return None
    return None
