"""A store's KPIs hour by hour, foretold and judged: from rows to the forecast of a day and an hour's anomalies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from storesense_backend.forecasts.anomalies import KPI_TESTS, learn_limits, scores_of, statistics_of
from storesense_backend.forecasts.day_ahead import foretell_days
from storesense_backend.forecasts.days import Calendar, Floats
from storesense_backend.forecasts.explaining import Finding, explain
from storesense_backend.forecasts.residuals import residuals_of

SCALES: Mapping[str, float] = {
    "visitors": 1.0,
    "mean_dwell": 1.0,
    "queue_length": 10.0,
    "wait_mean": 1.0,
    "on_shelf_availability": 100.0,
}
"""The KPIs that are judged by the hour, and by what each is multiplied to be of the size of a count."""

HISTORY_DAYS = 180
FEWEST_DAYS = 28
"""Before so many days nothing is called an anomaly."""
_OTHER_SCORE = 2.0
_MEASURED_SHARE = 0.75

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoreHours:
    """What is known of a store's hours, the last row of days being tomorrow.

    Attributes:
        calendar: of the days.
        kpis: names.
        counts: shape (days, 24, kpis), scaled; NaN where not measured.
        median: day-ahead forecasts of the same, with ``low`` and ``high``.
        scores: shape (days, 24, kpis), 4 where the evidence of an anomaly is at its limit.
        tests: which test gives each score.
        days_measured: days with a measured hour.
    """

    calendar: Calendar
    kpis: tuple[str, ...]
    counts: Floats
    median: Floats
    low: Floats
    high: Floats
    scores: Floats
    tests: "np.ndarray[tuple[int, ...], np.dtype[np.str_]]"
    days_measured: int

    def forecast(self, kpi: str, day: date) -> list[dict[str, Any]]:
        """Return a day's hours: ``hour``, ``median``, ``low``, ``high``, ``measured``; none where nothing is foretold.

        ``measured`` is None of an hour that is not over, or of which too little was measured.
        """
        if kpi not in self.kpis:
            return []
        place, row, scale = self.kpis.index(kpi), (day - self.calendar.first).days, SCALES[kpi]
        if not 0 <= row < len(self.median):
            return []
        most = 1.0 if kpi == "on_shelf_availability" else np.inf
        return [
            {
                "hour": hour,
                "median": round(min(most, float(self.median[row, hour, place]) / scale), 4),
                "low": round(min(most, float(self.low[row, hour, place]) / scale), 4),
                "high": round(min(most, float(self.high[row, hour, place]) / scale), 4),
                "measured": None
                if np.isnan(self.counts[row, hour, place])
                else round(float(self.counts[row, hour, place]) / scale, 4),
            }
            for hour in range(24)
            if not np.isnan(self.median[row, hour, place])
        ]

    def judged(self, day: date, hour: int) -> list[dict[str, Any]]:
        """Return each KPI that was measured and foretold in an hour, with its score and an explanation."""
        row = (day - self.calendar.first).days
        if not 0 <= row < len(self.counts) or self.days_measured < FEWEST_DAYS:
            return []
        known = ~np.isnan(self.counts[row, hour]) & ~np.isnan(self.median[row, hour])
        high_scores = [kpi for n, kpi in enumerate(self.kpis) if known[n] and self.scores[row, hour, n] >= _OTHER_SCORE]
        return [
            self._one(row, hour, place, [other for other in high_scores if other != kpi])
            for place, kpi in enumerate(self.kpis)
            if known[place]
        ]

    def _one(self, row: int, hour: int, place: int, with_it: Sequence[str]) -> dict[str, Any]:
        kpi, scale = self.kpis[place], SCALES[self.kpis[place]]
        value, expected, low, high = (
            round(float(values[row, hour, place]) / scale, 4)
            for values in (self.counts, self.median, self.low, self.high)
        )
        weekday = int(self.calendar.weekdays[row])
        found = Finding(kpi, weekday, hour, value, expected, low, high, self.calendar.holidays[row], with_it)
        return {
            "kpi": kpi,
            "value": value,
            "expected": expected,
            "low": low,
            "high": high,
            "score": round(float(self.scores[row, hour, place]), 2),
            "test": str(self.tests[row, hour, place]),
            "explanation": explain(found),
        }


def learn_hours(
    rows: Sequence[Row], calendar: Calendar, series: Mapping[str, int], upto: tuple[date, int]
) -> StoreHours:
    """Learn from hours of KPIs.

    Args:
        rows: ``kpi``, ``day``, ``hour``, ``value``, ``minutes``: minutes of all series together, None where that says
            nothing. Hours with less than three quarters of their minutes are left out.
        calendar: the days, tomorrow being the last.
        series: by KPI, how many lines, zones, queues or slots it rests on; KPIs with none are left out.
        upto: local day and hour that is not over yet; it and what follows are left out.
    """
    kpis = tuple(kpi for kpi in SCALES if series.get(kpi, 0) > 0)
    days = len(calendar.holidays)
    counts = np.full((days, 24, len(kpis)), np.nan)
    for row in rows:
        day = (row["day"] - calendar.first).days
        if row["kpi"] not in kpis or row["value"] is None or not 0 <= day < days:
            continue
        if (row["day"], row["hour"]) >= upto:
            continue
        minutes = row["minutes"]
        if minutes is not None and minutes < _MEASURED_SHARE * 60 * series[row["kpi"]]:
            continue
        counts[day, row["hour"], kpis.index(row["kpi"])] = max(0.0, row["value"]) * SCALES[row["kpi"]]
    if np.isnan(counts).all():  # nothing to learn from: no line, zone, queue or slot, or none that has told anything
        return StoreHours(calendar, kpis, counts, counts, counts, counts, counts, counts.astype(str), 0)
    told = foretell_days(counts, calendar)
    statistics = statistics_of(residuals_of(counts, told.median, calendar))
    judged_h = (upto[0] - calendar.first + timedelta(days=-1)).days * 24
    limits = learn_limits(statistics, slice(0, max(0, judged_h)), KPI_TESTS)
    scores, tests = scores_of(statistics, limits)
    measured = int((~np.isnan(counts)).any(axis=(1, 2)).sum())
    shape = counts.shape
    return StoreHours(
        calendar,
        kpis,
        counts,
        told.median,
        told.low,
        told.high,
        scores.reshape(shape),
        tests.reshape(shape),
        measured,
    )
