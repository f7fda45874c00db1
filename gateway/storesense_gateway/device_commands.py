"""Relays commands from the database to devices: sent first and noted after, so that none is lost between the two.

Only a device that is connected is sent anything: for one that is not the command waits here until it expires, and no
broker hoards it. A gateway that is killed after sending and before noting sends the same id again, which the device
does once. The answer comes back as a reading.
"""

import logging
import time
from collections.abc import Sequence
from typing import Protocol

import msgspec
import psycopg

from storesense_contracts.device_commands import CommandArguments, DeviceCommand, encode_command
from storesense_contracts.ids import CommandId, DeviceId, StoreId
from storesense_contracts.sql import load_queries
from storesense_gateway.following import BrokerLink, Follower
from storesense_gateway.metrics import GatewayMetrics

_LOG = logging.getLogger(__name__)
_SQL = load_queries("storesense_gateway", "device_commands.sql")
_KEPT_DAYS = 400
_FORGET_EVERY_S = 3_600.0


class CommandLink(BrokerLink, Protocol):
    """What the relay asks of the broker."""

    def tell_command(self, store_id: StoreId, device_id: DeviceId, payload: bytes, *, valid_s: int) -> bool:
        """Publish a command, for the broker to forget after ``valid_s``; return whether it was taken."""
        ...


class CommandRelay(Follower):
    """Sends what is due to devices.

    Args:
        conninfo: the database.
        link: the connection to the broker.
        metrics: where to count.
        store_ids: the stores; none for all.
    """

    what = "commands"
    channels = ("storesense_commands", "storesense_devices")
    look_s = 2.0

    def __init__(
        self, conninfo: str, link: CommandLink, *, metrics: GatewayMetrics, store_ids: Sequence[str] = ()
    ) -> None:
        super().__init__(conninfo, link, store_ids=store_ids)
        self._link = link
        self._metrics = metrics
        self._forget_due_s = float("-inf")

    def look(self, connection: psycopg.Connection) -> int:
        """Send what is due; return how many commands were sent.

        Raises:
            psycopg.Error: the database does not answer; what was sent and not noted is sent again.
        """
        self._forget(connection)
        if self._link.connection_no == 0:
            return 0
        sent = 0
        for row in connection.execute(_SQL["due"], {"store_ids": self._store_ids}).fetchall():
            command_id, store_id, device_id, kind, arguments, issued_at, expires_at, valid_s = row
            command = DeviceCommand(
                command_id=CommandId(command_id),
                kind=kind,
                issued_at=issued_at,
                expires_at=expires_at,
                arguments=msgspec.json.decode(arguments, type=CommandArguments),
            )
            payload = encode_command(command)
            if not self._link.tell_command(StoreId(store_id), DeviceId(device_id), payload, valid_s=max(1, valid_s)):
                break
            with connection.transaction():
                connection.execute(_SQL["told"], {"command_id": command_id})
                connection.execute(_SQL["announce"], {"store_id": store_id, "device_id": device_id})
            sent += 1
            self._metrics.commands.inc()
            _LOG.info("%s/%s: command %s (%s) sent", store_id, device_id, command_id, kind)
        return sent

    def _forget(self, connection: psycopg.Connection) -> None:
        now_s = time.monotonic()
        if now_s < self._forget_due_s:
            return
        self._forget_due_s = now_s + _FORGET_EVERY_S
        for query in ("forget_commands", "forget_results"):
            connection.execute(_SQL[query], {"days": _KEPT_DAYS})
