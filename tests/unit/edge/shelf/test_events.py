import pytest

from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.events import ShelfEventKind, event_of
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.steps import WeightStep

SPEC = SlotSpec(Calibration(0, 400, 3.0), unit_weight_g=250.0, unit_tolerance_g=10.0, capacity_units=12)


def step(delta_g: float, sigma_g: float = 1.0) -> WeightStep:
    return WeightStep(10.0, 11.0, 1000.0, 1000.0 + delta_g, sigma_g, swinging=False, after_gap=False)


@pytest.mark.parametrize(
    ("delta_g", "kind", "units"),
    [
        pytest.param(-250.0, ShelfEventKind.PICK, 1, id="one taken"),
        pytest.param(-742.0, ShelfEventKind.PICK, 3, id="three taken, a little light"),
        pytest.param(252.0, ShelfEventKind.PUT_BACK, 1, id="one put back"),
        pytest.param(500.0, ShelfEventKind.PUT_BACK, 2, id="two put back, below a quarter of 12"),
        pytest.param(750.0, ShelfEventKind.RESTOCK, 3, id="a quarter at once"),
        pytest.param(3000.0, ShelfEventKind.RESTOCK, 12, id="filled up"),
    ],
)
def test_whole_units_are_named(delta_g: float, kind: ShelfEventKind, units: int) -> None:
    event = event_of(step(delta_g), SPEC)
    assert event is not None
    assert (event.kind, event.units, event.at_s, event.delta_g) == (kind, units, 10.0, delta_g)
    assert event.confidence > 0.9
    assert not event.ambiguous


@pytest.mark.parametrize("delta_g", [-120.0, 125.0, -370.0, 30.0, -60.0, float("inf")])
def test_what_is_no_whole_number_of_units_is_no_event(delta_g: float) -> None:
    assert event_of(step(delta_g), SPEC) is None


def test_a_slot_without_a_product_has_no_events() -> None:
    assert event_of(step(-250.0), SlotSpec(SPEC.calibration)) is None


def test_a_noisy_step_is_called_ambiguous() -> None:
    event = event_of(step(-640.0, sigma_g=90.0), SPEC)
    assert event is not None
    assert event.units == 3
    assert event.ambiguous
