"""Raw counts to grams: a straight line through known masses, with its doubts beside it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from storesense_edge.shelf.errors import CalibrationError

# The span of a 24-bit amplifier in one direction, and the combined error (non-linearity, hysteresis, repeatability)
# that makers of cheap cells state as a share of full scale: what to assume where no masses were weighed.
ADC_SPAN_COUNTS = 2**23
ASSUMED_ERROR_SHARE = 0.0005

_GOOD_SHARE = 0.005
_USABLE_SHARE = 0.02
_LEAST_R2 = 0.5
# Counts this large come from a 24-bit amplifier. If its whole span weighed less than a letter scale bears, or somebody
# put half a tonne on a shelf, the masses were written in another unit than grams.
_AMPLIFIER_COUNTS = 50_000
_LEAST_SPAN_G = 50.0
_MOST_MASS_G = 500_000.0


class Verdict(StrEnum):
    """Whether a calibration is fit to count by: its error as a share of the calibrated span."""

    GOOD = "good"
    USABLE = "usable"
    POOR = "poor"


@dataclass(frozen=True, slots=True)
class KnownMass:
    """One calibration point: a mass in grams (negative where the cell was loaded the other way) and its counts."""

    mass_g: float
    raw_counts: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The line from raw counts to grams.

    Attributes:
        zero_counts: counts of the empty shelf.
        counts_per_g: slope; negative where load lowers the counts.
        repeatability_g: how far the same load may read from itself another time (one standard deviation); None where
            nothing was measured, and then 0.05 % of a 24-bit amplifier's span is assumed.
        resolution_counts: the step in which the source counts: 1 for an amplifier, 0.001 for a scale that sends
            kilograms with three decimals.

    Raises:
        CalibrationError: a constant is not finite, or the slope is zero.
    """

    zero_counts: float
    counts_per_g: float
    repeatability_g: float | None = None
    resolution_counts: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.zero_counts) and math.isfinite(self.counts_per_g)):
            raise CalibrationError(
                reason=f"Zero {self.zero_counts} counts and slope {self.counts_per_g} counts/g must be finite.",
                remedy="Calibrate again with the shelf empty and with two known masses.",
            )
        if self.counts_per_g == 0 or not math.isfinite(1 / self.counts_per_g):
            raise CalibrationError(
                reason="The counts do not change with the load (0 counts per gram).",
                remedy="Check the cell's four wires and that the mass rests on the cell, then calibrate again.",
            )
        if self.repeatability_g is not None and not 0 <= self.repeatability_g < math.inf:
            raise CalibrationError(
                reason=f"The repeatability cannot be {self.repeatability_g} g.",
                remedy="Give a number of grams from 0 up, or leave it out.",
            )

        if not 0 < self.resolution_counts < math.inf:
            raise CalibrationError(
                reason=f"The resolution cannot be {self.resolution_counts} counts.",
                remedy="Give the source's smallest step, above 0, or leave it out.",
            )

    @property
    def rounding_g(self) -> float:
        """One standard deviation of the source's rounding, in grams: a uniform step has 1/sqrt(12) of its width."""
        return self.resolution_counts / math.sqrt(12) / abs(self.counts_per_g)

    @property
    def spread_g(self) -> float:
        """One standard deviation of the same load weighed twice, measured or assumed, in grams."""
        if self.repeatability_g is not None:
            return self.repeatability_g
        return ASSUMED_ERROR_SHARE * ADC_SPAN_COUNTS / abs(self.counts_per_g)

    def weight_g(self, raw_counts: float) -> float:
        """Grams on the cell for these counts; NaN stays NaN."""
        return (raw_counts - self.zero_counts) / self.counts_per_g

    def tared(self, raw_counts: float) -> "Calibration":
        """The same line with its zero at these counts, of a shelf that is empty now."""
        return replace(self, zero_counts=raw_counts)

    def reversed(self) -> "Calibration":
        """The same cell mounted the other way round: what read as lighter now reads as heavier."""
        return replace(self, counts_per_g=-self.counts_per_g)


