"""Zeros that were taken after the site file was written, kept beside the outbox.

A zero belongs to one calibration: when the site file says another one, that is newer and holds.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import msgspec

from storesense_contracts.errors import StoresenseError
from storesense_edge.kept_files import keep

if TYPE_CHECKING:
    from pathlib import Path

    from storesense_edge.shelf.calibration import Calibration

_logger = logging.getLogger(__name__)


class ZeroError(StoresenseError):
    """A zero cannot be taken or kept."""

    code = "zero"


class _Zero(msgspec.Struct, frozen=True, kw_only=True):
    """A slot's zero, and the line of the site file that it moved."""

    site_zero_counts: float
    counts_per_g: float
    zero_counts: float


class SlotZeros:
    """The zeros of a device's slots. Each slot's thread reads and keeps its own file.

    Args:
        folder: where they are kept.
        device_id: whose they are.
    """

    def __init__(self, folder: Path, device_id: str) -> None:
        self._folder = folder
        self._device_id = device_id

    def applied(self, slot_id: str, calibration: Calibration) -> Calibration:
        """Return the site file's calibration with the zero that was taken since, if one was."""
        try:
            kept = msgspec.json.decode(self._path(slot_id).read_bytes(), type=_Zero)
        except FileNotFoundError:
            return calibration
        except (OSError, msgspec.DecodeError) as exc:
            _logger.warning("The zero of slot %s cannot be read and is not used: %s", slot_id, exc)
            return calibration
        is_same = (kept.site_zero_counts, kept.counts_per_g) == (calibration.zero_counts, calibration.counts_per_g)
        return calibration.tared(kept.zero_counts) if is_same and math.isfinite(kept.zero_counts) else calibration

    def keep(self, slot_id: str, site: Calibration, tared: Calibration) -> None:
        """Keep a zero on disk. Raises ZeroError."""
        zero = _Zero(site_zero_counts=site.zero_counts, counts_per_g=site.counts_per_g, zero_counts=tared.zero_counts)
        try:
            keep(self._path(slot_id), msgspec.json.encode(zero))
        except OSError as exc:
            raise ZeroError(
                f"The zero of slot {slot_id} cannot be kept on disk ({exc.strerror or exc}), so the old one holds; "
                "make room on the disk or repair it."
            ) from exc

    def _path(self, slot_id: str) -> Path:
        return self._folder / f"{self._device_id}.{slot_id}.zero.json"
