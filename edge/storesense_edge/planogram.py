"""What a device's slots hold: by the site file, until the gateway says what the planogram says now.

What was told last is kept on disk, so that a device that starts without the broker works by it. A site file whose
slots say something else than they said then is newer, and holds until the gateway speaks again: registering it makes
a version of its own.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storesense_contracts.device_config import DeviceConfig, decode_config
from storesense_contracts.layout import Product, SharedProduct
from storesense_contracts.messages import PayloadError
from storesense_contracts.readings import HealthState
from storesense_edge.health import Health
from storesense_edge.kept_config import KeptConfig, KeptConfigError
from storesense_edge.shelf.errors import SlotSpecError
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.site_mapping import slot_strangers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from storesense_contracts.device_config import ConfigCount, ConfigProduct
    from storesense_contracts.layout import Slot as LayoutSlot
    from storesense_contracts.layout import StoreLayout

_logger = logging.getLogger(__name__)

PLANOGRAM = "planogram"
"""The component id of the planogram in a shelf device's health readings."""


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """What one slot holds.

    Attributes:
        slot: as the site file has it, with the planned product and capacity.
        strangers: the store's other products, which may be put there by mistake.
    """

    slot: LayoutSlot
    strangers: tuple[ProductWeight, ...]


class DevicePlanogram:
    """The plans of a device's slots. Any thread may read them; one at a time changes them.

    Args:
        slots: the device's slots, as the site file has them.
        store: the store's layout in the site file.
        path: where to keep what the gateway says.
    """

    def __init__(self, slots: Sequence[LayoutSlot], store: StoreLayout, path: Path) -> None:
        self._site = {slot.id: SlotPlan(slot, slot_strangers(slot, store)) for slot in slots}
        self._plans = dict(self._site)
        said = [
            slot.model_dump(mode="json", include={"id", "product", "capacity_units", *(["also"] if slot.also else [])})
            for slot in slots
        ]
        self._kept = KeptConfig(path, hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest())
        self.version: int | None = None
        self._counts: dict[str, ConfigCount] = {}

    def count_of(self, slot_id: str) -> ConfigCount | None:
        """Return what somebody counted in a slot last, as far as the gateway says."""
        return self._counts.get(slot_id)

    def plan_of(self, slot_id: str) -> SlotPlan:
        """Return what a slot holds now; the same object for as long as nothing of it changes."""
        return self._plans[slot_id]

    def load(self) -> Health:
        """Take up what was kept, from disk; return the planogram's condition."""
        try:
            config = self._kept.load()
            problems = [] if config is None else self._apply(_planned(config))
        except (KeptConfigError, PayloadError) as exc:
            return self._condition(
                [f"The kept planogram cannot be read ({exc}); the site file holds until the gateway says what does."]
            )
        return self._condition(problems)

    def take(self, payload: bytes) -> Health:
        """Take what the gateway says, and keep it on disk; return the planogram's condition.

        What cannot be read changes nothing; a slot of which something impossible is said keeps what it had.
        """
        try:
            config = _planned(decode_config(payload))
        except PayloadError as exc:
            return self._condition([f"A planogram that the gateway sent cannot be used ({exc}); the one before holds."])
        problems = self._apply(config)
        try:
            self._kept.keep(config)
        except OSError as exc:
            problems.append(f"The planogram cannot be kept on disk ({exc.strerror or exc}); a restart would forget it.")
        return self._condition(problems)

    def _apply(self, config: DeviceConfig) -> list[str]:
        problems = self._missing(config)
        plans = dict(self._site)
        listed = [product for planned in config.slots or () for product in (planned.product, *planned.also)]
        weights = _weights([*listed, *config.products])
        for planned in config.slots or ():
            site = self._site.get(planned.slot_id)
            if site is None:
                continue
            sku = planned.product.sku
            own = {sku, *(each.sku for each in planned.also)}
            try:
                _check_weights((planned.product, *planned.also))
            except SlotSpecError as exc:
                problems.append(f"Slot {planned.slot_id} keeps what it had: {exc}")
                plans[planned.slot_id] = self._plans[planned.slot_id]
                continue
            product = Product(
                sku=sku,
                name=sku,
                unit_weight_g=planned.product.unit_weight_g,
                unit_weight_tolerance_g=planned.product.unit_weight_tolerance_g,
            )
            also = [
                SharedProduct(
                    sku=each.sku,
                    name=each.sku,
                    unit_weight_g=each.unit_weight_g,
                    unit_weight_tolerance_g=each.unit_weight_tolerance_g,
                    capacity_units=each.capacity_units,
                )
                for each in planned.also
            ]
            slot = site.slot.model_copy(
                update={"product": product, "capacity_units": planned.capacity_units, "also": also}
            )
            plans[planned.slot_id] = SlotPlan(slot, tuple(w for other, w in weights.items() if other not in own))
        # A plan that says the same stays the same object, so that its slot is not disturbed.
        self._plans = {slot_id: _same(self._plans[slot_id], plan) for slot_id, plan in plans.items()}
        self._counts = {slot.slot_id: slot.count for slot in config.slots or () if slot.count is not None}
        self.version = config.planogram_version
        return problems

    def _missing(self, config: DeviceConfig) -> list[str]:
        """What a slot that was drawn for this device needs before it can be weighed."""
        missing = [slot_id for slot_id in config.drawn if slot_id not in self._site]
        if not missing:
            return []
        what_to_do = (
            f"There is no cell for {', '.join(missing)}, drawn for this device: add each to the device's slots in the "
            "site file with the source of its cell, and calibrate it with storesense edge shelf setup."
        )
        return [what_to_do]

    def _condition(self, problems: Sequence[str]) -> Health:
        state = HealthState.DEGRADED if problems else HealthState.OK
        return Health(PLANOGRAM, state, " ".join(problems) or None, planogram_version=self.version)


def _planned(config: DeviceConfig) -> DeviceConfig:
    """Return a configuration that speaks of a planogram. Raises PayloadError."""
    if config.planogram_version is None:
        raise PayloadError(stage="body", detail="it says nothing of a planogram")
    return config


def _same(before: SlotPlan, now: SlotPlan) -> SlotPlan:
    return before if _said(before) == _said(now) else now


def _said(plan: SlotPlan) -> tuple[object, ...]:
    product = plan.slot.product
    own = (product.sku, product.unit_weight_g, product.unit_weight_tolerance_g, plan.slot.capacity_units)
    also = tuple(
        (each.sku, each.unit_weight_g, each.unit_weight_tolerance_g, each.capacity_units) for each in plan.slot.also
    )
    return (*own, also, frozenset(plan.strangers))


def _check_weights(products: Sequence[ConfigProduct]) -> None:
    """Refuse products of one plate that contradict themselves or stand there twice. Raises SlotSpecError."""
    skus = [_weight(product).sku for product in products]
    twice = next((sku for place, sku in enumerate(skus) if sku in skus[:place]), None)
    if twice is not None:
        raise SlotSpecError(field="also", expected="other products, each once", found=twice)


def _weight(product: ConfigProduct) -> ProductWeight:
    return ProductWeight(product.sku, product.unit_weight_g, product.unit_weight_tolerance_g)


def _weights(products: Sequence[ConfigProduct]) -> dict[str, ProductWeight]:
    """The products by name, without those whose tolerance contradicts their weight: their own slots say so."""
    found: dict[str, ProductWeight] = {}
    for product in products:
        if product.sku not in found:
            try:
                found[product.sku] = _weight(product)
            except SlotSpecError as exc:
                _logger.debug("%s is not looked for: %s", product.sku, exc)
    return found
