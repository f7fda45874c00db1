"""How the steps of a weight are told from what else moves it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepSettings:
    """How rest is recognised; the defaults suit shelves, hooks and hung loads alike.

    Attributes:
        window_s: the stretch on which swinging is judged, two periods of a hung load or more.
        window_samples: the least samples in that stretch, for cells that are read slowly.
        quiet_s: after this long with nothing but noise a shelf has settled.
        quiet_samples: the least samples in that time.
        quiet_noise_share: the noise, as a share of the step, up to which so short a time proves rest; a noisier cell
            is watched for a whole window.
        quick_s: where the product is known, this long with nothing but noise will do, if the change weighs a whole
            number of units.
        quick_samples: the least samples in that time.
        known_s: the same for what else is known to come and go: among a whole planogram's weights a trembling hand
            soon finds one.
        known_samples: the least samples in that time.
        strange_s: the same for any other change, if the noise is small enough.
        strange_samples: the least samples in that time.
        strange_noise_share: the noise, as a share of a unit, up to which that holds.
        ringing_s: where the product is known, this long with nothing but one damped swing will do, if the weight about
            which it swings makes sense.
        ringing_samples: the least samples in that time.
        swing_hold_s: how much longer than the window a swing must keep its mean to count as settled.
        swing_share: the widest swing, peak to peak, as a share of the step it follows, that settles early; a hand
            that still carries part of a load wobbles more.
        slow_windows: windows in a row whose means agree, after which any vibration counts as settled.
        aftermath_share: for `aftermath_s` after a step, a further change below this share of it is the hand letting
            go or the metal settling, not another step; never more than half a unit where the product is known.
        aftermath_s: see above.
        memory_s: time constant of the level at rest, which follows creep and drift.
        gap_s: a silence longer than this and than eight usual intervals hides what happened in it.
    """

    window_s: float = 2.5
    window_samples: int = 6
    quiet_s: float = 0.8
    quiet_samples: int = 5
    quiet_noise_share: float = 0.0015
    quick_s: float = 0.28
    quick_samples: int = 4
    known_s: float = 0.38
    known_samples: int = 5
    strange_s: float = 0.48
    strange_samples: int = 6
    strange_noise_share: float = 0.004
    ringing_s: float = 0.78
    ringing_samples: int = 9
    swing_hold_s: float = 1.5
    swing_share: float = 0.08
    slow_windows: int = 4
    aftermath_share: float = 0.02
    aftermath_s: float = 10.0
    memory_s: float = 30.0
    gap_s: float = 10.0
