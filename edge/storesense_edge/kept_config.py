"""What the gateway told a device last, kept on disk with what the site file said of the device then."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from storesense_contracts.device_config import DeviceConfig, decode_config, encode_config
from storesense_contracts.errors import StoresenseError
from storesense_contracts.messages import PayloadError
from storesense_edge.kept_files import keep

if TYPE_CHECKING:
    from pathlib import Path

_logger = logging.getLogger(__name__)


class KeptConfigError(StoresenseError):
    """A kept configuration cannot be read."""

    code = "kept_config"


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The file: the newest configuration, and what the site file said of the device when it came."""

    site_sha256: str
    config: msgspec.Raw


class KeptConfig:
    """A device's newest configuration on disk.

    Args:
        path: the file.
        site_sha256: of what the site file says of the device now. A site file that says something else than it did
            when the configuration came is newer, and what was kept is no longer used.
    """

    def __init__(self, path: Path, site_sha256: str) -> None:
        self._path = path
        self._site_sha256 = site_sha256

    def load(self) -> DeviceConfig | None:
        """Return the configuration, None if there is none or if it is older than the site file.

        Raises:
            KeptConfigError: it cannot be read.
        """
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
            config = decode_config(bytes(kept.config))
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, PayloadError) as exc:
            _logger.warning("%s cannot be read and is not used: %s", self._path.name, exc)
            raise KeptConfigError(str(exc)) from exc
        if kept.site_sha256 != self._site_sha256:
            _logger.info("%s was of another site file and is not used.", self._path.name)
            return None
        return config

    def keep(self, config: DeviceConfig) -> None:
        """Put a configuration in the place of the one before. Raises OSError."""
        kept = _Kept(site_sha256=self._site_sha256, config=msgspec.Raw(encode_config(config)))
        keep(self._path, msgspec.json.encode(kept))
