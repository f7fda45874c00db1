"""Weight steps found as they happen: rest, departure, settling, and the difference between two rests."""

import math
from collections import deque
from collections.abc import Sequence

from storesense_edge.shelf.level import RestLevel
from storesense_edge.shelf.movement import Movement, Phase, WeightStep
from storesense_edge.shelf.noise import NoiseTracker
from storesense_edge.shelf.rests import RestJudge
from storesense_edge.shelf.sense import PlausibleChanges
from storesense_edge.shelf.step_settings import StepSettings
from storesense_edge.shelf.window import WeightWindow, WindowShape

_HISTORY_SAMPLES = 4096


class StepDetector:
    """Finds the steps of one cell, causally, at any sampling rate.

    All thresholds follow from the cell: its noise and wander, learned at rest, and its calibration's spread. A step
    is claimed when two rests differ by ten times the noise, eight times the wander and three times the spread; a
    product's unit weight lowers that to half a unit where the noise (six times) and the wander (four times) allow.
    No difference below three times its own standard deviation is a step, which matters while a load swings.

    Args:
        spread_g: how far the same load may read from itself another time (one standard deviation).
        floor_g: the least noise believed, such as the rounding of one count.
        unit_weight_g: weight of one unit, if known; of the lightest where several products lie together.
        unit_sigma_g: standard deviation of one unit's weight.
        settings: how rest is recognised.
    """

    def __init__(
        self,
        *,
        spread_g: float,
        floor_g: float,
        unit_weight_g: float | None = None,
        unit_sigma_g: float = 0.0,
        settings: StepSettings | None = None,
    ) -> None:
        self.settings = settings or StepSettings()
        self.phase = Phase.STARTING
        self.noise = NoiseTracker(floor_g)
        self._spread_g = spread_g
        self._sense = PlausibleChanges(unit_weight_g, unit_sigma_g)
        self._most_g = self._least_g = 0.0
        self._down_first = False
        self.movement: Movement | None = None
        self._window = WeightWindow(self.settings.window_s, self.settings.window_samples)
        self._rests = RestJudge(self.settings, self.noise, self._sense, self._window, floor_g=floor_g)
        self._level = RestLevel(self.settings.memory_s)
        self._level_sigma_g = 0.0
        self._history: deque[tuple[float, float]] = deque(maxlen=_HISTORY_SAMPLES)
        self._window_means_g: deque[float] = deque(maxlen=self.settings.slow_windows)
        self._last_s = math.nan
        self._interval_s = 0.0
        self._mark_s = -math.inf
        self._rest_from_s = 0.0
        self._touched_s = 0.0
        self._departed_s = 0.0
        self._away = 0
        self._believed_g = 0.0
        self._swing_g = 0.0
        self._swing_since_s: float | None = None
        self._after_gap = False
        self._aftermath_g = 0.0
        self._aftermath_until_s = -math.inf
        self._min_step_g = math.inf
        self._gate_g = math.inf

    def expect(self, known_g: Sequence[tuple[float, float]]) -> None:
        """Set which other changes make sense, as (grams, how far off), negative for what may leave."""
        self._sense.expect(known_g)

    def reweigh(self, unit_weight_g: float | None, unit_sigma_g: float) -> None:
        """Take another product's unit weight; the level at rest, and what was learned of the cell, stay."""
        self._sense.reweigh(unit_weight_g, unit_sigma_g)
        if self.phase is not Phase.STARTING:
            self._set_thresholds()

    @property
    def level_g(self) -> float:
        """The level at rest; while moving, the level before. NaN until the first rest."""
        return self._level.level_g

    @property
    def level_sigma_g(self) -> float:
        """Standard deviation of the level from noise, swing and wander, without the calibration's share."""
        return math.hypot(self._level_sigma_g, self.noise.wander_g)

    @property
    def min_step_g(self) -> float:
        """The smallest difference between two rests that is called a step now; infinite until the first rest."""
        return self._min_step_g

    @property
    def touched_s(self) -> float:
        """When the shelf was last seen moving."""
        return self._touched_s

    def push(self, at_s: float, weight_g: float, ahead: Sequence[tuple[float, float]] = ()) -> WeightStep | None:
        """Take the next sample (time rising, weight finite) and give the step that it proves, if any.

        Args:
            at_s: when it was measured.
            weight_g: the weight.
            ahead: later samples (time, weight) that the impulse filter still holds back. They help to see a rest
                early, and enter nothing.
        """
        dt_s = at_s - self._last_s
        self._last_s = at_s
        if dt_s > self.settings.gap_s and dt_s > 8 * self._interval_s > 0:
            self.interrupt(at_s)
        elif dt_s > 0:
            self._interval_s += (dt_s - self._interval_s) * (0.05 if self._interval_s else 1.0)
        left = self._window.push(at_s, weight_g)
        if self.phase is Phase.MOVING:
            self._history.append((at_s, weight_g))
            self._note_excursion(weight_g)
            return self._try_settle(at_s, ahead)
        if self.phase is Phase.STARTING:
            if self._window.full:
                self._try_start(at_s)
            return None
        for old_s, old_g in left:
            if old_s >= self._rest_from_s:
                self._level.push(old_s, old_g)
        self._rest(at_s, weight_g)
        return None

    def disturbed(self, at_s: float) -> None:
        """Note that the sample at `at_s` was wild and is replaced: what surrounds it is no short rest."""
        self._rests.disturbed(at_s)

    def interrupt(self, at_s: float) -> None:
        """Note that samples are missing before `at_s`: what happened meanwhile shows when the weight rests again."""
        self._window.clear()
        self._history.clear()
        self.noise.interrupt()
        self._last_s = at_s
        self._aftermath_until_s = -math.inf
        if self.phase is not Phase.STARTING:
            self._after_gap = True
            self._begin_move(at_s)

    def provisional(self, span_s: float = 1.0) -> WindowShape | None:
        """The last second while moving, as a first guess at where the weight is going; None with too few samples."""
        return self._window.tail(span_s, 4)

    # -- rest ------------------------------------------------------------------------------------------------------

    def _try_start(self, at_s: float) -> None:
        shape = self._window.shape()
        self.noise.seed(self._window.values_g)
        if self._rests.is_level(shape):
            self._begin_rest(at_s, shape, swinging=shape.range_g > 10 * self.noise.sigma_g)

    def _rest(self, at_s: float, weight_g: float) -> None:
        if abs(weight_g - self._level.level_g) > self._gate_g + 1.2 * self._swing_g:
            self._away += 1
            if self._away == 2:
                self._depart(at_s, samples=2)
            return
        self._away = 0
        if self.phase is Phase.RESTING:
            self.noise.push(weight_g)
        if at_s - self._mark_s >= self.settings.window_s and self._window.full:
            self._mark(at_s)

    def _mark(self, at_s: float) -> None:
        """Judge a whole window at rest, once a window."""
        if self._window.times_s[0] < self._mark_s:
            return
        self._mark_s = at_s
        shape = self._window.shape()
        if abs(shape.mean_g - self._level.level_g) > self._gate_g:
            # A change smaller than the swing that hides it.
            self._depart(at_s, samples=shape.count)
            return
        sigma_g = self.noise.sigma_g
        if shape.range_g > 10 * sigma_g:
            self.phase = Phase.SWINGING
            self._swing_g = shape.range_g / 2
            self.noise.interrupt()
        else:
            self.phase = Phase.RESTING
            self._swing_g = 0.0
            self.noise.push_window(shape.mean_g)
        self._level_sigma_g = self._rests.sigma_of(shape)
        self._set_thresholds()

    # -- movement --------------------------------------------------------------------------------------------------

    def _depart(self, at_s: float, *, samples: int) -> None:
        """Leave the rest; the newest `samples` samples belong to the movement."""
        if at_s - self._touched_s < self.settings.quiet_s - self.settings.quick_s:
            # It was believed for its weight alone, and it is as doubtful as units vary.
            self._level_sigma_g = math.hypot(self._level_sigma_g, self._believed_g)
        self._history.clear()
        self._history.extend(zip(self._window.times_s, self._window.values_g, strict=True))
        moved = list(self._history)[-samples:]
        self._window.clear()
        for moved_s, moved_g in moved:
            self._window.push(moved_s, moved_g)
        self.noise.interrupt()
        self._begin_move(at_s)
        for _, moved_g in moved:
            self._note_excursion(moved_g)

    def _note_excursion(self, weight_g: float) -> None:
        away_g = weight_g - self._level.level_g
        if self._most_g == self._least_g == 0.0:
            self._down_first = away_g < 0
        self._most_g = max(self._most_g, away_g)
        self._least_g = min(self._least_g, away_g)

    def _begin_move(self, at_s: float) -> None:
        self._most_g = self._least_g = 0.0
        self.movement = None
        self.phase = Phase.MOVING
        self._touched_s = self._departed_s = self._mark_s = at_s
        self._swing_since_s = None
        self._window_means_g.clear()

    def _try_settle(self, at_s: float, ahead: Sequence[tuple[float, float]] = ()) -> WeightStep | None:
        sigma_g, level_g = self.noise.sigma_g, self._level.level_g
        if self._sense.unit_weight_g is not None and (quick := self._rests.quick(level_g, ahead)) is not None:
            believed_g = self._sense.spread_g(quick.mean_g - level_g, sigma_g)
            step = self._settle(ahead[-1][0] if ahead else at_s, quick, swinging=False)
            self._believed_g = believed_g
            return step
        if self._sense.unit_weight_g is not None and (ringing := self._rests.ringing(level_g, ahead)) is not None:
            swings = ringing.range_g > 10 * sigma_g
            return self._settle(ahead[-1][0] if ahead else at_s, ringing, swinging=swings)
        quiet = self._window.tail(self.settings.quiet_s, self.settings.quiet_samples)
        if quiet is not None and self._rests.is_quiet(quiet, level_g):
            return self._settle(at_s, quiet, swinging=False)
        if not self._window.full:
            return None
        shape = self._window.shape()
        delta_g = abs(shape.mean_g - level_g)
        swings = shape.range_g > 10 * sigma_g
        if shape.range_g <= max(self._widest_swing_g(delta_g), 10 * sigma_g) and self._rests.is_level(shape):
            if self._swing_since_s is None:
                self._swing_since_s = at_s
            if not swings or at_s - self._swing_since_s >= self.settings.swing_hold_s:
                return self._settle(at_s, shape, swinging=swings)
        else:
            self._swing_since_s = None
        if delta_g + shape.range_g / 2 <= self._gate_g:
            return self._settle(at_s, shape, swinging=swings)
        if at_s - self._mark_s >= self.settings.window_s and self._window.times_s[0] >= self._mark_s:
            self._mark_s = at_s
            means_g = self._window_means_g
            means_g.append(shape.mean_g)
            # A window that ends within a period leaves up to a tenth of the swing in its mean, either way.
            limit_g = max(0.25 * self._min_step_g, 0.02 * delta_g, 0.2 * shape.range_g, 4 * self.noise.wander_g)
            if len(means_g) == means_g.maxlen and max(means_g) - min(means_g) <= limit_g:
                return self._settle(at_s, shape, swinging=swings)
        return None

    def _widest_swing_g(self, delta_g: float) -> float:
        """The widest swing that settles early; one that hides half a unit may be a hand that goes on filling."""
        unit_g = self._sense.unit_weight_g
        widest_g = self.settings.swing_share * delta_g
        return widest_g if unit_g is None else min(widest_g, 0.5 * unit_g)

    def _settle(self, at_s: float, shape: WindowShape, *, swinging: bool) -> WeightStep | None:
        before_g, before_sigma_g = self._level.level_g, self._level_sigma_g
        min_step_g = self._min_step_g
        self._touched_s = at_s
        self._begin_rest(at_s, shape, swinging=swinging)
        after_gap, self._after_gap = self._after_gap, False
        delta_g = shape.mean_g - before_g
        self.movement = Movement(self._departed_s, at_s, self._most_g, self._least_g, self._down_first, delta_g)
        sigma_g = math.hypot(before_sigma_g, self._level_sigma_g, self.noise.wander_g)
        aftermath_g = self._aftermath_g if at_s < self._aftermath_until_s else 0.0
        if abs(delta_g) < max(min_step_g, 3 * sigma_g, aftermath_g):
            return None
        self._aftermath_g = self.settings.aftermath_share * abs(delta_g)
        if self._sense.unit_weight_g is not None:
            self._aftermath_g = min(self._aftermath_g, 0.5 * self._sense.unit_weight_g)
        self._aftermath_until_s = at_s + self.settings.aftermath_s
        # A swing wider than the step crosses the half way all the time; then the departure is the best moment known.
        hidden = shape.range_g >= abs(delta_g)
        moment_s = self._departed_s if hidden else self._moment_s((before_g + shape.mean_g) / 2)
        return WeightStep(moment_s, at_s, before_g, shape.mean_g, sigma_g, swinging, after_gap, self._departed_s)

    def _moment_s(self, half_way_g: float) -> float:
        """When the weight last crossed the half way; the first sample of the movement where that was not seen."""
        later_s, later_g = self._history[-1]
        after = later_g > half_way_g
        for at_s, weight_g in reversed(self._history):
            if (weight_g > half_way_g) != after:
                return later_s
            later_s = at_s
        return later_s

    # -- what both need ----------------------------------------------------------------------------------------------

    def _begin_rest(self, at_s: float, shape: WindowShape, *, swinging: bool) -> None:
        self.phase = Phase.SWINGING if swinging else Phase.RESTING
        self._level.start(at_s, shape.mean_g, max(self.settings.quiet_s, shape.count * self._interval_s))
        self._level_sigma_g = self._rests.sigma_of(shape)
        self._swing_g = shape.range_g / 2 if swinging else 0.0
        self._rest_from_s = self._mark_s = at_s
        self._believed_g = 0.0
        self._away = 0
        self.noise.interrupt()
        self._set_thresholds()

    def _set_thresholds(self) -> None:
        sigma_g, wander_g = self.noise.sigma_g, self.noise.wander_g
        step_g = max(10 * sigma_g, 8 * wander_g, 3 * self._spread_g)
        if self._sense.unit_weight_g is not None:
            step_g = max(6 * sigma_g, 4 * wander_g, min(step_g, 0.5 * self._sense.unit_weight_g))
        self._min_step_g = step_g
        self._gate_g = max(0.5 * step_g, 5 * sigma_g)
