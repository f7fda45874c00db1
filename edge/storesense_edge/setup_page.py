"""The setup page of an agent: put together from the settings, and served for as long as the agent runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storesense_contracts.errors import UsageError
from storesense_contracts.settings import SettingsError
from storesense_edge.picture_desk import PictureDesk
from storesense_edge.setup_door import SetupDoor
from storesense_edge.setup_server import SetupCamera, SetupServer

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from storesense_edge.settings import EdgeSettings

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class SetupPage:
    """What is served, where and how; nothing is bound before it runs.

    Attributes:
        store_id: the store of this box.
        url: where browsers in the shop reach it.
        listen: address and port.
        certificate: certificate and key, None for plain HTTP.
        desk: takes pictures while somebody looks.
        cameras: by their ids.
    """

    store_id: str
    url: str
    listen: tuple[str, int]
    certificate: tuple[Path, Path] | None = None
    desk: PictureDesk = field(default_factory=PictureDesk)
    cameras: dict[str, SetupCamera] = field(default_factory=dict)

    def keys(self) -> set[str]:
        """Return the keys of backends that the gateway told any camera of this box."""
        return {key for camera in self.cameras.values() for key in camera.drawing.setup_keys}

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until ``stop`` is set. A page that cannot be served stops no counting; the log says why."""
        door = SetupDoor(self.store_id, self.url, self.keys)
        try:
            server = SetupServer(self.cameras, self.desk, door, self.listen, self.certificate)
        except UsageError as exc:
            _logger.error("%s", exc)  # noqa: TRY400 -- says it all
            return
        with server.running():
            _logger.info("the setup page is at %s", self.url)
            await stop.wait()


def setup_page(store_id: str, settings: EdgeSettings) -> SetupPage | None:
    """Put the setup page together, None where none is wanted.

    Raises:
        SettingsError: certificate and key do not go together, or nobody could know the address.
    """
    port, host = settings.setup_port, settings.setup_host
    if port is None:
        return None
    files = (settings.setup_certificate_file, settings.setup_certificate_key_file)
    certificate = None if files[0] is None or files[1] is None else (files[0], files[1])
    if certificate is None and files != (None, None):
        raise SettingsError(
            problems=["STORESENSE_EDGE_SETUP_CERTIFICATE_FILE and …_KEY_FILE go together; one is missing"]
        )
    if settings.setup_url is None and port == 0:
        raise SettingsError(problems=["STORESENSE_EDGE_SETUP_PORT: a port chosen by chance has no address; give one"])
    shown = f"[{host}]" if ":" in host else host
    url = settings.setup_url or f"{'http' if certificate is None else 'https'}://{shown}:{port}/"
    return SetupPage(store_id, url, (host, port), certificate)
