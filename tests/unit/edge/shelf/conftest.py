"""Real and made-up weights for the shelf's tests."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storesense_edge.shelf.calibration import Calibration, fit_calibration
from storesense_edge.shelf.masses import read_masses
from storesense_edge.shelf.source import LoadCellSample
from storesense_edge.shelf.trace import TraceFile

START_AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
Plateaus = Sequence[tuple[float, float]]
MakeSamples = Callable[..., list[LoadCellSample]]


@pytest.fixture
def make_samples() -> MakeSamples:
    """Samples of a noisy cell whose counts are grams: (seconds, grams) plateaus one after the other."""

    def make(plateaus: Plateaus, *, noise_g: float = 0.5, hz: float = 10.0, seed: int = 1) -> list[LoadCellSample]:
        rng = random.Random(seed)  # noqa: S311 - noise, no secret
        samples: list[LoadCellSample] = []
        for lasting_s, weight_g in plateaus:
            for _ in range(round(lasting_s * hz)):
                at = START_AT + timedelta(seconds=len(samples) / hz)
                samples.append(LoadCellSample(at, weight_g + rng.gauss(0, noise_g)))
        return samples

    return make


@pytest.fixture(scope="session")
def beam_calibration(shared_dir: Path) -> Calibration:
    return fit_calibration(read_masses(shared_dir / "data/shelf/calibration_gmF.csv", "degraw")).calibration


@pytest.fixture(scope="session")
def beam_trace(shared_dir: Path) -> list[LoadCellSample]:
    return list(TraceFile(shared_dir / "data/shelf/fareke_loading_degraw.csv").samples())
