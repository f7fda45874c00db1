import math
from typing import Any

import pytest

from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.errors import SlotSpecError
from storesense_edge.shelf.slot import SlotSpec

CELL = Calibration(0, 400)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("unit_weight_g", 0.0),
        ("unit_weight_g", -3.0),
        ("unit_weight_g", math.nan),
        ("unit_tolerance_g", -1.0),
        ("unit_tolerance_g", 60.0),
        ("capacity_units", 0),
        ("restock_share", 0.0),
        ("restock_share", 1.5),
        ("restock_min_units", 0),
        ("heartbeat_s", 0.0),
        ("max_drift_g_per_h", -1.0),
    ],
)
def test_what_contradicts_physics_is_named(field: str, value: float) -> None:
    fields: dict[str, Any] = {"unit_weight_g": 100.0, field: value}
    with pytest.raises(SlotSpecError, match=field) as caught:
        SlotSpec(CELL, **fields)
    assert caught.value.found == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize(
    ("spec", "units"),
    [
        pytest.param(SlotSpec(CELL, 100.0), 3, id="capacity unknown"),
        pytest.param(SlotSpec(CELL, 100.0, capacity_units=12), 3, id="a quarter"),
        pytest.param(SlotSpec(CELL, 100.0, capacity_units=40), 10, id="a quarter of many"),
        pytest.param(SlotSpec(CELL, 100.0, capacity_units=4), 2, id="one unit is a put-back"),
        pytest.param(SlotSpec(CELL, 100.0, capacity_units=1), 1, id="a slot for one is refilled by one"),
        pytest.param(SlotSpec(CELL, 100.0, capacity_units=12, restock_share=0.5), 6, id="share set"),
        pytest.param(SlotSpec(CELL, 100.0, capacity_units=12, restock_min_units=2), 2, id="units set"),
    ],
)
def test_how_many_units_at_once_are_a_restock(spec: SlotSpec, units: int) -> None:
    assert spec.restock_units == units
