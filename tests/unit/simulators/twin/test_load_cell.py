"""The simulated cell does to a load what real cells do."""

from pathlib import Path

import numpy as np
import pytest

from storesense_edge.shelf.trace import TraceFile
from storesense_simulators.twin.load_cell import ADC_MOST_COUNTS, CellFault, CellModel, FaultKind, LoadCell

IDEAL = CellModel(
    noise_g=0.0,
    creep_share=0.0,
    drift_g_per_h=0.0,
    temperature_g_per_c=0.0,
    swing_share=0.0,
    counts_per_g=1000.0,
    zero_counts=5.0,
)


def every_100_ms(seconds: float) -> np.ndarray:
    return np.arange(0, round(seconds * 1000), 100, dtype=np.int64)


def cell(model: CellModel = IDEAL, seed: int = 1) -> LoadCell:
    return LoadCell(model, np.random.default_rng(seed))


def test_an_ideal_cell_reads_its_load_exactly() -> None:
    t_ms = every_100_ms(2)
    load_g = np.where(t_ms < 1000, 0.0, 250.0)
    counts = cell().sample(t_ms, load_g, 20.0)
    assert counts.dtype == np.int32
    assert counts[0] == 5
    assert counts[-1] == 250_005


def test_the_same_generator_gives_the_same_counts() -> None:
    t_ms = every_100_ms(60)
    load_g = np.full(len(t_ms), 500.0)
    first = cell(CellModel(), 7).sample(t_ms, load_g, 21.0)
    assert np.array_equal(first, cell(CellModel(), 7).sample(t_ms, load_g, 21.0))
    assert not np.array_equal(first, cell(CellModel(), 8).sample(t_ms, load_g, 21.0))


def test_a_day_in_pieces_is_the_day_in_one() -> None:
    model = CellModel(noise_g=0.0, drift_g_per_h=0.0)
    t_ms = every_100_ms(20)
    load_g = np.where(t_ms < 7000, 0.0, 400.0)
    load_g[t_ms > 12_000] = 100.0
    whole = cell(model).sample(t_ms, load_g, 20.0)
    piecewise = cell(model)
    parts = [piecewise.sample(t_ms[i : i + 13], load_g[i : i + 13], 20.0) for i in range(0, len(t_ms), 13)]
    assert np.abs(np.concatenate(parts) - whole).max() <= 1


def test_creep_grows_by_its_share_with_its_time_constant() -> None:
    model = CellModel(noise_g=0.0, drift_g_per_h=0.0, swing_share=0.0, creep_share=0.01, creep_tau_s=10.0)
    t_ms = every_100_ms(100)
    load_g = np.where(t_ms < 1000, 0.0, 1000.0)
    read_g = (cell(model).sample(t_ms, load_g, 20.0) - model.zero_counts) / model.counts_per_g
    assert read_g[10] == pytest.approx(1000.0, abs=0.1)
    assert read_g[110] == pytest.approx(1000 + 10 * (1 - np.exp(-1)), abs=0.1)
    assert read_g[-1] == pytest.approx(1010.0, abs=0.1)


def test_temperature_moves_the_zero_and_drift_stays_of_its_size() -> None:
    t_ms = np.arange(0, 8 * 3_600_000, 60_000, dtype=np.int64)
    warm = CellModel(noise_g=0.0, drift_g_per_h=0.0, temperature_g_per_c=2.0)
    read_g = (cell(warm).sample(t_ms, np.zeros(len(t_ms)), 25.0) - warm.zero_counts) / warm.counts_per_g
    assert read_g == pytest.approx(np.full(len(t_ms), 10.0), abs=0.01)
    ends_g = []
    for seed in range(40):
        model = CellModel(noise_g=0.0, temperature_g_per_c=0.0, drift_g_per_h=0.3)
        counts = cell(model, seed).sample(t_ms, np.zeros(len(t_ms)), 20.0)
        ends_g.append(abs(counts[-1] - model.zero_counts) / model.counts_per_g)
    assert 1.0 < np.mean(ends_g) < 5.0


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        pytest.param(FaultKind.STUCK, 0.0, id="the last value for ever"),
        pytest.param(FaultKind.SATURATED, 0.0, id="at the amplifier's end"),
        pytest.param(FaultKind.SIGN_FLIP, 0.0, id="the wrong sign"),
        pytest.param(FaultKind.DISCONNECTED, 0.0, id="no wires"),
        pytest.param(FaultKind.SPIKES, 0.5, id="wild readings"),
        pytest.param(FaultKind.VIBRATION, 30.0, id="footsteps"),
    ],
)
def test_a_fault_spoils_its_time_and_nothing_else(kind: FaultKind, size: float) -> None:
    t_ms = every_100_ms(30)
    load_g = np.linspace(100.0, 101.0, len(t_ms))
    clean = cell().sample(t_ms, load_g, 20.0)
    spoilt = cell().sample(t_ms, load_g, 20.0, [CellFault(kind, 10_000, 20_000, size)])
    during = (t_ms >= 10_000) & (t_ms < 20_000)
    assert np.array_equal(clean[~during], spoilt[~during])
    assert not np.array_equal(clean[during], spoilt[during])
    assert np.abs(spoilt.astype(np.int64)).max() <= ADC_MOST_COUNTS + 1


def test_samples_get_lost_and_the_clock_jumps() -> None:
    t_ms = every_100_ms(1000)
    faults = [CellFault(FaultKind.DROPPED, 0, 500_000, 0.3), CellFault(FaultKind.CLOCK_JUMP, 900_000, 10**9, -5000)]
    stamps_ms, arrives = cell().arrivals(t_ms, faults)
    assert 0.25 < 1 - arrives[t_ms < 500_000].mean() < 0.35
    assert arrives[t_ms >= 500_000].all()
    assert np.array_equal(stamps_ms[t_ms < 900_000], t_ms[t_ms < 900_000])
    assert np.array_equal(stamps_ms[t_ms >= 900_000], t_ms[t_ms >= 900_000] - 5000)


def test_the_default_noise_is_that_of_a_real_cell(shared_dir: Path) -> None:
    trace = TraceFile(shared_dir / "data/shelf/fareke_loading_degraw.csv").samples()
    counts = np.array([sample.raw_counts for sample, _ in zip(trace, range(3000), strict=False)])
    assert np.diff(counts).std() / np.sqrt(2) / 2517 == pytest.approx(CellModel().noise_g, rel=0.15)
