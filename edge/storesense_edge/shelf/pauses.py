"""Hands that pause in the middle of a movement: two steps that were one."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from storesense_edge.shelf.advance import Outcome
from storesense_edge.shelf.explain import Explanation, Origin, ranked
from storesense_edge.shelf.worlds import Change, Worlds

# A hand that pauses in the middle of a movement goes on within this time; seldom is a second step such a rest.
_PAUSE_S = 3.0
_AHEAD_S = 0.5
_PAUSES = 0.02
# Before a rest has lasted this long no other hand has come: as likely as not, it was none.
_BRIEF_S = 0.5
_BRIEF_PAUSES = 0.5
_SURE = 0.9
_LIKELY = 0.7


@dataclass(frozen=True, slots=True)
class LastStep:
    """The step before, in case that its hand only paused."""

    worlds: Worlds
    change: Change
    settled_s: float
    evidence: float
    told: Explanation


def rest_of(
    last: LastStep | None,
    change: Change,
    found: Sequence[Explanation],
    outcome: Outcome,
    advance: Callable[[Worlds, Change], Outcome],
) -> tuple[Outcome, Explanation] | None:
    """Tell what a step was that makes the one just before it whole; None if both were not one movement that paused.

    Args:
        last: the step before, None if there was none.
        change: this step.
        found: what explains it by itself, likeliest first.
        outcome: what it leads to by itself.
        advance: tells what a change leads to from some worlds.
    """
    pause_s = math.nan if last is None else change.began_s - last.settled_s
    # The last samples before a rest is believed are seen ahead, so that a departure may come a moment before it.
    if last is None or not -_AHEAD_S <= pause_s <= _PAUSE_S:
        return None
    pauses = _BRIEF_PAUSES if pause_s < _BRIEF_S else _PAUSES
    best = found[0]
    if best.origin is Origin.OWN and best.probability >= _SURE:
        return None
    both_g = last.change.delta_g + change.delta_g
    if both_g == 0 or last.told.origin in (Origin.GUEST, Origin.FORMER):
        return None
    both = replace(
        change,
        delta_g=both_g,
        sigma_g=max(change.sigma_g, last.change.sigma_g),
        departed_s=last.change.began_s,
    )
    joint = advance(last.worlds, both)
    # Where the hand paused is anywhere on the way, so each place has the density of one in that many grams.
    paused = pauses * joint.evidence / max(abs(both_g), abs(last.change.delta_g))
    if paused <= (1 - pauses) * last.evidence * outcome.evidence:
        return None
    whole = ranked(joint.found)[0]
    if whole.origin is not Origin.OWN or whole.probability < _LIKELY or whole.product is None:
        return None
    units = whole.units
    if last.told.origin is Origin.OWN:
        if last.told.product is None or last.told.product.sku != whole.product.sku:
            return None
        units -= last.told.units
    # The rest has to go the way that its weight goes.
    if units * change.delta_g <= 0:
        return None
    return joint, Explanation(Origin.OWN, whole.product, units, whole.probability)
