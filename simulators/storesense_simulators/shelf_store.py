"""Slots of the store twin as their load cells feel them: its shoppers, staff and thieves as hands with weights.

The twin says who took or put what, when, and what each unit weighs. It says nothing of hands: those are drawn here,
and each deed takes its time. What the twin tells in one instant follows each other on a plate: a pick and its put-back
(some seconds of looking lie between), a handful's units, what staff tidy away. A hand comes a second or more after the
one before it has gone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.slot import SlotSpec
from storesense_simulators.shelf_life import (
    Happening,
    HappeningKind,
    Move,
    SlotLife,
    Unrest,
    is_alike,
    shakes_during,
    touches_between,
)
from storesense_simulators.twin.engine import Twin
from storesense_simulators.twin.load_cell import CellModel
from storesense_simulators.twin.run_commands import first_opening
from storesense_simulators.twin.shop import Place, Shop
from storesense_simulators.twin.truth import TruthEvent, TruthKind

_REPEATABILITY_G = 1.0
_START_S = 30.0
_END_S = 15.0
_LEAST_TOLERANCE_G = 0.004
# What one person does to one product within this time of the last is one deed: a sweep, a restock.
_SAME_DEED_S = 10.0
# The next hand is in the slot this soon after the one before it has gone, or later.
_NEXT_HAND_S = (1.0, 2.5)
_LOOK_S = (1.5, 6.0)
_SIGN = {
    TruthKind.PICKED: -1,
    TruthKind.SWEPT: -1,
    TruthKind.TIDIED: -1,
    TruthKind.PUT_BACK: 1,
    TruthKind.RESTOCKED: 1,
    TruthKind.MISPLACED: 1,
}
# Weights on one plate must differ by this share for the planogram to allow it.
_SHARED_APART = 0.15
_SLOTS_PER_SHARED = 12


@dataclass(frozen=True, slots=True)
class WatchedSlot:
    """A slot to be judged: its name, what happens on it, its cell and what the site file says of it."""

    name: str
    life: SlotLife
    model: CellModel
    spec: SlotSpec


@dataclass(slots=True)
class _Deed:
    """What one person did to one product: its parts as (second, grams, units), signed."""

    kind: TruthKind
    person_no: int | None
    product: int
    parts: list[tuple[float, float, int]]


@dataclass(frozen=True, slots=True)
class StoreShelves:
    """Slots of a simulated store, on a day with more thieves and more changes of mind than usual.

    Half of the slots are those to which most sweeps, misplaced things and put-backs came; the others are drawn. Each
    gets a cell of its own: polarity, zero, noise, creep, temperature, drift and swing vary about the store's. One plate
    in twelve carries two neighbouring products.

    Attributes:
        shop: the store.
        seed: the same seed gives the same slots.
        slots: how many.
        thieves_per_day: how many come, so that there are sweeps to judge.
        put_back_share: how often something taken is put back.
        put_back_elsewhere_share: of these, how often on another slot.
        unrest: leans, lifts, footsteps and slams, of which the twin knows nothing.
    """

    shop: Shop
    seed: int
    slots: int = 12
    thieves_per_day: float = 60.0
    put_back_share: float = 0.12
    put_back_elsewhere_share: float = 0.35
    unrest: Unrest = field(default_factory=Unrest)

    def watched(self, lasting_s: float) -> Iterator[WatchedSlot]:
        """Run the store and yield its slots."""
        chance = np.random.default_rng([self.seed, 1])
        truth = self._truth(lasting_s)
        products = {place.slot_id: product_of(place) for place in self.shop.places}
        cells = {cell.slot_id: cell.model for cell in self.shop.cells}
        for plate in self._plates(truth, chance):
            own = tuple(products[place.slot_id] for place in plate)
            model = vary_cell(cells[plate[0].slot_id], chance)
            spec = SlotSpec(
                Calibration(model.zero_counts, model.counts_per_g, _REPEATABILITY_G),
                unit_weight_g=own[0].unit_weight_g,
                unit_tolerance_g=own[0].unit_tolerance_g,
                capacity_units=plate[0].capacity_units,
                sku=own[0].sku,
                also=own[1:],
                strangers=tuple(product for product in products.values() if product not in own),
            )
            life = _life(plate, truth, spec, lasting_s, self.unrest, chance)
            yield WatchedSlot("+".join(place.slot_id for place in plate), life, model, spec)

    def _truth(self, lasting_s: float) -> dict[str, list[TruthEvent]]:
        habits = replace(
            self.shop.habits,
            thieves_per_day=self.thieves_per_day,
            put_back_share=self.put_back_share,
            put_back_elsewhere_share=self.put_back_elsewhere_share,
        )
        shop = replace(self.shop, habits=habits)
        twin = Twin(shop, seed=self.seed, began_at=first_opening(shop))
        truth: dict[str, list[TruthEvent]] = {place.slot_id: [] for place in shop.places}
        for events in twin.run_until(round(lasting_s * 1000)):
            for event in events:
                if event.level_mg is not None:
                    truth[event.subject_id].append(event)
        return truth

    def _plates(self, truth: dict[str, list[TruthEvent]], chance: np.random.Generator) -> list[tuple[Place, ...]]:
        weighed = {cell.slot_id for cell in self.shop.cells}
        places = [place for place in self.shop.places if place.slot_id in weighed]
        rare = (TruthKind.SWEPT, TruthKind.MISPLACED, TruthKind.PUT_BACK)
        eventful = sorted(places, key=lambda place: -sum(event.kind in rare for event in truth[place.slot_id]))
        chosen = eventful[: self.slots // 2]
        others = [place for place in places if place not in chosen]
        for index in chance.permutation(len(others))[: self.slots - len(chosen)]:
            chosen.append(others[int(index)])
        shared = self.slots // _SLOTS_PER_SHARED
        plates: list[tuple[Place, ...]] = []
        for place in reversed(chosen):
            second = self._beside(place, places) if shared > 0 else None
            shared -= second is not None
            plates.append((place,) if second is None else (place, second))
        return plates

    def _beside(self, place: Place, places: Sequence[Place]) -> Place | None:
        """A product on the same shelf that weighs clearly otherwise."""
        for other in places:
            light_g, heavy_g = sorted((place.unit_weight_g, other.unit_weight_g))
            ratio = heavy_g / light_g
            if other.shelf_id == place.shelf_id and other is not place and abs(ratio - round(ratio)) > _SHARED_APART:
                return other
        return None


def product_of(place: Place) -> ProductWeight:
    """A place's product as the planogram knows it, its tolerance two standard deviations of a unit."""
    tolerance_g = max(2 * place.unit_weight_sd_g, _LEAST_TOLERANCE_G)
    tolerance_g = min(tolerance_g, 0.49 * place.unit_weight_g)
    return ProductWeight(place.sku, place.unit_weight_g, tolerance_g, capacity_units=place.capacity_units)


