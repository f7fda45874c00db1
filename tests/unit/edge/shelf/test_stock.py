import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storesense_edge.shelf.stock import estimate_units

ANY_FLOAT = st.floats(allow_nan=True, allow_infinity=True)


@pytest.mark.parametrize(
    ("weight_g", "sigma_g", "units", "low", "high"),
    [
        pytest.param(1200.0, 5.0, 4, 0.99, 1.0, id="exact"),
        pytest.param(1190.0, 5.0, 4, 0.95, 1.0, id="two sigma off is still sure"),
        pytest.param(1050.0, 5.0, 4, 0.0, 0.01, id="half a unit off fits nothing"),
        pytest.param(1050.0, 120.0, 4, 0.3, 0.6, id="half a unit off and noisy: two answers"),
        pytest.param(1200.0, 300.0, 4, 0.2, 0.5, id="noise of a whole unit"),
        pytest.param(1200.0, 9000.0, 4, 0.0, 0.05, id="noise of many units"),
        pytest.param(0.0, 5.0, 0, 0.99, 1.0, id="empty"),
        pytest.param(-40.0, 30.0, 0, 0.8, 1.0, id="a little below zero is empty"),
        pytest.param(-900.0, 5.0, 0, 0.0, 0.01, id="far below zero: never negative, never sure"),
        pytest.param(80.0, 5.0, 0, 0.0, 0.01, id="a foreign thing"),
        pytest.param(1200.0, 0.0, 4, 0.99, 1.0, id="no noise claimed"),
    ],
)
def test_units_and_doubt(weight_g: float, sigma_g: float, units: int, low: float, high: float) -> None:
    estimate = estimate_units(weight_g, 300.0, sigma_g)
    assert estimate.units == units
    assert low <= estimate.confidence <= high
    assert estimate.residual_g == pytest.approx(weight_g - units * 300.0)


@pytest.mark.parametrize(
    "values",
    [
        (math.nan, 300.0, 1.0),
        (math.inf, 300.0, 1.0),
        (300.0, math.nan, 1.0),
        (300.0, 0.0, 1.0),
        (300.0, -5.0, 1.0),
        (300.0, 300.0, math.nan),
        (300.0, 300.0, -1.0),
        (1e300, 1e-300, 1.0),
    ],
)
def test_what_is_no_number_is_no_stock(values: tuple[float, float, float]) -> None:
    estimate = estimate_units(*values)
    assert (estimate.units, estimate.confidence) == (0, 0.0)


@given(weight_g=ANY_FLOAT, unit_weight_g=ANY_FLOAT, sigma_g=ANY_FLOAT)
def test_never_negative_never_beyond_certainty(weight_g: float, unit_weight_g: float, sigma_g: float) -> None:
    estimate = estimate_units(weight_g, unit_weight_g, sigma_g)
    assert estimate.units >= 0
    assert 0 <= estimate.confidence <= 1


@given(units=st.integers(0, 500), unit_weight_g=st.floats(1, 5000), sigma_share=st.floats(0, 1.5))
def test_more_noise_never_makes_an_exact_weight_surer(units: int, unit_weight_g: float, sigma_share: float) -> None:
    surer = estimate_units(units * unit_weight_g, unit_weight_g, sigma_share * unit_weight_g)
    noisier = estimate_units(units * unit_weight_g, unit_weight_g, (sigma_share + 0.1) * unit_weight_g)
    assert surer.units == noisier.units == units
    assert noisier.confidence <= surer.confidence + 1e-9
