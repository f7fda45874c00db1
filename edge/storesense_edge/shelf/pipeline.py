"""One slot's whole chain: a raw sample in, what is worth publishing out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from storesense_edge.shelf.calibration import Calibration
from storesense_edge.shelf.errors import ShelfError
from storesense_edge.shelf.events import ShelfEvent
from storesense_edge.shelf.faults import CellFault, CellWatch
from storesense_edge.shelf.impulse import ImpulseFilter
from storesense_edge.shelf.movement import Phase, WeightStep
from storesense_edge.shelf.plate_stock import Stock
from storesense_edge.shelf.retelling import Correction
from storesense_edge.shelf.slot import SlotSpec
from storesense_edge.shelf.slot_stock import SlotStock
from storesense_edge.shelf.source import LoadCellSample
from storesense_edge.shelf.step_settings import StepSettings
from storesense_edge.shelf.steps import StepDetector
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
_LOOK_EVERY_S = 10.0


class ObservationReason(StrEnum):
    """Why a weight is worth publishing."""

    SETTLED = "settled"
    CHANGED = "changed"
    TOUCHED = "touched"
    EARLY = "early"
    HEARTBEAT = "heartbeat"


@dataclass(frozen=True, slots=True)
class ShelfObservation:
    """One slot's weight and what follows from it.

    Attributes:
        measured_at: time of the newest sample that it rests on.
        reason: why now. `early` is a first guess about a second after a change began, and `settled` corrects it;
            `touched` is a rest after a movement that changed nothing.
        phase: whether the slot rests, swings or is being touched.
        weight_g: grams on the slot, creep, temperature and zero drift taken off.
        sigma_g: its standard deviation from noise, movement and calibration.
        units: the likeliest number of units of the slot's (first) product; None without a product.
        confidence: probability that `units` is right, halved while the slot moves; None without a product.
        step: the weight step that ended with this settling, if it was one.
        event: what the step was, or that somebody only touched the slot; None for a slot that is only weighed.
        step_at: moment of step and event, which lies before `measured_at`.
        stock: all that lies on the plate, products that share it included; None while it moves or has no product.
        calibration_due: why the slot should be tared or calibrated, None while all is well.
        corrections: earlier events that were told wrongly, and what they were.
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
    stock: Stock | None = None
    calibration_due: str | None = None
    corrections: tuple[Correction, ...] = ()


