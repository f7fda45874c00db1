"""Which stretches of samples are rests: nothing but noise, or a swing about a weight that makes sense."""

import math
from collections.abc import Sequence

from storesense_edge.shelf.noise import NoiseTracker
from storesense_edge.shelf.ringing import resting_of
from storesense_edge.shelf.sense import PlausibleChanges
from storesense_edge.shelf.step_settings import StepSettings
from storesense_edge.shelf.window import WeightWindow, WindowShape


class RestJudge:
    """Judges the newest samples of one cell by its noise, and by which changes of its weight make sense.

    Args:
        settings: how rest is recognised.
        noise: the cell's noise, as it is learned.
        sense: which changes make sense.
        window: the newest samples, as they come.
        floor_g: the least noise believed, such as the rounding of one count.
    """

    def __init__(
        self,
        settings: StepSettings,
        noise: NoiseTracker,
        sense: PlausibleChanges,
        window: WeightWindow,
        *,
        floor_g: float,
    ) -> None:
        self._settings = settings
        self._noise = noise
        self._sense = sense
        self._window = window
        self._floor_g = floor_g
        self._disturbed_s = -math.inf

    def disturbed(self, at_s: float) -> None:
        """Note that the sample at `at_s` was wild and is replaced: what surrounds it is no short rest."""
        self._disturbed_s = at_s

    def is_quiet(self, shape: WindowShape, level_g: float) -> bool:
        """Whether a short stretch holds nothing but noise, and that noise could not hide a hand's wobble."""
        sigma_g = self._noise.sigma_g
        return (
            self._breathes(shape)
            and shape.range_g <= 6 * sigma_g
            and abs(shape.drift_g) <= 5 * sigma_g / math.sqrt(shape.count)
            and sigma_g <= self._settings.quiet_noise_share * abs(shape.mean_g - level_g)
        )

    def quick(self, level_g: float, ahead: Sequence[tuple[float, float]]) -> WindowShape | None:
        """The newest few samples if they lie still and their weight makes sense; None otherwise."""
        settings = self._settings
        newest_s = ahead[-1][0] if ahead else self._window.times_s[-1]
        # A hand that trembles looks like a rest with a wild reading in it.
        still_s = newest_s - self._disturbed_s
        if still_s < settings.quick_s:
            return None
        shape = self._window.tail(settings.quick_s, settings.quick_samples, ahead)
        if shape is None or self._sense.unit_weight_g is None or not self._is_still(shape, 5.0):
            return None
        if self._sense.is_whole(shape.mean_g - level_g, self._noise.sigma_g):
            return shape
        shape = self._window.tail(settings.known_s, settings.known_samples, ahead)
        if shape is None or still_s < settings.strange_s or not self._is_still(shape):
            return None
        if self._sense.is_known(shape.mean_g - level_g, self._noise.sigma_g):
            return shape
        sigma_g = self._noise.sigma_g
        if sigma_g > settings.strange_noise_share * self._sense.unit_weight_g:
            return None
        # A trembling hand holds still for three or four samples now and then, and never for long.
        shape = self._window.tail(settings.strange_s, settings.strange_samples, ahead)
        return shape if shape is not None and self._is_still(shape) else None

    def ringing(self, level_g: float, ahead: Sequence[tuple[float, float]]) -> WindowShape | None:
        """Where the plate will rest, if nothing moves it but its own swing and the weight makes sense."""
        settings = self._settings
        newest_s = ahead[-1][0] if ahead else self._window.times_s[-1]
        if newest_s - self._disturbed_s < settings.ringing_s:
            return None
        values_g = self._window.newest(settings.ringing_s, settings.ringing_samples, ahead)
        if values_g is None:
            return None
        sigma_g = self._noise.sigma_g
        # However fast the cell is read: means of so many samples each, of which a swing is a swing too.
        size = len(values_g) // settings.ringing_samples
        newest_g = values_g[-size * settings.ringing_samples :] if size > 1 else values_g
        means_g = [math.fsum(newest_g[at : at + size]) / size for at in range(0, len(newest_g), size)]
        shape = resting_of(means_g, sigma_g / math.sqrt(size))
        if shape is None:
            return None
        delta_g = shape.mean_g - level_g
        if self._sense.is_whole(delta_g, sigma_g) or self._sense.is_known(delta_g, sigma_g):
            return shape
        return None

    def is_level(self, shape: WindowShape) -> bool:
        """Whether a window's two halves agree: by the noise of their means, or well within its own swing."""
        noise_g = 6 * self._noise.sigma_g / math.sqrt(shape.count)
        return abs(shape.drift_g) <= max(noise_g, 0.2 * shape.range_g)

    def sigma_of(self, shape: WindowShape) -> float:
        """Return the standard deviation of a window's mean as the level at rest."""
        # The mean over two periods or more leaves a tenth of a swing's range at worst.
        swing_g = 0.1 * shape.range_g if shape.range_g > 10 * self._noise.sigma_g else 0.0
        return math.hypot(self._noise.sigma_g / math.sqrt(shape.count), swing_g)

    def _is_still(self, shape: WindowShape, sigmas: float = 4.5) -> bool:
        sigma_g = self._noise.sigma_g
        return (
            self._breathes(shape)
            and shape.range_g <= sigmas * sigma_g
            and abs(shape.drift_g) <= 6 * sigma_g / math.sqrt(shape.count)
        )

    def _breathes(self, shape: WindowShape) -> bool:
        """Whether a stretch varies at all, as a cell that is noisier than its rounding must: a frozen one lies."""
        return shape.range_g > 0 or self._noise.sigma_g <= 3 * self._floor_g
