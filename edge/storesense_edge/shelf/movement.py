"""What a weight does between two rests, and the step that remains of it."""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What the weight is doing."""

    STARTING = "starting"
    RESTING = "resting"
    SWINGING = "swinging"
    MOVING = "moving"


@dataclass(frozen=True, slots=True)
class Movement:
    """What the weight did between two rests, whether or not it ended as a step.

    Attributes:
        departed_s: when it left the rest.
        settled_s: when it rested again.
        most_g: its highest above the rest before, 0 or more.
        least_g: its lowest below the rest before, 0 or less.
        down_first: whether it went down before it went up.
        delta_g: the rest after minus the rest before.
    """

    departed_s: float
    settled_s: float
    most_g: float
    least_g: float
    down_first: bool
    delta_g: float


@dataclass(frozen=True, slots=True)
class WeightStep:
    """The weight changed from one rest to the next.

    Attributes:
        at_s: the moment, when the weight last passed half the way.
        settled_s: when that was certain, on the same clock as the samples.
        before_g: level before.
        after_g: level after, as far as known at `settled_s`.
        sigma_g: standard deviation of the difference.
        swinging: whether the load still swung at `settled_s`.
        after_gap: whether samples are missing around the moment.
        departed_s: when it left the rest before; that of the moment where nobody saw.
    """

    at_s: float
    settled_s: float
    before_g: float
    after_g: float
    sigma_g: float
    swinging: bool
    after_gap: bool
    departed_s: float | None = None

    @property
    def delta_g(self) -> float:
        """After minus before, in grams."""
        return self.after_g - self.before_g