@dataclass(frozen=True, slots=True)
class CalibrationFit:
    """A fitted calibration and how far to trust it.

    Attributes:
        calibration: the line, its repeatability set to `rms_g`.
        residuals_g: reading minus known mass per point, in the order given.
        rms_g: residual standard deviation with two degrees of freedom taken by the line; 0 for two points.
        r2: share of the counts' variance that the line explains.
        verdict: `rms_g` against the span of the masses: good to 0.5 %, usable to 2 %, else poor.
    """

    calibration: Calibration
    residuals_g: tuple[float, ...]
    rms_g: float
    r2: float
    verdict: Verdict


def fit_calibration(points: Sequence[KnownMass]) -> CalibrationFit:
    """Fit counts = zero + slope * mass by ordinary least squares; the masses are taken as exact.

    Raises:
        CalibrationError: fewer than two distinct masses, a value that is not finite, counts that do not follow the
            masses. The sentence says what to do.
    """
    for point in points:
        if not (math.isfinite(point.mass_g) and math.isfinite(point.raw_counts)):
            raise CalibrationError(
                reason=f"A calibration point is not finite: {point.mass_g} g at {point.raw_counts} counts.",
                remedy="Remove or weigh that point again.",
            )
    if len({point.mass_g for point in points}) < 2:
        raise CalibrationError(
            reason=f"A line needs two distinct masses, and the {len(points)} points given have fewer.",
            remedy="Weigh the empty shelf (0 g) and at least one known mass.",
        )
    count = len(points)
    mean_g = math.fsum(point.mass_g for point in points) / count
    mean_counts = math.fsum(point.raw_counts for point in points) / count
    mass_square = math.fsum((point.mass_g - mean_g) ** 2 for point in points)
    counts_square = math.fsum((point.raw_counts - mean_counts) ** 2 for point in points)
    product = math.fsum((point.mass_g - mean_g) * (point.raw_counts - mean_counts) for point in points)
    r2 = product**2 / (mass_square * counts_square) if counts_square > 0 and mass_square > 0 else 0.0
    if not r2 >= _LEAST_R2:
        raise CalibrationError(
            reason=f"The counts do not follow the masses (R2 {r2:.3f}).",
            remedy="Check that masses and counts belong together, the right column was read and the cell is wired.",
        )
    line = Calibration(mean_counts - product / mass_square * mean_g, product / mass_square)
    _refuse_other_units(points, line)
    residuals_g = tuple(line.weight_g(point.raw_counts) - point.mass_g for point in points)
    rms_g = math.sqrt(math.fsum(r * r for r in residuals_g) / (count - 2)) if count > 2 else 0.0
    span_g = max(point.mass_g for point in points) - min(point.mass_g for point in points)
    share = rms_g / span_g
    verdict = Verdict.GOOD if share <= _GOOD_SHARE else Verdict.USABLE if share <= _USABLE_SHARE else Verdict.POOR
    # Two points leave nothing to judge the cell by, so its spread stays the assumed one.
    calibration = replace(line, repeatability_g=rms_g) if count > 2 else line
    return CalibrationFit(calibration, residuals_g, rms_g, min(r2, 1.0), verdict)


def _refuse_other_units(points: Sequence[KnownMass], line: Calibration) -> None:
    if max(abs(point.raw_counts) for point in points) < _AMPLIFIER_COUNTS:
        return
    span_g = ADC_SPAN_COUNTS / abs(line.counts_per_g)
    most_g = max(abs(point.mass_g) for point in points)
    if span_g < _LEAST_SPAN_G:
        reason = f"By these masses the amplifier's whole span would weigh {span_g:.3g} g: they are not in grams."
        raise CalibrationError(
            reason=reason, remedy="Multiply them by 1,000 if they are in kilograms, and calibrate again."
        )
    if most_g > _MOST_MASS_G:
        raise CalibrationError(
            reason=f"A mass of {most_g:g} g is more than a shelf bears: they are not in grams.",
            remedy="Divide them by 1,000 if they are in milligrams, and calibrate again.",
        )