class ShelfPipeline:
    """The signal chain of one slot: cell watch, calibration, impulse filter, step detector, stock, events.

    While the cell has a fault that blinds it, no weight is given; what changed meanwhile shows as one step afterwards.
    Holds no clock: time is that of the samples, so recordings run at any speed. Samples that are not finite, beyond
    a hundred tonnes or late by up to a second are dropped and counted in `dropped`.

    Args:
        spec: the slot.
        settings: how rest is recognised.
    """

    def __init__(self, spec: SlotSpec, settings: StepSettings | None = None) -> None:
        self.spec = spec
        self.dropped = 0
        calibration = spec.calibration
        lightest = spec.lightest
        self.detector = StepDetector(
            spread_g=calibration.spread_g,
            floor_g=calibration.rounding_g,
            unit_weight_g=lightest.unit_weight_g if lightest else None,
            unit_sigma_g=lightest.unit_sigma_g if lightest else 0.0,
            settings=settings,
        )
        self.holdings = SlotStock(spec)
        self.detector.expect(self.holdings.known_changes_g)
        overload = None
        if spec.capacity_g is not None:
            reach = abs(spec.capacity_g * calibration.counts_per_g)
            overload = (calibration.zero_counts - reach, calibration.zero_counts + reach)
        self.watch = CellWatch(is_amplifier=calibration.resolution_counts == 1.0, overload_counts=overload)
        self._impulses = ImpulseFilter()
        self._blind = False
        self._last_s = -math.inf
        self._published_s = math.nan
        self._published_g = math.nan
        self._early_s = -math.inf
        self._look_s = -math.inf

    def step(self, sample: LoadCellSample) -> ShelfObservation | None:
        """Take the next sample and give an observation if one is due: settled, changed, early or heartbeat."""
        at_s = sample.measured_at.timestamp()
        late_s = self._last_s - at_s
        if 0 <= late_s <= _STRAGGLER_S:
            self.dropped += 1
            return None
        if not self.watch.push(at_s, sample.raw_counts):
            if not self._blind and self.watch.blinding is not None:
                self._blind = True
                self._impulses.clear()
                self.detector.interrupt(at_s)
                self.holdings.creep.interrupt()
            self._last_s = at_s
            self.dropped += 1
            return None
        self._blind = False
        weight_g = self.spec.calibration.weight_g(sample.raw_counts)
        if not abs(weight_g) <= _MOST_G:
            self.dropped += 1
            return None
        if late_s > _STRAGGLER_S:
            self._restart_clock(at_s)
        self._last_s = at_s
        replaced = self._impulses.replaced
        clean = self._impulses.push(at_s, weight_g, self.detector.noise.sigma_g)
        if clean is None:
            return None
        if self._impulses.replaced > replaced:
            self.detector.disturbed(clean[0])
        was = self.detector.phase
        step = self.detector.push(*clean, self._impulses.held if was is Phase.MOVING else ())
        phase = self.detector.phase
        if phase is Phase.MOVING or phase is Phase.STARTING:
            return self._while_moving(sample.measured_at, at_s, phase)
        if was is Phase.MOVING or was is Phase.STARTING:
            return self._settled(sample.measured_at, step, was)
        return self._while_resting(sample, at_s)

    def replan(self, spec: SlotSpec) -> None:
        """Take another planogram for the same cell; nothing is told for it, and no goods have moved by it.

        What lies there of a product that the slot had before is `misplaced` when it leaves, and no pick.

        Args:
            spec: the slot as it is planned now, with the calibration that it has.
        """
        spec = replace(spec, calibration=self.spec.calibration)
        lightest = spec.lightest
        self.spec = spec
        self.detector.reweigh(lightest.unit_weight_g if lightest else None, lightest.unit_sigma_g if lightest else 0.0)
        self.holdings.replan(spec, self._last_s, self.detector.level_g)
        self.detector.expect(self.holdings.known_changes_g)

    @property
    def faults(self) -> list[CellFault]:
        """What is wrong with the cell now, the worst first."""
        return self.watch.faults()

    @property
    def rests(self) -> bool:
        """Whether the slot lies still, so that what lies there may be weighed."""
        return self.detector.phase in (Phase.RESTING, Phase.SWINGING)

    def stock(self) -> Stock | None:
        """What is believed to lie on the plate now; None while it moves, or for a slot that is only weighed."""
        if not self.rests:
            return None
        return self.holdings.stock(self._last_s, self.detector.level_g, self._level_sigma_g())

    def counted(self, units: Sequence[int], *, is_certain: bool = False) -> bool:
        """Take what somebody counted while the slot rests, and publish with the next sample.

        Args:
            units: of each of the slot's products.
            is_certain: whether to believe it whatever the weight says.

        Returns:
            False where the weight cannot be that; nothing was taken then.

        Raises:
            ShelfError: the slot moves, has no product, or the numbers do not fit its products.
        """
        if not self.rests:
            raise ShelfError("The slot is being touched; wait until it rests and count again.")
        level_g, sigma_g = self.detector.level_g, self._level_sigma_g()
        taken = self.holdings.counted_at_rest(units, self._last_s, level_g, sigma_g, is_certain=is_certain)
        if taken:
            self._published_s = -math.inf
        return taken

    def zero(self) -> None:
        """Take the present weight for that of an empty slot, and publish with the next sample.

        What the chain has learned of its cell and its goods stays.

        Raises:
            ShelfError: the slot does not rest now, so that its zero would be a guess.
        """
        if not self.rests:
            raise ShelfError("The slot is being touched or has no weight yet; leave it alone and tare again.")
        self.holdings.zeroed(self._last_s, self.detector.level_g)
        self.detector.expect(self.holdings.known_changes_g)
        self._published_s = -math.inf

    def tared(self) -> Calibration:
        """The calibration with its zero at the present weight, for chains to come.

        Raises:
            ShelfError: the slot does not rest now, so that its zero would be a guess.
        """
        if not self.rests:
            raise ShelfError("The slot is being touched or has no weight yet; leave it alone and tare again.")
        calibration = self.spec.calibration
        return calibration.tared(calibration.zero_counts + self.detector.level_g * calibration.counts_per_g)

    def _restart_clock(self, at_s: float) -> None:
        self._impulses.clear()
        self.detector.interrupt(at_s)
        self.holdings.restart_clock()
        self._published_s = self._look_s = self._early_s = at_s

    def _settled(self, measured_at: datetime, step: WeightStep | None, was: Phase) -> ShelfObservation:
        event: ShelfEvent | None = None
        reason = ObservationReason.SETTLED
        movement = self.detector.movement
        if step is not None:
            event = self.holdings.step(step, self.detector.noise.sigma_g / 5)
            self.detector.expect(self.holdings.known_changes_g)
        elif was is Phase.MOVING and movement is not None:
            event = self.holdings.touch(movement)
            reason = ObservationReason.TOUCHED
        return self._observe(measured_at, reason, step=step, event=event)

    def _while_resting(self, sample: LoadCellSample, at_s: float) -> ShelfObservation | None:
        detector = self.detector
        if at_s - self._look_s >= _LOOK_EVERY_S:
            self._look_s = at_s
            temperature_c = math.nan if sample.temperature_c is None else sample.temperature_c
            self.holdings.look(at_s, detector.level_g, self._level_sigma_g(), at_s - detector.touched_s, temperature_c)
        if at_s - self._published_s >= self.spec.heartbeat_s:
            return self._observe(sample.measured_at, ObservationReason.HEARTBEAT)
        moved_g = abs(self.holdings.weight_g(detector.level_g) - self._published_g)
        if moved_g > 0.25 * detector.min_step_g and moved_g > 4 * detector.level_sigma_g:
            return self._observe(sample.measured_at, ObservationReason.CHANGED)
        return None

    def _level_sigma_g(self) -> float:
        return math.hypot(self.detector.level_sigma_g, self.spec.calibration.spread_g)

    def _while_moving(self, measured_at: datetime, at_s: float, phase: Phase) -> ShelfObservation | None:
        if at_s - self._early_s < _EARLY_EVERY_S:
            return None
        guess = self.detector.provisional()
        if guess is None:
            return None
        self._early_s = at_s
        weight_g = self.holdings.weight_g(guess.mean_g)
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
        return self._publish(measured_at, reason, guess.mean_g, max(guess.range_g, self.detector.noise.sigma_g))

    def _observe(
        self,
        measured_at: datetime,
        reason: ObservationReason,
        *,
        step: WeightStep | None = None,
        event: ShelfEvent | None = None,
    ) -> ShelfObservation:
        return self._publish(measured_at, reason, self.detector.level_g, self.detector.level_sigma_g, step, event)

    def _publish(
        self,
        measured_at: datetime,
        reason: ObservationReason,
        level_g: float,
        sigma_g: float,
        step: WeightStep | None = None,
        event: ShelfEvent | None = None,
    ) -> ShelfObservation:
        spec = self.spec
        at_s = measured_at.timestamp()
        weight_g = self.holdings.weight_g(level_g)
        self._published_s = at_s
        self._published_g = weight_g
        sigma_g = math.hypot(sigma_g, spec.calibration.spread_g)
        units: int | None = None
        confidence: float | None = None
        stock: Stock | None = None
        moving = self.detector.phase in (Phase.MOVING, Phase.STARTING)
        lightest = spec.lightest
        if lightest is not None:
            if moving:
                product = self.holdings.spec.products[0]
                every_g = math.hypot(
                    sigma_g, product.unit_sigma_g * math.sqrt(max(0.0, weight_g / product.unit_weight_g))
                )
                estimate = estimate_units(weight_g, product.unit_weight_g, every_g)
                units, confidence = estimate.units, estimate.confidence * _EARLY_CONFIDENCE
            else:
                stock = self.holdings.stock(at_s, level_g, sigma_g)
        if stock is not None:
            units, confidence = stock.units[0], stock.sure_of[0]
        happened_s = step.at_s if step is not None else event.at_s if event is not None else None
        return ShelfObservation(
            measured_at,
            reason,
            self.detector.phase,
            weight_g,
            sigma_g,
            units,
            confidence,
            step,
            event,
            None if happened_s is None else datetime.fromtimestamp(happened_s, UTC),
            stock,
            self.holdings.calibration_due,
            self.holdings.take_corrections(),
        )
