import math
import random
import statistics
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.impulse import ImpulseFilter
from storesense_edge.shelf.movement import Phase, WeightStep
from storesense_edge.shelf.source import LoadCellSample
from storesense_edge.shelf.steps import StepDetector

# When the beam trace passes half way between unloaded and loaded, read off the raw samples by hand.
BEAM_MOMENTS_S = (
    *(578.3, 782.9, 873.5, 1078.1, 1135.8, 1339.1, 1435.6, 1636.8),
    *(1798.1, 2052.1, 2216.8, 2572.8, 2731.3, 3133.2, 3257.0, 3398.7),
)
Weights = list[tuple[float, float]]


def detect(
    weights: Iterable[tuple[float, float]], *, spread_g: float = 2.0, unit_g: float | None = None
) -> list[WeightStep]:
    detector = StepDetector(spread_g=spread_g, floor_g=1e-3, unit_weight_g=unit_g)
    impulses = ImpulseFilter()
    steps = []
    for at_s, weight_g in weights:
        clean = impulses.push(at_s, weight_g, detector.noise.sigma_g)
        step = detector.push(*clean) if clean else None
        if step:
            assert step.at_s <= step.settled_s <= at_s
            steps.append(step)
    return steps


def plateaus(parts: list[tuple[float, float]], *, noise_g: float = 0.5, hz: float = 10.0, seed: int = 1) -> Weights:
    rng = random.Random(seed)  # noqa: S311 - noise, no secret
    weights: Weights = []
    for lasting_s, weight_g in parts:
        weights.extend(
            (len(weights) / hz + i / hz, weight_g + rng.gauss(0, noise_g)) for i in range(int(lasting_s * hz))
        )
    return weights


@pytest.fixture(scope="session")
def beam(beam_trace: list[LoadCellSample], beam_calibration: Calibration) -> Weights:
    start_at = beam_trace[0].measured_at
    return [((s.measured_at - start_at).total_seconds(), beam_calibration.weight_g(s.raw_counts)) for s in beam_trace]


def noisy(weights: Weights, sigma_g: float) -> Weights:
    rng = random.Random(1)  # noqa: S311 - noise, no secret
    return [(at_s, weight_g + rng.gauss(0, sigma_g)) for at_s, weight_g in weights]


def spiked(weights: Weights, share: float) -> Weights:
    rng = random.Random(1)  # noqa: S311 - noise, no secret
    return [(t, w + (rng.uniform(-5000, 5000) if rng.random() < share else 0)) for t, w in weights]


def thinned(weights: Weights, share: float) -> Weights:
    rng = random.Random(1)  # noqa: S311 - noise, no secret
    return [pair for pair in weights if rng.random() > share]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda w: w, id="as recorded"),
        pytest.param(lambda w: [(t, -g) for t, g in w], id="cell mounted the other way"),
        pytest.param(lambda w: [(t, g / 4) for t, g in w], id="a quarter of the load"),
        pytest.param(lambda w: w[::4], id="two samples a second"),
        pytest.param(lambda w: thinned(w, 0.3), id="30 % of samples lost"),
        pytest.param(lambda w: noisy(w, 1.0), id="eight times the noise"),
        pytest.param(lambda w: spiked(w, 0.02), id="2 % wild samples"),
        pytest.param(lambda w: [(t, g + 200 * t / 3600) for t, g in w], id="drift of 200 g an hour"),
        pytest.param(lambda w: [(t, g + 20 * math.sin(t / 95)) for t, g in w], id="temperature swing of 40 g"),
    ],
)
def test_the_real_load_is_hung_and_removed_sixteen_times(
    beam: Weights, beam_calibration: Calibration, change: object
) -> None:
    assert callable(change)
    steps = detect(change(beam), spread_g=beam_calibration.spread_g)
    assert len(steps) == 16
    for step, moment_s in zip(steps, BEAM_MOMENTS_S, strict=True):
        assert abs(step.at_s - moment_s) < 2
    assert [step.delta_g > 0 for step in steps] in ([True, False] * 8, [False, True] * 8)
    sizes_g = [abs(step.delta_g) for step in steps]
    assert statistics.stdev(sizes_g) <= 0.007 * statistics.mean(sizes_g)


