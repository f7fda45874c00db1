"""Tells devices what they shall go by: one retained message a device, whenever that or a device is new.

The backend and its command write into the database and say so there; the gateway is who has both the database and the
broker. What is told is a whole each time and retained, so that nothing needs to be remembered: after a restart, and
after each new connection, everything is told once more, and a device that knows it already is not disturbed.
"""

import logging
from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import Protocol

import psycopg

from storesense_contracts.device_config import DeviceConfig, encode_config
from storesense_contracts.ids import DeviceId, StoreId
from storesense_gateway.following import BrokerLink, Follower

_LOG = logging.getLogger(__name__)


class ConfigLink(BrokerLink, Protocol):
    """What a teller asks of the broker."""

    def tell_config(self, store_id: StoreId, device_id: DeviceId, payload: bytes) -> bool:
        """Publish a device's configuration, retained; return whether it was taken."""
        ...


class ConfigTeller(Follower):
    """Follows what devices of some stores are to be told.

    Args:
        conninfo: the database.
        link: the connection to the broker.
        store_ids: the stores; none for all.
    """

    channels = ("storesense_registry",)

    def __init__(self, conninfo: str, link: ConfigLink, *, store_ids: Sequence[str] = ()) -> None:
        super().__init__(conninfo, link, store_ids=store_ids)
        self._link = link
        self._told: dict[str, Hashable] = {}
        self._told_on = 0

    @abstractmethod
    def heads(self, connection: psycopg.Connection, store_ids: list[str]) -> Mapping[str, Hashable]:
        """Return of each store what decides whether its devices have to be told anew."""

    @abstractmethod
    def configs(self, connection: psycopg.Connection, store_id: str, head: Hashable) -> Mapping[str, DeviceConfig]:
        """Return what each device of a store is to be told."""

    def look(self, connection: psycopg.Connection) -> int:
        """Tell what has not been told on this connection to the broker; return how many devices were.

        Raises:
            psycopg.Error: the database does not answer; what was told stays told.
        """
        connection_no = self._link.connection_no
        if connection_no == 0:
            return 0
        if connection_no != self._told_on:
            self._told, self._told_on = {}, connection_no
        told = 0
        for store_id, head in self.heads(connection, self._store_ids).items():
            if self._told.get(store_id) == head:
                continue
            sent = [
                self._link.tell_config(StoreId(store_id), DeviceId(device_id), encode_config(config))
                for device_id, config in self.configs(connection, store_id, head).items()
            ]
            told += sum(sent)
            if all(sent):
                self._told[store_id] = head
                _LOG.info("%s: %s (%s) told to %s devices", store_id, self.what, head, len(sent))
        return told
