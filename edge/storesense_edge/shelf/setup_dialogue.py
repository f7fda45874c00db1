"""The conversation that sets a slot up: empty, known masses, the product, a test pick, a verdict.

Whoever leads it gives it a dialogue (words to and from a person) and a cell; so it is the same at a terminal and in a
test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from storesense_contracts.layout import Slot
from storesense_edge.shelf.calibration import (
    CalibrationFit,
    KnownMass,
    Verdict,
    fit_calibration,
)
from storesense_edge.shelf.errors import CalibrationError
from storesense_edge.shelf.products import ProductWeight
from storesense_edge.shelf.setup import (
    Rest,
    SetupError,
    SlotFitness,
    checked_mass_g,
    checked_unit_weight_g,
    fitness_of,
)

_MOST_TRIES = 20


class Dialogue(Protocol):
    """Words to and from the person at the shelf."""

    def say(self, text: str) -> None:
        """Tell something."""
        ...

    def ask(self, text: str) -> str:
        """Ask something and wait for the answer. Raises SetupError when nobody will answer any more."""
        ...


class RestingCell(Protocol):
    """A cell that is weighed when it rests."""

    def rest(self, load_g: float) -> Rest:
        """Wait until the cell rests. Raises ShelfError.

        Args:
            load_g: what the person was asked to put on it, for a cell that only pretends.
        """
        ...


class SetupProgress(msgspec.Struct, frozen=True, kw_only=True):
    """What is known so far, kept so that an interrupted setup goes on where it stopped.

    Attributes:
        slot_id: the slot.
        zero_counts: of the empty slot; None before.
        noise_counts: standard deviation of one sample then.
        masses: (grams, counts) of each known mass.
    """

    slot_id: str
    zero_counts: float | None = None
    noise_counts: float = 0.0
    masses: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class SetupResult:
    """A slot that is set up."""

    fit: CalibrationFit
    fitness: SlotFitness
    picked_g: float


def set_up(
    slot: Slot,
    cell: RestingCell,
    dialogue: Dialogue,
    progress: SetupProgress,
    keep: Callable[[SetupProgress], None],
    *,
    is_scale: bool = False,
) -> SetupResult:
    """Lead through a setup.

    Args:
        slot: with its product.
        cell: what it stands on.
        dialogue: the person.
        progress: from before, or empty.
        keep: called with what is known after each step.
        is_scale: whether the cell gives grams by itself, so that one mass is a check and no calibration.

    Raises:
        SetupError: it cannot be set up.
        ShelfError: the cell fails.
    """
    dialogue.say(
        f"Ready at hand: one or two known masses, together about as heavy as a full slot, and two or more of "
        f"{slot.product.name}. It takes about a minute."
    )
    if progress.zero_counts is None:
        dialogue.ask(f"Empty slot {slot.name} ({slot.id}) and take your hands off; then press Enter.")
        dialogue.say("Weighing: leave it alone for some seconds.")
        rest = cell.rest(0.0)
        progress = msgspec.structs.replace(progress, zero_counts=rest.raw_counts, noise_counts=rest.noise_counts)
        keep(progress)
        dialogue.say(f"Empty: {rest.raw_counts:.0f} counts.")
    fit = _masses(cell, dialogue, progress, keep, is_scale=is_scale)
    zero = Rest(progress.zero_counts or 0.0, progress.noise_counts)
    product = ProductWeight(slot.product.sku, slot.product.unit_weight_g, slot.product.unit_weight_tolerance_g)
    unit_g, loaded_g = _product(slot, cell, dialogue, fit)
    picked_g = _test_pick(cell, dialogue, fit, unit_g, loaded_g)
    fitness = fitness_of(
        fit, zero, unit_weight_g=unit_g, unit_sigma_g=product.unit_sigma_g, capacity_units=slot.capacity_units
    )
    dialogue.say(_sentence(slot, fitness))
    return SetupResult(fit, fitness, picked_g)


def _masses(
    cell: RestingCell,
    dialogue: Dialogue,
    progress: SetupProgress,
    keep: Callable[[SetupProgress], None],
    *,
    is_scale: bool,
) -> CalibrationFit:
    zero = KnownMass(0.0, progress.zero_counts or 0.0)
    for _ in range(_MOST_TRIES):
        points = [zero, *(KnownMass(*each) for each in progress.masses)]
        more = "another known mass (or nothing, to go on)" if progress.masses else "a known mass"
        text = dialogue.ask(f"Put {more} on the slot, and type its grams (500, or 2 kg): ").strip()
        if not text:
            if not progress.masses:
                dialogue.say("One mass at least is needed; two or more also tell how good the cell is.")
                continue
            try:
                return _fitted(points, is_scale=is_scale)
            except CalibrationError as exc:
                dialogue.say(f"{exc} The masses are forgotten.")
                progress = msgspec.structs.replace(progress, masses=())
                keep(progress)
                continue
        try:
            mass_g = checked_mass_g(text)
            dialogue.say("Weighing.")
            rest = cell.rest(mass_g)
            _fitted([*points, KnownMass(mass_g, rest.raw_counts)], is_scale=is_scale)
        except CalibrationError as exc:
            dialogue.say(f"{exc} This mass was not taken.")
            continue
        progress = msgspec.structs.replace(progress, masses=(*progress.masses, (mass_g, rest.raw_counts)))
        keep(progress)
        dialogue.say(f"{mass_g:g} g: {rest.raw_counts:.0f} counts.")
    raise SetupError("No calibration came of these masses. Check the cell's wires and the masses, and begin anew.")


def _fitted(points: list[KnownMass], *, is_scale: bool) -> CalibrationFit:
    fit = fit_calibration(points)
    if is_scale and not 0.9 < fit.calibration.counts_per_g < 1.1:
        raise CalibrationError(
            reason=f"The scale shows {fit.calibration.counts_per_g:.4g} g for each gram of these masses.",
            remedy="Type grams, and set the unit of the scale in the site file.",
        )
    if fit.verdict is Verdict.POOR and len(points) > 2:
        raise CalibrationError(
            reason=f"The masses lie {fit.rms_g:.1f} g off a straight line.",
            remedy="Check which mass was on the slot and that it touches nothing else.",
        )
    return fit


def _product(slot: Slot, cell: RestingCell, dialogue: Dialogue, fit: CalibrationFit) -> tuple[float, float]:
    for _ in range(_MOST_TRIES):
        text = dialogue.ask(f"Take the masses off, put some {slot.product.name} on, and type how many: ").strip()
        if not text.isdecimal() or not 1 < int(text) <= 100_000:
            dialogue.say("Type a whole number from 2 up.")
            continue
        units = int(text)
        dialogue.say("Weighing.")
        weight_g = fit.calibration.weight_g(cell.rest(units * slot.product.unit_weight_g).raw_counts)
        try:
            unit_g = checked_unit_weight_g(weight_g / units, slot.product.unit_weight_g)
        except SetupError as exc:
            dialogue.say(str(exc))
            continue
        dialogue.say(f"One {slot.product.name} weighs {unit_g:.1f} g.")
        return unit_g, weight_g
    raise SetupError("The product does not weigh what the planogram says. Mend the planogram, and begin anew.")


def _test_pick(cell: RestingCell, dialogue: Dialogue, fit: CalibrationFit, unit_g: float, loaded_g: float) -> float:
    for _ in range(_MOST_TRIES):
        dialogue.ask("Take one unit off, and press Enter.")
        dialogue.say("Weighing.")
        picked_g = loaded_g - fit.calibration.weight_g(cell.rest(loaded_g - unit_g).raw_counts)
        if round(picked_g / unit_g) == 1:
            dialogue.say(f"Counted one, of {picked_g:.1f} g.")
            return picked_g
        dialogue.say(f"{picked_g:.1f} g went, which is not one unit. Put all back but one.")
    raise SetupError("No test pick was counted. Check that the slot hangs free and touches no neighbour.")


def _sentence(slot: Slot, fitness: SlotFitness) -> str:
    return (
        f"{slot.name} is {fitness.verdict.value} to count by: {fitness.noise_g:.2f} g of noise against "
        f"{fitness.unit_weight_g:.1f} g a unit; one pick in {_one_in(fitness.pick_miscount)} is miscounted, and a "
        f"full slot of {slot.capacity_units} is read wrong once in {_one_in(fitness.full_miscount)}."
    )


def _one_in(chance: float) -> str:
    return "more than a million" if chance < 1e-6 else f"{1 / chance:,.0f}"