def test_the_real_steps_are_known_while_the_load_still_swings(beam: Weights, beam_calibration: Calibration) -> None:
    steps = detect(beam, spread_g=beam_calibration.spread_g)
    assert all(step.settled_s - step.at_s < 10 for step in steps)
    assert [step.swinging for step in steps] == [True, False] * 8


@pytest.mark.parametrize("unit_g", [2310.0, 385.0, 110.0])
def test_a_product_on_the_real_cell_changes_no_step(
    beam: Weights, beam_calibration: Calibration, unit_g: float
) -> None:
    assert len(detect(beam, spread_g=beam_calibration.spread_g, unit_g=unit_g)) == 16


def test_picks_are_found_promptly_and_exactly() -> None:
    levels_g = [3000.0, 2750.0, 2500.0, 2000.0, 2250.0]
    steps = detect(plateaus([(10, level_g) for level_g in levels_g]), unit_g=250.0)
    assert [round(step.delta_g / 250) for step in steps] == [-1, -1, -2, 1]
    for place, step in enumerate(steps):
        assert step.at_s == pytest.approx(10 * (place + 1), abs=0.2)
        assert step.settled_s - step.at_s < 1.2
        assert abs(step.delta_g - (levels_g[place + 1] - levels_g[place])) < 4 * max(step.sigma_g, 0.3)


def test_a_lean_on_the_shelf_is_nothing() -> None:
    rng = random.Random(2)  # noqa: S311 - noise, no secret
    lean = [(10 + i / 10, 3000 + 900 * math.sin(i / 9) ** 2 + rng.gauss(0, 40)) for i in range(40)]
    after = [(14 + t, g) for t, g in plateaus([(15, 3000.0)])]
    assert detect(plateaus([(10, 3000.0)]) + lean + after) == []


def test_creep_after_loading_is_no_step_and_does_not_hide_the_next() -> None:
    creeping = [
        (t, g + (40 * (1 - math.exp(-(t - 20) / 120)) if t >= 20 else 0)) for t, g in plateaus([(20, 0), (600, 5000)])
    ]
    after = [(620 + t, g) for t, g in plateaus([(20, 4790.0)])]
    deltas_g = [step.delta_g for step in detect(creeping + after)]
    assert len(deltas_g) == 2
    assert deltas_g[0] == pytest.approx(5000, abs=5)
    assert deltas_g[1] == pytest.approx(-250, abs=5)


def test_a_change_smaller_than_the_swing_that_hides_it_is_found() -> None:
    rng = random.Random(5)  # noqa: S311 - noise, no secret
    swing = [(20 + i / 10, 2000 + 30 * math.sin(i * 0.58) + rng.gauss(0, 0.3)) for i in range(1200)]
    weights = plateaus([(20, 0.0)]) + [(t, g - (40 if t >= 80 else 0)) for t, g in swing]
    deltas = [(step.at_s, step.delta_g) for step in detect(weights)]
    assert len(deltas) == 2
    assert deltas[1][0] == pytest.approx(80, abs=4)
    assert deltas[1][1] == pytest.approx(-40, abs=8)


def test_a_vibration_that_never_ends_still_settles() -> None:
    rng = random.Random(5)  # noqa: S311 - noise, no secret
    weights = plateaus([(10, 1000.0)])
    weights += [(10 + i / 10, 1300 + 60 * math.sin(i * 1.7) + rng.gauss(0, 5)) for i in range(300)]
    [step] = detect(weights)
    assert step.swinging
    assert step.delta_g == pytest.approx(300, abs=10)


