"""Public holidays of a country, by the package ``holidays`` (MIT), and the country of a time zone."""

import zoneinfo
from datetime import date, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path

import holidays

from storesense_backend.forecasts.days import Calendar


def calendar_of(first: date, days: int, country: str | None, subdivision: str | None = None) -> Calendar:
    """Return consecutive days with their public holidays.

    Args:
        first: the first day.
        days: how many.
        country: two letters of ISO 3166; None, or one that the package does not know, gives days without holidays.
        subdivision: the region's code, for holidays of its own.
    """
    if country is None or country not in holidays.list_supported_countries():
        return Calendar(first, (None,) * days)
    years = range(first.year, (first + timedelta(days=days)).year + 1)
    known = holidays.country_holidays(country, subdiv=subdivision, years=years)
    return Calendar(first, tuple(known.get(first + timedelta(days=day)) for day in range(days)))


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Return countries by time zone, from the table that comes with the time zones; empty where there is none."""
    texts = [path for folder in zoneinfo.TZPATH if (path := Path(folder) / "zone.tab").is_file()]
    if texts:
        text = texts[0].read_text(encoding="utf-8")
    else:
        try:
            text = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
        except (ModuleNotFoundError, FileNotFoundError):
            return {}
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


def country_of(zone_name: str) -> str | None:
    """Return the country in which a time zone is used; None where the table does not say."""
    return _countries().get(zone_name)
