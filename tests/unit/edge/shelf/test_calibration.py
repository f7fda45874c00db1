import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.shelf.calibration import Calibration, KnownMass, Verdict, fit_calibration
from storesense_edge.shelf.errors import CalibrationError
from storesense_edge.shelf.masses import read_masses


@given(
    zero=st.floats(-1e6, 1e6),
    slope=st.floats(0.01, 1e4).flatmap(lambda x: st.sampled_from([x, -x])),
    masses_g=st.lists(st.integers(-5000, 5000), min_size=2, max_size=20, unique=True),
)
def test_an_exact_line_is_found_again(zero: float, slope: float, masses_g: list[int]) -> None:
    fit = fit_calibration([KnownMass(m, zero + slope * m) for m in masses_g])
    assert fit.verdict is Verdict.GOOD
    for mass_g in masses_g:
        assert fit.calibration.weight_g(zero + slope * mass_g) == pytest.approx(mass_g, abs=1e-2)


@pytest.mark.parametrize(("column", "slope"), [("degraw", 2517.4), ("tal220", 1787.7), ("CZL635", 3033.7)])
def test_the_real_cells_fit(shared_dir: Path, column: str, slope: float) -> None:
    fit = fit_calibration(read_masses(shared_dir / "data/shelf/calibration_gmF.csv", column))
    assert fit.calibration.counts_per_g == pytest.approx(slope, abs=0.1)
    assert fit.r2 > 0.9999
    assert fit.verdict is Verdict.GOOD
    assert 7 < fit.rms_g < 11
    assert sum(fit.residuals_g) == pytest.approx(0, abs=1e-6)
    assert fit.calibration.spread_g == fit.rms_g


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        pytest.param([], "0 points", id="nothing weighed"),
        pytest.param([(0, 1.0)], "two distinct masses", id="one mass"),
        pytest.param([(5, 1.0), (5, 2.0)], "two distinct masses", id="the same mass twice"),
        pytest.param([(0, 7.0), (100, 7.0)], "do not follow", id="zero slope: a dead cell"),
        pytest.param([(0, math.nan), (100, 7.0)], "not finite", id="NaN counts"),
        pytest.param([(math.inf, 1.0), (100, 7.0)], "not finite", id="infinite mass"),
        pytest.param([(0, 0), (100, 50), (200, -60), (300, 10)], "do not follow", id="another cell's column"),
    ],
)
def test_what_makes_no_line_is_refused_with_a_remedy(points: list[tuple[float, float]], sentence: str) -> None:
    with pytest.raises(CalibrationError, match=sentence) as caught:
        fit_calibration([KnownMass(*point) for point in points])
    assert caught.value.remedy


def test_a_bent_line_is_called_poor() -> None:
    fit = fit_calibration([KnownMass(m, m * m) for m in (0, 100, 200, 300)])
    assert fit.verdict is Verdict.POOR


def test_two_points_leave_the_spread_assumed() -> None:
    calibration = fit_calibration([KnownMass(0, 0), KnownMass(1000, 400_000)]).calibration
    assert calibration.repeatability_g is None
    assert calibration.spread_g == pytest.approx(0.0005 * 2**23 / 400)


@pytest.mark.parametrize(
    "constants",
    [(0.0, 0.0), (math.nan, 1.0), (0.0, math.inf), (0.0, 1.0, -1.0), (0.0, 1.0, math.nan), (0.0, 1.0, 1.0, 0.0)],
)
def test_constants_that_are_no_calibration_are_refused(constants: tuple[float, ...]) -> None:
    with pytest.raises(CalibrationError):
        Calibration(*constants)


def test_tare_and_reversal_keep_the_slope() -> None:
    calibration = Calibration(1000, 20, 3.0)
    assert calibration.tared(3000).weight_g(3000) == 0
    assert calibration.tared(3000).weight_g(5000) == 100
    assert calibration.reversed().weight_g(3000) == -calibration.weight_g(3000)
    assert calibration.reversed().spread_g == 3.0


@pytest.mark.parametrize(
    ("factor", "unit"), [pytest.param(0.001, "kilograms", id="kilograms"), pytest.param(1000.0, "milligrams", id="mg")]
)
def test_masses_in_another_unit_are_refused_by_name(factor: float, unit: str) -> None:
    points = [KnownMass(mass_g * factor, -622_022 + 2500 * mass_g) for mass_g in (0.0, 150.0, 871.0, 2326.0)]
    with pytest.raises(CalibrationError, match=unit):
        fit_calibration(points)


def test_a_scale_that_sends_kilograms_is_no_amplifier_in_the_wrong_unit() -> None:
    fit = fit_calibration([KnownMass(mass_g, mass_g / 1000) for mass_g in (0.0, 5000.0, 20_000.0)])
    assert fit.calibration.weight_g(12.5) == pytest.approx(12_500)