def test_a_hand_that_hides_behind_a_replaced_reading_is_no_rest() -> None:
    # A trembling hand holds still for half a second, but for one reading that the impulse filter took for a wild one.
    rng = random.Random(2)  # noqa: S311 - noise, no secret
    levels_g = [2000.0] * 100 + [1750.0] * 6 + [1500.0] * 60
    weights = [(place / 10, level_g + rng.gauss(0, 0.2)) for place, level_g in enumerate(levels_g)]
    told = []
    for disturbed in (False, True):
        detector = StepDetector(spread_g=1.0, floor_g=1e-3, unit_weight_g=250.0, unit_sigma_g=1.5)
        steps = []
        for place, (at_s, weight_g) in enumerate(weights):
            if disturbed and place == 103:
                detector.disturbed(at_s)
            if step := detector.push(at_s, weight_g):
                steps.append(round(step.delta_g / 250))
        told.append(steps)
    assert told == [[-1, -1], [-2]]


def test_a_shelf_that_is_being_filled_does_not_swing() -> None:
    # Handful after handful for eight seconds, while a hand trembles: what swings by half a unit is no rest yet.
    rng = random.Random(3)  # noqa: S311 - noise, no secret
    weights = plateaus([(10, 0)], noise_g=0.2)
    weights += [(10 + n / 10, 2000 + 100 * (n // 12) + rng.gauss(0, 25)) for n in range(80)]
    weights += [(18 + n / 10, 2700 + rng.gauss(0, 0.2)) for n in range(100)]
    steps = detect(weights, unit_g=100.0)
    assert [round(step.delta_g / 100) for step in steps] == [27]


def test_what_happened_in_a_silence_shows_after_it() -> None:
    after = [(100 + t, g) for t, g in plateaus([(10, 500.0)])]
    [step] = detect(plateaus([(10, 1000.0)]) + after)
    assert step.after_gap
    assert step.at_s == pytest.approx(100, abs=0.5)
    assert step.delta_g == pytest.approx(-500, abs=2)


def test_a_silence_in_which_nothing_happened_is_no_step() -> None:
    after = [(100 + t, g) for t, g in plateaus([(10, 1000.0)])]
    assert detect(plateaus([(10, 1000.0)]) + after) == []


def test_the_thresholds_follow_noise_spread_and_unit() -> None:
    def least_g(noise_g: float, spread_g: float, unit_g: float | None) -> float:
        detector = StepDetector(spread_g=spread_g, floor_g=1e-3, unit_weight_g=unit_g)
        assert detector.min_step_g == math.inf
        for at_s, weight_g in plateaus([(60, 1000.0)], noise_g=noise_g):
            detector.push(at_s, weight_g)
        assert detector.phase is Phase.RESTING
        return detector.min_step_g

    assert least_g(0.1, 10.0, None) == pytest.approx(30)
    assert least_g(0.1, 10.0, 25.0) == pytest.approx(12.5)
    assert least_g(5.0, 1.0, None) == pytest.approx(50, rel=0.2)
    assert least_g(5.0, 1.0, 20.0) == pytest.approx(30, rel=0.2)


@given(
    noise_g=st.floats(0.0, 20.0),
    level_g=st.floats(-1e4, 1e5),
    hz=st.sampled_from([1.0, 8.85, 80.0]),
    seed=st.integers(0, 99),
)
@settings(max_examples=25)
def test_noise_alone_makes_no_step(noise_g: float, level_g: float, hz: float, seed: int) -> None:
    assert detect(plateaus([(120, level_g)], noise_g=noise_g, hz=hz, seed=seed)) == []


@given(
    st.lists(
        st.tuples(st.floats(0.001, 500), st.floats(-1e7, 1e7)),
        min_size=1,
        max_size=200,
    )
)
@settings(max_examples=60)
def test_no_sequence_breaks_the_detector(pairs: list[tuple[float, float]]) -> None:
    at_s = 0.0
    weights = []
    for dt_s, weight_g in pairs:
        at_s += dt_s
        weights.append((at_s, weight_g))
    for step in detect(weights):
        assert math.isfinite(step.delta_g)
        assert step.sigma_g >= 0