def vary_cell(model: CellModel, chance: np.random.Generator) -> CellModel:
    """A cell of the same make: no two are alike."""
    return replace(
        model,
        counts_per_g=float(chance.choice([-1, 1]) * chance.uniform(0.8, 1.25)) * model.counts_per_g,
        zero_counts=float(chance.integers(-300_000, 300_000)),
        noise_g=model.noise_g * float(chance.uniform(0.75, 1.5)),
        creep_share=float(chance.uniform(0.0003, 0.001)),
        temperature_g_per_c=float(chance.normal(0, 1.0)),
        drift_g_per_h=float(chance.uniform(0.1, 0.4)),
        swing_hz=float(chance.uniform(4, 9)),
        swing_damping=float(chance.uniform(0.1, 0.3)),
    )


def _life(
    plate: Sequence[Place],
    truth: dict[str, list[TruthEvent]],
    spec: SlotSpec,
    lasting_s: float,
    unrest: Unrest,
    chance: np.random.Generator,
) -> SlotLife:
    streams = [truth[place.slot_id] for place in plate]
    firsts = [next(event for event in stream if event.kind is TruthKind.STOCK) for stream in streams]
    happenings: list[Happening] = []
    before: _Deed | None = None
    for deed in _deeds(streams):
        begin_s = deed.parts[0][0] + _START_S
        if happenings:
            changed_mind = deed.kind is TruthKind.PUT_BACK and before is not None and before.person_no == deed.person_no
            pause_s = float(chance.uniform(*(_LOOK_S if changed_mind else _NEXT_HAND_S)))
            begin_s = max(begin_s, happenings[-1].end_s + pause_s)
        happening = _happening(deed, begin_s, spec, chance)
        if happening.end_s > lasting_s - _END_S:
            break
        happenings.append(happening)
        before = deed
    unit_g = spec.products[0].unit_weight_g
    happenings += touches_between(happenings, unit_g, lasting_s, unrest, chance)
    happenings.sort(key=lambda each: each.begin_s)
    return SlotLife(
        spec.products,
        sum(first.level_mg or 0 for first in firsts) / 1000,
        tuple(first.level_units or 0 for first in firsts),
        tuple(happenings),
        tuple(shakes_during(lasting_s, unrest, chance)),
    )


