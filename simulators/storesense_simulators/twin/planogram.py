"""A planogram's rows: one product a row, short enough that a shelf of twelve is read at a glance.

    [sku, name, unit weight in grams, facings/capacity, popularity, price class]

A row may also be a mapping, which has room for what most rows leave to their defaults.
"""

import re
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from storesense_contracts.layout import Id, Name, StrictModel
from storesense_contracts.yaml_file import mistake
from storesense_simulators.twin.load_cell import CellModel

_ROW_KEYS = ("sku", "name", "g", "holds", "popularity", "price_class")
_HOLDS = re.compile(r"([0-9]{1,3})/([0-9]{1,6})")
_USUAL_SD = 0.006
_REORDER_SHARE = 0.25


class CellFile(StrictModel):
    """A load cell's traits; what is not given stays as the shelf, the store or the maker has it."""

    capacity_g: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)] | None = None
    counts_per_g: Annotated[float, Field(ge=-1_000_000, le=1_000_000)] | None = None
    zero_counts: Annotated[float, Field(ge=-8_388_608, le=8_388_607)] | None = None
    noise_g: Annotated[float, Field(ge=0, le=1_000)] | None = None
    creep_share: Annotated[float, Field(ge=0, le=0.05)] | None = None
    creep_tau_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    drift_g_per_h: Annotated[float, Field(ge=0, le=10_000)] | None = None
    temperature_g_per_c: Annotated[float, Field(ge=-1_000, le=1_000)] | None = None
    swing_hz: Annotated[float, Field(gt=0, le=100)] | None = None
    swing_damping: Annotated[float, Field(gt=0, lt=1)] | None = None
    swing_share: Annotated[float, Field(ge=0, le=1)] | None = None
    sample_hz: Annotated[float, Field(gt=0, le=1_000)] | None = None

    def over(self, model: CellModel) -> CellModel:
        """Return ``model`` with what is given here in place of its own."""
        return replace(model, **self.model_dump(exclude_none=True))


class Row(StrictModel):
    """One product's place on a shelf.

    ``holds`` is facings/capacity: how many units stand side by side, which is the room it takes along the shelf, and
    how many there are when it is full.
    """

    sku: Id
    name: Name
    g: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
    holds: Annotated[str, Field(pattern=f"^{_HOLDS.pattern}$")]
    popularity: Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)] = 1.0
    sd_g: Annotated[float, Field(ge=0, le=100_000)] | None = None
    reorder_point: Annotated[int, Field(ge=0, le=100_000)] | None = None
    first_units: Annotated[int, Field(ge=0, le=100_000)] | None = None
    price_class: Annotated[int, Field(ge=1, le=5)] = 2
    slot: Id | None = None
    load_cell: CellFile = CellFile()

    @property
    def facings(self) -> int:
        """Units side by side."""
        return max(1, int(self.holds.partition("/")[0]))

    @property
    def capacity_units(self) -> int:
        """Units when full."""
        return max(1, int(self.holds.partition("/")[2]))

    @property
    def reorder_point_units(self) -> int:
        """At or below this the slot is low; a quarter of the capacity unless given."""
        if self.reorder_point is not None:
            return self.reorder_point
        return min(self.capacity_units - 1, max(1, round(self.capacity_units * _REORDER_SHARE)))

    @property
    def unit_weight_sd_g(self) -> float:
        """How much units differ; 0.6 % of the weight unless given, as filling machines do."""
        return self.sd_g if self.sd_g is not None else round(self.g * _USUAL_SD, 2)


def _spelled_out(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if not 4 <= len(value) <= len(_ROW_KEYS):
        raise mistake(
            "a row is [sku, name, grams, facings/capacity, popularity, price class], the last two may be left out; "
            f"found {len(value)} values"
        )
    row = dict(zip(_ROW_KEYS, value, strict=False))
    holds = row["holds"]
    if isinstance(holds, int):
        row["holds"] = f"1/{holds}"
    elif not isinstance(holds, str) or _HOLDS.fullmatch(holds) is None:
        raise mistake(f"{holds!r} is no facings/capacity; write 3/18 for 18 units, three side by side", 3)
    for place, kind in ((0, "sku"), (1, "name")):
        if isinstance(value[place], int):
            # A sku of digits need not be quoted; one that starts with 0 must be, or YAML reads another number.
            row[kind] = str(value[place])
    return row


PlanogramRow = Annotated[Row, BeforeValidator(_spelled_out)]
