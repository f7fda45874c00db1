"""Setting up a slot: what its masses, its product and a test pick say of it. No I/O.

The chance of a miscount is that of a Gaussian error beyond half a unit. What one pick is judged by is the difference of
two rests, each as noisy as was measured; what a full slot is judged by is the calibration's error and the spread of its
units.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from storesense_edge.shelf.calibration import CalibrationFit
from storesense_edge.shelf.errors import CalibrationError, ShelfError
from storesense_edge.shelf.source import LoadCellSample

_LEAST_REST_S = 2.0
_LEAST_SAMPLES = 6
_STILL_SIGMAS = 4.0
_DIFF_TO_SIGMA = math.sqrt(math.pi) / 2
_REPEATS = 8.0
_GOOD = 0.001
_USABLE = 0.02
_UNIT_TOLERANCE_SHARE = 0.15
_WRONG_UNITS = (
    (1000.0, "1,000 times"),
    (0.001, "a thousandth of"),
    (453.59237, "454 times"),
    (1 / 453.59237, "1/454 of"),
)


class SetupError(ShelfError):
    """A slot cannot be set up as it is now; the sentence says what to do."""

    code = "shelf_setup"


class SlotVerdict(StrEnum):
    """Whether a slot is good enough to count by."""

    GOOD = "good"
    USABLE = "usable"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class Rest:
    """A cell at rest.

    Attributes:
        raw_counts: the mean.
        noise_counts: standard deviation of one sample, from differences of neighbours.
    """

    raw_counts: float
    noise_counts: float


@dataclass(frozen=True, slots=True)
class SlotFitness:
    """How well a slot can be counted by.

    Attributes:
        noise_g: standard deviation of one sample at rest.
        error_g: standard deviation of the same load weighed twice.
        unit_weight_g: weight of one unit.
        pick_miscount: probability that one pick is counted wrong.
        full_miscount: probability that the stock of a full slot is wrong without having seen it filled.
        verdict: by the pick: good below 0.1 %, usable below 2 %, else poor.
    """

    noise_g: float
    error_g: float
    unit_weight_g: float
    pick_miscount: float
    full_miscount: float
    verdict: SlotVerdict


def rest_of(samples: Sequence[LoadCellSample]) -> Rest | None:
    """Return the cell's rest if the samples show one: two seconds or more whose halves agree.

    Raises:
        SetupError: the cell says over and over that it is overloaded, or always the same number at the end of its span.
    """
    finite = [sample for sample in samples if math.isfinite(sample.raw_counts)]
    if len(samples) >= _LEAST_SAMPLES and not finite:
        raise SetupError("The cell gives no weight: it is overloaded. Take some of the load away.")
    if len(finite) < _LEAST_SAMPLES:
        return None
    if (finite[-1].measured_at - finite[0].measured_at).total_seconds() < _LEAST_REST_S:
        return None
    counts = [sample.raw_counts for sample in finite]
    if abs(counts[-1]) >= 2**23 - 2 and len(set(counts)) == 1:
        raise SetupError("The amplifier is at the end of its span. Check the cell's four wires, or take load away.")
    noise = math.fsum(abs(b - a) for a, b in pairwise(counts)) / (len(counts) - 1) * _DIFF_TO_SIGMA
    half = len(counts) // 2
    first, second = math.fsum(counts[:half]) / half, math.fsum(counts[half:]) / (len(counts) - half)
    # Slow wander is no movement: it may be as large as the noise of one sample.
    if abs(second - first) > _STILL_SIGMAS * noise * 2 / math.sqrt(len(counts)) + noise:
        return None
    return Rest(math.fsum(counts) / len(counts), noise)


def fitness_of(
    fit: CalibrationFit, rest: Rest, *, unit_weight_g: float, unit_sigma_g: float, capacity_units: int
) -> SlotFitness:
    """Judge a slot.

    Args:
        fit: its calibration.
        rest: of the empty slot.
        unit_weight_g: weight of one unit.
        unit_sigma_g: standard deviation of one unit's weight.
        capacity_units: how many units fit.
    """
    noise_g = max(rest.noise_counts / abs(fit.calibration.counts_per_g), fit.calibration.rounding_g)
    # A level at rest averages many samples, but neighbours wander together.
    level_g = noise_g / math.sqrt(_REPEATS)
    error_g = fit.calibration.spread_g
    pick = _beyond_half(unit_weight_g, math.hypot(math.sqrt(2) * level_g, unit_sigma_g))
    full = _beyond_half(unit_weight_g, math.hypot(level_g, error_g, unit_sigma_g * math.sqrt(capacity_units)))
    verdict = SlotVerdict.GOOD if pick < _GOOD else SlotVerdict.USABLE if pick < _USABLE else SlotVerdict.POOR
    return SlotFitness(noise_g, error_g, unit_weight_g, pick, full, verdict)


def checked_unit_weight_g(measured_g: float, planned_g: float) -> float:
    """Return the measured weight of one unit, if it is the planned product's.

    Raises:
        SetupError: it is lighter than nothing, of another unit of measure, or of another product.
    """
    if measured_g <= 0:
        raise SetupError(
            f"The units weigh {measured_g:.1f} g each. Put them on; if the cell was turned round, begin anew."
        )
    ratio = measured_g / planned_g
    for factor, told in _WRONG_UNITS:
        if abs(ratio / factor - 1) < _UNIT_TOLERANCE_SHARE:
            raise SetupError(
                f"One unit weighs {measured_g:.4g} g here, {told} the {planned_g:g} g planned: the masses or the "
                "planogram are not in grams. Begin anew with grams."
            )
    if abs(ratio - 1) > _UNIT_TOLERANCE_SHARE:
        raise SetupError(
            f"One unit weighs {measured_g:.1f} g, and the planogram says {planned_g:g} g. Check the product, how many "
            "units stand there, and the planogram."
        )
    return measured_g


def checked_mass_g(text: str) -> float:
    """Read a mass that somebody typed, in grams, or in kilograms where it says kg. Raises CalibrationError."""
    typed = text.strip().lower().replace(",", ".")
    number, factor = (typed.removesuffix("kg"), 1_000.0) if typed.endswith("kg") else (typed.removesuffix("g"), 1.0)
    try:
        mass_g = float(number.strip()) * factor
    except ValueError:
        mass_g = math.nan
    if not 0 < mass_g <= 500_000:
        raise CalibrationError(
            reason=f"{text.strip()[:40]!r} is no mass in grams.",
            remedy="Type grams above 0, such as 500 or 500.5, or say kg: 2 kg.",
        )
    return mass_g


def _beyond_half(unit_weight_g: float, sigma_g: float) -> float:
    return math.erfc(unit_weight_g / 2 / (sigma_g * math.sqrt(2))) if sigma_g > 0 else 0.0