def _deeds(streams: Sequence[Sequence[TruthEvent]]) -> list[_Deed]:
    """What was done to a plate, in order of time; handfuls of one person are one deed, tidied things one each."""
    deeds: list[_Deed] = []
    guests_g: list[list[float]] = [[] for _ in streams]
    events = [(event, product) for product, stream in enumerate(streams) for event in stream if event.kind in _SIGN]
    for event, product in sorted(events, key=lambda pair: pair[0].t_ms):
        at_s, delta_g = event.t_ms / 1000, _SIGN[event.kind] * event.mass_mg / 1000
        if event.kind is TruthKind.TIDIED:
            deeds += [_Deed(event.kind, event.person_no, product, [(at_s, -g, 0)]) for g in guests_g[product]]
            guests_g[product].clear()
            continue
        if event.kind is TruthKind.MISPLACED:
            guests_g[product].append(delta_g)
        part = (at_s, delta_g, 0 if event.kind is TruthKind.MISPLACED else _SIGN[event.kind] * event.units)
        last = deeds[-1] if deeds else None
        if (
            last is not None
            and event.kind in (TruthKind.SWEPT, TruthKind.RESTOCKED)
            and (last.kind, last.person_no, last.product) == (event.kind, event.person_no, product)
            and at_s - last.parts[-1][0] <= _SAME_DEED_S
        ):
            last.parts.append(part)
        else:
            deeds.append(_Deed(event.kind, event.person_no, product, [part]))
    return deeds


def _happening(deed: _Deed, begin_s: float, spec: SlotSpec, chance: np.random.Generator) -> Happening:
    shift_s = begin_s - deed.parts[0][0] + float(chance.uniform(0.2, 0.8))
    moves: list[Move] = []
    for at_s, delta_g, units in deed.parts:
        grabs = _grabs(deed.kind, abs(units), chance)
        planned_s = at_s + shift_s
        for share in grabs:
            if moves:
                planned_s = max(planned_s, moves[-1].at_s + moves[-1].lasting_s + float(chance.uniform(0.1, 0.5)))
            moves.append(Move(planned_s, float(chance.uniform(0.15, 0.5)), share * delta_g))
    units = sum(part[2] for part in deed.parts)
    end_s = moves[-1].at_s + moves[-1].lasting_s + 0.1
    alike = units == 0 and is_alike(abs(deed.parts[0][1]), spec.products)
    hand_g = float(chance.uniform(2, 25))
    kind = _kind_of(units, spec)
    return Happening(kind, begin_s, end_s, units, tuple(moves), hand_g, 0.0, alike, deed.product)


def _grabs(kind: TruthKind, units: int, chance: np.random.Generator) -> list[float]:
    """The shares in which so many units move: at once, one by one, or a restocker's few at a time."""
    if units <= 1 or kind is TruthKind.SWEPT or (kind is TruthKind.PICKED and chance.random() < 0.5):
        return [1.0]
    grabs: list[float] = []
    left = units
    while left:
        some = 1 if kind is TruthKind.PICKED else min(left, int(chance.integers(1, 5)))
        grabs.append(some / units)
        left -= some
    return grabs


def _kind_of(units: int, spec: SlotSpec) -> HappeningKind:
    """What a deed is called, by its size alone, as weight alone must: see the table of events."""
    if units == 0:
        return HappeningKind.MISPLACED
    if units > 0:
        return HappeningKind.RESTOCK if units >= spec.restock_units else HappeningKind.PUT_BACK
    return HappeningKind.BULK_REMOVAL if -units >= spec.removal_units else HappeningKind.PICK
