"""Asks a service on loopback how it is doing."""

import http.client
from collections.abc import Callable

from storesense_simulators.embedded.ports import LOOPBACK

_PROBE_TIMEOUT_S = 1.0


def healthy_at(port: int) -> Callable[[], bool]:
    """Return a question: does the service at this port of loopback say that all is well?"""

    def ask() -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_PROBE_TIMEOUT_S)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask
