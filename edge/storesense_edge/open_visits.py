"""What was going on when the agent last reported: how many visits to zones and queues were open.

It is kept beside the outbox, as numbers alone. After a restart nobody knows how those visits ended, so they are told as
unknown: a visit that was cut short is no completed one, and people who came in without leaving are not lost for ever.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from storesense_edge.kept_files import keep

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_logger = logging.getLogger(__name__)

_MAX_BYTES = 200_000
_MAX_PEOPLE = 100_000
_KEEP_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class OpenVisits:
    """Open visits by zone and by queue; what has none is left out."""

    zones: Mapping[str, int] = field(default_factory=dict)
    queues: Mapping[str, int] = field(default_factory=dict)


class OpenVisitsFile:
    """One camera's open visits on disk.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: tuple[OpenVisits, float] | None = None

    def load(self) -> OpenVisits:
        """Return what was open; nothing if there is no file, or one that cannot be read."""
        try:
            if self._path.stat().st_size > _MAX_BYTES:
                return OpenVisits()
            told = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return OpenVisits()
        if not isinstance(told, dict):
            return OpenVisits()
        return OpenVisits(zones=_counts(told.get("zones")), queues=_counts(told.get("queues")))

    def follow(self, visits: Callable[[], OpenVisits], now_s: float, *, now_or_never: bool = False) -> None:
        """Keep what is open if that has changed; seldom enough for a memory card.

        Args:
            visits: tells what is open; not asked more often than every few seconds.
            now_s: the monotonic clock.
            now_or_never: ask now, however little time has passed.
        """
        if self._kept is not None and now_s - self._kept[1] < _KEEP_EVERY_S and not now_or_never:
            return
        found = visits()
        if self._kept is None or found != self._kept[0]:
            self.save(found)
        self._kept = (found, now_s)

    def save(self, visits: OpenVisits) -> None:
        """Keep what is open; a full disk costs only this."""
        text = json.dumps({"zones": visits.zones, "queues": visits.queues})
        try:
            keep(self._path, text.encode(), is_synced=False)
        except OSError as exc:
            _logger.warning("The number of open visits could not be kept in %s: %s", self._path, exc)


def _counts(told: object) -> dict[str, int]:
    if not isinstance(told, dict):
        return {}
    return {
        name: people
        for name, people in told.items()
        if isinstance(people, int) and not isinstance(people, bool) and 0 < people <= _MAX_PEOPLE
    }
