"""Which process a connection to this machine comes from, so that a repeat is put down to the death that caused it."""

from collections.abc import Callable, Iterable

import psutil


class Senders:
    """Names the process behind a port of this machine.

    Args:
        pids: of the processes that may be meant, as of now.
    """

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self._pids = pids
        self._known: dict[int, int] = {}

    def of_port(self, port: int) -> int | None:
        """Return the process that has a connection from this port, or had it when it died; None if it is unknown."""
        living = set(self._pids())
        known = self._known.get(port)
        if known in living:
            return known
        for pid in living:
            try:
                ports = {each.laddr.port for each in psutil.Process(pid).net_connections("tcp")}
            except psutil.Error:
                continue
            if port in ports:
                self._known[port] = pid
                return pid
        return known
