"""History for a store that has just been set up: past days go through the store's own device links, like any reading.

They travel by MQTT and the gateway, which keeps what is up to ``past_tolerance_days`` old, and wake nobody, since the
alert engine decides nothing by readings that arrive late. So that it stays so, history ends some minutes before the
present. Days are loaded from the newest to the oldest, and only once: a file beside the outboxes remembers.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from storesense_contracts.clock import Clock
from storesense_simulators.twin.device_links import DeviceLinks
from storesense_simulators.twin.emitted import Emitted
from storesense_simulators.twin.errors import TwinError
from storesense_simulators.twin.history_day import PastDays
from storesense_simulators.twin.history_trips import record_visits
from storesense_simulators.twin.shop import Shop

_logger = logging.getLogger(__name__)

_BEFORE_PRESENT = timedelta(minutes=5)
_AT_ONCE = 400
_LOOK_EVERY_S = 0.02
_STALLED_S = 120.0
_FILE = "history.json"


class HistoryStalledError(TwinError):
    """The database took nothing for a long time."""

    exit_code = 1
    code = "history_stalled"

    def __init__(self, *, waited_s: float) -> None:
        self.waited_s = waited_s
        super().__init__(
            f"for {waited_s:.0f} s no commit ack came for past readings; see whether broker, gateway and database run. "
            "What is recorded stays on disk and goes out later"
        )


class LoadedHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What has been loaded: all from ``since`` (a local date) to ``until_at``."""

    since: date
    until_at: datetime


class HistoryLoader:
    """Loads past days of one store.

    Args:
        shop: the store, with its own hours and rates.
        links: its devices; open while it loads.
        state_dir: folder of the outboxes, in which it is remembered what has been loaded.
        seed: the root of all chance.
        clock: tells the present.
        window: messages of one device that may wait for their commit ack before more is recorded, so that what is
            measured meanwhile does not wait long behind the past.
    """

    def __init__(
        self, shop: Shop, links: DeviceLinks, *, state_dir: Path, seed: int, clock: Clock, window: int = 8
    ) -> None:
        self._shop = shop
        self._links = links
        self._path = state_dir / shop.store_id / _FILE
        self._seed = seed
        self._clock = clock
        self._window = window
        self._zone = ZoneInfo(shop.hours.time_zone)
        self.readings = 0

    async def load(self, days: int, progress: Callable[[int], None] = lambda _: None) -> int:
        """Load the last ``days`` days and what has passed of today; return how many days were loaded now.

        Args:
            days: how many; those that were loaded before are left out.
            progress: told after each day how many are done.

        Raises:
            HistoryStalledError: no commit ack came for two minutes.
        """
        known = self._remembered()
        until_at = (self._clock.now() - _BEFORE_PRESENT).astimezone(UTC) if known is None else known.until_at
        today = until_at.astimezone(self._zone).date()
        newest = today if known is None else known.since - timedelta(days=1)
        missing = [newest - timedelta(days=back) for back in range((newest - today).days + days + 1)]
        if not missing:
            return 0
        first = datetime.combine(missing[-1], datetime.min.time(), self._zone)
        library = await asyncio.to_thread(record_visits, self._shop, seed=self._seed, first_day=first)
        past = PastDays(self._shop, library, seed=self._seed)
        for number, on in enumerate(missing, start=1):
            emitted = await asyncio.to_thread(_day, past, on, until_at)
            # Remembered first: a day that is cut short stays a gap, and none is ever counted twice.
            self._remember(LoadedHistory(since=on, until_at=until_at))
            await self._record(emitted)
            progress(number)
        return len(missing)

    async def _record(self, emitted: list[Emitted]) -> None:
        for start in range(0, len(emitted), _AT_ONCE):
            for one in emitted[start : start + _AT_ONCE]:
                self._links.record(one)
            self.readings += len(emitted[start : start + _AT_ONCE])
            await asyncio.sleep(0)
            await self._until_there_is_room()

    async def _until_there_is_room(self) -> None:
        acked, since_s = -1, self._clock.monotonic_s()
        while True:
            stats = self._links.stats
            if max((s.pending for s in stats), default=0) <= self._window:
                return
            present = sum(s.acked for s in stats)
            if present != acked:
                acked, since_s = present, self._clock.monotonic_s()
            elif self._clock.monotonic_s() - since_s > _STALLED_S:
                raise HistoryStalledError(waited_s=_STALLED_S)
            await asyncio.sleep(_LOOK_EVERY_S)

    def _remembered(self) -> LoadedHistory | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=LoadedHistory)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as exc:
            raise HistoryFileError(path=self._path, problem=str(exc)) from exc

    def _remember(self, loaded: LoadedHistory) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_bytes(msgspec.json.encode(loaded) + b"\n")


def _day(past: PastDays, on: date, until_at: datetime) -> list[Emitted]:
    return list(past.day(on, until_at))


class HistoryFileError(TwinError):
    """The file that remembers what was loaded cannot be read."""

    code = "history_file"

    def __init__(self, *, path: Path, problem: str) -> None:
        self.path = path
        self.problem = problem
        super().__init__(
            f"{path} does not say which days were loaded: {problem}; remove it only together with the database, since "
            "days that are loaded twice count twice"
        )
