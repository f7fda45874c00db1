"""A trace made into others, and the chain on them; all of them run with `storesense eval shelf --variants`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from storesense_edge.shelf.calibration import fit_calibration
from storesense_edge.shelf.masses import read_masses
from storesense_edge.shelf.trace import TraceFile
from storesense_simulators.eval_shelf import evaluate_trace, evaluate_variants
from storesense_simulators.eval_shelf_orders import Trace, other_rests, reordered
from storesense_simulators.eval_shelf_plot import Curves, draw_chain
from storesense_simulators.eval_shelf_variants import score_steps, variants

TRACE = Trace(
    np.arange(0, 400, 0.1),
    np.where(np.arange(0, 400, 0.1) % 100 < 50, 0.0, 1e6),
    0.0,
    400.0,
    np.array([50.0, 100.0, 150.0]),
    np.array([1.0, -1.0, 1.0]),
)


@pytest.mark.parametrize(
    ("found", "missed", "invented"),
    [
        pytest.param([(50.2, 2500), (99.0, -2500), (151.0, 2490)], 0, 0, id="all"),
        pytest.param([(50.2, 2500), (151.0, 2500)], 1, 0, id="one missed"),
        pytest.param([(50.2, 2500), (61.5, 2500), (99.0, -2500), (151.0, 2500)], 0, 1, id="one invented"),
        pytest.param([(38.0, 2500), (99.0, -2500), (151.0, 2500)], 1, 1, id="one too early"),
    ],
)
def test_found_steps_are_matched_once(found: list[tuple[float, float]], missed: int, invented: int) -> None:
    score = score_steps("x", TRACE, found)
    assert (score.missed, score.invented) == (missed, invented)
    assert score.good is (missed + invented == 0)


def test_loads_that_differ_too_much_are_not_good() -> None:
    assert not score_steps("x", TRACE, [(50, 2500), (100, -2400), (150, 2500)]).good


def test_the_real_trace_with_worse_cells_and_networks(shared_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = fit_calibration(read_masses(shared_dir / "data/shelf/calibration_gmF.csv", "degraw"))
    samples = list(TraceFile(shared_dir / "data/shelf/fareke_loading_degraw.csv").samples())
    some = ("noise x30", "3 samples a second", "30 % of the samples lost", "wild readings, 5 %", "mixture 1")
    chosen = {name: variants()[name] for name in some}
    monkeypatch.setattr("storesense_simulators.eval_shelf.variants", lambda: chosen)
    found = evaluate_trace(samples, fit.calibration)
    scores = evaluate_variants(samples, found, fit.calibration)
    assert [score.name for score in scores if not score.good] == []
    assert len(scores) == len(some)


@pytest.mark.parametrize("change", [reordered, other_rests])
def test_a_trace_put_together_anew_knows_where_its_steps_went(
    change: Callable[[Trace, np.random.Generator], Trace],
) -> None:
    t_s = np.arange(0, 700, 0.1)
    on = np.array([70.0, 270.0, 520.0])
    off = np.array([150.0, 400.0, 600.0])
    loads = np.array([1.0, 2.0, 3.0])
    counts = np.zeros(len(t_s))
    for begin_s, end_s, load in zip(on, off, loads, strict=True):
        counts[(t_s >= begin_s) & (t_s < end_s)] = 1e5 * load
    steps_s = np.column_stack([on, off]).ravel()
    signed = np.column_stack([loads, -loads]).ravel()
    trace = Trace(t_s, counts, 0.0, 400.0, steps_s, signed)
    for seed in range(5):
        other = change(trace, np.random.default_rng(seed))
        assert len(other.t_s) == len(other.counts)
        assert (np.diff(other.t_s) > 0).all()
        jumps = np.flatnonzero(np.diff(other.counts)) + 1
        assert np.allclose(other.t_s[jumps], other.steps_s, atol=0.2)
        assert np.allclose(np.diff(other.counts)[jumps - 1] / 1e5, other.loads)


def test_the_picture_shows_every_step_in_red() -> None:
    raw = np.column_stack([TRACE.t_s, TRACE.counts / 400])
    curves = Curves(raw, raw[::5], [(50.0, 2500.0), (100.0, -2500.0)], (50.0,), "two steps")
    plain = Curves(raw, raw[::5], [], (), "none")
    red = (np.array([60, 60, 215]) == draw_chain(curves)).all(axis=2).sum()
    assert red > 400 > (np.array([60, 60, 215]) == draw_chain(plain)).all(axis=2).sum()
