"""Ports that stay free until their server starts."""

import errno
import socket

import pytest

from storesense_simulators.embedded import ports
from storesense_simulators.embedded.errors import PortTakenError


def test_no_outgoing_connection_can_take_the_port_meanwhile() -> None:
    assert {ports.free_port() in range(20_000, 32_000) for _ in range(20)} == {True}


def test_a_port_that_somebody_has_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as holder:
        holder.bind((ports.LOOPBACK, 0))
        taken = holder.getsockname()[1]
        monkeypatch.setattr(ports, "_OURS", range(taken, taken + 1))
        found = ports.free_port()
    assert found != taken, "the system's own choice is left when all of ours are taken"


def test_what_is_wrong_with_the_address_is_no_taken_port() -> None:
    with pytest.raises(OSError, match="Errno") as caught:
        ports.free_port("203.0.113.7")  # an address for documents: no machine has it
    assert caught.value.errno == errno.EADDRNOTAVAIL


def test_a_taken_port_is_told_with_its_holder() -> None:
    with socket.socket() as holder:
        holder.bind((ports.LOOPBACK, 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port} on 127.0.0.1, wanted for the page"):
            ports.require_free_port(port, purpose="the page")
