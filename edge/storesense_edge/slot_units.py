"""What lay on plates that several products share, kept beside the outbox: their weight alone does not tell it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from storesense_edge.kept_files import keep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_logger = logging.getLogger(__name__)

_KEPT_FOR = timedelta(hours=24)
_REFRESH = timedelta(hours=1)
_SURE = 0.9


class _Units(msgspec.Struct, frozen=True, kw_only=True):
    """Units of each product of a plate, and when they were known."""

    known_at: datetime
    skus: tuple[str, ...]
    units: tuple[int, ...]


class SlotUnits:
    """The units on a device's shared plates. Each slot's thread reads and keeps its own file.

    A file that cannot be written is no reason to count nothing: it is told once a start, and the next start asks for a
    count.

    Args:
        folder: where they are kept.
        device_id: whose they are.
    """

    def __init__(self, folder: Path, device_id: str) -> None:
        self._folder = folder
        self._device_id = device_id
        self._kept: dict[str, tuple[datetime, tuple[int, ...]]] = {}
        self._is_told = False

    def recalled(self, slot_id: str, skus: Sequence[str], now_at: datetime) -> tuple[int, ...] | None:
        """Return what lay there of the same products within the last day; None where nothing is known."""
        try:
            kept = msgspec.json.decode(self._path(slot_id).read_bytes(), type=_Units)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as exc:
            _logger.warning("What lay on plate %s cannot be read and is not used: %s", slot_id, exc)
            return None
        is_same = kept.skus == tuple(skus) and len(kept.units) == len(kept.skus) and min(kept.units, default=0) >= 0
        is_young = abs(now_at - kept.known_at.astimezone(UTC)) <= _KEPT_FOR
        return kept.units if is_same and is_young else None

    def keep(
        self, slot_id: str, skus: Sequence[str], units: Sequence[int], confidence: float, now_at: datetime
    ) -> None:
        """Keep what lies there, if it is sure and something else than before, or an hour older."""
        if len(skus) < 2 or confidence < _SURE:
            return
        kept_at, kept = self._kept.get(slot_id, (None, ()))
        if kept_at is not None and kept == tuple(units) and abs(now_at - kept_at) < _REFRESH:
            return
        self._kept[slot_id] = now_at, tuple(units)
        known = _Units(known_at=now_at, skus=tuple(skus), units=tuple(units))
        try:
            keep(self._path(slot_id), msgspec.json.encode(known), is_synced=False)
        except OSError as exc:
            if not self._is_told:
                _logger.warning("What lies on plate %s cannot be kept on disk: %s", slot_id, exc)
            self._is_told = True

    def _path(self, slot_id: str) -> Path:
        return self._folder / f"{self._device_id}.{slot_id}.units.json"
