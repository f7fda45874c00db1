"""Who comes when: people an hour for each weekday and hour, from a day's total and its shape, and bursts on top."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from storesense_simulators.twin.hours import open_minutes, weekdays_of
from storesense_simulators.twin.people_file import DemandFile, PartiesFile
from storesense_simulators.twin.shop_people import Bursts, Demand, Hours, PartyMix

_HOUR_MIN = 60
_USUAL_CURVE = {
    **dict.fromkeys(range(7), 1.0),
    **dict(enumerate((2.0, 3.5, 5.0, 6.5, 7.5, 7.0, 6.0, 5.5, 6.0, 7.5, 9.0, 8.5, 6.0, 3.5, 2.0, 1.5, 1.0), start=7)),
}
"""A grocer's day: a hump before noon and a higher one after work. Used where a store file gives no hours."""


def parties_of(file: PartiesFile) -> PartyMix:
    """Return the party mix with shares that add up to one."""
    total = file.alone + file.couple + file.family
    return PartyMix(
        alone_share=file.alone / total,
        couple_share=file.couple / total,
        family_share=file.family / total,
        children=file.children,
        two_parents_share=file.two_parents_share,
    )


def demand_of(file: DemandFile, hours: Hours) -> Demand:
    """Work out the people an hour.

    A day's total, bursts included, is ``visitors_a_day`` times the weekday's factor; it is shared out over the open
    part of each hour by the hours' weights.
    """
    bursts = Bursts(file.bursts.per_day, file.bursts.factor, file.bursts.lasts_s)
    factors = [1.0] * 7
    for days, factor in file.by_weekday.items():
        for weekday in weekdays_of(days):
            factors[weekday] = factor
    week = tuple(
        _day(file.visitors_a_day * factors[weekday], file.by_hour or _USUAL_CURVE, bursts, hours, weekday)
        for weekday in range(7)
    )
    return Demand(visitors_per_h=week, bursts=bursts, parties=parties_of(file.parties))


def _day(
    visitors: float, by_hour: Mapping[int, float], bursts: Bursts, hours: Hours, weekday: int
) -> tuple[float, ...]:
    shares = open_shares(hours, weekday)
    weights = [by_hour.get(hour, 0.0) * shares[hour] for hour in range(24)]
    total = sum(weights)
    if total <= 0:
        # Open in none of the hours that were given a weight: everybody comes as they please.
        weights, total = list(shares), sum(shares)
    if total <= 0:
        return (0.0,) * 24
    # A burst multiplies the rate for its length, so that much more than the plain rate comes on average.
    plain = visitors / (
        1 + bursts.per_day * (bursts.factor - 1) * bursts.lasts_s.mean / (open_minutes(hours, weekday) * 60)
    )
    return tuple(
        plain * weight / total / share if share > 0 else 0.0 for weight, share in zip(weights, shares, strict=True)
    )


def open_shares(hours: Hours, weekday: int) -> tuple[float, ...]:
    """Return the share of each hour of a weekday in which the store is open."""
    return tuple(
        sum(
            max(0, min(span.closes_min, (hour + 1) * _HOUR_MIN) - max(span.opens_min, hour * _HOUR_MIN))
            for span in hours.spans[weekday]
        )
        / _HOUR_MIN
        for hour in range(24)
    )


@dataclass(frozen=True, slots=True)
class Spell:
    """A burst from ``begins_ms`` to ``ends_ms`` of the run."""

    begins_ms: int
    ends_ms: int


class Arrivals:
    """When parties come, a Poisson process whose rate follows the clock, the weekday and bursts, by thinning.

    Candidates come at the highest rate there is, and each is kept with the share that the rate of its moment has of
    that (Lewis and Shedler, 1979).

    Args:
        demand: who comes when.
        hours: when the store is open; nobody comes outside.
        began_at: the aware instant of millisecond 0 of the run.
        chance: where every draw comes from.
    """

    def __init__(self, demand: Demand, hours: Hours, *, began_at: datetime, chance: np.random.Generator) -> None:
        self._demand = demand
        self._hours = hours
        self._began_at = began_at.astimezone(UTC)
        self._zone = ZoneInfo(hours.time_zone)
        self._chance = chance
        self._highest_per_h = max(max(day) for day in demand.visitors_per_h) * max(1.0, demand.bursts.factor)
        self._now_ms = 0
        self._spells: list[Spell] = []
        self._spells_until_ms = 0
        self._hour_ends_ms = -1
        self._rate_per_h = 0.0
        self._open_ms: list[tuple[int, int]] = []

    @property
    def spells(self) -> tuple[Spell, ...]:
        """Bursts that have been drawn so far."""
        return tuple(self._spells)

    def next_party_ms(self) -> int | None:
        """Return when the next party comes, in milliseconds of the run; None when nobody ever does."""
        if self._highest_per_h <= 0:
            return None
        parties_per_h = self._highest_per_h / self._demand.parties.mean_size
        mean_ms = 3_600_000.0 / parties_per_h
        while True:
            self._now_ms += max(1, round(float(self._chance.standard_exponential()) * mean_ms))
            if float(self._chance.random()) * self._highest_per_h < self.rate_per_h(self._now_ms):
                return self._now_ms

    def rate_per_h(self, at_ms: int) -> float:
        """Return the people an hour at a moment of the run; moments are asked for in order."""
        if at_ms >= self._hour_ends_ms:
            self._enter_hour(at_ms)
        if not any(begins <= at_ms < ends for begins, ends in self._open_ms):
            return 0.0
        in_burst = any(spell.begins_ms <= at_ms < spell.ends_ms for spell in self._spells)
        return self._rate_per_h * (self._demand.bursts.factor if in_burst else 1.0)

    def _enter_hour(self, at_ms: int) -> None:
        local = (self._began_at + timedelta(milliseconds=at_ms)).astimezone(self._zone)
        hour_began_ms = at_ms - ((local.minute * 60 + local.second) * 1_000 + local.microsecond // 1_000)
        self._hour_ends_ms = hour_began_ms + 3_600_000
        self._rate_per_h = self._demand.visitors_per_h[local.weekday()][local.hour]
        low_min = local.hour * _HOUR_MIN
        self._open_ms = [
            (
                hour_began_ms + (max(span.opens_min, low_min) - low_min) * 60_000,
                hour_began_ms + (min(span.closes_min, low_min + _HOUR_MIN) - low_min) * 60_000,
            )
            for span in self._hours.spans[local.weekday()]
            if span.opens_min < low_min + _HOUR_MIN and span.closes_min > low_min
        ]
        self._draw_spells(hour_began_ms, local.weekday())

    def _draw_spells(self, hour_began_ms: int, weekday: int) -> None:
        bursts = self._demand.bursts
        minutes = open_minutes(self._hours, weekday)
        open_ms = sum(ends - begins for begins, ends in self._open_ms)
        if bursts.per_day <= 0 or minutes <= 0 or open_ms <= 0 or hour_began_ms < self._spells_until_ms:
            return
        self._spells_until_ms = hour_began_ms + 3_600_000
        for _ in range(int(self._chance.poisson(bursts.per_day * open_ms / (minutes * 60_000)))):
            begins_ms = hour_began_ms + int(float(self._chance.random()) * 3_600_000)
            spread = bursts.lasts_s
            drawn_s = spread.mean + spread.sd * float(self._chance.standard_normal())
            lasts_ms = round(min(spread.high, max(spread.low, drawn_s)) * 1_000)
            self._spells.append(Spell(begins_ms, begins_ms + lasts_ms))
