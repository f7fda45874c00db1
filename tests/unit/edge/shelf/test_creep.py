"""Creep is learned from rests after loads and taken off."""

import math

import pytest

from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.creep import CreepCompensation
from storesense_edge.shelf.pipeline import ShelfPipeline
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.source import LoadCellSample


def loadings(share: float, times: int) -> tuple[CreepCompensation, list[float]]:
    """Load and unload 2 kg every ten minutes; gives how far the compensated level moved within each rest."""
    compensation = CreepCompensation()
    creep_g, moved_g, at_s = 0.0, [], 0.0
    for place in range(times):
        load_g = 2000.0 * (place % 2)
        compensation.start(at_s, 4000.0 * (place % 2) - 2000.0, noise_g=0.05)
        seen_g = []
        for _ in range(60):
            at_s += 10
            creep_g += (share * load_g - creep_g) * -math.expm1(-10 / 180)
            seen_g.append(load_g + creep_g - compensation.push(at_s, load_g + creep_g))
        moved_g.append(abs(seen_g[-1] - seen_g[0]))
    return compensation, moved_g


@pytest.mark.parametrize("share", [0.001, 0.003, -0.002])
def test_the_share_is_learned_and_most_creep_is_gone(share: float) -> None:
    compensation, moved_g = loadings(share, 12)
    assert compensation.share == pytest.approx(share, rel=0.25)
    assert moved_g[-1] < 0.4 * moved_g[1]


def test_nothing_is_taken_off_before_four_loads_agree() -> None:
    compensation, _ = loadings(0.002, 3)
    assert compensation.share == 0.0
    assert compensation.offset_g == 0.0


def test_a_touch_ends_what_a_load_teaches() -> None:
    compensation = CreepCompensation()
    for place in range(8):
        compensation.start(1000.0 * place, 2000.0, noise_g=0.05)
        compensation.push(1000.0 * place + 10, 2000.0)
        compensation.interrupt()
        compensation.push(1000.0 * place + 200, 2005.0)
    assert compensation.share == 0.0


def test_the_real_beam_creeps_back_under_its_load(
    beam_trace: list[LoadCellSample], beam_calibration: Calibration
) -> None:
    pipeline = ShelfPipeline(SlotSpec(beam_calibration))
    for sample in beam_trace:
        pipeline.step(sample)
    # Seen by eye: within two minutes after each load the reading comes back by some grams of 2,300.
    assert -0.005 <= pipeline.holdings.creep.share < -0.0003
