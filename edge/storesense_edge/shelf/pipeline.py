"""One slot's whole chain: a raw sample in, what is worth publishing out."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.drift import DriftTracker
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.events import ShelfEvent, event_of
from storesense_edge.shelf.impulse import ImpulseFilter
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.source import LoadCellSample
from storesense_edge.shelf.steps import Phase, StepDetector, StepSettings, WeightStep
from storesense_edge.shelf.stock import estimate_units

# A stamp up to this much before the last one is a straggler and dropped; further back, the clock was set.
_STRAGGLER_S = 1.0
# A hundred tonnes: garbage from a wire, not a shelf, and sums of it would overflow.
_MOST_G = 1e8
_EARLY_EVERY_S = 1.0
# The last second may spread over this share of the change so far to be worth an early guess.
_EARLY_SHARE = 0.15
# Where a moving weight will end is half a guess, however calm the last second was.
_EARLY_CONFIDENCE = 0.5
_DRIFT_EVERY_S = 10.0


class ObservationReason(StrEnum):
    """Why a weight is worth publishing."""

    SETTLED = "settled"
    CHANGED = "changed"
    EARLY = "early"
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class ShelfObservation:
    """One slot's weight and what follows from it.

    Attributes:
        measured_at: time of the newest sample that it rests on.
        reason: why now. `early` is a first guess about a second after a change began, and `settled` corrects it.
        phase: whether the slot rests, swings or is being touched.
        weight_g: grams on the slot, zero drift taken off.
        sigma_g: its standard deviation from noise, movement and calibration.
        units: the likeliest number of units; None without a product.
        confidence: probability that `units` is right, halved while the slot moves; None without a product.
        step: the weight step that ended with this settling, if it was one.
        event: the step in units; None also where it fits no whole number of them.
        step_at: moment of step and event, which lies before `measured_at`.
    """

    measured_at: datetime
    reason: ObservationReason
    phase: Phase
    weight_g: float
    sigma_g: float
    units: int | None
    confidence: float | None
    step: WeightStep | None = None
    event: ShelfEvent | None = None
    step_at: datetime | None = None


class ShelfPipeline:
    """The signal chain of one slot: impulse filter, calibration, step detector, drift, units, events.

    Holds no clock: time is that of the samples, so recordings run at any speed. Samples that are not finite, beyond
    a hundred tonnes or late by up to a second are dropped and counted in `dropped`.

    Args:
        spec: the slot.
        settings: how rest is recognised.
    """

    def __init__(self, spec: SlotSpec, settings: StepSettings | None = None) -> None:
        self.spec = spec
        self.dropped = 0
        self.detector = StepDetector(
            spread_g=spec.calibration.spread_g,
            floor_g=spec.calibration.rounding_g,
            unit_weight_g=spec.unit_weight_g,
            settings=settings,
        )
        self._impulses = ImpulseFilter()
        tracked = spec.unit_weight_g is not None
        self._drift = DriftTracker(
            max_rate_g_per_h=spec.max_drift_g_per_h if tracked else 0.0,
            max_offset_g=0.25 * (spec.unit_weight_g or 0.0),
        )
        self._last_s = -math.inf
        self._published_s = math.nan
        self._published_g = math.nan
        self._early_s = -math.inf
        self._drift_s = -math.inf

    def step(self, sample: LoadCellSample) -> ShelfObservation | None:
        """Take the next sample and give an observation if one is due: settled, changed, early or heartbeat."""
        at_s = sample.measured_at.timestamp()
        weight_g = self.spec.calibration.weight_g(sample.raw_counts)
        late_s = self._last_s - at_s
        if not abs(weight_g) <= _MOST_G or 0 <= late_s <= _STRAGGLER_S:
            self.dropped += 1
            return None
        if late_s > _STRAGGLER_S:
            self._restart_clock(at_s)
        self._last_s = at_s
        clean = self._impulses.push(at_s, weight_g, self.detector.noise.sigma_g)
        if clean is None:
            return None
        was = self.detector.phase
        step = self.detector.push(*clean)
        phase = self.detector.phase
        if phase is Phase.MOVING or phase is Phase.STARTING:
            return self._while_moving(sample.measured_at, at_s, phase)
        if was is Phase.MOVING or was is Phase.STARTING:
            return self._observe(sample.measured_at, ObservationReason.SETTLED, step=step)
        return self._while_resting(sample.measured_at, at_s)

    def tared(self) -> Calibration:
        """The calibration with its zero at the present weight; build a new pipeline with it.

        Raises:
            ShelfError: the slot does not rest now, so that its zero would be a guess.
        """
        if self.detector.phase not in (Phase.RESTING, Phase.SWINGING):
            raise ShelfError("The slot is being touched or has no weight yet; leave it alone and tare again.")
        calibration = self.spec.calibration
        return calibration.tared(calibration.zero_counts + self.detector.level_g * calibration.counts_per_g)

    def _restart_clock(self, at_s: float) -> None:
        self._impulses.clear()
        self.detector.interrupt(at_s)
        self._published_s = self._drift_s = self._early_s = at_s

    def _while_resting(self, measured_at: datetime, at_s: float) -> ShelfObservation | None:
        detector = self.detector
        if at_s - self._drift_s >= _DRIFT_EVERY_S:
            self._drift_s = at_s
            self._drift.push(at_s, detector.level_g, at_s - detector.touched_s)
        if at_s - self._published_s >= self.spec.heartbeat_s:
            return self._observe(measured_at, ObservationReason.HEARTBEAT)
        moved_g = abs(detector.level_g - self._drift.offset_g - self._published_g)
        if moved_g > 0.25 * detector.min_step_g and moved_g > 4 * detector.level_sigma_g:
            return self._observe(measured_at, ObservationReason.CHANGED)
        return None

    def _while_moving(self, measured_at: datetime, at_s: float, phase: Phase) -> ShelfObservation | None:
        if at_s - self._early_s < _EARLY_EVERY_S:
            return None
        guess = self.detector.provisional()
        if guess is None:
            return None
        self._early_s = at_s
        weight_g = guess.mean_g - self._drift.offset_g
        if math.isnan(self._published_s):
            self._published_s = at_s
        reason = ObservationReason.EARLY
        if at_s - self._published_s >= self.spec.heartbeat_s:
            reason = ObservationReason.HEARTBEAT
        elif phase is Phase.STARTING or not (
            abs(weight_g - self._published_g) > self.detector.min_step_g
            and guess.range_g <= _EARLY_SHARE * abs(guess.mean_g - self.detector.level_g)
        ):
            return None
        return self._publish(measured_at, reason, weight_g, max(guess.range_g, self.detector.noise.sigma_g))

    def _observe(
        self, measured_at: datetime, reason: ObservationReason, *, step: WeightStep | None = None
    ) -> ShelfObservation:
        weight_g = self.detector.level_g - self._drift.offset_g
        return self._publish(measured_at, reason, weight_g, self.detector.level_sigma_g, step)

    def _publish(
        self,
        measured_at: datetime,
        reason: ObservationReason,
        weight_g: float,
        sigma_g: float,
        step: WeightStep | None = None,
    ) -> ShelfObservation:
        spec = self.spec
        self._published_s = measured_at.timestamp()
        self._published_g = weight_g
        sigma_g = math.hypot(sigma_g, spec.calibration.spread_g)
        units: int | None = None
        confidence: float | None = None
        if spec.unit_weight_g is not None:
            count = max(0.0, weight_g / spec.unit_weight_g)
            every_sigma_g = math.hypot(sigma_g, spec.unit_sigma_g * math.sqrt(count))
            estimate = estimate_units(weight_g, spec.unit_weight_g, every_sigma_g)
            units, confidence = estimate.units, estimate.confidence
            if self.detector.phase in (Phase.MOVING, Phase.STARTING):
                confidence *= _EARLY_CONFIDENCE
        return ShelfObservation(
            measured_at,
            reason,
            self.detector.phase,
            weight_g,
            sigma_g,
            units,
            confidence,
            step,
            event_of(step, spec) if step is not None else None,
            datetime.fromtimestamp(step.at_s, UTC) if step is not None else None,
        )
