"""The last day of anonymous trajectories, on the edge box alone, so that a shop can check what was counted.

A trajectory is a number drawn by lot and rounded places in the picture, twice a second; a crossing is a line, a
direction and an instant. Numbers are drawn anew at each start, so nothing links one boot's to another's. What is older
than a day, or more than fits, is deleted, whether the camera gives pictures or not, and never read. Beside them stands
when the camera measured at all: a tally of another time would blame it for what it was not there to see. Nothing of
this is sent: no message has a field for it. What an audit found, numbers alone, waits here until the agent has sent it.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from storesense_contracts.errors import StoresenseError
from storesense_contracts.readings import LineAccuracy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

_logger = logging.getLogger(__name__)

MAX_POINTS = 2_000_000
MAX_CROSSINGS = 200_000
MAX_SPANS = 100_000
WRITE_EVERY_MS = 5_000
DAY_MS = 86_400_000
"""Nothing older is kept, nor read while it waits for its deletion."""
_PAUSE_MS = 3_000
"""Between two pictures this far apart nothing was measured."""
POINT_EVERY_MS = 500
_ROUND = 200
"""Places are rounded to this part of the picture's width and height."""
_TIDY_EVERY_MS = 60_000
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS points (at_ms INTEGER NOT NULL, track INTEGER NOT NULL, x REAL NOT NULL, y REAL NOT NULL);
CREATE INDEX IF NOT EXISTS points_at ON points (at_ms);
CREATE TABLE IF NOT EXISTS crossings (at_ms INTEGER NOT NULL, line_id TEXT NOT NULL, entered INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS crossings_at ON crossings (at_ms);
CREATE TABLE IF NOT EXISTS measured (at_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS measured_at ON measured (at_ms);
CREATE TABLE IF NOT EXISTS audits (
    from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, accuracy TEXT NOT NULL, is_sent INTEGER NOT NULL DEFAULT 0
);
"""


class TrajectoryError(StoresenseError):
    """The trajectories cannot be read or written."""

    code = "trajectories"

    def __init__(self, *, path: Path, cause: str) -> None:
        self.path = path
        self.cause = cause
        super().__init__(
            f"The trajectories in {path} cannot be used: {cause}; see that the agent runs with this folder."
        )


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit found.

    Attributes:
        from_ms: when the tally began, milliseconds since 1970.
        to_ms: when it ended.
        accuracy: a line and direction each.
    """

    from_ms: int
    to_ms: int
    accuracy: tuple[LineAccuracy, ...]


def trajectory_path(state_dir: Path, device_id: str) -> Path:
    """Where a camera's trajectories lie in the state folder of its store."""
    return state_dir / f"{device_id}.trajectories.db"


class TrajectoryFile:
    """One camera's trajectories on disk.

    Args:
        path: the file.
        keep_s: seconds after which what is in it is forgotten.
    """

    def __init__(self, path: Path, *, keep_s: float = DAY_MS / 1000) -> None:
        self._path = path
        self._keep_ms = int(keep_s * 1000)

    def forget(self, now: datetime) -> None:
        """Delete what has been kept for long enough. Raises TrajectoryError."""
        self.tidy(int(now.timestamp() * 1000) - self._keep_ms)

    def append(
        self,
        points: Iterable[tuple[int, int, float, float]],
        crossings: Iterable[tuple[int, str, bool]],
        measured: Iterable[tuple[int, int]] = (),
    ) -> None:
        """Write places (at_ms, track, x, y), crossings (at_ms, line, entered) and times measured (from_ms, to_ms).

        Raises:
            TrajectoryError: the file cannot be used.
        """
        with closing(self._open()) as database:
            try:
                with database:
                    database.executemany("INSERT INTO points VALUES (?, ?, ?, ?)", points)
                    database.executemany("INSERT INTO crossings VALUES (?, ?, ?)", crossings)
                    database.executemany("INSERT INTO measured VALUES (?, ?)", measured)
            except sqlite3.Error as exc:
                raise TrajectoryError(path=self._path, cause=str(exc)) from exc

    def tidy(self, before_ms: int, *, max_points: int = MAX_POINTS) -> None:
        """Delete what is older, and the oldest of what is too much; makes no file. Raises TrajectoryError."""
        if not self._path.is_file():
            return
        with closing(self._open()) as database:
            try:
                with database:
                    for table, most in (("points", max_points), ("crossings", MAX_CROSSINGS), ("measured", MAX_SPANS)):
                        database.execute(f"DELETE FROM {table} WHERE at_ms < ?", (before_ms,))  # noqa: S608 -- our own names
                        database.execute(
                            f"DELETE FROM {table} WHERE rowid <= (SELECT max(rowid) FROM {table}) - ?",  # noqa: S608
                            (most,),
                        )
            except sqlite3.Error as exc:
                raise TrajectoryError(path=self._path, cause=str(exc)) from exc

    def points(self, from_ms: int, to_ms: int, *, limit: int = 50_000) -> list[tuple[int, int, float, float]]:
        """Return places between two instants, the oldest first. Raises TrajectoryError."""
        query = "SELECT at_ms, track, x, y FROM points WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms LIMIT ?"
        return [(at_ms, track, x, y) for at_ms, track, x, y in self._read(query, (from_ms, to_ms, limit))]

    def newest(self, from_ms: int, *, limit: int) -> list[tuple[int, int, float, float]]:
        """Return the newest places since an instant, the oldest of them first. Raises TrajectoryError."""
        query = "SELECT at_ms, track, x, y FROM points WHERE at_ms >= ? ORDER BY at_ms DESC LIMIT ?"
        return [(at_ms, track, x, y) for at_ms, track, x, y in self._read(query, (from_ms, limit))][::-1]

    def crossings(self, from_ms: int, to_ms: int) -> list[tuple[int, str, bool]]:
        """Return crossings between two instants, the oldest first. Raises TrajectoryError."""
        query = "SELECT at_ms, line_id, entered FROM crossings WHERE at_ms >= ? AND at_ms < ? ORDER BY at_ms"
        return [(at_ms, line_id, bool(entered)) for at_ms, line_id, entered in self._read(query, (from_ms, to_ms))]

    def measured_ms(self, from_ms: int, to_ms: int) -> int:
        """Return for how much of a time the camera measured, milliseconds. Raises TrajectoryError."""
        query = "SELECT at_ms, to_ms FROM measured WHERE at_ms < ? AND to_ms > ? ORDER BY at_ms"
        total_ms, end_ms = 0, from_ms
        for span_from_ms, span_to_ms in self._read(query, (to_ms, from_ms)):
            until_ms = min(span_to_ms, to_ms)
            total_ms += max(0, until_ms - max(span_from_ms, end_ms))
            end_ms = max(end_ms, until_ms)
        return total_ms

    def keep_audit(self, audit: Audit) -> None:
        """Leave what an audit found for the agent to send. Raises TrajectoryError."""
        with closing(self._open()) as database:
            try:
                with database:
                    values = (audit.from_ms, audit.to_ms, msgspec.json.encode(audit.accuracy).decode())
                    database.execute("INSERT INTO audits (from_ms, to_ms, accuracy) VALUES (?, ?, ?)", values)
            except sqlite3.Error as exc:
                raise TrajectoryError(path=self._path, cause=str(exc)) from exc

    def take_audits(self) -> list[Audit]:
        """Return the audits that were not taken before; none if there is no file. Raises TrajectoryError."""
        if not self._path.is_file():
            return []
        with closing(self._open()) as database:
            try:
                with database:
                    rows = database.execute(
                        "UPDATE audits SET is_sent = 1 WHERE is_sent = 0 RETURNING from_ms, to_ms, accuracy"
                    ).fetchall()
            except sqlite3.Error as exc:
                raise TrajectoryError(path=self._path, cause=str(exc)) from exc
        kind = tuple[LineAccuracy, ...]
        return [Audit(begin, end, msgspec.json.decode(text, type=kind)) for begin, end, text in rows]

    def _read(self, query: str, values: tuple[int, ...]) -> list[Any]:
        if not self._path.is_file():
            raise TrajectoryError(path=self._path, cause="there are none yet")
        with closing(self._open()) as database:
            try:
                return database.execute(query, values).fetchall()
            except sqlite3.Error as exc:
                raise TrajectoryError(path=self._path, cause=str(exc)) from exc

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Made by us first, so that it is never readable by others, not even for a moment.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            database = sqlite3.connect(self._path, timeout=2.0)
        except (OSError, sqlite3.Error) as exc:
            raise TrajectoryError(path=self._path, cause=str(exc)) from exc
        try:
            database.executescript(_SCHEMA)
        except sqlite3.Error as exc:
            database.close()
            raise TrajectoryError(path=self._path, cause=str(exc)) from exc
        return database


class TrajectoryRecorder:
    """Gathers a camera's trajectories and writes them every few seconds; a disk that refuses costs only them.

    Args:
        file: where they go.
        salt: random bits of this boot, from which track numbers are drawn.
    """

    def __init__(self, file: TrajectoryFile, *, salt: int) -> None:
        self._file = file
        self._salt = salt
        self._points: list[tuple[int, int, float, float]] = []
        self._crossings: list[tuple[int, str, bool]] = []
        self._told_ms: dict[int, int] = {}
        self._measured: list[tuple[int, int]] = []
        self._seen_ms: tuple[int, int] | None = None
        self._written_ms: int | None = None
        self._tidied_ms: int | None = None

    def see(self, at: datetime, track_id: int, x: float, y: float) -> None:
        """Note where somebody is, as fractions of the picture; twice a second each at most."""
        at_ms = int(at.timestamp() * 1000)
        if at_ms - self._told_ms.get(track_id, -POINT_EVERY_MS) < POINT_EVERY_MS:
            return
        if len(self._told_ms) > 1_000:
            self._told_ms.clear()
        self._told_ms[track_id] = at_ms
        # A number that says nothing about order or boot, and is the same for one person's stay in view.
        number = (((track_id + 1) * 0x9E3779B97F4A7C15) ^ self._salt) & 0x7FFFFFFF
        self._points.append((at_ms, number, round(x * _ROUND) / _ROUND, round(y * _ROUND) / _ROUND))

    def see_all(self, at: datetime, track_ids: NDArray[np.int64], places: NDArray[np.float64]) -> None:
        """Note where everybody in view is: (N,) tracks, and (N, 2) fractions of the picture."""
        for track_id, (x, y) in zip(track_ids.tolist(), places.tolist(), strict=True):
            self.see(at, track_id, x, y)

    def cross(self, at: datetime, line_id: str, *, entered: bool) -> None:
        """Note that somebody was counted."""
        self._crossings.append((int(at.timestamp() * 1000), line_id, entered))

    def write(self, now: datetime, *, now_or_never: bool = False) -> None:
        """Note that the camera measures now, and write what has been gathered, if it is time."""
        now_ms = int(now.timestamp() * 1000)
        if not now_or_never:
            self._measures(now_ms)
        if self._written_ms is None:
            self._written_ms = now_ms
        if not now_or_never and 0 <= now_ms - self._written_ms < WRITE_EVERY_MS:
            return
        self._written_ms = now_ms
        points, crossings = self._points, self._crossings
        self._points, self._crossings = [], []
        if self._seen_ms is not None and self._seen_ms[0] < self._seen_ms[1]:
            self._measured.append(self._seen_ms)
            self._seen_ms = (self._seen_ms[1], self._seen_ms[1])
        measured, self._measured = self._measured, []
        try:
            if points or crossings or measured:
                self._file.append(points, crossings, measured)
            if self._tidied_ms is None or not 0 <= now_ms - self._tidied_ms < _TIDY_EVERY_MS:
                self._tidied_ms = now_ms
                self._file.forget(now)
        except TrajectoryError as exc:
            _logger.warning("Trajectories for the accuracy audit were lost: %s", exc)

    def _measures(self, now_ms: int) -> None:
        seen = self._seen_ms
        if seen is not None and 0 <= now_ms - seen[1] <= _PAUSE_MS:
            self._seen_ms = (seen[0], now_ms)
            return
        if seen is not None and seen[0] < seen[1]:
            self._measured.append(seen)
        self._seen_ms = (now_ms, now_ms)
